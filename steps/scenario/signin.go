package scenario

import (
	"context"
	"net/http"
	"strings"

	"countersign/steps/check"
	"countersign/steps/driver"
)

// callerPath is where a client asks which user it is.
const callerPath = "__api__/v1/user"

// acceptJSON is the header by which a client asks for JSON.
var acceptJSON = driver.HeaderLine{Name: "Accept", Value: "application/json"}

// SignInTwice signs the person in with a second line of an identity header, which carries the
// value of another person and may have another spelling.
func (p *Person) SignInTwice(ctx context.Context, a Attribute, spelling string, other *Person) error {
	b := p.newBrowser()
	line := other.HeaderLine(a)
	p.state.Compared.secrets = []string{line.Name, line.Value, b.Identity.Username}
	if spelling != "" {
		line.Name = spelling
	}
	p.tried = b
	return p.state.Compared.tryBy(p)(b.SignInWith(ctx, line))
}

// ContinueTwice makes a request in the session of the person, with a second line of an identity
// header that carries the value of another person.
func (p *Person) ContinueTwice(ctx context.Context, a Attribute, other *Person) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	p.tried = b
	return p.state.Compared.tryBy(p)(b.Call(ctx, http.MethodGet, callerPath, nil, acceptJSON, other.HeaderLine(a)))
}

// SignInSpelled signs the person in with the username header in another spelling.
func (p *Person) SignInSpelled(ctx context.Context, spelling string) error {
	b := p.newBrowser()
	return p.state.Compared.Try(b.SendRaw(ctx, driver.HeaderLine{Name: spelling, Value: b.Identity.Username}))
}

// SignInWithOnly signs the person in with one attribute of their identity and no other.
func (p *Person) SignInWithOnly(ctx context.Context, a Attribute) error {
	b := p.newBrowser()
	only := driver.Identity{}
	*a.of(&only) = p.HeaderLine(a).Value
	b.Identity = only
	return p.trySignIn(b)(b.SignIn(ctx))
}

// A Malformation makes a value that no correct proxy sends of a good value.
type Malformation func(good string) string

// The malformations of header values.
var Malformations = map[string]Malformation{
	"joined to another by a comma":     func(good string) string { return good + ", mallory" },
	"joined to another by a semicolon": func(good string) string { return good + ";mallory" },
	"empty":                            func(string) string { return "" },
	"blank":                            func(string) string { return "   " },
	"broken by a control character":    func(good string) string { return good + "\x01" },
	"broken by a tab":                  func(good string) string { return good + "\tx" },
	"broken by a control character of two octets": func(good string) string { return good + "\u0085x" },
	"cut off inside a character":                  func(good string) string { return good + "\xc3" },
	"longer than 4000 octets":                     func(good string) string { return good + strings.Repeat("x", 4000) },
	"a word for no value":                         func(string) string { return "(null)" },
	"a variable that was not replaced":            func(string) string { return "%{REMOTE_USER}e" },
}

// SignInMalformed signs the person in with a malformed attribute.
func (p *Person) SignInMalformed(ctx context.Context, a Attribute, malform Malformation) error {
	b := p.newBrowser()
	line := p.HeaderLine(a)
	line.Value = malform(line.Value)
	return p.trySignIn(b)(b.SendInstead(ctx, line.Name, line))
}

// SignInWithMalformedGroup signs the person in with one more line of the groups header, which is
// malformed.
func (p *Person) SignInWithMalformedGroup(ctx context.Context, malform Malformation) error {
	b := p.newBrowser()
	line := driver.HeaderLine{Name: b.Headers.Groups, Value: malform(p.state.groupName("strange"))}
	return p.trySignIn(b)(b.SendInstead(ctx, "", line))
}

// A Framing is the octets of a request in which an identity arrives as no proxy sends it. They
// contain {path}, {host}, {name} and {value}.
type Framing string

// The framings of requests.
var Framings = map[string]Framing{
	"sent in a trailer": "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: {name}\r\nConnection: close\r\n\r\n" +
		"0\r\n{name}: {value}\r\n\r\n",
	"sent in a TRACE request": "TRACE {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{name}: {value}\r\nConnection: close\r\n\r\n",
}

// SignInFramed signs the person in with a request of unusual framing that carries one attribute.
func (p *Person) SignInFramed(ctx context.Context, a Attribute, f Framing) error {
	b := p.newBrowser()
	line := p.HeaderLine(a)
	p.state.Compared.secrets = []string{line.Name, line.Value}
	method, _, _ := strings.Cut(string(f), " ")
	octets := strings.NewReplacer("{path}", b.SignedPath(callerPath), "{host}", p.state.Instance.Listen,
		"{name}", line.Name, "{value}", line.Value).Replace(string(f))
	p.tried = b
	reply, err := b.Octets(ctx, method, []byte(octets))
	p.state.Compared.person = p
	return p.state.Compared.TryExcused(reply, err, check.Body) // a trailer needs a body
}

// SignInWith signs the person in while the client sends a header line of its own.
func (p *Person) SignInWith(ctx context.Context, line HeaderText) error {
	sent := p.state.line(line)
	b := p.newBrowser()
	if sent.Name == "Cookie" { // a browser sends one line with all its cookies
		name, value, _ := strings.Cut(sent.Value, "=")
		b.Bring(name, value)
		return p.trySignIn(b)(b.SignIn(ctx))
	}
	return p.trySignIn(b)(b.SignInWith(ctx, sent))
}

// SignInWithKey signs the person in from a new browser that sends the person's API key and a
// header line as well. Which of the two credentials counts is left to the server.
func (p *Person) SignInWithKey(ctx context.Context, line HeaderText) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	key := driver.HeaderLine{Name: "Authorization", Value: "Key " + b.Key()}
	return p.state.Compared.Try(p.newBrowser().SignInWith(ctx, p.state.line(line), key))
}

// SignInAs signs another person in with the person's browser, which sends a header line as well.
func (p *Person) SignInAs(ctx context.Context, other *Person, line HeaderText) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	identity := other.Identity()
	p.others = append(p.others, identity)
	return p.state.Compared.Try(b.SignInAs(ctx, identity, p.state.line(line)))
}

// SignInAsUsername signs in as a literal username from a new browser and tries nothing else.
func (s *State) SignInAsUsername(ctx context.Context, username string) error {
	p, b := s.browserNamed(username)
	p.tried = b
	return s.Compared.tryBy(p)(b.SignIn(ctx))
}

// RequireSignInAsUsername signs in as a literal username. Later requests are compared with that
// sign-in.
func (s *State) RequireSignInAsUsername(ctx context.Context, username string) error {
	p, b := s.browserNamed(username)
	s.Compared.person, p.tried = p, b
	reply, err := b.SignIn(ctx)
	return s.requireNamed("signing in as "+username, username)(reply, err)
}

func (s *State) browserNamed(username string) (*Person, *driver.Persona) {
	p := s.Person("somebody")
	b := p.newBrowser()
	b.Identity.Username = username
	return p, b
}

// requireNamed blocks the scenario unless a reply describes the account with a username. Later
// requests are compared with it.
func (s *State) requireNamed(what, username string) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		if err != nil {
			return err
		}
		if !reply.Is(2) || reply.Text("username") != username {
			return notGranted(what, reply)
		}
		s.Compared.Granted = reply
		return nil
	}
}
