package execution

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account/secrets"
)

// DefaultProgram is the name of the program that executes content by default. It executes content of every mode,
// because this server tests the environment of content and interprets no language.
const DefaultProgram = "countersign-probe"

const (
	startTimeout = 10 * time.Second // until a process accepts connections
	maxOutput    = 16 << 10         // bytes of output that are kept for the publisher
)

// launcher starts programs and ends them.
type launcher struct {
	Options
	runs    string // the folder with the folders of executions
	spawner *spawner
}

// launch is an execution with its secrets, its own folder for the socket and files, and its program.
type launch struct {
	Execution
	key, session string
	runDir       string
	program      *program // nil if the server did not start it
	target       *url.URL
	transport    *http.Transport
}

// ended returns a channel that is closed when the program has ended.
func (l *launch) ended() <-chan struct{} {
	if l.program == nil {
		return nil
	}
	return l.program.done
}

// begin stores a new execution and creates its secrets, including an API key unless keys is nil. The caller must call
// end, which also revokes the secrets.
func (la *launcher) begin(ctx context.Context, w Work, kind Kind, keys Keys) (*launch, error) {
	l := &launch{session: secrets.New(), Execution: Execution{
		ID: uuid.NewString(), ContentGUID: w.ContentGUID, OwnerGUID: w.OwnerGUID, BundleID: w.BundleID, Node: la.Node,
		Kind: kind, StartedTime: la.Now(),
	}}
	l.SessionHash = secrets.Hash(l.session)
	var err error
	if l.runDir, err = la.makeRunDir(l.ID); err != nil {
		return nil, err
	}
	if keys != nil {
		if l.key, l.KeyID, err = keys.IssueContentKey(ctx, w.OwnerGUID, w.ContentGUID); err != nil {
			os.RemoveAll(l.runDir)
			return nil, fmt.Errorf("create content key: %w", err)
		}
	}
	if err := la.Store.StartExecution(ctx, &l.Execution); err != nil {
		os.RemoveAll(l.runDir)
		return nil, fmt.Errorf("store execution: %w", err)
	}
	if err := os.WriteFile(l.sessionFile(), []byte(l.session+"\n"), 0o600); err != nil {
		la.end(l)
		return nil, err
	}
	return l, nil
}

// serve starts a process and waits until it accepts connections. The caller must call end. The error is ErrStopped if
// ctx was canceled, ErrNoProgram, a *StartError, or an internal one.
func (la *launcher) serve(ctx context.Context, w Work) (*launch, error) {
	if la.App != nil {
		return la.useApp(ctx, w)
	}
	l, err := la.begin(ctx, w, KindProcess, la.Keys)
	if err != nil {
		return nil, err
	}
	l.target, l.transport = &url.URL{Scheme: "http", Host: "content"}, socketTransport(l.socket())
	output := &tail{max: maxOutput}
	cmd, err := la.prepare(l, w, "serve")
	if err == nil {
		cmd.Env = append(cmd.Env, "PROBE_SOCKET="+l.socket())
		cmd.Stdout, cmd.Stderr = output, output
		l.program, err = la.start(cmd)
	}
	if err == nil {
		err = waitUntilReady(ctx, l, output)
	}
	if err != nil {
		la.end(l)
		return nil, err
	}
	return l, nil
}

// useApp connects to an app that a developer runs on their own machine, instead of starting a process. It records an
// execution, because the tokens of visits are bound to one.
func (la *launcher) useApp(ctx context.Context, w Work) (*launch, error) {
	l, err := la.begin(ctx, w, KindProcess, nil)
	if err != nil {
		return nil, err
	}
	l.target, l.transport = la.App, newTransport((&net.Dialer{Timeout: startTimeout}).DialContext)
	return l, nil
}

// prepare returns the command that executes content for a purpose, serve or render.
func (la *launcher) prepare(l *launch, w Work, purpose string) (*exec.Cmd, error) {
	command, err := la.command()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], append(command[1:], purpose)...)
	cmd.Dir, cmd.Env = w.Folder, la.environment(l)
	return cmd, nil
}

// start starts a command. The error is ErrStopped or a *StartError.
func (la *launcher) start(cmd *exec.Cmd) (*program, error) {
	p, err := la.spawner.start(cmd)
	if err != nil && !errors.Is(err, ErrStopped) {
		err = &StartError{Err: err}
	}
	return p, err
}

// waitUntilReady waits until the program accepts connections on the socket.
func waitUntilReady(ctx context.Context, l *launch, output *tail) error {
	wait := time.NewTicker(2 * time.Millisecond)
	defer wait.Stop()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "unix", l.socket())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-l.ended():
			return &StartError{errors.New("the process ended before it answered"), output.String()}
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ErrStopped
			}
			return &StartError{fmt.Errorf("no answer within %s", startTimeout), output.String()}
		case <-wait.C:
		}
	}
}

// revoke invalidates the tokens and the key of the execution. It reports whether the store has done it.
func (la *launcher) revoke(l *launch) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := la.Store.EndExecution(ctx, l.ID)
	if err != nil {
		la.Log.Error("end execution", "content", l.ContentGUID, "err", err)
	}
	return err == nil
}

// end revokes the secrets of an execution, ends its program and removes its folder. The secrets are revoked before
// the program is told to stop, and a second time afterwards if the store returned an error. end may be called more
// than once.
func (la *launcher) end(l *launch) {
	revoked := la.revoke(l)
	if l.program != nil {
		l.program.end()
	}
	if !revoked {
		la.revoke(l)
	}
	if err := os.RemoveAll(l.runDir); err != nil {
		la.Log.Error("remove run folder", "content", l.ContentGUID, "err", err)
	}
	if l.transport != nil {
		l.transport.CloseIdleConnections()
	}
}

// command returns the program. A program next to this program takes precedence over PATH, so that a checkout uses its
// own build.
func (la *launcher) command() ([]string, error) {
	if len(la.Command) > 0 {
		path, err := exec.LookPath(la.Command[0])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoProgram, err)
		}
		return append([]string{path}, la.Command[1:]...), nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), DefaultProgram)
		if path, err := exec.LookPath(beside); err == nil {
			return []string{path}, nil
		}
	}
	path, err := exec.LookPath(DefaultProgram)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is neither beside this program nor on PATH", ErrNoProgram, DefaultProgram)
	}
	return []string{path}, nil
}

func (l *launch) sessionFile() string { return filepath.Join(l.runDir, "session-token") }
func (l *launch) socket() string      { return filepath.Join(l.runDir, "s") }

// maxSocketPath is the maximum length of the path of a unix socket. The limit is 104 bytes on BSD and macOS and 108
// on Linux, including the final zero byte.
const maxSocketPath = 103

// makeRunDir creates the folder of an execution. It is in the data folder, so that the next start removes folders of
// a killed server, or in the temporary folder if the path of the socket would be too long.
func (la *launcher) makeRunDir(id string) (string, error) {
	dir := filepath.Join(la.runs, id[:13])
	if len(dir)+len("/s") <= maxSocketPath {
		return dir, os.MkdirAll(dir, 0o700)
	}
	return os.MkdirTemp("", "csn-")
}

// environment returns the environment of content: the variables of Connect, and a few variables of the server that
// programs need.
func (la *launcher) environment(l *launch) []string {
	env := []string{
		"HOME=" + l.runDir, "TMPDIR=" + l.runDir,
		"CONNECT_SERVER=" + la.Server,
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
