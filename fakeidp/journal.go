package fakeidp

import (
	"sync"

	"countersign/fakeidp/control"
)

// A journal holds the last entries of an issuer, up to its bound. It counts dropped entries, so that readers know
// whether it is complete.
type journal struct {
	mu      sync.Mutex
	bound   int
	entries []control.Entry // a ring buffer when it is full
	added   int
	reset   int           // the number of entries that had been added at the last reset
	grown   chan struct{} // nil if no reader waits; closed when an entry is added
}

// add appends an entry and sets its number.
func (j *journal) add(e control.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Seq = j.added + 1
	if len(j.entries) < j.bound {
		j.entries = append(j.entries, e)
	} else {
		j.entries[(j.added-j.reset)%j.bound] = e
	}
	j.added++
	if j.grown != nil {
		close(j.grown)
		j.grown = nil
	}
}

// read returns a copy of the entries with numbers above after, oldest first. If there are none, it also returns a
// channel that is closed when an entry is added.
func (j *journal) read(after int) (control.Journal, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	oldest := j.added - len(j.entries) // the number before that of the oldest entry
	from := max(after, oldest)
	out := control.Journal{Entries: make([]control.Entry, 0, max(0, j.added-from)), Dropped: oldest - max(j.reset, min(after, oldest))}
	for seq := from; seq < j.added; seq++ {
		out.Entries = append(out.Entries, j.entries[(seq-j.reset)%j.bound])
	}
	if len(out.Entries) > 0 {
		return out, nil
	}
	if j.grown == nil {
		j.grown = make(chan struct{})
	}
	return out, j.grown
}

// clear removes all entries. The numbers of later entries continue, so that a reader that waits for them misses none.
func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.reset = nil, j.added
}

// issued and presented record a secret by its digest.
func (ex *exchange) issued(kind, secret string) {
	ex.entry.Issued = append(ex.entry.Issued, control.Issued{Kind: kind, Digest: digestOf(secret).String()})
}

func (ex *exchange) presented(kind, secret string) {
	ex.entry.Presented = append(ex.entry.Presented, control.Issued{Kind: kind, Digest: digestOf(secret).String()})
}
