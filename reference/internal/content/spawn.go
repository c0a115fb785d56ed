package content

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// spawner starts processes on one operating-system thread that lives as long as the server. Linux sends a child its
// parent-death signal when the thread that started it ends, and Go ends threads as it likes (golang/go#27505).
type spawner struct {
	jobs chan func()
	once sync.Once
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this function
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// close ends the thread. On Linux what it started and is still alive dies with it.
func (s *spawner) close() { s.once.Do(func() { close(s.jobs) }) }

// program is a started process, in a process group of its own.
type program struct {
	cmd  *exec.Cmd
	tail *tail
	done chan struct{} // closed when it has ended
	err  error         // how it ended; valid after done
}

// start starts a command as its own process group, bound to the life of this server where the system can do that.
func (s *spawner) start(cmd *exec.Cmd, tail *tail) (*program, error) {
	cmd.SysProcAttr = processAttributes()
	cmd.WaitDelay = time.Second // a grandchild that keeps the output open does not keep us
	started := make(chan error, 1)
	s.jobs <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, err
	}
	p := &program{cmd: cmd, tail: tail, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		// Whatever it started and left behind goes with it.
		p.signal(syscall.SIGKILL)
		close(p.done)
	}()
	return p, nil
}

// signal reaches the whole group. A group that is gone is no error to anybody.
func (p *program) signal(sig syscall.Signal) {
	if err := syscall.Kill(-p.cmd.Process.Pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.cmd.Process.Kill() //nolint:errcheck // it has ended already
	}
}

// stopGrace is how long a process has to end by itself.
const stopGrace = 2 * time.Second

// end stops the process and returns when it has ended.
func (p *program) end() {
	if p.cmd == nil { // somebody else's
		return
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

// tail keeps the last of what a process writes. It is for the publisher's eyes only, never for the server's log: content
// may print what it likes.
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
