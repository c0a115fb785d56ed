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

// Folder returns the folder with the unpacked bundle of an item.
type Folder func(context.Context) (string, error)

// A StartError reports that a content process did not start. Output is the end of its output, for the publisher.
type StartError struct {
	Err    error
	Output string
}

func (e *StartError) Error() string { return "start content: " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// Process is a running item. Handlers get it from Runtime.Visit and send visits to Target with Transport.
type Process struct {
	Target    *url.URL
	Transport http.RoundTripper

	rt       *Runtime
	item     Item            // as it was when the process started
	launch   *launch         // valid after ready
	ready    chan struct{}   // closed when it accepts connections or has failed
	err      error           // why it failed; valid after ready
	quitting context.Context // done when the process must stop
	quit     context.CancelFunc

	// Guarded by pool.mu:
	visits  int   // in progress
	last    int64 // pool.clock at the last visit
	hasSlot bool
	retired bool
	grace   time.Duration // for visits in progress when the process is retired
}

func newProcess(rt *Runtime, item *Item) *Process {
	p := &Process{rt: rt, item: *item, ready: make(chan struct{})}
	p.quitting, p.quit = context.WithCancel(rt.alive)
	return p
}

// Execution returns the id of the execution to which visits of this process are bound.
func (p *Process) Execution() string { return p.launch.ID }

// run starts the process, waits for its end and cleans up.
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
			p.rt.pool.waitUntilDrained(p)
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

// start starts the process. It may return a program together with an error; the caller must then end the program.
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
	if err := p.rt.pool.waitForSlot(p); err != nil {
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
	return program, p.waitUntilReady(ctx, program)
}

// startApp connects to an app that a developer runs on their own machine, instead of starting a process. It records
// an execution, because the tokens of visits are bound to one.
func (p *Process) startApp(ctx context.Context) (*program, error) {
	var err error
	if p.launch, err = p.rt.begin(ctx, &p.item, "", ClassInteractive, nil); err != nil {
		return nil, err
	}
	p.Target, p.Transport = p.rt.App, transport((&net.Dialer{Timeout: startTimeout}).DialContext)
	return &program{done: make(chan struct{})}, nil
}

// waitUntilReady waits until the program accepts connections on the socket.
func (p *Process) waitUntilReady(ctx context.Context, program *program) error {
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

// transport returns a transport with limits, so that a content process cannot block or flood the server. The body of
// a reply has no limit, because it may be an endless stream.
func transport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		DisableCompression:     true, // replies of content are passed on unchanged
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  60 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
