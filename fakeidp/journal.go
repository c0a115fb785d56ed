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
}

// add appends an entry and sets its number.
func (j *journal) add(e control.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Seq = j.added + 1
	if len(j.entries) < j.bound {
		j.entries = append(j.entries, e)
	} else {
		j.entries[j.added%j.bound] = e
	}
	j.added++
}

// read returns a copy of the entries, oldest first.
func (j *journal) read() control.Journal {
	j.mu.Lock()
	defer j.mu.Unlock()
	dropped := j.added - len(j.entries)
	oldest := 0
	if dropped > 0 {
		oldest = j.added % j.bound
	}
	out := make([]control.Entry, 0, len(j.entries))
	out = append(append(out, j.entries[oldest:]...), j.entries[:oldest]...)
	return control.Journal{Entries: out, Dropped: dropped}
}

// issued and presented record a secret by its digest.
func (ex *exchange) issued(kind, secret string) {
	ex.entry.Issued = append(ex.entry.Issued, control.Issued{Kind: kind, Digest: digestOf(secret).String()})
}

func (ex *exchange) presented(kind, secret string) {
	ex.entry.Presented = append(ex.entry.Presented, control.Issued{Kind: kind, Digest: digestOf(secret).String()})
}
