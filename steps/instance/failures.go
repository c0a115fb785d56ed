package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"countersign/steps/verdict"
)

// Limits after which the suite gives up a server under test.
const (
	maxSilent  = 5                // consecutive scenarios in which an instance sent no reply
	maxWaited  = 90 * time.Second // total wait of all scenarios that did not pass
	maxFailed  = 4                // consecutive instances with the same failure, before one was ready
	maxFailing = 8                // consecutive instances with the same failure, after one was ready
	maxUnready = 2                // consecutive starts that timed out, before one was ready
)

// A failureTracker decides when to give up the server under test: when scenarios that did not pass
// have waited too long in total, or when too many consecutive instances cannot be used for the same
// reason. It then ends its context. It is safe for concurrent use.
type failureTracker struct {
	ctx context.Context
	end context.CancelCauseFunc

	mu      sync.Mutex
	waited  time.Duration
	slowest time.Duration // duration of the slowest successful start; 0 if there was none
	unready int           // starts that timed out
	ready   bool          // an instance was ready
	kind    string        // the kind of the last failure
	count   int           // consecutive failures of this kind
}

func newFailureTracker(ctx context.Context) *failureTracker {
	p := &failureTracker{}
	p.ctx, p.end = context.WithCancelCause(ctx)
	return p
}

// givenUp returns the reason for which the server was given up, or nil.
func (p *failureTracker) givenUp() error {
	var block *verdict.Block
	if errors.As(context.Cause(p.ctx), &block) {
		return block
	}
	return nil
}

// wait adds the time that a scenario or a start waited for the server. example is the reason of the
// last wait.
func (p *failureTracker) wait(lost time.Duration, example string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waited += lost; p.waited >= maxWaited {
		p.giveUp(fmt.Sprintf("scenarios that did not pass waited %s for the server in total; the last: %s", maxWaited, example))
	}
}

// succeeded records that an instance is ready.
func (p *failureTracker) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready, p.kind, p.count = true, "", 0
}

// started records the duration of a successful start.
func (p *failureTracker) started(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, took)
}

// startTimedOut records a start that timed out.
func (p *failureTracker) startTimedOut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unready++
}

// readyTime returns the time limit of a start. It becomes shorter after starts that timed out:
// shortReady after one of them if no start has succeeded, else a multiple of the slowest successful
// start after maxUnready of them.
func (p *failureTracker) readyTime() time.Duration {
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

// failed records that an instance could not be used, and the kind of the failure.
func (p *failureTracker) failed(kind string, took time.Duration, block *verdict.Block) {
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
		p.giveUp(fmt.Sprintf("%d consecutive instances cannot be used for the same reason; the last: %s", p.count, block.Reason))
	}
}

// giveUp ends the context of the scenarios. Only the first call has an effect.
func (p *failureTracker) giveUp(cause string) {
	p.end(&verdict.Block{Reason: "the subject was given up: " + cause, BySubject: true})
}

// close releases the context.
func (p *failureTracker) close() { p.end(nil) }
