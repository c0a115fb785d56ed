package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/instance"
	"countersign/steps/verdict"
)

// A Proxied is what a scenario about a proxy remembers: the users who are signed in, the requests
// that it has sent and what became of them.
type Proxied struct {
	state    *State
	sessions map[string]instance.ProxySession
	last     check.Passage
	all      []check.Passage // of the last step
	number   int             // of requests

	named    string   // the header that Connection names
	digest   string   // of the body that was sent
	length   int      // of the body that was sent
	parts    []string // of a stream, as they arrived in time
	tunnel   tunnel
	hidden   []hiddenRequest
	cookies  []string           // that the server behind the proxy has set
	took     time.Duration      // until the proxy gave up
	login    *driver.ProxyLogin // the last one at the login page
	returned string             // the URL to which a login returned
	asked    string             // the target with which the login began
}

// A RawRequest is a request octet by octet. Lines are its header lines without Host, the id, and the
// lines that frame the body.
type RawRequest struct {
	Method  string
	Target  string // of the request line; "" means a page below the prefix
	Version string // "" means HTTP/1.1
	Host    string // "" means that of the proxy, "-" none
	Lines   []string
	Body    []byte
	Chunked bool
	Trailer []string
	Raw     string // what follows the header lines, which then frame it; "" for Body
	Keep    bool   // keep the connection
	HTTP2   bool   // send it by HTTP/2, field by field; Version, Raw, Chunked and Keep have no effect then
}

// prefix returns the public path that the proxy removes, without a slash at its end.
func (x *Proxied) prefix() string {
	return strings.TrimSuffix(x.state.Instance.Subject.Public.Path, "/")
}

// page returns the target of a request for a page below the prefix.
func (x *Proxied) page(path string) string { return x.prefix() + path }

// newID returns the id of a new request.
func (x *Proxied) newID() string {
	x.number++
	return fmt.Sprintf("%s-%d", x.state.Suffix, x.number)
}

// octets returns the request with an id as it is sent.
func (x *Proxied) octets(q RawRequest, id string) []byte {
	q.Target = cmp.Or(q.Target, x.page("/page"))
	if q.Version == "" {
		q.Version = "HTTP/1.1"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\n", q.Method, q.Target, q.Version)
	switch q.Host {
	case "-":
	case "":
		b.WriteString("Host: " + x.state.Instance.Subject.Public.Host + "\r\n")
	default:
		b.WriteString("Host: " + q.Host + "\r\n")
	}
	b.WriteString(idLine(id))
	connection := false
	for _, line := range q.Lines {
		connection = connection || hasName(line, "Connection")
		b.WriteString(line + "\r\n")
	}
	if !connection && !q.Keep {
		b.WriteString("Connection: close\r\n")
	}
	writeBody(&b, q)
	return []byte(b.String())
}

func writeBody(b *strings.Builder, q RawRequest) {
	switch {
	case q.Raw != "":
		b.WriteString("\r\n" + q.Raw)
	case q.Chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		const size = 16 << 10
		for rest := q.Body; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			chunk := rest[:min(size, len(rest))]
			fmt.Fprintf(b, "%x\r\n%s\r\n", len(chunk), chunk)
		}
		b.WriteString("0\r\n")
		for _, line := range q.Trailer {
			b.WriteString(line + "\r\n")
		}
		b.WriteString("\r\n")
	case len(q.Body) > 0:
		fmt.Fprintf(b, "Content-Length: %d\r\n\r\n%s", len(q.Body), q.Body)
	default:
		b.WriteString("\r\n")
	}
}

// send sends a request on a connection of its own and returns what became of it.
func (x *Proxied) send(ctx context.Context, what string, q RawRequest) (check.Passage, error) {
	return x.sendID(ctx, what, x.newID(), q)
}

func (x *Proxied) sendID(ctx context.Context, what, id string, q RawRequest) (check.Passage, error) {
	client := x.client(what)
	var reply *driver.Reply
	var err error
	if q.HTTP2 {
		reply, err = x.sendHTTP2(ctx, client, id, q)
	} else {
		reply, err = client.Octets(ctx, q.Method, x.octets(q, id))
	}
	var silence *driver.NoAnswer
	if errors.As(err, &silence) && ctx.Err() == nil && silence.Closed() {
		reply, err = nil, nil // a proxy may refuse a request without a reply
	}
	if err != nil {
		return check.Passage{}, err
	}
	return check.Passage{What: what, Sent: q.Lines, Reply: reply, Arrived: x.state.Instance.Behind.Received(id)}, nil
}

// client returns a client without cookies and identity, which sends octets.
func (x *Proxied) client(name string) *driver.Persona {
	return driver.NewPersona(x.state.Instance.Subject, name, driver.Identity{}, x.state.Instance.Configuration.Headers, x.state.Recorder).WithoutIdentity()
}

// remember makes a passage the one that the next check is about.
func (x *Proxied) remember(p check.Passage, err error) error {
	if err == nil {
		x.last, x.all = p, []check.Passage{p}
	}
	return err
}

// requireGate makes the scenario inapplicable if the proxy lets anonymous requests pass.
func (x *Proxied) requireGate() error {
	if x.state.Instance.Configuration.Gate() {
		return nil
	}
	return &verdict.Inapplicable{Reason: "the proxy lets anonymous requests pass, because the server behind it has a LoginURL"}
}

// Check judges the last passage.
func (x *Proxied) Check(judge func(check.Passage) error) error {
	if x.last.What == "" {
		return missing("no request was sent to the proxy")
	}
	return judge(x.last)
}

func hasName(line, name string) bool {
	n, _, _ := strings.Cut(line, ":")
	return strings.EqualFold(strings.TrimSpace(n), name)
}
