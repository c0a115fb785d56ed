package scenario

import (
	"context"
	"regexp"
	"strings"

	"countersign/steps/verdict"
)

// warnings is what tells a warning from what a server writes at every start. How it words
// a warning is its own affair: a warning is a line that a start writes and an earlier start
// with the same configuration, before its cause came about, did not write.
type warnings struct {
	earlier map[string]map[string]bool // lines of starts that have ended, by configuration
	seen    []string                   // lines that warned, of the start that was last seen to warn
}

// maxLines bounds what is kept of the log of one start.
const maxLines = 10_000

// keepLog keeps what the instance has written since it was started. The instance is
// stopped.
func (w *World) keepLog() {
	from := w.logFrom
	if w.start != nil && w.start.process == w.instance {
		from = w.start.logFrom
	}
	if w.warnings.earlier == nil {
		w.warnings.earlier = map[string]map[string]bool{}
	}
	digest := w.instance.Configuration.Digest()
	lines := w.warnings.earlier[digest]
	if lines == nil {
		lines = map[string]bool{}
		w.warnings.earlier[digest] = lines
	}
	text, _ := tail(w.instance.log(), from)
	for _, line := range linesAbout(angles.Replace(string(text)), "") {
		lines[line] = true
	}
}

// logWarns awaits lines about a subject that no earlier start with the configuration of
// the server has written.
func (w *World) logWarns(ctx context.Context, about string) error {
	earlier, started := w.warnings.earlier[w.instance.Configuration.Digest()]
	if !started {
		return &verdict.Trouble{Op: "tell a warning without an earlier start with the same configuration"}
	}
	wanted := "a line about " + about + " in the log that an earlier start with the same configuration did not write"
	return w.logHolds(ctx, wanted, func(said string) bool {
		w.warnings.seen = newLines(linesAbout(said, about), earlier)
		return len(w.warnings.seen) > 0
	})
}

// logNoLongerWarns wants one of the lines that warned to be missing. Some of them may be
// written whatever the cause, such as a list of what there is.
func (w *World) logNoLongerWarns(ctx context.Context, about string) error {
	said, err := w.logAtRest(ctx)
	if err != nil {
		return err
	}
	if len(w.warnings.seen) == 0 {
		return nil // there was no warning that could go on
	}
	now := map[string]bool{}
	for _, line := range linesAbout(said, about) {
		now[line] = true
	}
	if len(newLines(w.warnings.seen, now)) == 0 {
		return fail("a log without the warning about "+about, "%q", redactLog(w.warnings.seen[0]))
	}
	return nil
}

// newLines returns the lines that are not among those known.
func newLines(lines []string, known map[string]bool) []string {
	var fresh []string
	for _, line := range lines {
		if !known[line] {
			fresh = append(fresh, line)
		}
	}
	return fresh
}

// linesAbout returns the lines of a log that speak of a subject, without what differs
// from start to start: times, durations, numbers and ids.
func linesAbout(said, about string) []string {
	var lines []string
	about = strings.ToLower(about)
	for line := range strings.Lines(said) {
		if !strings.Contains(strings.ToLower(line), about) {
			continue
		}
		if len(lines) == maxLines {
			break
		}
		lines = append(lines, strings.TrimSpace(varying.ReplaceAllString(line[:min(len(line), 2000)], "#")))
	}
	return lines
}

// varying matches ids, durations and numbers.
var varying = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+(?:\.[0-9]+)?(?:ns|µs|us|ms|s|m|h)\b|[0-9]+(?:[.,:][0-9]+)*`)
