package scenario

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"countersign/steps/check"
	"countersign/steps/instance"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// Bounds of the wait for the end of the log.
const (
	logStill  = 60 * time.Millisecond // without a new line, a log is complete
	logWindow = 2 * time.Second       // in which no line should be added
)

// A log is what a scenario has read of the log of a server, from the beginning of the scenario or
// from the start of the server that the scenario itself has started.
type log struct {
	instance.LogReader
	of    *instance.Instance
	start *instance.Start // of the scenario's own, nil for its instance
	text  string          // with angle brackets as they are
}

// readLog returns what the log holds of the scenario.
func (sv *Server) readLog() string {
	if sv.log == nil || sv.log.start != sv.start {
		s := sv.state
		sv.log = &log{of: s.Instance, start: sv.start, LogReader: instance.LogReader{File: s.Instance.Log(), From: s.LogFrom}}
		if start := sv.start; start != nil {
			sv.log.of, sv.log.File, sv.log.From = start.Instance, start.Instance.Log(), start.LogFrom
		}
	}
	if sv.log.Read() {
		sv.log.text = angles.Replace(string(sv.log.Text))
	}
	return sv.log.text
}

// angles are how some writers of JSON write < and >.
var angles = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">")

func (sv *Server) requireLog() error {
	if t := sv.state.Target; !t.Declares("log") || t.Running != nil {
		return &verdict.Inapplicable{Reason: "the target does not declare that it has a log"}
	}
	return nil
}

// await waits for something in the log, for as long as the patience of the run allows.
func (sv *Server) await(ctx context.Context, wanted string, holds func(log string) bool) error {
	if err := sv.requireLog(); err != nil {
		return err
	}
	patience := sv.state.LogPatience
	began, limit := time.Now(), patience.limit()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		text := sv.readLog()
		switch {
		case holds(text):
			patience.appeared(time.Since(began))
			return nil
		case sv.log.Full:
			return sv.log.of.LogNotRead()
		case pause(limited, wait):
			continue
		case ctx.Err() == nil:
			patience.miss()
		}
		return verdict.Broken(wanted, "%q after %s", endOf(text), limit)
	}
}

// endOf returns the end of a log, without what may be a secret.
func endOf(text string) string {
	const octets = 1500
	return transcript.HideSecrets(text[max(0, len(text)-octets):])
}

// atRest returns what the log holds once nothing is added to it.
func (sv *Server) atRest(ctx context.Context) (string, error) {
	if err := sv.requireLog(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, logWindow)
	defer cancel()
	text := sv.readLog()
	for pause(ctx, logStill) {
		more := sv.readLog()
		if more == text {
			break
		}
		text = more
	}
	if sv.log.Full {
		return text, sv.log.of.LogNotRead()
	}
	return text, nil
}

// pause waits, and reports whether there is time left.
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

// CheckLogSays waits for a text in the log.
func (sv *Server) CheckLogSays(ctx context.Context, text string) error {
	text = sv.state.OnTheWire(text)
	return sv.await(ctx, "a log that says "+text, func(log string) bool { return strings.Contains(log, text) })
}

// CheckLogOmits requires that a text is not in the log. The text may reach over the end of a line.
func (sv *Server) CheckLogOmits(ctx context.Context, text string) error {
	text = sv.state.OnTheWire(text)
	log, err := sv.atRest(ctx)
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(log, text)
	if !found {
		return nil
	}
	line := before[strings.LastIndexByte(before, '\n')+1:] + text
	rest, _, _ := strings.Cut(after, "\n")
	return verdict.Broken("a log that does not say "+text, "%q", transcript.HideSecrets(line+rest))
}

// CheckLogGives waits until the log gives a name a value, however the server writes the two.
func (sv *Server) CheckLogGives(ctx context.Context, name, value string) error {
	value = sv.state.OnTheWire(value)
	return sv.awaitValue(ctx, []string{regexp.QuoteMeta(name)}, name, value)
}

func (sv *Server) awaitValue(ctx context.Context, names []string, name, value string) error {
	return sv.await(ctx, "a log that gives "+name+" as "+value, func(log string) bool { return check.Gives(log, names, value) })
}

// CheckLogGivesCookies waits until the log gives a session cookie of the server a value, and
// requires that it gives none of these cookies the value of a cookie that is not the server's.
func (sv *Server) CheckLogGivesCookies(ctx context.Context, value string) error {
	cookies := sv.state.sessionCookies()
	if len(cookies) == 0 {
		return &verdict.Inapplicable{Reason: "the server has set no cookie at a sign-in"}
	}
	names := make([]string, len(cookies))
	for n, name := range cookies {
		names[n] = regexp.QuoteMeta(name)
	}
	if err := sv.awaitValue(ctx, names, "a session cookie", value); err != nil {
		return err
	}
	log, err := sv.atRest(ctx)
	if err != nil {
		return err
	}
	for _, foreign := range []string{"<redacted>", "<empty>"} {
		if check.Gives(log, names, foreign) {
			return verdict.Broken("a log that gives every cookie of the server as "+value, "one as %s", foreign)
		}
	}
	return nil
}

// RequireRequestLogged makes the scenario not applicable unless the log gives a header that only
// one request has sent. Which requests are authentication requests, beyond a sign-in by the
// proxy's headers, is left to the server.
func (sv *Server) RequireRequestLogged(ctx context.Context, header, value string) error {
	err := sv.CheckLogGives(ctx, header, value)
	if _, absent := verdict.AsViolation(err); absent {
		return &verdict.Inapplicable{Reason: "the server does not log this request as an authentication request"}
	}
	return err
}

// CheckLogKeepsSecrets requires that the log contains neither the values of the person's cookies
// nor their API key. A value that a header carries as well is no secret.
func (p *Person) CheckLogKeepsSecrets(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	log, err := p.state.Server.atRest(ctx)
	if err != nil {
		return err
	}
	public := fmt.Sprint(b.Identity, p.others)
	secrets := b.Secrets()
	for _, value := range p.signedIn.SetCookies() { // the browser may have other cookies by now
		secrets = append(secrets, value)
	}
	for _, secret := range secrets {
		if len(secret) >= 4 && !strings.Contains(public, secret) && strings.Contains(log, secret) {
			return verdict.Broken("a log without the cookies and the key of "+p.Name, "a line with one of them")
		}
	}
	return nil
}
