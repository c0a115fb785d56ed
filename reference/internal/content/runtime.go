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

	"countersign/reference/internal/secrets"
)

// ProbeCommand is the program that executes content where no other is configured. One runtime serves every mode that
// executes: this server tests what surrounds content and interprets no language.
const ProbeCommand = "countersign-probe"

// Keys makes the API keys that content is given as CONNECT_API_KEY. Ending the execution deletes the key.
type Keys interface {
	// IssueContentKey makes a key that acts for owner and is bound to an item.
	IssueContentKey(ctx context.Context, owner, item string) (key string, id int64, err error)
}

// RuntimeOptions says how content is executed. Store and DataDir are required.
type RuntimeOptions struct {
	Store   Store
	Keys    Keys
	DataDir string   // bundles are unpacked below it
	Node    string   // names this node among those that share the store
	Server  string   // the server's public address, with trailing slash
	Command []string // executes content; empty: ProbeCommand, found beside this program or on PATH
	// App is the address of an app on the developer's own machine, visited in place of a process. It gets the headers of
	// a visit and none of the environment.
	App    *url.URL
	MaxRun int // processes alive at most; 0: 8
	Now    func() time.Time
	Log    *slog.Logger
}

// DefaultMaxRun is how many content processes are alive at most.
const DefaultMaxRun = 8

// Runtime executes content: processes that answer visits, and renders. It is safe for concurrent use. Close ends all.
type Runtime struct {
	RuntimeOptions
	pool    *pool
	spawner *spawner
	tasks   *taskBoard
	stop    context.CancelFunc
	alive   context.Context // until Close
}

// NewRuntime makes a Runtime and clears what an earlier process of this node left behind.
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

// Close stops every task and process and waits for them until ctx ends.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.stop()
	err := errors.Join(rt.tasks.wait(ctx), rt.pool.close(ctx))
	rt.spawner.close()
	return errors.Join(err, os.RemoveAll(rt.runRoot()))
}

// ErrNoRuntime is answered where there is nothing to execute content with.
var ErrNoRuntime = errors.New("no program to execute content with")

// command finds the program. Beside this program's own file comes before PATH, so that a checkout uses its own build.
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

// CheckRuntime says whether content of a class can be executed here. The error is ErrNoRuntime.
func (rt *Runtime) CheckRuntime(c Class) error {
	if !c.Executes() || c == ClassInteractive && rt.App != nil {
		return nil
	}
	_, err := rt.command()
	return err
}

// launch is one execution with the secrets it is given and the folder of its own that holds its socket and files.
type launch struct {
	Execution
	key, session string
	folder       string // the unpacked bundle
	runDir       string
}

// begin remembers a new execution and makes its secrets, an API key of keys among them unless that is nil. They are ended
// with it: end must be called.
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
			return nil, fmt.Errorf("make content key: %w", err)
		}
	}
	if err := rt.Store.StartExecution(ctx, &l.Execution); err != nil {
		os.RemoveAll(l.runDir)
		return nil, fmt.Errorf("remember execution: %w", err)
	}
	if err := os.WriteFile(l.sessionFile(), []byte(l.session+"\n"), 0o600); err != nil {
		rt.end(l)
		return nil, err
	}
	return l, nil
}

// revoke makes the execution's tokens and key worthless. It may be called again.
func (rt *Runtime) revoke(l *launch) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := rt.Store.EndExecution(ctx, l.ID); err != nil {
		rt.Log.Error("forget execution", "content", l.ContentGUID, "err", err)
	}
}

// end revokes and cleans up after an execution whose process is gone.
func (rt *Runtime) end(l *launch) {
	rt.revoke(l)
	if err := os.RemoveAll(l.runDir); err != nil {
		rt.Log.Error("remove run folder", "content", l.ContentGUID, "err", err)
	}
}

func (l *launch) sessionFile() string { return filepath.Join(l.runDir, "session-token") }
func (l *launch) socket() string      { return filepath.Join(l.runDir, "s") }

// maxSocketPath is what a unix socket's name may have: 104 bytes on BSD and macOS, 108 on Linux, with the ending zero.
const maxSocketPath = 103

func (rt *Runtime) runRoot() string { return filepath.Join(rt.DataDir, "run") }

// makeRunDir makes the folder of one execution: below the data folder, so that the next start finds what a killed server
// left, or in the temporary folder where the name would be too long for a socket.
func (rt *Runtime) makeRunDir(id string) (string, error) {
	dir := filepath.Join(rt.runRoot(), id[:13])
	if len(dir)+len("/s") <= maxSocketPath {
		return dir, os.MkdirAll(dir, 0o700)
	}
	return os.MkdirTemp("", "csn-")
}

// environment is what content sees: a clean one, with Connect's variables. Nothing of the server's own environment is
// handed on but what programs need to find their way.
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
