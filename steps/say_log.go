package steps

import (
	"context"
	"regexp"
	"strings"
	"time"

	"countersign/steps/verdict"
)

// sayLog: what the server writes to its log from the beginning of the scenario,
// or from the start of the server that the scenario itself has started. In the
// text, <alice> stands for her name on the wire.
var sayLog = []sentence{
	{`the log says {value}`, func(w *World, ctx context.Context, a []string) error { return w.logSays(ctx, a[0]) }},
	{`the log does not say {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.logIsSilentOn(ctx, a[0])
	}},
}

// Bounds of what awaits the log.
const (
	logPoll   = 10 * time.Second      // for a line to appear
	logStill  = 60 * time.Millisecond // without a new line, a log is complete
	logWindow = 2 * time.Second       // in which it should come to rest
)

// logSays awaits a text in the log.
func (w *World) logSays(ctx context.Context, text string) error {
	if err := w.hasLog(); err != nil {
		return err
	}
	text = w.onTheWire(text)
	ctx, cancel := context.WithTimeout(ctx, logPoll)
	defer cancel()
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		said := w.said()
		if strings.Contains(said, text) {
			return nil
		}
		if !pause(ctx, wait) {
			return fail("a log that says "+text, "%q", lastOf(said))
		}
	}
}

// logIsSilentOn lets the log come to rest and looks for a text in it.
func (w *World) logIsSilentOn(ctx context.Context, text string) error {
	if err := w.hasLog(); err != nil {
		return err
	}
	text = w.onTheWire(text)
	ctx, cancel := context.WithTimeout(ctx, logWindow)
	defer cancel()
	said := w.said()
	for pause(ctx, logStill) {
		more := w.said()
		if more == said {
			break
		}
		said = more
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, text) {
			return fail("a log that does not say "+text, "%q", redactLog(line))
		}
	}
	return nil
}

// pause waits, and says whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (w *World) hasLog() error {
	if !w.run.config.Target.Declares("log") || w.run.config.Target.Running != nil {
		return &verdict.Inapplicable{Reason: "the target does not declare that it has a log"}
	}
	return nil
}

// said is what the log holds of the scenario.
func (w *World) said() string {
	if w.start != nil {
		return string(tail(w.start.process.log(), w.start.logFrom))
	}
	return string(tail(w.instance.log(), w.logFrom))
}

var shortName = regexp.MustCompile(`<([a-z]+)>`)

// stands are words in angle brackets that logs themselves hold.
var stands = map[string]bool{"<internal>": true, "<redacted>": true, "<empty>": true}

// onTheWire puts the names on the wire in the place of short ones.
func (w *World) onTheWire(text string) string {
	return shortName.ReplaceAllStringFunc(text, func(word string) string {
		if stands[word] {
			return word
		}
		return w.name(strings.Trim(word, "<>"))
	})
}

func lastOf(said string) string {
	const octets = 1500
	return redactLog(said[max(0, len(said)-octets):])
}
