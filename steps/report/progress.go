package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"countersign/steps/verdict"
)

// ProgressOptions determine how progress is shown.
type ProgressOptions struct {
	Total    int  // number of planned scenarios
	Terminal bool // rewrite one line instead of writing a bounded number of lines
	Colour   bool
	Now      func() time.Time // nil means time.Now
}

const (
	// plainLines bounds the status lines if w is not a terminal, so that the log of a CI job
	// remains readable.
	plainLines = 20
	// liveUpdates bounds the updates of the status line of a terminal.
	liveUpdates = 400
	// badLines bounds the lines about failed scenarios.
	badLines = 20
)

// A Progress shows the state of a run while it runs. It is safe for concurrent use. It ignores write
// errors, so that a closed terminal does not end the run.
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
	open    bool // the status line of a terminal has no line feed yet
}

// NewProgress returns a Progress whose clock starts now. It writes nothing.
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

// Done counts a result. It writes a line for a failure or an error, up to a bound, and a status line at
// regular intervals and after the last result.
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

// Close ends the status line of a terminal. No method may be called after it.
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
		fmt.Fprintln(p.w, "… more scenarios failed; see the summary")
	case p.bad <= badLines:
		p.clear()
		word := words[r.Outcome]
		fmt.Fprintf(p.w, "%s  %s at %s: %s  %s\n", p.p.paint(word.colour, pad(word.text, 5)), printable(r.Title()), r.Front,
			cut(printable(firstLine(r.Reason)), 160), p.p.paint(grey, r.Where()))
	}
}

// status writes the status line.
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

// counts returns the numbers of results so far by outcome, beginning with the best.
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

// clear removes the status line of a terminal, so that another line can be written.
func (p *Progress) clear() {
	if p.open {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.open = false
	}
}
