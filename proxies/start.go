package proxies

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"countersign/proxies/login"
	"countersign/proxies/process"
)

// Ways to run a proxy. The empty string means RunnerAuto.
const (
	RunnerAuto      = "auto"      // a container if that is possible, else a process
	RunnerContainer = "container" // testcontainers, the image of make images
	RunnerProcess   = "process"   // nginx or apache2 of this machine
)

// Bounds of time. Each error names what was waited for.
const (
	readyWithin = 30 * time.Second
	stopWithin  = 5 * time.Second // polite; by force after that
	sweepWithin = 20 * time.Second
)

const (
	configName = "proxy.conf"
	logName    = "proxy.log"
)

// Options of Start.
type Options struct {
	Kind      Kind
	Runner    string // RunnerAuto, RunnerContainer or RunnerProcess
	Listeners []Listener
	// Dir is where the proxy gets a folder of its own for its configuration, log
	// and temporary files. It stays when the proxy ends. Empty: a folder under the
	// system's temporary folder, which goes when the proxy ends.
	Dir string
}

// ErrUnavailable is wrapped by errors of Start that say that this machine cannot
// run the proxy in the way asked for: no engine, no image, no program.
var ErrUnavailable = errors.New("proxy unavailable")

// Running is a proxy that runs, with its login server. Its methods are safe for
// concurrent use. Whoever started it calls Stop.
type Running struct {
	kind      Kind
	runner    string
	reason    string
	dir       string
	ownDir    bool
	listeners []Listener
	run       *process.Run // of a proxy that runs as a process
	proxy     running
	login     *http.Server
	token     string

	stop    sync.Once
	stopErr error
}

// running is a started proxy, however it runs.
type running interface {
	// exited is closed when the proxy has ended.
	exited() <-chan struct{}
	// stop ends the proxy: politely, then by force. It returns when it is gone.
	stop(ctx context.Context) error
	// pids are the processes of the proxy, as far as this machine can see them.
	pids() []int
	// id names it: a process id or a container id.
	id() string
	// output is what it wrote besides its log, for messages.
	output() string
}

// Start renders the configuration, starts the login server and the proxy, and
// returns when every listener answers a request. It first ends what an earlier
// process of ours left behind, if that process is dead.
//
// Errors name what is missing and what to do. After an error nothing runs.
func Start(ctx context.Context, o Options) (*Running, error) {
	if err := validateAll(o.Kind, o.Listeners); err != nil {
		return nil, err
	}
	runner, reason, err := choose(ctx, o.Kind, o.Runner)
	if err != nil {
		return nil, err
	}
	if err := sweep(ctx, runner == RunnerContainer); err != nil {
		return nil, err
	}
	if err := portsFree(o.Listeners); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Kind, err)
	}
	r := &Running{kind: o.Kind, runner: runner, reason: reason, listeners: o.Listeners, token: token()}
	if err := r.start(ctx, o.Dir); err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*stopWithin)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("start %s as %s: %w", o.Kind, runner, err), r.Stop(stopCtx))
	}
	return r, nil
}

func (r *Running) start(ctx context.Context, parent string) error {
	if err := r.openRun(); err != nil {
		return err
	}
	if err := r.makeDir(parent); err != nil {
		return err
	}
	address, err := r.startLogin()
	if err != nil {
		return err
	}
	launch := startProcess
	if r.runner == RunnerContainer {
		launch = startContainer
	}
	if r.proxy, err = launch(ctx, job{kind: r.kind, listeners: r.listeners, dir: r.dir, ownDir: r.ownDir, login: address, run: r.run}); err != nil {
		return err
	}
	if err := r.await(ctx); err != nil {
		return err
	}
	r.noteWorkers()
	return nil
}

// openRun creates the run of a proxy that runs as a process. A container has its
// owner in its labels instead.
func (r *Running) openRun() error {
	if r.runner != RunnerProcess {
		return nil
	}
	base, err := runsFolder()
	if err != nil {
		return err
	}
	r.run, err = process.NewRun(base)
	return err
}

// noteWorkers writes the workers to the journal of the run: they may outlive a
// master that is killed, and nginx overwrites its environment with its title.
func (r *Running) noteWorkers() {
	if r.run == nil {
		return
	}
	for _, pid := range r.proxy.pids() {
		if p, found := process.Find(pid); found {
			r.run.Note(string(r.kind), p)
		}
	}
}

// job is what a runner is told.
type job struct {
	kind      Kind
	listeners []Listener
	dir       string
	ownDir    bool // whether dir goes with the proxy
	login     string
	run       *process.Run // nil for a container
}

// write renders the configuration into the job's folder and returns its path.
func (j job) write(o RenderOptions) (string, error) {
	o.Login, o.Dir = j.login, j.dir
	text, err := Render(j.kind, j.listeners, o)
	if err != nil {
		return "", err
	}
	// The empty folder that both configurations take for the root of their files.
	if err := os.Mkdir(filepath.Join(j.dir, "none"), 0o755); err != nil {
		return "", fmt.Errorf("write configuration: %w", err)
	}
	path := filepath.Join(j.dir, configName)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return "", fmt.Errorf("write configuration: %w", err)
	}
	return path, nil
}

func (r *Running) makeDir(parent string) error {
	if parent == "" {
		base, err := r.ownParent()
		if err != nil {
			return err
		}
		parent, r.ownDir = base, true
	} else if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("make folder for the proxy: %w", err)
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return fmt.Errorf("make folder for the proxy: %w", err)
	}
	dir, err := os.MkdirTemp(parent, string(r.kind)+"-")
	if err != nil {
		return fmt.Errorf("make folder for the proxy: %w", err)
	}
	r.dir = dir
	return nil
}

