package execution

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// spawner starts processes on one operating-system thread that lives as long as the server. Linux sends the
// parent-death signal to a child when the thread that started it ends, and Go may end other threads at any time
// (golang/go#27505).
type spawner struct {
	jobs  chan func()   // never closed, because start may send after close
	done  chan struct{} // closed by close
	close func()        // ends the thread; on Linux this kills all processes that are still alive
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func()), done: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.done) })
	go func() {
		runtime.LockOSThread() // never unlocked, so that the thread ends with this function
		for {
			select {
			case job := <-s.jobs:
				job()
			case <-s.done:
				return
			}
		}
	}()
	return s
}

// program is a started process in its own process group.
type program struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // the result of the process; valid after done
}

// start starts a command in its own process group, which ends with this server if the operating system supports it.
// It returns ErrStopped after close.
func (s *spawner) start(cmd *exec.Cmd) (*program, error) {
	cmd.SysProcAttr = processAttributes()
	cmd.WaitDelay = time.Second // a grandchild that keeps the output open must not block the server
	started := make(chan error, 1)
	select {
	case s.jobs <- func() { started <- cmd.Start() }:
	case <-s.done:
		return nil, ErrStopped
	}
	if err := <-started; err != nil {
		return nil, err
	}
	p := &program{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		// Kill the remaining processes of the group.
		p.signal(syscall.SIGKILL)
		close(p.done)
	}()
	return p, nil
}

// signal sends a signal to the process group. It ignores a group that no longer exists.
func (p *program) signal(sig syscall.Signal) {
	if err := syscall.Kill(-p.cmd.Process.Pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.cmd.Process.Kill() //nolint:errcheck // it has ended already
	}
}

// stopGrace is how long a process may take to end after a signal.
const stopGrace = 2 * time.Second

// end stops the process and waits until it has ended.
func (p *program) end() {
	select {
	case <-p.done:
		return
	default:
	}
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
		return
	case <-timer.C:
	}
	p.signal(syscall.SIGKILL)
	<-p.done
}

// tail keeps the last bytes that a process writes. They are for the publisher only and are not written to the log of
// the server, because content may print secrets.
type tail struct {
	mu   sync.Mutex
	max  int
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - t.max; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
