// Package driver turns verbs into HTTP: a [Persona] signs in, publishes, visits,
// logs in to an integration. It has two doors. The Client door is net/http, for
// all that a well-behaved program sends. The Raw door puts octets on a
// connection, for what net/http refuses or repairs in silence: blanks, folds,
// control characters, the order of differently spelt duplicates, framing.
//
// The verbs know HTTP and nothing of rules: they do not judge. A verb returns
// the [Reply] it got, whatever its status, and an error only if there was none
// that it could go on with ([NoAnswer]). Every exchange of a persona is
// recorded by its recorder, at the connection. Redirects are never followed in
// silence: each hop is a request of its own.
package driver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"countersign/steps/plan"
	"countersign/steps/transcript"
)

// Limits bound what a subject can cost. The zero value of a field means the
// default.
type Limits struct {
	Request time.Duration // one request and its reply; default 5 s
	Poll    time.Duration // awaiting a condition by asking again; default 10 s
	Body    int64         // octets of a reply's body; default 2 MiB
}

func (l Limits) orDefault() Limits {
	if l.Request == 0 {
		l.Request = 5 * time.Second
	}
	if l.Poll == 0 {
		l.Poll = 10 * time.Second
	}
	if l.Body == 0 {
		l.Body = 2 << 20
	}
	return l
}

// A Subject is a server under test as personas reach it. Copies share their
// connections.
type Subject struct {
	Public    *url.URL // what browsers see; ends with a slash
	Direct    *url.URL // the server itself; ends with a slash
	Front     string   // plan.Direct, or the kind of the proxy
	LoginPath string   // of the login server at a proxy's origin
	Limits    Limits

	// seen is the public address for the purposes of cookies. It differs from
	// Public where the suite goes round the proxy: the server still scopes its
	// cookies to the path that browsers see.
	seen  *url.URL
	doors *doors
}

// NewSubject describes a server at its public address, with a base URL of its
// own where that lies behind a proxy.
func NewSubject(public, direct, front string) (Subject, error) {
	p, err := baseURL(public)
	if err != nil {
		return Subject{}, err
	}
	d := p
	if direct != "" {
		if d, err = baseURL(direct); err != nil {
			return Subject{}, err
		}
	}
	return Subject{Public: p, Direct: d, Front: front, LoginPath: "/auth/login", seen: p, doors: newDoors()}, nil
}

func baseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("address of the subject: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("address of the subject %q: want http://host:port/path/", text)
	}
	return u, nil
}

// WithoutProxy is the same server with the suite in the place of its proxy.
func (s Subject) WithoutProxy() Subject {
	s.Public, s.Front = s.Direct, plan.Direct
	return s
}

// SeenAt is the same subject as browsers see it at another address, which decides
// what cookies they keep and send. The address may be one that nobody serves.
func (s Subject) SeenAt(address string) (Subject, error) {
	u, err := baseURL(address)
	if err == nil {
		s.seen = u
	}
	return s, err
}

// Close closes the connections that nobody uses.
func (s Subject) Close() { s.doors.transport.CloseIdleConnections() }

// at resolves a path below the public address. The path is taken as it stands:
// whoever puts parts of replies into it escapes them.
func (s Subject) at(path string) (*url.URL, error) {
	u, err := url.Parse(s.Public.String() + strings.TrimPrefix(path, "/"))
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	return u, nil
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// owns reports whether the subject, or the proxy in front of it, is at u.
func (s Subject) owns(u *url.URL) bool {
	return origin(u) == origin(s.Public) || origin(u) == origin(s.Direct)
}

// cookieURL is u as the browser sees it.
func (s Subject) cookieURL(u *url.URL) *url.URL {
	if s.seen == s.Public || s.seen == nil {
		return u
	}
	rest, ok := strings.CutPrefix(u.String(), s.Public.String())
	if !ok {
		return u
	}
	seen, err := url.Parse(s.seen.String() + rest)
	if err != nil {
		return u
	}
	return seen
}

// NoAnswer means that a request brought no reply that the verb could go on
// with: the connection failed, the time or the octets ran out, a task never
// ended, a list could not be read.
type NoAnswer struct {
	Op        string // method and address, without a query
	BySubject bool   // the subject owed the answer; otherwise the suite's equipment
	Err       error
	Exchange  *transcript.Exchange // nil if no single one is to blame
}

// Error says what was awaited and what happened, without quoting the subject.
func (e *NoAnswer) Error() string { return e.Op + ": " + transcript.Reason(e.Err) }

// CutOff reports whether the connection was closed without a reply while the request
// was being sent. That is how some servers refuse a request that exceeds a limit.
func (e *NoAnswer) CutOff() bool { return errors.Is(e.Err, errCutOff) }

// Unwrap returns the cause.
func (e *NoAnswer) Unwrap() error { return e.Err }

// described is an error in words of the driver's own, fit for a report.
type described string

func (d described) Error() string  { return string(d) }
func (d described) Public() string { return string(d) }

// noAnswer blames whoever was to answer at u. Nobody listening at a proxy's
// address is not the server's doing.
func (s Subject) noAnswer(method string, u *url.URL, x *transcript.Exchange, err error) *NoAnswer {
	bySubject := s.owns(u) && !strings.HasPrefix(u.Path, s.LoginPath)
	var op *net.OpError
	if s.Front != plan.Direct && errors.As(err, &op) && op.Op == "dial" {
		bySubject = false
	}
	return &NoAnswer{Op: method + " " + origin(u) + u.Path, BySubject: bySubject, Err: err, Exchange: x}
}

// errEnded means that the subject's process has ended.
var errEnded = described("the process ended before it answered")

// AwaitReady returns when the subject itself answers GET /__ping__ with any
// reply but that it is not able to (5xx), when exited is closed, or when ctx ends.
func AwaitReady(ctx context.Context, s Subject, exited <-chan struct{}) error {
	const first, longest = 2 * time.Millisecond, 50 * time.Millisecond
	p := NewPersona(s.WithoutProxy(), "nobody", Identity{}, plan.HeaderNames{}, nil)
	var last error
	for wait := first; ; wait = min(2*wait, longest) {
		reply, err := p.Get(ctx, "__ping__")
		if err == nil && !reply.Is(5) {
			return nil
		}
		if err == nil {
			err = unusable(reply, "GET __ping__")
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		timer := time.NewTimer(wait)
		select {
		case <-exited:
			timer.Stop()
			return errEnded
		case <-ctx.Done():
			timer.Stop()
			return last
		case <-timer.C:
		}
	}
}
