// Package execution runs the programs of content: processes that reply to visits, renders, and the tasks in which
// content is deployed. A program runs in a folder that the caller has unpacked.
//
// A launcher starts one program and ends it. A pool decides which processes are alive. This package knows neither
// items nor users; it stores executions and tasks by the interface [Store].
package execution

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Errors of executions.
var (
	// ErrStopped is returned if the server is stopping, or if the process of an item was stopped while it started.
	ErrStopped = errors.New("the content is being stopped")
	// ErrNoProgram is returned if there is no program that can execute content.
	ErrNoProgram = errors.New("no program to execute content with")
)

// A StartError reports that a content process did not start. Output is the end of its output, for the publisher.
type StartError struct {
	Err    error
	Output string
}

func (e *StartError) Error() string { return "start content: " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// Kind is the kind of an execution.
type Kind string

const (
	KindProcess Kind = "interactive" // a process that replies to visits
	KindRender  Kind = "rendered"    // a program that creates a page and ends
)

// An Execution is one run of the program of an item. It is stored until it ends, so that its tokens are valid until
// then on every node.
type Execution struct {
	ID          string
	ContentGUID string
	OwnerGUID   string // the owner of the API key of the execution
	BundleID    int64
	Node        string
	Kind        Kind
	KeyID       int64  // of the API key of the execution; 0 if there is none
	SessionHash string // of its content session token
	StartedTime time.Time
}

// Work is the content that a program executes: a bundle of an item, unpacked in Folder.
type Work struct {
	ContentGUID string
	OwnerGUID   string // the program receives an API key of this user
	BundleID    int64
	Folder      string
}

// Store is the database of this package. All methods are safe for concurrent use by several nodes.
type Store interface {
	// StartExecution stores e. It returns dberr.NotFound if the item does not exist.
	StartExecution(ctx context.Context, e *Execution) error
	// EndExecution deletes an execution and its API key. It returns nil if the execution does not exist.
	EndExecution(ctx context.Context, id string) error
	// EndExecutions deletes all executions of a node, with their keys. It also deletes keys of content that were
	// created before the given time and have no execution.
	EndExecutions(ctx context.Context, node string, before time.Time) error
	// Execution and ExecutionBySession return dberr.NotFound.
	Execution(ctx context.Context, id string) (*Execution, error)
	ExecutionBySession(ctx context.Context, sessionHash string) (*Execution, error)

	// CreateTask stores t. It returns dberr.NotFound if the item does not exist.
	CreateTask(ctx context.Context, t *Task) error
	// Task returns dberr.NotFound.
	Task(ctx context.Context, id string) (*Task, error)
	// SaveTask replaces output, end, code and error. It returns dberr.NotFound.
	SaveTask(ctx context.Context, t *Task) error
	// FailTasks marks all unfinished tasks of a node as failed.
	FailTasks(ctx context.Context, node, reason string) error
}

// Keys creates the API keys that content receives as CONNECT_API_KEY. A key is deleted when the execution ends.
type Keys interface {
	// IssueContentKey creates a key that acts for owner and is bound to an item.
	IssueContentKey(ctx context.Context, owner, item string) (key string, id int64, err error)
}

// Options configures a Runtime. Store, Keys and DataDir are required.
type Options struct {
	Store   Store
	Keys    Keys
	DataDir string   // has the folders of executions, in the folder run
	Node    string   // identifies this node among those that share the store
	Server  string   // the public address of the server, with a trailing slash
	Command []string // executes content; empty means DefaultProgram, found next to this program or in PATH
	// App is the address of an app on the machine of a developer, which replaces the process. It receives the headers
	// of visits but not the environment.
	App    *url.URL
	MaxRun int // maximum number of live processes; 0 means DefaultMaxRun
	Now    func() time.Time
	Log    *slog.Logger
}

// DefaultMaxRun is the default of Options.MaxRun.
const DefaultMaxRun = 8

// orphanAge is the age at which a content key without an execution counts as left behind. The key is created shortly
// before its execution is stored.
const orphanAge = time.Hour

// Runtime executes content. It is safe for concurrent use. Close stops all executions.
type Runtime struct {
	launcher *launcher
	pool     *pool
	tasks    *taskBoard
	stop     context.CancelFunc
}

// New returns a Runtime. It first removes the executions and tasks of an earlier process of this node.
func New(ctx context.Context, o Options) (*Runtime, error) {
	if o.MaxRun == 0 {
		o.MaxRun = DefaultMaxRun
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	runs := filepath.Join(o.DataDir, "run")
	err := errors.Join(
		os.RemoveAll(runs),
		o.Store.EndExecutions(ctx, o.Node, o.Now().Add(-orphanAge)),
		o.Store.FailTasks(ctx, o.Node, "The server stopped before the task was finished."),
	)
	if err != nil {
		return nil, fmt.Errorf("clear earlier executions: %w", err)
	}
	rt := &Runtime{launcher: &launcher{Options: o, runs: runs, spawner: newSpawner()}}
	alive, stop := context.WithCancel(context.Background())
	rt.stop = stop
	rt.pool = newPool(alive, rt.launcher, o.MaxRun)
	rt.tasks = newTaskBoard(alive, o)
	return rt, nil
}

// Close stops all tasks and processes and waits for them until ctx is done.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.stop()
	err := errors.Join(rt.tasks.close(ctx), rt.pool.close(ctx))
	rt.launcher.spawner.close()
	return errors.Join(err, os.RemoveAll(rt.launcher.runs))
}

// Check returns ErrNoProgram if the server cannot execute a program of the kind.
func (rt *Runtime) Check(kind Kind) error {
	if kind == KindProcess && rt.launcher.App != nil {
		return nil
	}
	_, err := rt.launcher.command()
	return err
}
