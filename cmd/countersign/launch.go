package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"countersign/steps"
	"countersign/steps/target"
)

// stopTime is how long a subject may take to end when asked politely.
const stopTime = 5 * time.Second

// A launcher starts processes, all from one operating system thread that lives
// as long as the launcher does.
//
// Linux sends the parent-death signal when the *thread* that forked ends, not
// the process (prctl(2), PR_SET_PDEATHSIG), and Go ends and makes threads as
// it likes. Started from any goroutine, a subject could so be ended at any
// time by a thread that was merely idle.
type launcher struct {
	starts chan func()
	gone   chan struct{}

	stubborn atomic.Int32 // processes that did not end when they were asked to
}

func newLauncher() *launcher {
	l := &launcher{starts: make(chan func()), gone: make(chan struct{})}
	go func() {
		defer close(l.gone)
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		for start := range l.starts {
			start()
		}
	}()
	return l
}

func (l *launcher) start(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	l.starts <- func() { started <- cmd.Start() }
	return <-started
}

// close ends the thread. Nothing that was started may still run.
func (l *launcher) close() {
	close(l.starts)
	<-l.gone
}

// instanceMark names the variable by which the processes of an instance are found
// that have left its session, as daemons do.
const instanceMark = "COUNTERSIGN_INSTANCE"

// An instance is a process of the subject. It is safe for concurrent use.
type instance struct {
	cmd    *exec.Cmd
	output string        // file with what it wrote to its standard streams
	run    string        // the run's mark
	mark   string        // assignment in the environment that no other instance has; "" for none
	exited chan struct{} // closed when it has been reaped

	stubborn *atomic.Int32 // of the launcher; nil for a tool

	mu     sync.Mutex
	reaped bool
	err    error
}

var _ steps.Instance = (*instance)(nil)

// startInstance starts the command line of a target for one instance. mark is
// an assignment that the subject and what it starts carry in their environment.
func (l *launcher) startInstance(t *target.Launch, spec steps.InstanceSpec, mark string) (*instance, error) {
	config, err := writeConfig(spec)
	if err != nil {
		return nil, err
	}
	fill := placeholders(spec, config, mark)
	output := spec.LogFile
	if mentions(t, "{log}") {
		// The subject writes its log itself, and whoever counts its lines must
		// not find them twice.
		output += ".output"
	}
	streams, err := openOutput(output)
	if err != nil {
		return nil, err
	}
	defer streams.Close()

	var args []string
	for _, a := range t.Command {
		args = append(args, fill.Replace(a))
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = spec.DataDir
	cmd.Stdout, cmd.Stderr = streams, streams
	cmd.SysProcAttr = newSession()
	own := instanceMark + "=" + instanceID(spec, mark)
	cmd.Env = append(environment(t, fill), mark, own)
	if err := l.start(cmd); err != nil {
		return nil, withHint(fmt.Errorf("start instance %s: %w", spec.ID, err),
			"launch.command of the target is %q; its first word must be a program that this machine can run", strings.Join(t.Command, " "))
	}
	i := &instance{cmd: cmd, output: output, run: mark, mark: own, exited: make(chan struct{}), stubborn: &l.stubborn}
	go i.reap()
	return i, nil
}

// placeholders puts what an instance has in the place of what a target says.
func placeholders(spec steps.InstanceSpec, config, mark string) *strings.Replacer {
	return strings.NewReplacer("{config}", config, "{data}", spec.DataDir, "{id}", instanceID(spec, mark),
		"{listen}", spec.Listen, "{address}", spec.Address, "{log}", spec.LogFile)
}

// instanceID is a name for what an instance keeps elsewhere than in its data
// folder, such as a schema of a database: the mark differs from run to run, the
// id from instance to instance.
func instanceID(spec steps.InstanceSpec, mark string) string {
	_, run, _ := strings.Cut(mark, "=")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(run+"_"+spec.ID))
}

// environment is ours without what is not the subject's, and what the target adds.
func environment(t *target.Launch, fill *strings.Replacer) []string {
	env := subjectEnvironment(os.Environ())
	for name, value := range t.Environment {
		env = append(env, name+"="+fill.Replace(value))
	}
	return env
}

// writeConfig writes the configuration beside the log, never into the data
// folder, which is the subject's own.
func writeConfig(spec steps.InstanceSpec) (string, error) {
	for _, dir := range []string{spec.DataDir, filepath.Dir(spec.LogFile)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("make the folders of instance %s: %w", spec.ID, err)
		}
	}
	file := strings.TrimSuffix(spec.LogFile, filepath.Ext(spec.LogFile)) + ".gcfg"
	if err := os.WriteFile(file, []byte(spec.Config), 0o600); err != nil {
		return "", fmt.Errorf("write the configuration of instance %s: %w", spec.ID, err)
	}
	return file, nil
}

