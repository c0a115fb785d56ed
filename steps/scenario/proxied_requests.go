package scenario

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/verdict"
)

// A RequestKind is a kind of request to a proxy.
type RequestKind func(x *Proxied) RawRequest

// RequestKinds are the kinds of requests by the words of features.
var RequestKinds = map[string]RequestKind{
	"a GET request":              method("GET"),
	"a HEAD request":             method("HEAD"),
	"an OPTIONS request":         method("OPTIONS"),
	"a DELETE request":           method("DELETE"),
	"a POST request with a body": func(*Proxied) RawRequest { return RawRequest{Method: "POST", Body: []byte("body")} },
	"a request to the API":       path("/__api__/v1/user"),
	"a request to content":       path("/content/6f1b2f3c-0000-4000-8000-000000000001/"),
	"a WebSocket handshake": func(*Proxied) RawRequest {
		return RawRequest{Method: "GET", Lines: handshake("websocket")}
	},
	"an HTTP/1.0 request": func(*Proxied) RawRequest { return RawRequest{Method: "GET", Version: "HTTP/1.0"} },
	"a request in absolute form": func(x *Proxied) RawRequest {
		return RawRequest{Method: "GET", Target: x.state.Instance.Subject.Origin() + x.page("/page")}
	},
	"a request that expects 100 Continue": func(*Proxied) RawRequest {
		return RawRequest{Method: "POST", Body: []byte("body"), Lines: []string{"Expect: 100-continue"}}
	},
	"an HTTP/1.0 request without Host": func(*Proxied) RawRequest {
		return RawRequest{Method: "GET", Version: "HTTP/1.0", Host: "-"}
	},
	"a request in absolute form for evil.example": func(x *Proxied) RawRequest {
		return RawRequest{Method: "GET", Target: "http://evil.example" + x.page("/page"), Host: "evil.example"}
	},
	"an HTTP/2 request": func(*Proxied) RawRequest { return RawRequest{Method: "GET", HTTP2: true} },
	"an HTTP/2 request with a body": func(*Proxied) RawRequest {
		return RawRequest{Method: "POST", HTTP2: true, Body: []byte("body")}
	},
	"a TRACE request": func(*Proxied) RawRequest { return RawRequest{Method: "TRACE", Lines: []string{"Max-Forwards: 0"}} },
}

func method(name string) RequestKind {
	return func(*Proxied) RawRequest { return RawRequest{Method: name} }
}

func path(path string) RequestKind {
	return func(x *Proxied) RawRequest { return RawRequest{Method: "GET", Target: x.page(path)} }
}

// Request sends a request of a caller.
func (x *Proxied) Request(ctx context.Context, c Caller, kind RequestKind) error {
	lines, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	q := kind(x)
	q.Lines = append(slices.Clone(lines), q.Lines...)
	return x.remember(x.send(ctx, "the request of "+string(c), q))
}

// RequestPath sends a GET request of a caller, or a WebSocket handshake, for a path as it stands in
// the request line. <prefix> stands for the path that the proxy removes.
func (x *Proxied) RequestPath(ctx context.Context, c Caller, text string, webSocket bool) error {
	lines, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	q := RawRequest{Method: "GET", Target: strings.ReplaceAll(text, "<prefix>", x.prefix()), Lines: slices.Clone(lines)}
	if webSocket {
		q.Lines = append(q.Lines, handshake("websocket")...)
	}
	return x.remember(x.send(ctx, fmt.Sprintf("the request of %s for %s", c, text), q))
}

// CheckPathKept requires that the path of the last request arrived as it was written, without the
// prefix.
func (x *Proxied) CheckPathKept(text string) error {
	return x.Check(func(p check.Passage) error {
		return check.TargetReceived(p, strings.TrimPrefix(text, "<prefix>"))
	})
}

