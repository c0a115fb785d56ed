package content

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"time"
)

// Folder gives the unpacked bundle of an item.
type Folder func(context.Context) (string, error)

// A StartError says that a content process did not come up. Output is the end of what it wrote, for its publisher.
type StartError struct {
	Err    error
	Output string
}

func (e *StartError) Error() string { return "start content: " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// Process is a running item. Handlers get it from Runtime.Visit and send visits to Target by Transport.
type Process struct {
	Target    *url.URL
	Transport http.RoundTripper

	rt       *Runtime
	item     Item            // as it was when the process was started
	launch   *launch         // valid after ready
	ready    chan struct{}   // closed when it answers, or will not
	err      error           // why it will not; valid after ready
	quitting context.Context // ends when the process is to stop
	quit     context.CancelFunc

	// Guarded by pool.mu:
	visits  int   // under way
	last    int64 // pool.clock at the last visit
	holding bool  // has a slot
	retired bool
	grace   time.Duration // for visits under way when retired
}

func newProcess(rt *Runtime, item *Item) *Process {
	p := &Process{rt: rt, item: *item, ready: make(chan struct{})}
	p.quitting, p.quit = context.WithCancel(rt.alive)
	return p
}

// Execution is what visits of this process are bound to.
func (p *Process) Execution() string { return p.launch.ID }

// run is the whole life of a process. It returns when nothing is left of it.
func (p *Process) run(folder Folder) {
	defer p.quit()
	program, err := p.start(folder)
	if err != nil {
		p.err = err
		close(p.ready)
	} else {
		close(p.ready)
		select {
		case <-p.quitting.Done():
			p.rt.pool.drained(p)
		case <-program.done:
			p.rt.Log.Warn("content process ended by itself", "content", p.item.GUID, "err", program.err)
		}
	}
	if p.launch != nil {
		p.rt.revoke(p.launch) // before it is told to stop: from now on its secrets are worth nothing
	}
	if program != nil {
		program.end()
	}
	if p.launch != nil {
		p.rt.end(p.launch)
	}
	if t, ok := p.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// start brings the process up. Also with an error it may answer a program, which is to be ended.
func (p *Process) start(folder Folder) (*program, error) {
	ctx, cancel := context.WithTimeout(p.quitting, startTimeout+roomTimeout)
	defer cancel()
	if p.rt.App != nil {
		return p.startApp(ctx)
	}
	command, err := p.rt.command()
	if err != nil {
		return nil, err
	}
	dir, err := folder(ctx)
	if err != nil {
		return nil, fmt.Errorf("unpack bundle: %w", err)
	}
	if err := p.rt.pool.room(p); err != nil {
		return nil, err
	}
	if p.launch, err = p.rt.begin(ctx, &p.item, dir, ClassInteractive, p.rt.Keys); err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], append(command[1:], "serve")...)
	cmd.Dir = dir
	cmd.Env = append(p.rt.environment(p.launch), "PROBE_SOCKET="+p.launch.socket())
	output := &tail{max: 16 << 10}
	cmd.Stdout, cmd.Stderr = output, output
	program, err := p.rt.spawner.start(cmd, output)
	if err != nil {
		return nil, &StartError{Err: err}
	}
	p.Target = &url.URL{Scheme: "http", Host: "content"}
	p.Transport = socketTransport(p.launch.socket())
	return program, p.answers(ctx, program)
}

// startApp needs no process of ours: the app runs already, on the developer's own machine. The execution is remembered
// all the same, because the tokens of its visits are bound to one.
func (p *Process) startApp(ctx context.Context) (*program, error) {
	var err error
	if p.launch, err = p.rt.begin(ctx, &p.item, "", ClassInteractive, nil); err != nil {
		return nil, err
	}
	p.Target, p.Transport = p.rt.App, transport((&net.Dialer{Timeout: startTimeout}).DialContext)
	return &program{done: make(chan struct{})}, nil
}

// answers waits until something listens on the socket.
func (p *Process) answers(ctx context.Context, program *program) error {
	wait := time.NewTicker(2 * time.Millisecond)
	defer wait.Stop()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "unix", p.launch.socket())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-program.done:
			return &StartError{errors.New("the process ended before it answered"), program.tail.String()}
		case <-p.quitting.Done():
			return ErrStopped
		case <-ctx.Done():
			return &StartError{fmt.Errorf("no answer within %s", startTimeout), program.tail.String()}
		case <-wait.C:
		}
	}
}

func socketTransport(path string) *http.Transport {
	var dialer net.Dialer
	return transport(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", path)
	})
}

// transport is bounded where a content process could otherwise hold or flood the server. The body of a reply is not
// bounded: it may be a stream without end.
func transport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		DisableCompression:     true, // what content says is passed on as it says it
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  60 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
