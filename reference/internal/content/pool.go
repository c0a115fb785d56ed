package content

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrStopped is returned if the server is stopping, or if the process of the item was stopped while it started.
var ErrStopped = errors.New("the content is being stopped")

const (
	startTimeout = 10 * time.Second // until a process accepts connections
	roomTimeout  = 5 * time.Second  // until another process is idle, before a busy one is stopped
	drainTimeout = 2 * time.Second  // until the visits of a replaced process end
)

// pool holds the live processes of interactive content, at most max. Each item has one process, which all its
// visitors share. If there is no room for a new process, the least recently visited one is stopped, idle ones first.
type pool struct {
	rt    *Runtime
	slots chan struct{} // holds one element for each live process
	group sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	clock    int64 // counts visits
	waiting  int   // processes that wait for a slot
	retiring int   // retired processes that still have a slot
	live     map[string]*Process
	changed  chan struct{} // closed and replaced whenever a process becomes idle or ends
}

func newPool(rt *Runtime) *pool {
	return &pool{rt: rt, slots: make(chan struct{}, rt.MaxRun), live: map[string]*Process{}, changed: make(chan struct{})}
}

// Visit returns the process of an item, which it starts if necessary, and counts the caller as a visitor until the
// caller calls leave. Concurrent calls start one process. folder returns the unpacked bundle. The error is
// ErrStopped, ErrNoRuntime, a *StartError, the error of the context, or an internal one.
func (rt *Runtime) Visit(ctx context.Context, item *Item, folder Folder) (p *Process, leave func(), err error) {
	p, err = rt.pool.acquire(item, folder)
	if err != nil {
		return nil, nil, err
	}
	leave = sync.OnceFunc(func() { rt.pool.release(p) })
	select {
	case <-p.ready:
	case <-ctx.Done():
		leave()
		return nil, nil, ctx.Err()
	}
	if p.err != nil {
		leave()
		return nil, nil, p.err
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

// Live returns the number of processes that are alive or starting.
func (rt *Runtime) Live() int { return len(rt.pool.slots) }

func (pl *pool) acquire(item *Item, folder Folder) (*Process, error) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if pl.closed {
		return nil, ErrStopped
	}
	p := pl.live[item.GUID]
	if p != nil && (p.item.BundleID != item.BundleID || p.item.OwnerGUID != item.OwnerGUID) {
		pl.retire(p, drainTimeout) // another node deployed, or the owner changed
		p = nil
	}
	if p == nil {
		p = newProcess(pl.rt, item)
		pl.live[item.GUID] = p
		pl.group.Go(func() {
			defer pl.releaseSlot(p)
			p.run(folder)
		})
	}
	pl.clock++
	p.visits, p.last = p.visits+1, pl.clock
	return p, nil
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
	if pl.live[p.item.GUID] == p {
		delete(pl.live, p.item.GUID)
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
