package content

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account/secrets"
)

// ProbeCommand is the default program that executes content. It executes content of every mode, because this server
// tests the environment of content and interprets no language.
const ProbeCommand = "countersign-probe"

// Keys creates the API keys that content receives as CONNECT_API_KEY. A key is deleted when the execution ends.
type Keys interface {
	// IssueContentKey creates a key that acts for owner and is bound to an item.
	IssueContentKey(ctx context.Context, owner, item string) (key string, id int64, err error)
}

// RuntimeOptions configures a Runtime. Store and DataDir are required.
type RuntimeOptions struct {
	Store   Store
	Keys    Keys
	DataDir string   // bundles are unpacked in it
	Node    string   // identifies this node among those that share the store
	Server  string   // the public address of the server, with a trailing slash
	Command []string // executes content; empty means ProbeCommand, found next to this program or in PATH
	// App is the address of an app on the machine of a developer, which replaces the process. It receives the headers
	// of visits but not the environment.
	App    *url.URL
	MaxRun int // maximum number of live processes; 0 means DefaultMaxRun
	Now    func() time.Time
	Log    *slog.Logger
}

// DefaultMaxRun is the default of RuntimeOptions.MaxRun.
const DefaultMaxRun = 8

// Runtime executes content: processes that reply to visits, and renders. It is safe for concurrent use. Close stops
// all executions.
type Runtime struct {
	RuntimeOptions
	pool    *pool
	spawner *spawner
	tasks   *taskBoard
	stop    context.CancelFunc
	alive   context.Context // done after Close
}

// NewRuntime returns a Runtime. It first removes the executions and tasks of an earlier process of this node.
func NewRuntime(ctx context.Context, o RuntimeOptions) (*Runtime, error) {
	if o.MaxRun == 0 {
		o.MaxRun = DefaultMaxRun
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	rt := &Runtime{RuntimeOptions: o, spawner: newSpawner(), tasks: newTaskBoard()}
	rt.pool = newPool(rt)
	rt.alive, rt.stop = context.WithCancel(context.Background())
	err := errors.Join(
		os.RemoveAll(rt.runRoot()),
		o.Store.EndExecutions(ctx, o.Node),
		o.Store.FailTasks(ctx, o.Node, "The server stopped before the task was finished."),
	)
	if err != nil {
		rt.spawner.close()
		return nil, fmt.Errorf("clear earlier executions: %w", err)
	}
	return rt, nil
}

// Close stops all tasks and processes and waits for them until ctx is done.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.stop()
	err := errors.Join(rt.tasks.wait(ctx), rt.pool.close(ctx))
	rt.spawner.close()
	return errors.Join(err, os.RemoveAll(rt.runRoot()))
}

// ErrNoRuntime is returned if there is no program that can execute content.
var ErrNoRuntime = errors.New("no program to execute content with")

// command returns the program. A program next to this program takes precedence over PATH, so that a checkout uses its
// own build.
func (rt *Runtime) command() ([]string, error) {
	if len(rt.Command) > 0 {
		path, err := exec.LookPath(rt.Command[0])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoRuntime, err)
		}
		return append([]string{path}, rt.Command[1:]...), nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), ProbeCommand)
		if path, err := exec.LookPath(beside); err == nil {
			return []string{path}, nil
		}
	}
	path, err := exec.LookPath(ProbeCommand)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is neither beside this program nor on PATH", ErrNoRuntime, ProbeCommand)
	}
	return []string{path}, nil
}

// CheckRuntime returns ErrNoRuntime if the server cannot execute content of the class.
func (rt *Runtime) CheckRuntime(c Class) error {
	if !c.Executes() || c == ClassInteractive && rt.App != nil {
		return nil
	}
	_, err := rt.command()
	return err
}

// launch is an execution with its secrets and its own folder for the socket and files.
type launch struct {
	Execution
	key, session string
	folder       string // the unpacked bundle
	runDir       string
}

// begin stores a new execution and creates its secrets, including an API key unless keys is nil. The caller must call
// end, which also revokes the secrets.
func (rt *Runtime) begin(ctx context.Context, item *Item, folder string, class Class, keys Keys) (*launch, error) {
	l := &launch{folder: folder, session: secrets.New(), Execution: Execution{
		ID: uuid.NewString(), ContentGUID: item.GUID, OwnerGUID: item.OwnerGUID, BundleID: item.BundleID, Node: rt.Node,
		Class: class, StartedTime: rt.Now(),
	}}
	l.SessionHash = secrets.Hash(l.session)
	var err error
	if l.runDir, err = rt.makeRunDir(l.ID); err != nil {
		return nil, err
	}
	if keys != nil {
		if l.key, l.KeyID, err = keys.IssueContentKey(ctx, item.OwnerGUID, item.GUID); err != nil {
			os.RemoveAll(l.runDir)
			return nil, fmt.Errorf("create content key: %w", err)
		}
	}
	if err := rt.Store.StartExecution(ctx, &l.Execution); err != nil {
		os.RemoveAll(l.runDir)
		return nil, fmt.Errorf("store execution: %w", err)
	}
	if err := os.WriteFile(l.sessionFile(), []byte(l.session+"\n"), 0o600); err != nil {
		rt.end(l)
		return nil, err
	}
	return l, nil
}

// revoke invalidates the tokens and the key of the execution. It may be called more than once.
func (rt *Runtime) revoke(l *launch) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := rt.Store.EndExecution(ctx, l.ID); err != nil {
		rt.Log.Error("end execution", "content", l.ContentGUID, "err", err)
	}
}

// end revokes the secrets and removes the folder of an execution whose process has ended.
func (rt *Runtime) end(l *launch) {
	rt.revoke(l)
	if err := os.RemoveAll(l.runDir); err != nil {
		rt.Log.Error("remove run folder", "content", l.ContentGUID, "err", err)
	}
}

func (l *launch) sessionFile() string { return filepath.Join(l.runDir, "session-token") }
func (l *launch) socket() string      { return filepath.Join(l.runDir, "s") }

// maxSocketPath is the maximum length of the path of a unix socket. The limit is 104 bytes on BSD and macOS and 108
// on Linux, including the final zero byte.
const maxSocketPath = 103

func (rt *Runtime) runRoot() string { return filepath.Join(rt.DataDir, "run") }

// makeRunDir creates the folder of an execution. It is in the data folder, so that the next start removes folders of
// a killed server, or in the temporary folder if the path of the socket would be too long.
func (rt *Runtime) makeRunDir(id string) (string, error) {
	dir := filepath.Join(rt.runRoot(), id[:13])
	if len(dir)+len("/s") <= maxSocketPath {
		return dir, os.MkdirAll(dir, 0o700)
	}
	return os.MkdirTemp("", "csn-")
}

// environment returns the environment of content: the variables of Connect, and a few variables of the server that
// programs need.
func (rt *Runtime) environment(l *launch) []string {
	env := []string{
		"HOME=" + l.runDir, "TMPDIR=" + l.runDir,
		"CONNECT_SERVER=" + rt.Server,
		"CONNECT_CONTENT_GUID=" + l.ContentGUID,
		"CONNECT_CONTENT_SESSION_TOKEN=" + l.session,
		"CONNECT_CONTENT_SESSION_TOKEN_FILE=" + l.sessionFile(),
		"RSTUDIO_PRODUCT=CONNECT", "POSIT_PRODUCT=CONNECT",
	}
	if l.key != "" {
		env = append(env, "CONNECT_API_KEY="+l.key)
	}
	for _, name := range []string{"PATH", "LANG", "LC_ALL", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
