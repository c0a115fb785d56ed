package scenario

import (
	"sync"
	"time"
)

// Bounds of the wait for a line of the log.
const (
	logPoll   = 10 * time.Second // as the target contract has it
	logShort  = time.Second      // at least, once maxMissed lines did not appear
	maxMissed = 2
)

// A LogPatience decides how long the scenarios of a run wait for a line of the server's log.
// That is logPoll until maxMissed lines did not appear. A log that lacks so many lines probably
// lacks others too, so that after that they wait for logShort, or for twice as long as the
// slowest line that did appear, up to logPoll. It is safe for concurrent use.
type LogPatience struct {
	mu      sync.Mutex
	slowest time.Duration // that a line took which appeared
	missed  int           // lines that did not appear
}

// limit returns how long the next line is awaited.
func (p *LogPatience) limit() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.missed < maxMissed {
		return logPoll
	}
	return min(logPoll, max(logShort, 2*p.slowest))
}

// appeared records a line that appeared after it was awaited for some time.
func (p *LogPatience) appeared(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, after)
}

// miss records a line that did not appear.
func (p *LogPatience) miss() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.missed++
}
