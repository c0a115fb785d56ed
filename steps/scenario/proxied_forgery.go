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
	"by HTTP/2":                          forgedByHTTP2,
	"twice by HTTP/2":                    func(q *RawRequest, h, v string) { q.HTTP2 = true; forgedTwice(q, h, v) },
	"with underscores by HTTP/2": func(q *RawRequest, h, v string) {
		q.HTTP2 = true
		q.Lines = append(q.Lines, strings.ReplaceAll(h, "-", "_")+": "+v)
	},
	"in a trailer of HTTP/2": func(q *RawRequest, h, v string) {
		q.HTTP2 = true
		forgedInTrailer(q, h, v)
	},
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

func forgedByHTTP2(q *RawRequest, header, value string) {
	q.HTTP2 = true
	q.Lines = append(q.Lines, header+": "+value)
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
	if c == anonymous {
		c = withoutAny // a proxy deletes forged headers, whether it lets the request pass or not
	}
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

// A ConnectionForm is a way in which a client names a header in Connection. It changes a request that
// has the caller's credentials.
type ConnectionForm func(q *RawRequest, header string)

// ConnectionForms are the forms by the words of features.
var ConnectionForms = map[string]ConnectionForm{
	"Connection": func(q *RawRequest, h string) { q.Lines = append(q.Lines, "Connection: close, "+h) },
	"a second Connection header": func(q *RawRequest, h string) {
		q.Lines = append(q.Lines, "Connection: close", "Connection: "+h)
	},
	"a connection field of HTTP/2": func(q *RawRequest, h string) { // which RFC 9113, 8.2.2 forbids
		q.HTTP2 = true
		q.Lines = append(q.Lines, "Connection: "+h)
	},
	"the Connection header of a WebSocket handshake": func(q *RawRequest, h string) {
		lines := handshake(webSocket)
		lines[0] += ", " + h
		q.Lines = append(q.Lines, lines...)
	},
}

// CompareIdentity is [Proxied.CompareConnection] for an identity header.
func (x *Proxied) CompareIdentity(ctx context.Context, c Caller, h IdentityHeader, form ConnectionForm) error {
	header, err := x.name(h)
	if err != nil {
		return err
	}
	return x.CompareConnection(ctx, c, header, form)
}

// CompareConnection sends a request of the caller, and the same request with a Connection header that
// names a header.
func (x *Proxied) CompareConnection(ctx context.Context, c Caller, header string, form ConnectionForm) error {
	lines, plain, err := x.sendPlain(ctx, c)
	if err != nil {
		return err
	}
	if !plain.Passed() {
		return &verdict.Block{Reason: "a request of " + string(c) + " does not reach the server behind the proxy", BySubject: true}
	}
	if len(plain.Arrived[0].Values(header)) == 0 {
		return &verdict.Inapplicable{Reason: "the proxy sends no " + header}
	}
	q := RawRequest{Method: "GET", Lines: slices.Clone(lines)}
	form(&q, header)
	named, err := x.send(ctx, "a request that names "+header+" in Connection", q)
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
