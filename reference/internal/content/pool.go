package content

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrStopped is answered when the server is stopping, or the item's process was stopped while it started.
var ErrStopped = errors.New("the content is being stopped")

const (
	startTimeout = 10 * time.Second // for a process to answer
	roomTimeout  = 5 * time.Second  // for one of the others to be idle, before a busy one has to go
	drainTimeout = 2 * time.Second  // for the visits under way when a process is replaced
)

// pool keeps the live processes of interactive content: one for an item, shared by all its visitors, at most max. Where
// there is no room for another the least recently visited one is stopped, idle ones first.
type pool struct {
	rt    *Runtime
	slots chan struct{} // one element for each process that is alive
	group sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	clock   int64 // counts visits
	waiting int   // processes that wait for a slot
	leaving int   // retired processes that still hold one
	live    map[string]*Process
	changed chan struct{} // closed and made anew whenever a process becomes idle or ends
}

func newPool(rt *Runtime) *pool {
	return &pool{rt: rt, slots: make(chan struct{}, rt.MaxRun), live: map[string]*Process{}, changed: make(chan struct{})}
}

// Visit answers the process that serves an item, started if there is none, and counts the caller among its visitors until
// leave is called. Any number of callers at once start one process. folder gives the unpacked bundle.
// The error is ErrStopped, ErrNoRuntime, a *StartError, the context's, or internal.
func (rt *Runtime) Visit(ctx context.Context, item *Item, folder Folder) (p *Process, leave func(), err error) {
	p, err = rt.pool.enter(item, folder)
	if err != nil {
		return nil, nil, err
	}
	leave = sync.OnceFunc(func() { rt.pool.leave(p) })
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

// Stop ends the item's process, if it has one, without waiting: visits under way get a moment to end.
func (rt *Runtime) Stop(guid string) {
	rt.pool.mu.Lock()
	defer rt.pool.mu.Unlock()
	if p := rt.pool.live[guid]; p != nil {
		rt.pool.retire(p, drainTimeout)
	}
}

// Live counts the processes that are alive or starting.
func (rt *Runtime) Live() int { return len(rt.pool.slots) }

func (pl *pool) enter(item *Item, folder Folder) (*Process, error) {
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
			defer pl.gone(p)
			p.run(folder)
		})
	}
	pl.clock++
	p.visits, p.last = p.visits+1, pl.clock
	return p, nil
}

func (pl *pool) leave(p *Process) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if p.visits--; p.visits == 0 {
		pl.broadcast()
	}
}

// broadcast wakes whoever waits for a change. mu is held.
func (pl *pool) broadcast() {
	close(pl.changed)
	pl.changed = make(chan struct{})
}

// retire takes a process out of service: the next visit starts another. Its visits have grace to end. mu is held.
func (pl *pool) retire(p *Process, grace time.Duration) {
	if p.retired {
		return
	}
	p.retired, p.grace = true, grace
	if p.holding {
		pl.leaving++
	}
	pl.forget(p)
	p.quit()
}

func (pl *pool) forget(p *Process) {
	if pl.live[p.item.GUID] == p {
		delete(pl.live, p.item.GUID)
	}
}

// gone is called when nothing is left of a process.
func (pl *pool) gone(p *Process) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.forget(p)
	if p.holding {
		if p.retired {
			pl.leaving--
		}
		p.holding = false
		<-pl.slots
	}
	pl.broadcast()
}

// room waits until p may be alive beside the others, and makes another one go if it must.
func (pl *pool) room(p *Process) error {
	patience := time.NewTimer(roomTimeout)
	defer patience.Stop()
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.waiting++
	defer func() { pl.waiting-- }()
	for impatient := false; ; {
		select {
		case pl.slots <- struct{}{}:
			p.holding = true
			return nil
		default:
		}
		if pl.leaving < pl.waiting {
			if victim := pl.victim(impatient); victim != nil {
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

// victim is the least recently visited process; one with visitors only if busy is set. nil: there is none. mu is held.
func (pl *pool) victim(busy bool) *Process {
	var oldest *Process
	for _, p := range pl.live {
		if p.holding && (busy || p.visits == 0) && (oldest == nil || p.last < oldest.last) {
			oldest = p
		}
	}
	return oldest
}

// drained returns when a retired process has no visitors, or its grace is over.
func (pl *pool) drained(p *Process) {
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

// close stops everything and waits for it.
func (pl *pool) close(ctx context.Context) error {
	pl.mu.Lock()
	pl.closed = true
	for _, p := range pl.live {
		pl.retire(p, 0)
	}
	pl.mu.Unlock()
	return waitFor(ctx, &pl.group)
}

// waitFor waits for a group of goroutines until ctx ends.
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
