// Package driver sends the HTTP requests of the scenarios: a [Persona] signs in,
// publishes content, visits content, and logs in to an integration. It has two
// HTTP clients, called doors. The Client door is net/http and carries every
// request that net/http sends unchanged. The Raw door writes octets to a
// connection. It carries what net/http refuses or changes: leading and trailing
// blanks, folded lines, control characters, the order of duplicate header lines
// in different spellings, and framing headers.
//
// The methods of a persona do not check rules. A method returns the [Reply] that it
// received, whatever its status. It returns an error only if it received no reply
// with which it could continue ([NoAnswer]). The persona's recorder records every
// exchange at the connection. No redirect is followed implicitly: each hop is a
// request of its own.
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

// Limits bounds the time and the memory that the server under test can consume.
// The zero value of a field means the default.
type Limits struct {
	Request time.Duration // for one request and its reply; default 5 s
	Poll    time.Duration // for polling until a condition holds; default 10 s
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

// A Subject is a server under test as personas reach it. Copies of a Subject share
// their connections.
type Subject struct {
	Public    *url.URL // the address that browsers use; ends with a slash
	Direct    *url.URL // the address of the server without the proxy; ends with a slash
	Front     string   // plan.Direct, or the kind of the proxy
	LoginPath string   // the path of the login server at the proxy's origin
	Limits    Limits

	// cookieBase is the public address by which cookies are stored and sent. It
	// differs from Public if requests bypass the proxy: the server still scopes its
	// cookies to the path that browsers see.
	cookieBase *url.URL
	doors      *doors
}

// NewSubject returns the subject with the given public address. direct is the
// address of the server behind a proxy, or "" if there is no proxy.
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
	return Subject{Public: p, Direct: d, Front: front, LoginPath: "/auth/login", cookieBase: p, doors: newDoors()}, nil
}

func baseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("parse the address of the server under test: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("the address %q of the server under test is not allowed; write it as http://host:port/path/", text)
	}
	return u, nil
}

// WithoutProxy returns a subject whose requests go to the server directly. The
// suite sends the identity headers in place of the proxy.
func (s Subject) WithoutProxy() Subject {
	s.Public, s.Front = s.Direct, plan.Direct
	return s
}

// SeenAt returns a subject whose personas store and send cookies as a browser does
// that sees the server at the given address. No server needs to listen there.
func (s Subject) SeenAt(address string) (Subject, error) {
	u, err := baseURL(address)
	if err == nil {
		s.cookieBase = u
	}
	return s, err
}

// Close closes the idle connections.
func (s Subject) Close() { s.doors.transport.CloseIdleConnections() }

// resolve resolves a path below the public address. It does not escape the path:
// callers escape the parts that come from replies.
func (s Subject) resolve(path string) (*url.URL, error) {
	u, err := url.Parse(s.Public.String() + strings.TrimPrefix(path, "/"))
	if err != nil {
		return nil, fmt.Errorf("resolve the path %q: %w", path, err)
	}
	return u, nil
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// owns reports whether the origin of u is that of the server or of its proxy.
func (s Subject) owns(u *url.URL) bool {
	return origin(u) == origin(s.Public) || origin(u) == origin(s.Direct)
}

// cookieURL returns u with the address that browsers see.
func (s Subject) cookieURL(u *url.URL) *url.URL {
	if s.cookieBase == s.Public || s.cookieBase == nil {
		return u
	}
	rest, ok := strings.CutPrefix(u.String(), s.Public.String())
	if !ok {
		return u
	}
	seen, err := url.Parse(s.cookieBase.String() + rest)
	if err != nil {
		return u
	}
	return seen
}

// A NoAnswer is the error of a request that received no reply with which the method
// could continue: the connection failed, the reply exceeded a limit of time or size, a
// task did not end, or a list could not be read.
type NoAnswer struct {
	Op        string // method and address, without a query
	BySubject bool   // the server under test had to reply, and not the suite's equipment
	Err       error
	Exchange  *transcript.Exchange // nil if the error concerns no single exchange
}

// Error returns the operation and the reason, without text from the server.
func (e *NoAnswer) Error() string { return e.Op + ": " + transcript.Reason(e.Err) }

// CutOff reports whether the connection was closed without a reply while the request
// was being sent. That is how some servers refuse a request that exceeds a limit.
func (e *NoAnswer) CutOff() bool { return errors.Is(e.Err, errCutOff) }

// Closed reports whether the connection was closed without a reply. That is how some proxies refuse
// a malformed request.
func (e *NoAnswer) Closed() bool { return e.CutOff() || isClosed(e.Err) }

// Unwrap returns the cause.
func (e *NoAnswer) Unwrap() error { return e.Err }

// A publicError is an error whose text is written by this package and may be shown
// in a report.
type publicError string

func (d publicError) Error() string  { return string(d) }
func (d publicError) Public() string { return string(d) }

// noAnswer returns the error of a request to u. It names the server under test as the
// cause unless the login server had to reply or no proxy listens at the address.
func (s Subject) noAnswer(method string, u *url.URL, x *transcript.Exchange, err error) *NoAnswer {
	bySubject := s.owns(u) && !strings.HasPrefix(u.Path, s.LoginPath)
	var op *net.OpError
	if s.Front != plan.Direct && errors.As(err, &op) && op.Op == "dial" {
		bySubject = false
	}
	return &NoAnswer{Op: method + " " + origin(u) + u.Path, BySubject: bySubject, Err: err, Exchange: x}
}

// errEnded reports that the process of the server under test has ended.
var errEnded = publicError("the process ended before it answered")

// AwaitReady polls GET /__ping__ at the server, without the proxy. It returns nil on
// the first reply whose status is not 5xx, and an error when exited is closed or ctx
// is done.
func AwaitReady(ctx context.Context, s Subject, exited <-chan struct{}) error {
	const first, longest = 2 * time.Millisecond, 50 * time.Millisecond
	p := NewPersona(s.WithoutProxy(), "suite", Identity{}, plan.HeaderNames{}, nil)
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
