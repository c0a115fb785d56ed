package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/steps/arrival"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// A Passage is a request to a proxy under test and what became of it.
type Passage struct {
	What    string            // the request in words
	Sent    []string          // the header lines that the scenario chose
	Reply   *driver.Reply     // nil if the proxy closed the connection
	Arrived []arrival.Request // at the server behind the proxy
}

// Passed reports whether the request reached the server behind the proxy.
func (p Passage) Passed() bool { return len(p.Arrived) > 0 }

func (p Passage) answer() string {
	if p.Reply == nil {
		return "the connection was closed without a reply"
	}
	return fmt.Sprintf("the proxy answered %d", p.Reply.Status)
}

// ReachedServer requires that the request reached the server behind the proxy once.
func ReachedServer(p Passage) error {
	switch len(p.Arrived) {
	case 1:
		return nil
	case 0:
		return verdict.Broken(p.What+" at the server behind the proxy", "none: %s", p.answer())
	}
	return verdict.Broken("one request at the server behind the proxy", "%d", len(p.Arrived))
}

// HeldBack requires that the request did not reach the server behind the proxy.
func HeldBack(p Passage) error {
	if p.Passed() {
		return verdict.Broken("a proxy that keeps back "+p.What, "it reached the server as %q", p.Arrived[0].Line)
	}
	return nil
}

// AskedToLogIn requires that the proxy answered with a redirect or refused the request.
func AskedToLogIn(p Passage) error {
	if err := HeldBack(p); err != nil {
		return err
	}
	if p.Reply == nil || !p.Reply.Is(3) && !p.Reply.Is(4) {
		return verdict.Broken("a redirect to the login page or a refusal (4xx)", "%s", p.answer())
	}
	return nil
}

// ReceivedExactly requires that a header arrived with these values, one in each line.
func ReceivedExactly(p Passage, header string, want ...string) error {
	if err := ReachedServer(p); err != nil {
		return err
	}
	if got := p.Arrived[0].Values(header); !slices.Equal(got, want) {
		return verdict.Broken(fmt.Sprintf("%s at the server as %q", header, want), "%q", got)
	}
	return nil
}

// NoForgery requires that no line with the header, or with a name that some servers do not
// distinguish from it, contains a value of the client. own holds the values that the proxy itself
// sends.
func NoForgery(p Passage, header string, own []string) error {
	for _, r := range p.Arrived {
		if got := r.Alike(header); len(got) > 0 && !slices.Equal(got, own) {
			return verdict.Broken(fmt.Sprintf("%s at the server as %q", header, own), "%q by %s", got, p.What)
		}
		for _, line := range r.Trailer {
			if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(name), header) {
				return verdict.Broken("a trailer without "+header, "%q by %s", line, p.What)
			}
		}
	}
	return nil
}

// NotTold requires that no identity header of a request that arrived has the value.
func NotTold(p Passage, headers []string, value string) error {
	for _, r := range p.Arrived {
		for _, header := range headers {
			for _, got := range r.Values(header) {
				if strings.Contains(got, value) {
					return verdict.Broken("no "+header+" with the name that the client chose", "%q", got)
				}
			}
		}
	}
	return nil
}

// Told requires that the request arrived and that an identity header contains the value.
func Told(p Passage, headers []string, value string) error {
	if err := ReachedServer(p); err != nil {
		return err
	}
	for _, header := range headers {
		if slices.Contains(p.Arrived[0].Values(header), value) {
			return nil
		}
	}
	return verdict.Broken("an identity header with the name of the visitor", "none in the request of %s", p.What)
}

// Unchanged requires that the request arrived with each header line that the client sent, once and with
// its value.
func Unchanged(p Passage) error {
	if err := ReachedServer(p); err != nil {
		return err
	}
	for _, line := range p.Sent {
		name, value, _ := strings.Cut(line, ":")
		if got := p.Arrived[0].Values(name); !slices.Equal(got, []string{strings.TrimSpace(value)}) {
			return verdict.Broken(fmt.Sprintf("%s at the server as the client sent it", name), "%s", sameOrNot(got, strings.TrimSpace(value)))
		}
	}
	return nil
}

// sameOrNot describes the values of a header, which may be secret, without showing them.
func sameOrNot(got []string, want string) string {
	switch {
	case len(got) == 0:
		return "no such header"
	case len(got) > 1:
		return fmt.Sprintf("%d lines", len(got))
	}
	return fmt.Sprintf("another value of %d octets, want %d octets", len(got[0]), len(want))
}

