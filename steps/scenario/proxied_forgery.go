package scenario

import (
	"context"
	"slices"
	"strings"

	"countersign/steps/check"
	"countersign/steps/verdict"
)

// A Forgery is a way in which a client writes an identity header. It changes a request that has
// the caller's credentials.
type Forgery func(q *RawRequest, header, value string)

// Forgeries are the forgeries by the words of features.
var Forgeries = map[string]Forgery{
	"as it is configured":                spelled(func(h string) string { return h }),
	"in lower case":                      spelled(strings.ToLower),
	"in capital letters":                 spelled(strings.ToUpper),
	"with underscores":                   spelled(func(h string) string { return strings.ReplaceAll(h, "-", "_") }),
	"with one underscore":                spelled(func(h string) string { return strings.Replace(h, "-", "_", 1) }),
	"with dots":                          spelled(func(h string) string { return strings.ReplaceAll(h, "-", ".") }),
	"with a blank before the colon":      spelled(func(h string) string { return h + " " }),
	"twice":                              forgedTwice,
	"as a list with commas":              func(q *RawRequest, h, v string) { q.Lines = append(q.Lines, h+": "+v+", "+v+"2") },
	"with an empty value":                func(q *RawRequest, h, _ string) { q.Lines = append(q.Lines, h+":") },
	"in a WebSocket handshake":           forgedInHandshake,
	"in a trailer":                       forgedInTrailer,
	"in a folded line":                   func(q *RawRequest, h, v string) { q.Lines = append(q.Lines, "X-Other: a\r\n "+h+": "+v) },
	"and named in the Connection header": forgedAndNamed,
}

// spelled returns a forgery that writes the name of the header in another way.
func spelled(as func(header string) string) Forgery {
	return func(q *RawRequest, header, value string) { q.Lines = append(q.Lines, as(header)+": "+value) }
}

func forgedTwice(q *RawRequest, header, value string) {
	q.Lines = append(slices.Insert(q.Lines, 0, header+": "+value), header+": "+value+"2")
}

func forgedInHandshake(q *RawRequest, header, value string) {
	q.Lines = append(q.Lines, handshake("websocket")...)
	q.Lines = append(q.Lines, header+": "+value)
}

func forgedInTrailer(q *RawRequest, header, value string) {
	q.Method, q.Body, q.Chunked = "POST", []byte("body"), true
	q.Lines = append(q.Lines, "Trailer: "+header)
	q.Trailer = []string{header + ": " + value}
}

func forgedAndNamed(q *RawRequest, header, value string) {
	q.Lines = append(q.Lines, header+": "+value, "Connection: close, "+header)
}

// handshake returns the header lines that ask for another protocol.
func handshake(protocol string) []string {
	return []string{"Connection: Upgrade", "Upgrade: " + protocol, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
}

// Forge sends a request of each caller with a forged identity header. Before that it sends the same
// request without it. A caller whose request does not pass without the forgery proves nothing; the
// scenario is blocked if that holds for all callers.
func (x *Proxied) Forge(ctx context.Context, h IdentityHeader, forge Forgery, callers []Caller) error {
	header, err := x.name(h)
	if err != nil {
		return err
	}
	x.all = nil
	granted := false
	for _, c := range callers {
		lines, plain, err := x.sendPlain(ctx, c)
		if err != nil {
			return err
		}
		granted = granted || plain.Passed()
		q := RawRequest{Method: "GET", Lines: slices.Clone(lines)}
		forge(&q, header, x.state.WireName("mallory"))
		forged, err := x.send(ctx, "a forged request of "+string(c), q)
		if err != nil {
			return err
		}
		x.all = append(x.all, plain, forged)
	}
	if !granted {
		return &verdict.Block{Reason: "no request of these callers reaches the server behind the proxy, with or without a forged header", BySubject: true}
	}
	return nil
}

// sendPlain sends a request with the credentials of the caller only, and returns the lines of the credentials.
func (x *Proxied) sendPlain(ctx context.Context, c Caller) (lines []string, plain check.Passage, err error) {
	if lines, err = x.credentials(ctx, c); err != nil {
		return nil, check.Passage{}, err
	}
	plain, err = x.send(ctx, "a request of "+string(c), RawRequest{Method: "GET", Lines: lines})
	return lines, plain, err
}

// CheckNothingForged requires that the server received in the header only what it receives
// without the forgery, for each caller.
func (x *Proxied) CheckNothingForged(h IdentityHeader) error {
	header, err := x.name(h)
	if err != nil {
		return err
	}
	if len(x.all) == 0 {
		return missing("no header was forged")
	}
	for n := 0; n+1 < len(x.all); n += 2 {
		var own []string
		if plain := x.all[n]; plain.Passed() {
			own = plain.Arrived[0].Alike(header)
		}
		if err := check.NoForgery(x.all[n+1], header, own); err != nil {
			return err
		}
	}
	return nil
}

// CompareIdentity is [Proxied.CompareConnection] for an identity header.
func (x *Proxied) CompareIdentity(ctx context.Context, c Caller, h IdentityHeader) error {
	header, err := x.name(h)
	if err != nil {
		return err
	}
	return x.CompareConnection(ctx, c, header)
}

// CompareConnection sends a request of the caller, and the same request with a Connection header that
// names a header.
func (x *Proxied) CompareConnection(ctx context.Context, c Caller, header string) error {
	lines, plain, err := x.sendPlain(ctx, c)
	if err != nil {
		return err
	}
	if !plain.Passed() || len(plain.Arrived[0].Values(header)) == 0 {
		return &verdict.Block{Reason: "a request of " + string(c) + " does not reach the server with " + header, BySubject: true}
	}
	named, err := x.send(ctx, "a request that names "+header+" in Connection", RawRequest{Method: "GET", Lines: append(slices.Clone(lines), "Connection: close, "+header)})
	x.last, x.all, x.named = named, []check.Passage{plain, named}, header
	return err
}

// CheckHeaderKept requires that the header that Connection names arrived as it does without that.
func (x *Proxied) CheckHeaderKept() error {
	if len(x.all) != 2 {
		return missing("no requests were compared")
	}
	if !x.all[1].Passed() {
		return nil // the proxy may refuse the request
	}
	return check.ReceivedExactly(x.all[1], x.named, x.all[0].Arrived[0].Values(x.named)...)
}
