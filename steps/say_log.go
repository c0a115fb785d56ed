package steps

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"countersign/steps/verdict"
)

// sayLog: what the server writes to its log from the beginning of the scenario,
// or from the start of the server that the scenario itself has started. In a text
// <alice> stands for her name on the wire, <newline> and <return> for what cannot
// be written in a feature.
var sayLog = []sentence{
	{`the log {says} {value}`, func(w *World, ctx context.Context, a []string) error {
		text := w.onTheWire(a[1])
		switch a[0] {
		case "says":
			return w.logHolds(ctx, "a log that says "+text, func(said string) bool { return strings.Contains(said, text) })
		case "warns of":
			return w.logWarns(ctx, text)
		case "no longer warns of":
			return w.logNoLongerWarns(ctx, text)
		}
		return w.logIsSilentOn(ctx, text)
	}},
	{`the log gives {value} as {value}{where}`, func(w *World, ctx context.Context, a []string) error {
		if a[2] != "" {
			if err := w.requestIsLogged(ctx, a[2], w.onTheWire(a[3])); err != nil {
				return err
			}
		}
		return w.logGives(ctx, a[0], w.onTheWire(a[1]))
	}},
	{`the log repeats no secret of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.logRepeatsNone(ctx, a[0])
	}},
}

// Bounds of what awaits the end of the log.
const (
	logStill  = 60 * time.Millisecond // without a new line, a log is complete
	logWindow = 2 * time.Second       // in which it should come to rest
)

// logHolds awaits something in the log, for as long as the run's patience allows.
func (w *World) logHolds(ctx context.Context, wanted string, holds func(said string) bool) error {
	if err := w.hasLog(); err != nil {
		return err
	}
	patience := &w.run.logPatience
	began, limit := time.Now(), patience.limit()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		said := w.said()
		switch {
		case holds(said):
			patience.appeared(time.Since(began))
			return nil
		case w.log.full:
			return w.log.process.saidTooMuch()
		case pause(limited, wait):
			continue
		case ctx.Err() == nil:
			patience.miss()
		}
		return fail(wanted, "%q after %s", lastOf(said), limit)
	}
}

// logGives awaits a value beside its name, however the server writes the two.
// <session> is the name of any cookie that the server has set at a sign-in; none of
// these may be given as the cookie of somebody else.
func (w *World) logGives(ctx context.Context, name, value string) error {
	names := []string{regexp.QuoteMeta(name)}
	if name == "<session>" {
		if names = w.sessionCookies(); len(names) == 0 {
			return &verdict.Inapplicable{Reason: "the server has set no cookie at a sign-in"}
		}
	}
	err := w.logHolds(ctx, "a log that gives "+name+" as "+value, func(said string) bool { return gives(said, names, value) })
	if err != nil || name != "<session>" {
		return err
	}
	said, err := w.logAtRest(ctx)
	if err != nil {
		return err
	}
	for _, foreign := range []string{"<redacted>", "<empty>"} {
		if gives(said, names, foreign) {
			return fail("a log that gives every cookie of the server as "+value, "one as %s", foreign)
		}
	}
	return nil
}

// requestIsLogged returns Inapplicable unless the log gives a header that one request
// alone has sent. Which requests are authentication requests, beyond a sign-in by the
// proxy's headers, is the server's affair.
func (w *World) requestIsLogged(ctx context.Context, header, value string) error {
	err := w.logGives(ctx, header, value)
	if _, missing := asViolation(err); missing {
		return &verdict.Inapplicable{Reason: "the server does not log this request as an authentication request"}
	}
	return err
}

// gives reports whether a log gives one of names, which are patterns, as value: the
// value stands behind the name on the same line, and neither a hidden value nor the
// name of another header stands between the two.
func gives(said string, names []string, value string) bool {
	name := regexp.MustCompile(`(?i)(?:^|[^a-z0-9_-])(?:` + strings.Join(names, "|") + `)(?:$|[^a-z0-9_-])`)
	for line := range strings.Lines(said) {
		for _, at := range name.FindAllStringIndex(line, -1) {
			between, _, found := strings.Cut(line[at[1]:], value)
			if found && !betweenOthers.MatchString(between) {
				return true
			}
		}
	}
	return false
}

// betweenOthers matches what shows that a value belongs to another name: a value that
// is hidden, or the name of a header that every request of the suite has.
var betweenOthers = regexp.MustCompile(`(?i)<(?:internal|redacted|empty)>|(?:^|[^a-z0-9_-])(?:accept|accept-encoding|user-agent|host|x-auth-username|x-custom)(?:$|[^a-z0-9_-])`)

// sessionCookies are patterns of the names of cookies that the server sets at a
// sign-in.
func (w *World) sessionCookies() []string {
	var names []string
	for _, p := range w.personas {
		for name := range p.signedIn.SetCookies() {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	return names
}

// logRepeatsNone looks for the values of somebody's cookies and for their key. What
// the proxy's cookies hold is no secret where a header says it too.
func (w *World) logRepeatsNone(ctx context.Context, who string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	said, err := w.logAtRest(ctx)
	if err != nil {
		return err
	}
	public := fmt.Sprint(p.Identity, p.others)
	secrets := p.Secrets()
	for _, value := range p.signedIn.SetCookies() { // the browser may hold others by now
		secrets = append(secrets, value)
	}
	for _, secret := range secrets {
		if len(secret) >= 4 && !strings.Contains(public, secret) && strings.Contains(said, secret) {
			return fail("a log without the cookies and the key of "+who, "a line with one of them")
		}
	}
	return nil
}

// logIsSilentOn looks for a text in the log, which may reach over the end of a line.
func (w *World) logIsSilentOn(ctx context.Context, text string) error {
	said, err := w.logAtRest(ctx)
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(said, text)
	if !found {
		return nil
	}
	line := before[strings.LastIndexByte(before, '\n')+1:] + text
	rest, _, _ := strings.Cut(after, "\n")
	return fail("a log that does not say "+text, "%q", redactLog(line+rest))
}

// logAtRest is what the log holds once nothing is added to it.
func (w *World) logAtRest(ctx context.Context) (string, error) {
	if err := w.hasLog(); err != nil {
		return "", err
	}
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
	if w.log.full {
		return said, w.log.process.saidTooMuch()
	}
	return said, nil
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

// A scenarioLog is what a scenario has read of the log of a server.
type scenarioLog struct {
	logReader
	process *instance
	start   *start // of the scenario's own, nil for its instance
	said    string // the text, with angle brackets as they are
}

// said returns what the log holds of the scenario, up to maxSaid octets.
func (w *World) said() string {
	if w.log == nil || w.log.start != w.start {
		w.log = &scenarioLog{process: w.instance, start: w.start, logReader: logReader{file: w.instance.log(), from: w.logFrom}}
		if s := w.start; s != nil {
			w.log.process, w.log.file, w.log.from = s.process, s.process.log(), s.logFrom
		}
	}
	if w.log.read() {
		w.log.said = angles.Replace(string(w.log.text))
	}
	return w.log.said
}

// saidTooMuch is the block of a scenario that needs to know all of a log that is
// longer than the suite reads.
func (i *instance) saidTooMuch() error {
	return &verdict.Block{BySubject: true, Reason: fmt.Sprintf("%s wrote more than %d MiB to its log during the scenario; the suite reads no further", i.Name(), maxSaid>>20)}
}

// angles are how some writers of JSON put < and >.
var angles = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">")

var shortName = regexp.MustCompile(`<([a-z]+)('s key)?>`)

// stands are words in angle brackets that are nobody's name: those that logs hold
// themselves, and what cannot be written in a feature.
var stands = map[string]string{
	"<internal>": "<internal>", "<redacted>": "<redacted>", "<empty>": "<empty>", "<return>": "\r", "<newline>": "\n",
}

// onTheWire puts names on the wire, and keys, in the place of short names.
func (w *World) onTheWire(text string) string {
	return shortName.ReplaceAllStringFunc(text, func(word string) string {
		if stood, ok := stands[word]; ok {
			return stood
		}
		short, isKey := strings.CutSuffix(strings.Trim(word, "<>"), "'s key")
		if !isKey {
			return w.name(short)
		}
		if p := w.personas[short]; p != nil {
			return p.Key()
		}
		return ""
	})
}

func lastOf(said string) string {
	const octets = 1500
	return redactLog(said[max(0, len(said)-octets):])
}
