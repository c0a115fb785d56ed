package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"countersign/steps/verdict"
)

// Bounds after which the suite gives up a subject.
const (
	maxSilent  = 5                // scenarios in a row in which an instance gave no answer
	maxWaited  = 90 * time.Second // what waiting may cost all scenarios that did not pass, added up
	maxFailed  = 4                // instances in a row that failed in the same way, before one was ready
	maxFailing = 8                // the same after one was ready
	maxUnready = 2                // the same where the start was waited for, before one was ready
)

// A patience decides when a subject is given up: when it has cost the scenarios that
// did not pass too much time, or when one instance after another cannot be used for
// the same reason. Its context ends then. It is safe for concurrent use.
type patience struct {
	ctx context.Context
	end context.CancelCauseFunc

	mu      sync.Mutex
	waited  time.Duration
	slowest time.Duration // that a start took which succeeded; 0 if none did
	unready int           // starts that were awaited in vain
	ready   bool          // an instance could be used
	kind    string        // how the last instances failed
	count   int           // how many failed so
}

func newPatience(ctx context.Context) *patience {
	p := &patience{}
	p.ctx, p.end = context.WithCancelCause(ctx)
	return p
}

// over returns why the subject was given up, nil if it was not.
func (p *patience) over() error {
	var block *verdict.Block
	if errors.As(context.Cause(p.ctx), &block) {
		return block
	}
	return nil
}

// wait adds the time that a scenario or a start lost in waiting for the subject.
// example names the last cause in words.
func (p *patience) wait(lost time.Duration, example string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waited += lost; p.waited >= maxWaited {
		p.giveUp(fmt.Sprintf("scenarios that did not pass waited %s for the subject in all; the last: %s", maxWaited, example))
	}
}

// succeeded notes that an instance was made ready.
func (p *patience) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready, p.kind, p.count = true, "", 0
}

// started notes that a process gave its first answer, and how long that took.
func (p *patience) started(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, took)
}

// awaitedInVain notes a start that gave no answer in its time.
func (p *patience) awaitedInVain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unready++
}

// readyTime returns how long a start may take. There is less time once starts were
// awaited in vain: shortReady after one of them where none has succeeded, otherwise a
// multiple of the slowest start that succeeded after maxUnready of them.
func (p *patience) readyTime() time.Duration {
	const multiple = 4
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.slowest == 0 && p.unready > 0:
		return shortReady
	case p.slowest > 0 && p.unready >= maxUnready:
		return min(readyTimeout, max(quickReady, multiple*p.slowest))
	}
	return readyTimeout
}

// failed notes that an instance could not be made ready, and in which way it failed.
func (p *patience) failed(kind string, took time.Duration, why *verdict.Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kind != kind {
		p.kind, p.count = kind, 0
	}
	p.count++
	bound := maxFailed
	switch {
	case p.ready:
		bound = maxFailing
	case took >= shortReady:
		bound = maxUnready
	}
	if p.count >= bound {
		p.giveUp(fmt.Sprintf("%d instances in a row cannot be used for the same reason; the last: %s", p.count, why.Reason))
	}
}

// giveUp ends the context of the scenarios. The first cause counts.
func (p *patience) giveUp(cause string) {
	p.end(&verdict.Block{Reason: "the subject was given up: " + cause, BySubject: true})
}

// close releases the context.
func (p *patience) close() { p.end(nil) }
