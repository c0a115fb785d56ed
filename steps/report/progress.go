package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"countersign/steps/verdict"
)

// ProgressOptions say how progress is shown.
type ProgressOptions struct {
	Total    int  // scenarios planned
	Terminal bool // one line that rewrites itself, instead of a bounded number of lines
	Colour   bool
	Now      func() time.Time // nil is time.Now
}

const (
	// plainLines bounds the lines about how far the run is where nobody can
	// rewrite them: a log of a CI job wants to be read.
	plainLines = 20
	// liveUpdates bounds how often a terminal is written to.
	liveUpdates = 400
	// badLines bounds the lines about single scenarios that went wrong.
	badLines = 20
)

// Progress tells how far a run is while it runs. It is safe for concurrent use and
// never fails: a terminal that went away costs the progress and not the run.
type Progress struct {
	mu      sync.Mutex
	w       io.Writer
	o       ProgressOptions
	p       palette
	started time.Time
	every   int
	done    int
	bad     int
	totals  Totals
	open    bool // the line of a terminal has no end yet
}

// NewProgress starts the clock and writes nothing.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	if o.Now == nil {
		o.Now = time.Now
	}
	steps := plainLines
	if o.Terminal {
		steps = liveUpdates
	}
	return &Progress{w: w, o: o, p: palette{o.Colour}, started: o.Now(), every: max(1, (o.Total+steps-1)/steps), totals: make(Totals)}
}

// Note writes one line about something that is no result: equipment that starts, an
// instance that is ready.
func (p *Progress) Note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.w, printable(fmt.Sprintf(format, args...)))
}

// Done counts a result. What went wrong gets a line of its own, up to a bound; how
// far the run is gets one every so many results and after the last.
func (p *Progress) Done(r Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.totals[r.Outcome]++
	if o := r.Outcome; o == verdict.Fail || o == verdict.Error {
		p.bad++
		p.badLine(r)
	}
	if p.done%p.every == 0 || p.done == p.o.Total {
		p.status()
	}
}

// Close ends the line of a terminal. Nothing may be reported after it.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		fmt.Fprintln(p.w)
		p.open = false
	}
}

func (p *Progress) badLine(r Result) {
	switch {
	case p.bad == badLines+1:
		p.clear()
		fmt.Fprintln(p.w, "… more go wrong; the summary tells")
	case p.bad <= badLines:
		p.clear()
		word := words[r.Outcome]
		fmt.Fprintf(p.w, "%s  %s at %s: %s  %s\n", p.p.paint(word.colour, pad(word.text, 5)), r.Title(), r.Front,
			cut(printable(firstLine(r.Reason)), 160), p.p.paint(grey, r.Where()))
	}
}

// status writes how far the run is.
func (p *Progress) status() {
	percent := 100
	if p.o.Total > 0 {
		percent = min(100, p.done*100/p.o.Total)
	}
	width := len(itoa(p.o.Total))
	text := fmt.Sprintf("[%*d/%d %3d%%] %5.1f s  %s", width, p.done, p.o.Total, percent, p.o.Now().Sub(p.started).Seconds(), p.counts())
	if !p.o.Terminal {
		fmt.Fprintln(p.w, text)
		return
	}
	fmt.Fprint(p.w, "\r\x1b[K", text)
	p.open = true
}

// counts are the outcomes so far, good news first.
func (p *Progress) counts() string {
	var list []string
	all := verdict.Outcomes()
	for i := len(all) - 1; i >= 0; i-- {
		if n := p.totals[all[i]]; n > 0 {
			list = append(list, p.p.paint(words[all[i]].colour, fmt.Sprintf("%d %s", n, all[i])))
		}
	}
	return strings.Join(list, ", ")
}

// clear takes the unfinished line of a terminal away, so that another can be written.
func (p *Progress) clear() {
	if p.open {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.open = false
	}
}