// BodyUnchanged requires that the body arrived with this length and digest.
func BodyUnchanged(p Passage, length int, digest string) error {
	if err := ReachedServer(p); err != nil {
		return err
	}
	if r := p.Arrived[0]; r.Length != length || r.Digest != digest {
		return verdict.Broken(fmt.Sprintf("the body of %d octets at the server unchanged", length), "another body of %d octets", r.Length)
	}
	return nil
}

// TargetReceived requires that the target of the request line at the server is the wanted one.
func TargetReceived(p Passage, want string) error {
	if err := ReachedServer(p); err != nil {
		return err
	}
	if got := p.Arrived[0].Target(); got != want {
		return verdict.Broken("the path "+want+" at the server", "%s", got)
	}
	return nil
}

// LineReceived requires that the request line at the server is the wanted one.
func LineReceived(p Passage, want string) error {
	if err := ReachedServer(p); err != nil {
		return err
	}
	if got := p.Arrived[0].Line; got != want {
		return verdict.Broken("the request line "+want+" at the server", "%s", got)
	}
	return nil
}

// Answered requires that the request did not reach the server, and that the proxy answered it with a
// status and a redirect to a URL.
func Answered(p Passage, status int, to string) error {
	if err := HeldBack(p); err != nil {
		return err
	}
	if p.Reply == nil || p.Reply.Status != status || p.Reply.Header.Get("Location") != to {
		got := p.answer()
		if p.Reply != nil {
			got += " with a redirect to " + p.Reply.Header.Get("Location")
		}
		return verdict.Broken(fmt.Sprintf("status %d with a redirect to %s", status, to), "%s", got)
	}
	return nil
}

// LeadsTo requires that the reply redirects to one of the URLs.
func LeadsTo(p Passage, urls ...string) error {
	if p.Reply == nil || !p.Reply.Is(3) {
		return verdict.Broken("a redirect", "%s", p.answer())
	}
	got := p.Reply.Header.Get("Location")
	if !slices.Contains(urls, got) {
		return verdict.Broken("a redirect to "+urls[0], "one to %s", got)
	}
	return nil
}

// RefusedByProxy requires that the request did not reach the server, and that the proxy refused it (4xx)
// without a redirect.
func RefusedByProxy(p Passage) error {
	if err := HeldBack(p); err != nil {
		return err
	}
	if !p.Reply.Is(4) {
		return verdict.Broken("a refusal by the proxy (4xx)", "%s", p.answer())
	}
	return nil
}

// UnlessHeldBack judges a request that reached the server. A request that did not must be refused or
// redirected to the login page.
func UnlessHeldBack(p Passage, judge func(Passage) error) error {
	if p.Passed() {
		return judge(p)
	}
	if p.Reply == nil {
		return nil // closed: refused without a reply
	}
	return AskedToLogIn(p)
}

// GaveUp requires that the proxy answered with a server error (5xx) in the time from least to most.
func GaveUp(p Passage, took, least, most time.Duration) error {
	if !p.Reply.Is(5) || took < least || took > most {
		return verdict.Broken(fmt.Sprintf("a server error (5xx) after %s to %s", least, most), "%s after %s", p.answer(), took.Round(100*time.Millisecond))
	}
	return nil
}

// NotSmuggled requires that a request in the body of another one did not reach the server as the client
// wrote it, which shows that the proxy has not read it. hidden holds what arrived with its id, and lines
// are those that the client wrote, the request line first.
func NotSmuggled(hidden []arrival.Request, lines []string) error {
	for _, r := range hidden {
		if slices.Equal(append([]string{r.Line}, r.Fields...), lines) {
			return verdict.Broken("a body that the server does not read as a request", "the request %q from the body, as the client wrote it", r.Line)
		}
	}
	return nil
}

// CookiesKept requires that the reply sets the cookies as the server wrote them.
func CookiesKept(p Passage, want ...string) error {
	if p.Reply == nil || !slices.Equal(p.Reply.Header.Values("Set-Cookie"), want) {
		got := p.answer()
		if p.Reply != nil {
			got = fmt.Sprintf("%q", p.Reply.Header.Values("Set-Cookie"))
		}
		return verdict.Broken(fmt.Sprintf("the Set-Cookie lines %q", want), "%s", got)
	}
	return nil
}