// RequestWith sends a GET request with header lines of a client's choice. <cookie> stands for the
// name of the identity cookie, <alice> for the username of a user.
func (x *Proxied) RequestWith(ctx context.Context, c Caller, headers []HeaderText, http2 bool) error {
	own, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	q := RawRequest{Method: "GET"}
	for _, h := range headers {
		value, err := x.fill(h.Value)
		if err != nil {
			return err
		}
		if h.Name == "Host" {
			q.Host = value
			continue
		}
		q.Lines = append(q.Lines, h.Name+": "+value)
	}
	passage, err := x.send(ctx, "the request with these headers", RawRequest{Method: q.Method, Host: q.Host, HTTP2: http2, Lines: append(slices.Clone(own), q.Lines...)})
	passage.Sent = q.Lines
	return x.remember(passage, err)
}

// RequestWithCookies sends a request of the signed-in visitor with n octets of cookies of other
// applications.
func (x *Proxied) RequestWithCookies(ctx context.Context, n int) error {
	lines, err := x.signIn(ctx, SignedInVisitor)
	if err != nil {
		return err
	}
	other, joined := "other="+strings.Repeat("x", n), false
	own := slices.Clone(lines)
	for i, line := range own {
		if hasName(line, "Cookie") {
			own[i], joined = "Cookie: "+other+"; "+strings.TrimPrefix(line, "Cookie: "), true
		}
	}
	if !joined {
		own = append(own, "Cookie: "+other)
	}
	return x.remember(x.send(ctx, "the request with many cookies", RawRequest{Method: "GET", Lines: own}))
}

// gaveUpWithin bounds the wait for the reply of a proxy to which the server gives no answer.
const gaveUpWithin = 20 * time.Second

// RequestUnanswered sends a request of a caller while the server behind the proxy accepts no connections,
// and waits until the proxy gives up.
func (x *Proxied) RequestUnanswered(ctx context.Context, c Caller) error {
	lines, err := x.credentials(ctx, c)
	if err != nil {
		return err
	}
	if err := x.state.Instance.Behind.AcceptNothing(ctx); err != nil {
		return &verdict.Trouble{Op: "make the recording server accept no connections", Err: err}
	}
	patient := x.state.Instance.Subject
	patient.Limits.Request = gaveUpWithin
	client := driver.NewPersona(patient, "a patient client", driver.Identity{}, x.state.Instance.Configuration.Headers, x.state.Recorder).WithoutIdentity()
	began := time.Now()
	reply, err := client.Octets(ctx, "GET", x.octets(RawRequest{Method: "GET", Lines: lines}, x.newID()))
	x.took = time.Since(began)
	var silence *driver.NoAnswer
	if errors.As(err, &silence) && ctx.Err() == nil {
		err = nil // the proxy has not given up
	}
	return x.remember(check.Passage{What: "the request of " + string(c), Reply: reply}, err)
}

// CheckGaveUp requires that the proxy gave up after some seconds.
func (x *Proxied) CheckGaveUp(seconds int) error {
	limit := time.Duration(seconds) * time.Second
	return x.Check(func(p check.Passage) error { return check.GaveUp(p, x.took, limit-time.Second/2, limit+4*time.Second) })
}

// A PrintedExample is the kind of proxy of a documented example.
type PrintedExample string

// The kinds of proxies of the documented examples.
const (
	PrintedNginx  PrintedExample = plan.Nginx
	PrintedApache PrintedExample = plan.Apache
)

// RequirePrinted makes the scenario inapplicable to proxies other than the documented examples of a
// kind.
func (x *Proxied) RequirePrinted(kind PrintedExample) error {
	if p := x.state.Target.Proxy; p.IsOwn() && p.Flavour == "documented" && x.state.Job.Front == string(kind) {
		return nil
	}
	return &verdict.Inapplicable{Reason: fmt.Sprintf("the scenario is about the documented example of %s", kind)}
}

// CheckAnswered requires that the proxy answered the last request itself, with a status and a redirect.
// <origin> stands for the public origin.
func (x *Proxied) CheckAnswered(status int, to string) error {
	want := strings.NewReplacer("<origin>", x.state.Instance.Subject.Origin(), "<prefix>", x.prefix()).Replace(to)
	return x.Check(func(p check.Passage) error { return check.Answered(p, status, want) })
}

