package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const killSignal = syscall.SIGKILL

// killTime limits how long a process may take to end after SIGKILL.
const killTime = 5 * time.Second

// Options are the options of Start. The zero value is useful.
type Options struct {
	// Mark is an assignment NAME=value that Start adds to the environment. A process
	// that has it belongs to the child, even if it has left the session and the
	// family of the child. No other process may have the same assignment. The empty
	// string means none.
	Mark string
	// Signal is what Stop sends first. The zero value means SIGTERM.
	Signal syscall.Signal
	// LeaderOnly makes Stop send Signal to the started process only, and not to its
	// group.
	LeaderOnly bool
	// Explain, if not nil, is called with the exit error of an unsuccessful child
	// before Exited is closed. ExitError returns its result.
	Explain func(error) error
}

// A Child is a process that Start has started. Its methods are safe for concurrent
// use.
type Child struct {
	cmd     *exec.Cmd
	options Options
	exited  chan struct{}

	mu     sync.Mutex
	reaped bool
	err    error
}

// Start starts a command in a session, and so in a process group, of its own. When
// the process ends, for whatever reason, the processes that it has started are
// killed. On Linux the process receives SIGTERM when this program ends.
//
// Start sets cmd.SysProcAttr and waits for the command; the caller must do neither.
func Start(cmd *exec.Cmd, o Options) (*Child, error) {
	if o.Mark != "" {
		cmd.Env = append(cmd.Environ(), o.Mark)
	}
	if o.Signal == 0 {
		o.Signal = syscall.SIGTERM
	}
	cmd.SysProcAttr = newSession()
	c := &Child{cmd: cmd, options: o, exited: make(chan struct{})}
	started := make(chan error, 1)
	go c.supervise(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// supervise starts the process and waits for its end. It does both on one thread:
// Linux sends the parent-death signal when the thread that started the process ends
// and not when the program ends (prctl(2), PR_SET_PDEATHSIG), and the Go runtime
// ends threads that are not locked.
func (c *Child) supervise(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = await(c.cmd, c.release)
	if err != nil && c.options.Explain != nil {
		err = c.options.Explain(err)
	}
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	close(c.exited)
}

// release kills the processes that the ended process has left, and records that its number
// may be reused.
func (c *Child) release() {
	c.killFamily()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reaped = true
}

// PID returns the number of the process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Exited returns a channel that is closed when the process has ended and has been
// waited for.
func (c *Child) Exited() <-chan struct{} { return c.exited }

// ExitError returns how the process ended. It returns nil if the exit code was 0 or
// if the process has not ended.
func (c *Child) ExitError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ExitCode returns the exit code. It returns -1 if a signal ended the process or if
// the process has not ended.
func (c *Child) ExitCode() int {
	if s := c.state(); s != nil {
		return s.ExitCode()
	}
	return -1
}

// CPU returns the processor time of the process and of the children that it has
// waited for. It returns 0 if the process has not ended.
func (c *Child) CPU() time.Duration {
	if s := c.state(); s != nil {
		return s.UserTime() + s.SystemTime()
	}
	return 0
}

// state returns the state of the process after its end, and nil before.
func (c *Child) state() *os.ProcessState {
	select {
	case <-c.exited:
		return c.cmd.ProcessState
	default:
		return nil
	}
}

// Stop asks the process to end and returns when it has ended. When the limit has
// passed or ctx is done, it kills the process and its family. It reports whether
// the limit passed. An error means that the process has not ended. Stop may be
// called more than once.
func (c *Child) Stop(ctx context.Context, limit time.Duration) (late bool, err error) {
	c.signal(c.options.Signal, c.options.LeaderOnly)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.exited:
		return false, nil
	case <-timer.C:
		late = true
	case <-ctx.Done():
	}
	c.Kill()
	timer.Reset(killTime)
	select {
	case <-c.exited:
		return late, nil
	case <-timer.C:
		return late, fmt.Errorf("stop process %d: it still runs %v after SIGKILL", c.PID(), killTime)
	}
}

// Kill kills the process and its family. It does not wait for the end.
func (c *Child) Kill() {
	c.signal(killSignal, false)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		c.killFamily()
	}
}

// signal sends a signal to the process or its group. It does nothing after the
// process has been waited for, when the number may belong to another process.
func (c *Child) signal(s syscall.Signal, leaderOnly bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return
	}
	to := -c.PID()
	if leaderOnly {
		to = c.PID()
	}
	_ = syscall.Kill(to, s) // an error means that the process has ended
}

// killFamily kills the members of the family except the process itself. A process
// that outlives it could hold ports and files that the next one needs.
func (c *Child) killFamily() {
	all, err := List()
	if err != nil {
		return
	}
	for _, p := range c.Members(all) {
		if p.PID != c.PID() && !p.Ended() {
			Kill(p)
		}
	}
}

// Members returns the processes of a list that belong to the child: its family, and
// the processes that have its mark.
func (c *Child) Members(all []Info) []Info {
	list := Family(all, c.PID())
	if c.options.Mark == "" {
		return list
	}
	known := map[int]bool{os.Getpid(): true}
	for _, p := range list {
		known[p.PID] = true
	}
	for _, p := range all {
		if !known[p.PID] && HasMark(p.PID, c.options.Mark) {
			list = append(list, p)
		}
	}
	return list
}