// openOutput opens for appending, so that a restart keeps what was said before it.
func openOutput(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the subject's output: %w", err)
	}
	return f, nil
}

func mentions(t *target.Launch, placeholder string) bool {
	for _, a := range t.Command {
		if strings.Contains(a, placeholder) {
			return true
		}
	}
	for _, v := range t.Environment {
		if strings.Contains(v, placeholder) {
			return true
		}
	}
	return false
}

// subjectEnvironment is ours without CONNECT_*: a key or an address in the
// shell of whoever runs the suite must not reach the subject or its content.
func subjectEnvironment(ours []string) []string {
	var env []string
	for _, assignment := range ours {
		if !strings.HasPrefix(strings.ToUpper(assignment), "CONNECT_") {
			env = append(env, assignment)
		}
	}
	return env
}

func (i *instance) PID() int { return i.cmd.Process.Pid }

func (i *instance) Exited() <-chan struct{} { return i.exited }

func (i *instance) ExitError() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.err
}

func (i *instance) Output() string { return i.output }

// Stop asks the group to end, as a terminal would, so that a subject started
// through a shell ends too; after five seconds, or when ctx is done, it ends
// all by force.
func (i *instance) Stop(ctx context.Context) error {
	i.signal(syscall.SIGTERM)
	timer := time.NewTimer(i.patience())
	defer timer.Stop()
	select {
	case <-i.exited:
		return nil
	case <-timer.C:
		if i.stubborn != nil {
			i.stubborn.Add(1)
		}
	case <-ctx.Done():
	}
	i.kill()
	timer.Reset(stopTime)
	select {
	case <-i.exited:
		return nil
	case <-timer.C:
		return fmt.Errorf("stop process %d: still there %v after SIGKILL", i.PID(), stopTime)
	}
}

// maxStubborn is how many processes of a subject are waited for in vain before the
// others are ended sooner.
const maxStubborn = 2

// patience returns how long the process may take to end. A subject that ignores the
// request has shorterStop after a few processes: it would cost five seconds each time.
func (i *instance) patience() time.Duration {
	const shorterStop = 500 * time.Millisecond
	if i.stubborn != nil && i.stubborn.Load() >= maxStubborn {
		return shorterStop
	}
	return stopTime
}

// signal reaches the whole group, and nobody once the process is reaped.
func (i *instance) signal(s syscall.Signal) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.reaped {
		_ = syscall.Kill(-i.PID(), s)
	}
}

// kill ends the group and whatever else belongs to the session.
func (i *instance) kill() {
	i.signal(syscall.SIGKILL)
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.reaped {
		i.endFamily()
	}
}

// endFamily ends by force what the process started, but not itself: content
// that outlives its server would hold ports and files of the next one.
func (i *instance) endFamily() {
	all, err := processes()
	if err != nil {
		return
	}
	for _, p := range i.members(all) {
		if p.pid != i.PID() && !p.gone() {
			kill(p)
		}
	}
}

// members are the processes of all that belong to the instance: its family, and
// those that carry its mark in the environment.
func (i *instance) members(all []process) []process {
	list := family(all, i.PID())
	known := map[int]bool{os.Getpid(): true}
	for _, p := range list {
		known[p.pid] = true
	}
	for _, p := range all {
		if i.mark != "" && !known[p.pid] && hasMark(p.pid, i.mark) {
			list = append(list, p)
		}
	}
	return list
}

// reap waits for the end, ends what was left behind while the number still
// names this process's session, and only then gives the number back.
func (i *instance) reap() {
	err := await(i.cmd, func() {
		i.endFamily()
		i.mu.Lock()
		i.reaped = true
		i.mu.Unlock()
	})
	if err != nil {
		if said := lastLines(i.output, 3); said != "" {
			err = fmt.Errorf("%w; it said last: %s", err, said)
		}
	}
	i.mu.Lock()
	i.err = err
	i.mu.Unlock()
	close(i.exited)
}

// cpu is what the process and the children it waited for have used; known
// after the end.
func (i *instance) cpu() time.Duration {
	if s := i.cmd.ProcessState; s != nil {
		return s.UserTime() + s.SystemTime()
	}
	return 0
}

// secretRun is a run of characters as keys and tokens have it. What a subject
// wrote goes into reports, and whether it leaks is judged elsewhere.
var secretRun = regexp.MustCompile(`[A-Za-z0-9_+=-]{28,}`)

// lastLines reads the end of a file, for messages.
func lastLines(file string, n int) string {
	const enough = 4096
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		_, _ = f.Seek(-enough, io.SeekEnd)
	}
	raw, _ := io.ReadAll(io.LimitReader(f, enough))
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	last := bytes.Join(lines[max(0, len(lines)-n):], []byte(" | "))
	return string(secretRun.ReplaceAll(last, []byte("[redacted]")))
}