// ownParent returns where the proxy gets a folder that is removed with the proxy. In
// the folder of a run, Sweep removes it too.
func (r *Running) ownParent() (string, error) {
	if r.run != nil {
		return r.run.Path, nil
	}
	return runsFolder()
}

// startLogin serves the login server on loopback only: it makes anybody anyone.
func (r *Running) startLogin() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start login server: %w", err)
	}
	r.login = &http.Server{
		Handler:           login.New(login.Options{Token: r.token}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		MaxHeaderBytes:    128 << 10, // as much as the hardened proxies pass on
	}
	go func() { _ = r.login.Serve(l) }() // ends with Close
	return l.Addr().String(), nil
}

// await returns when every listener has led a request to our login server. An
// open port says too little: httpd accepts before it can answer, and another
// server may have the port.
func (r *Running) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client := &http.Client{
		Timeout:       2 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, l := range r.listeners {
		if err := r.awaitListener(ctx, client, l); err != nil {
			return err
		}
	}
	return nil
}

func (r *Running) awaitListener(ctx context.Context, client *http.Client, l Listener) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		last := ping(ctx, client, l, r.token)
		if last == nil {
			return nil
		}
		select {
		case <-r.proxy.exited():
			return fmt.Errorf("it ended at once%s", r.complaint())
		case <-ctx.Done():
			hint := ""
			if r.runner == RunnerContainer {
				hint = "; if the engine runs on another machine or in another network than this program, use the runner " + RunnerProcess
			}
			return fmt.Errorf("listener %s: waited for an answer from http://%s/auth/ready: %w%s%s", l.name(), l.Listen, last, hint, r.complaint())
		case <-tick.C:
		}
	}
}

// ping asks the listener for the login server's token.
func ping(ctx context.Context, client *http.Client, l Listener, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Listen+"/auth/ready", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if got := resp.Header.Get(login.HeaderReady); got != token {
		return fmt.Errorf("it answers %s but does not lead to our login server", resp.Status)
	}
	return nil
}

// complaint is what the proxy last wrote, for the end of an error.
func (r *Running) complaint() string {
	text := strings.TrimSpace(r.proxy.output())
	if log, err := os.ReadFile(r.Log()); err == nil && text == "" {
		text = strings.TrimSpace(string(log))
	}
	if text == "" {
		return ""
	}
	if lines := strings.Split(text, "\n"); len(lines) > 8 {
		text = strings.Join(lines[len(lines)-8:], "\n")
	}
	return "; it wrote:\n" + text
}

// Stop ends the proxy, politely and after five seconds by force, and the login
// server. It may be called more than once; the first call counts.
func (r *Running) Stop(ctx context.Context) error {
	r.stop.Do(func() {
		var errs []error
		if r.proxy != nil {
			errs = append(errs, r.proxy.stop(ctx))
		}
		if r.run != nil && errors.Join(errs...) == nil { // else the next program that sweeps ends it
			errs = append(errs, r.run.Close())
		}
		if r.login != nil {
			errs = append(errs, r.login.Close())
		}
		if r.ownDir && r.dir != "" {
			errs = append(errs, os.RemoveAll(r.dir))
		}
		if err := errors.Join(errs...); err != nil {
			r.stopErr = fmt.Errorf("stop %s: %w", r.kind, err)
		}
	})
	return r.stopErr
}

// Log is the path of the proxy's log: a line for each request, without its query,
// and the proxy's own complaints.
func (r *Running) Log() string { return filepath.Join(r.dir, logName) }

// Config is the path of the rendered configuration.
func (r *Running) Config() string { return filepath.Join(r.dir, configName) }

// Runner says how the proxy runs: RunnerContainer or RunnerProcess.
func (r *Running) Runner() string { return r.runner }

// Reason says why it runs that way, in a few words.
func (r *Running) Reason() string { return r.reason }

// PIDs are the processes of the proxy at this moment, for accounting. They are
// empty where a container's processes are out of sight (another machine).
func (r *Running) PIDs() []int { return r.proxy.pids() }

// ID is the container's id, or the id of the first process.
func (r *Running) ID() string { return r.proxy.id() }

// Exited is closed when the proxy has ended, whoever ended it.
func (r *Running) Exited() <-chan struct{} { return r.proxy.exited() }

func token() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// choose decides how to run, and says why.
func choose(ctx context.Context, kind Kind, runner string) (chosen, reason string, err error) {
	switch runner {
	case RunnerContainer:
		if err := containerReady(ctx); err != nil {
			return "", "", err
		}
		return RunnerContainer, "asked for", nil
	case RunnerProcess:
		if _, err := findProgram(kind); err != nil {
			return "", "", err
		}
		return RunnerProcess, "asked for", nil
	case RunnerAuto, "":
	default:
		return "", "", fmt.Errorf("runner %q; there are auto, container, process", runner)
	}
	noContainer := containerReady(ctx)
	if noContainer == nil {
		return RunnerContainer, "auto: the engine answers and has the image " + imageName(), nil
	}
	if _, noProgram := findProgram(kind); noProgram != nil {
		return "", "", errors.Join(noContainer, noProgram)
	}
	return RunnerProcess, "auto: " + noContainer.Error(), nil
}
