package execution

import (
	"context"
	"sync"
	"time"
)

const (
	roomTimeout  = 5 * time.Second // until another process is idle, before a busy one is stopped
	drainTimeout = 2 * time.Second // until the visits of a replaced process end
)

// pool holds the live processes of interactive content, at most max. Each item has one process, which all its
// visitors share. If there is no room for a new process, the least recently visited one is stopped, idle ones first.
type pool struct {
	alive    context.Context // done when the server stops
	launcher *launcher
	slots    chan struct{} // holds one element for each live process
	group    sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	clock    int64 // counts visits
	waiting  int   // processes that wait for a slot
	retiring int   // retired processes that still have a slot
	live     map[string]*Process
	changed  chan struct{} // closed and replaced whenever a process becomes idle or ends
}

func newPool(alive context.Context, launcher *launcher, max int) *pool {
	return &pool{alive: alive, launcher: launcher, slots: make(chan struct{}, max), live: map[string]*Process{}, changed: make(chan struct{})}
}

// Visit returns the process of an item, which it starts if necessary, and counts the caller as a visitor until the
// caller calls leave. Concurrent calls start one process. The error is ErrStopped, ErrNoProgram, a *StartError, the
// error of the context, or an internal one.
func (rt *Runtime) Visit(ctx context.Context, w Work) (p *Process, leave func(), err error) {
	p, err = rt.pool.acquire(w)
	if err != nil {
		return nil, nil, err
	}
	leave = sync.OnceFunc(func() { rt.pool.release(p) })
	select {
	case <-p.ready:
		err = p.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		leave()
		return nil, nil, err
	}
	return p, leave, nil
}

// Stop stops the process of an item, if there is one, without waiting. Visits in progress have a short time to end.
func (rt *Runtime) Stop(guid string) {
	rt.pool.mu.Lock()
	defer rt.pool.mu.Unlock()
	if p := rt.pool.live[guid]; p != nil {
		rt.pool.retire(p, drainTimeout)
	}
}

// acquire returns the process for w, which it starts if necessary, and counts a visit.
func (pl *pool) acquire(w Work) (*Process, error) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if pl.closed {
		return nil, ErrStopped
	}
	p := pl.live[w.ContentGUID]
	if p != nil && p.work != w {
		pl.retire(p, drainTimeout) // another node deployed, or the owner changed
		p = nil
	}
	if p == nil {
		p = &Process{work: w, ready: make(chan struct{})}
		p.quitting, p.quit = context.WithCancel(pl.alive)
		pl.live[w.ContentGUID] = p
		pl.group.Go(func() { pl.drive(p) })
	}
	pl.clock++
	p.visits, p.last = p.visits+1, pl.clock
	return p, nil
}

// drive starts a process, waits for its end or until it is retired, and ends it.
func (pl *pool) drive(p *Process) {
	defer pl.releaseSlot(p)
	defer p.quit()
	l, err := pl.start(p)
	if err != nil {
		p.err = err
		close(p.ready)
		return
	}
	p.Execution, p.Target, p.Transport = l.ID, l.target, l.transport
	close(p.ready)
	select {
	case <-p.quitting.Done():
		pl.waitUntilDrained(p)
	case <-l.ended():
		pl.launcher.Log.Warn("content process ended by itself", "content", p.work.ContentGUID, "err", l.program.err)
	}
	pl.launcher.end(l)
}

// start starts a process when there is a slot for it. An app that the server does not start needs none.
func (pl *pool) start(p *Process) (*launch, error) {
	ctx, cancel := context.WithTimeout(p.quitting, startTimeout+roomTimeout)
	defer cancel()
	if pl.launcher.App == nil {
		if _, err := pl.launcher.command(); err != nil {
			return nil, err
		}
		if err := pl.waitForSlot(p); err != nil {
			return nil, err
		}
	}
	l, err := pl.launcher.serve(ctx, p.work)
	if err != nil && p.quitting.Err() != nil {
		err = ErrStopped
	}
	return l, err
}

func (pl *pool) release(p *Process) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if p.visits--; p.visits == 0 {
		pl.broadcast()
	}
}

// broadcast wakes all goroutines that wait for a change. The caller holds mu.
func (pl *pool) broadcast() {
	close(pl.changed)
	pl.changed = make(chan struct{})
}

// retire removes a process from the pool, so that the next visit starts another one. Its visits may continue for the
// duration grace. The caller holds mu.
func (pl *pool) retire(p *Process, grace time.Duration) {
	if p.retired {
		return
	}
	p.retired, p.grace = true, grace
	if p.hasSlot {
		pl.retiring++
	}
	pl.forget(p)
	p.quit()
}

func (pl *pool) forget(p *Process) {
	if pl.live[p.work.ContentGUID] == p {
		delete(pl.live, p.work.ContentGUID)
	}
}

// releaseSlot releases the slot of a process that has ended.
func (pl *pool) releaseSlot(p *Process) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.forget(p)
	if p.hasSlot {
		if p.retired {
			pl.retiring--
		}
		p.hasSlot = false
		<-pl.slots
	}
	pl.broadcast()
}

// waitForSlot waits until p may run in addition to the other processes, and stops another one if necessary.
func (pl *pool) waitForSlot(p *Process) error {
	patience := time.NewTimer(roomTimeout)
	defer patience.Stop()
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.waiting++
	defer func() { pl.waiting-- }()
	for impatient := false; ; {
		select {
		case pl.slots <- struct{}{}:
			p.hasSlot = true
			return nil
		default:
		}
		if pl.retiring < pl.waiting {
			if victim := pl.leastRecentlyVisited(impatient); victim != nil {
				pl.retire(victim, 0)
			}
		}
		changed := pl.changed
		pl.mu.Unlock()
		var err error
		select {
		case <-p.quitting.Done():
			err = ErrStopped
		case <-changed:
		case <-patience.C:
			impatient = true
		}
		pl.mu.Lock()
		if err != nil {
			return err
		}
	}
}

// leastRecentlyVisited returns the least recently visited process, or nil. It returns a process with visitors only if
// busy is true. The caller holds mu.
func (pl *pool) leastRecentlyVisited(busy bool) *Process {
	var oldest *Process
	for _, p := range pl.live {
		if p.hasSlot && (busy || p.visits == 0) && (oldest == nil || p.last < oldest.last) {
			oldest = p
		}
	}
	return oldest
}

// waitUntilDrained waits until a retired process has no visitors, or its grace period ends.
func (pl *pool) waitUntilDrained(p *Process) {
	pl.mu.Lock()
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	for p.visits > 0 && p.grace > 0 {
		changed := pl.changed
		pl.mu.Unlock()
		select {
		case <-timer.C:
			return
		case <-changed:
		}
		pl.mu.Lock()
	}
	pl.mu.Unlock()
}

// close stops all processes and waits for them.
func (pl *pool) close(ctx context.Context) error {
	pl.mu.Lock()
	pl.closed = true
	for _, p := range pl.live {
		pl.retire(p, 0)
	}
	pl.mu.Unlock()
	return waitFor(ctx, &pl.group)
}

// waitFor waits for a group of goroutines until ctx is done.
func waitFor(ctx context.Context, group *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
