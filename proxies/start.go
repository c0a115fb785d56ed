package proxies

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"countersign/proxies/installed"
	"countersign/proxies/login"
	"countersign/proxies/process"
)

// Ways to run a proxy. The empty string means RunnerAuto.
const (
	RunnerAuto      = "auto"      // a container if possible, else a process
	RunnerContainer = "container" // a container of the image of make images
	RunnerProcess   = "process"   // the program nginx or apache2 of this machine
)

// Time limits.
const (
	readyWithin = 30 * time.Second
	stopWithin  = 5 * time.Second // after SIGTERM; then SIGKILL
	sweepWithin = 20 * time.Second
)

const (
	configName = "proxy.conf"
	logName    = "proxy.log"
)

// Options are the options of Start.
type Options struct {
	Kind      Kind
	Runner    string // RunnerAuto, RunnerContainer or RunnerProcess
	Listeners []Listener
	// Dir is the folder in which Start creates a folder for the configuration, the
	// log and temporary files of the proxy. Stop does not remove that folder. If Dir
	// is empty, Start creates a temporary folder, which Stop removes.
	Dir string
	// Installation names programs and files in unusual places.
	Installation Installation
	// Fault is a deliberate mistake in the configuration; nil for none.
	Fault *Fault
	// Installed is the configuration of an installation, which runs instead of a rendered one, with one
	// listener, whose Listen and Upstream are used. Login are the options of its login server.
	Installed *installed.Configuration
	Login     login.Options
}

// ErrUnavailable reports that this machine cannot run the proxy with the selected runner,
// because there is no Docker engine, no image or no program. Errors of Start wrap it.
var ErrUnavailable = errors.New("proxy unavailable")

// A Running is a running proxy with its login server. Its methods are safe for concurrent
// use. The caller of Start must call Stop.
type Running struct {
	kind         Kind
	runner       string
	reason       string
	dir          string
	ownDir       bool
	listeners    []Listener
	installation Installation
	fault        *Fault
	installed    *installed.Configuration
	loginOptions login.Options
	run          *process.Run // of a proxy that runs as a process
	proxy        running
	login        *login.Server
	token        string

	stop    sync.Once
	stopErr error
}

// A running is a started proxy: a local process or a container.
type running interface {
	// exited returns a channel that is closed when the proxy has ended.
	exited() <-chan struct{}
	// stop stops the proxy with SIGTERM, then with SIGKILL, and waits for its end.
	stop(ctx context.Context) error
	// pids returns the processes of the proxy, or nil if they are not visible here.
	pids() []int
	// id returns the process id or the container id.
	id() string
	// output returns the output of the proxy without its log, for messages.
	output() string
}

// Start renders the configuration, starts the login server and the proxy, and returns when
// every listener answers a request. It first stops the proxies of programs that ended
// without stopping them.
//
// Errors say what is missing and what to do. After an error nothing runs.
func Start(ctx context.Context, o Options) (*Running, error) {
	if o.Installed == nil {
		if err := validateAll(o.Kind, o.Listeners); err != nil {
			return nil, err
		}
	}
	runner, reason, err := choose(ctx, o.Kind, o.Runner, o.Installation)
	if err != nil {
		return nil, err
	}
	if err := sweep(ctx, runner == RunnerContainer); err != nil {
		return nil, err
	}
	if err := checkPorts(o.Listeners); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Kind, err)
	}
	r := &Running{kind: o.Kind, runner: runner, reason: reason, listeners: o.Listeners, installation: o.Installation, fault: o.Fault, token: newToken(),
		installed: o.Installed, loginOptions: o.Login}
	r.loginOptions.Token = r.token
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
	var err error
	if r.login, err = login.Start("127.0.0.1:0", r.loginOptions); err != nil {
		return err
	}
	launch := startProcess
	if r.runner == RunnerContainer {
		launch = startContainer
	}
	if r.proxy, err = launch(ctx, job{
		kind: r.kind, fault: r.fault, installed: r.installed, listeners: r.listeners, installation: r.installation, dir: r.dir, ownDir: r.ownDir,
		login: r.login.Address(), run: r.run,
	}); err != nil {
		return err
	}
	if err := r.await(ctx); err != nil {
		return err
	}
	r.noteWorkers()
	return nil
}

// openRun creates the run of a proxy that runs as a process. The labels of a container
// identify its owner instead.
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