// fill replaces the placeholders of a header value.
func (x *Proxied) fill(value string) (string, error) {
	if strings.Contains(value, "<cookie>") || strings.Contains(value, "<COOKIE>") {
		name := x.state.Target.Proxy.SignIn.IdentityCookie
		if name == "" {
			return "", &verdict.Inapplicable{Reason: "the target names no cookie that contains the username in plain text"}
		}
		value = strings.NewReplacer("<cookie>", name, "<COOKIE>", strings.ToUpper(name)).Replace(value)
	}
	value = octet.ReplaceAllStringFunc(value, func(code string) string {
		n, _ := strconv.ParseUint(code[3:5], 16, 8) // matched
		return string([]byte{byte(n)})
	})
	return x.state.OnTheWire(strings.ReplaceAll(value, "<prefix>", x.prefix())), nil
}

// octet is an octet of a header value by its code, such as <0x7f>.
var octet = regexp.MustCompile(`<0x[0-9a-f]{2}>`)

// CheckNotTold requires that the server was not told that the client is this user.
func (x *Proxied) CheckNotTold(short string) error {
	return x.Check(func(p check.Passage) error { return check.NotTold(p, x.identityNames(), x.state.WireName(short)) })
}

// CheckIdentity requires that an identity header arrived once, with the value of the user.
func (x *Proxied) CheckIdentity(h IdentityHeader, short string) error {
	name, err := x.name(h)
	if err != nil {
		return err
	}
	values := x.values(h, x.identity(short))
	if strings.Join(values, "") == "" {
		return &verdict.Inapplicable{Reason: fmt.Sprintf("the target says nothing about the %s of its user", h)}
	}
	return x.Check(func(p check.Passage) error { return check.ReceivedExactly(p, name, values...) })
}

// CheckNoIdentity requires that the request arrived without any identity header.
func (x *Proxied) CheckNoIdentity() error {
	return x.Check(func(p check.Passage) error {
		for _, name := range x.identityNames() {
			if err := check.ReceivedExactly(p, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// CheckUnread requires that a header did not arrive. The scenario is inapplicable if the server reads
// the header.
func (x *Proxied) CheckUnread(name string) error {
	for _, read := range x.identityNames() {
		if strings.EqualFold(read, name) {
			return &verdict.Inapplicable{Reason: "the server behind the proxy reads " + name}
		}
	}
	return x.Check(func(p check.Passage) error { return check.ReceivedExactly(p, name) })
}

// CheckNotEchoed requires that the reply does not contain the cookies of the visitor.
func (x *Proxied) CheckNotEchoed() error {
	return x.Check(func(p check.Passage) error {
		for _, l := range x.sessions[SignedInVisitor].Lines {
			if p.Reply != nil && strings.Contains(string(p.Reply.Body), l.Value) {
				return verdict.Broken("a reply that does not repeat the headers of the request", "one with the header %s", l.Name)
			}
		}
		return nil
	})
}

// CheckUsernameKept requires that the server receives this username once, or that the proxy holds the
// request back.
func (x *Proxied) CheckUsernameKept(username string) error {
	name, err := x.name("username")
	if err != nil {
		return err
	}
	want, err := x.fill(username)
	if err != nil {
		return err
	}
	return x.Check(func(p check.Passage) error {
		return check.UnlessHeldBack(p, func(p check.Passage) error { return check.ReceivedExactly(p, name, want) })
	})
}

// CheckPathKeptOrRefused requires that the path of the last request arrived as it was written, without the
// prefix, or that the proxy refused the request.
func (x *Proxied) CheckPathKeptOrRefused(text string) error {
	return x.Check(func(p check.Passage) error {
		return check.UnlessHeldBack(p, func(check.Passage) error { return x.CheckPathKept(text) })
	})
}

// CheckOriginalURLOrRefused is [Proxied.CheckOriginalURL] for a request that the proxy may refuse.
func (x *Proxied) CheckOriginalURLOrRefused(path string) error {
	return x.Check(func(p check.Passage) error {
		return check.UnlessHeldBack(p, func(check.Passage) error { return x.CheckOriginalURL(path) })
	})
}
