package scenario

import (
	"sync"
	"time"
)

// Bounds of how long a line of the log is awaited.
const (
	logPoll   = 10 * time.Second // as the target contract has it
	logShort  = time.Second      // at least, once maxMissed lines did not appear
	maxMissed = 2
)

// A logPatience decides how long a line of the subject's log is awaited. That is logPoll
// until maxMissed lines did not appear. A log that lacks so many lines lacks others too,
// so that after that a line is awaited for logShort, or for twice as long as the slowest
// line that did appear, up to logPoll. It is safe for concurrent use.
type logPatience struct {
	mu      sync.Mutex
	slowest time.Duration // that a line took which appeared
	missed  int           // lines that did not appear
}

// limit returns how long the next line is awaited.
func (p *logPatience) limit() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.missed < maxMissed {
		return logPoll
	}
	return min(logPoll, max(logShort, 2*p.slowest))
}

// appeared notes a line that appeared after it was awaited for some time.
func (p *logPatience) appeared(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, after)
}

// miss notes a line that did not appear.
func (p *logPatience) miss() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.missed++
}