// noteWorkers writes the workers to the journal of the run: they may outlive a master that
// is killed, and their mark cannot be read, because nginx overwrites its environment with
// its process title.
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

// A job contains the parameters of a runner.
type job struct {
	kind         Kind
	listeners    []Listener
	installation Installation
	fault        *Fault
	installed    *installed.Configuration // nil for a rendered configuration
	dir          string
	ownDir       bool // whether Stop removes dir
	login        string
	run          *process.Run // nil for a container
}

// write renders the configuration into the job's folder and returns its path.
func (j job) write(o RenderOptions) (string, error) {
	if j.installed != nil {
		return j.writeInstalled(o)
	}
	o.Login, o.Dir, o.Fault = j.login, j.dir, j.fault
	text, err := Render(j.kind, j.listeners, o)
	if err != nil {
		return "", err
	}
	// Both configurations use this empty folder as the root of their files.
	if err := os.Mkdir(filepath.Join(j.dir, "none"), 0o755); err != nil {
		return "", fmt.Errorf("write the configuration of the proxy: %w", err)
	}
	path := filepath.Join(j.dir, configName)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return "", fmt.Errorf("write the configuration of the proxy: %w", err)
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
		return fmt.Errorf("create the folder for the proxy: %w", err)
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return fmt.Errorf("create the folder for the proxy: %w", err)
	}
	dir, err := os.MkdirTemp(parent, string(r.kind)+"-")
	if err != nil {
		return fmt.Errorf("create the folder for the proxy: %w", err)
	}
	r.dir = dir
	return nil
}

// ownParent returns the parent of the temporary folder of the proxy. If it is the folder of
// a run, Sweep removes it too.
func (r *Running) ownParent() (string, error) {
	if r.run != nil {
		return r.run.Path, nil
	}
	return runsFolder()
}

// Stop stops the proxy and the login server. It sends SIGTERM to the proxy and, after five
// seconds, SIGKILL. Further calls return the result of the first.
func (r *Running) Stop(ctx context.Context) error {
	r.stop.Do(func() {
		var errs []error
		if r.proxy != nil {
			errs = append(errs, r.proxy.stop(ctx))
		}
		if r.run != nil && errors.Join(errs...) == nil { // after an error, the next Sweep ends it
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

// Log returns the path of the log of the proxy. It contains a line for each request,
// without the query, and the error messages of the proxy.
func (r *Running) Log() string { return filepath.Join(r.dir, logName) }

// Config returns the path of the rendered configuration.
func (r *Running) Config() string { return filepath.Join(r.dir, configName) }

// Runner returns how the proxy runs: RunnerContainer or RunnerProcess.
func (r *Running) Runner() string { return r.runner }

// Reason returns why Start selected the runner.
func (r *Running) Reason() string { return r.reason }

// PIDs returns the current processes of the proxy, for accounting. It returns nil if the
// processes of a container are not visible on this machine.
func (r *Running) PIDs() []int { return r.proxy.pids() }

// ID returns the id of the container or of the first process.
func (r *Running) ID() string { return r.proxy.id() }

// Exited returns a channel that is closed when the proxy has ended for any reason.
func (r *Running) Exited() <-chan struct{} { return r.proxy.exited() }

func newToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// choose returns how to run the proxy and the reason.
func choose(ctx context.Context, kind Kind, runner string, in Installation) (chosen, reason string, err error) {
	switch runner {
	case RunnerContainer:
		if err := checkContainer(ctx, in.imageName()); err != nil {
			return "", "", err
		}
		return RunnerContainer, "selected by the user", nil
	case RunnerProcess:
		if _, err := in.findProgram(kind); err != nil {
			return "", "", err
		}
		return RunnerProcess, "selected by the user", nil
	case RunnerAuto, "":
	default:
		return "", "", fmt.Errorf("runner %q is not known; use one of auto, container, process", runner)
	}
	noContainer := checkContainer(ctx, in.imageName())
	if noContainer == nil {
		return RunnerContainer, "auto: the Docker engine answers and has the image " + in.imageName(), nil
	}
	if _, noProgram := in.findProgram(kind); noProgram != nil {
		return "", "", errors.Join(noContainer, noProgram)
	}
	return RunnerProcess, "auto: " + noContainer.Error(), nil
}
