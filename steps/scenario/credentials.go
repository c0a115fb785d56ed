package scenario

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// obtainCredentials has a deployment client ask for credentials, and the person confirm them in
// the browser. what names the request that was refused, "" if none was.
func (p *Person) obtainCredentials(ctx context.Context) (what string, refused *driver.Reply, err error) {
	b, err := p.User(ctx)
	if err != nil {
		return "", nil, err
	}
	if p.credentials, err = driver.NewCredentials(); err != nil {
		return "", nil, &verdict.Trouble{Op: "make credentials", Err: err}
	}
	reply, err := b.RegisterToken(ctx, p.credentials)
	if err != nil {
		return "", nil, err
	}
	address := reply.Text("token_claim_url")
	if !reply.Is(2) || address == "" {
		return "asking for deployment credentials", reply, nil
	}
	confirmed, err := b.Confirm(ctx, address)
	if err == nil && !confirmed.Is(2) {
		return "confirming deployment credentials in the browser", confirmed, nil
	}
	return "", nil, err
}

// ObtainCredentials obtains deployment credentials for the person. If that is refused, the person
// goes on with credentials that the server refuses.
func (p *Person) ObtainCredentials(ctx context.Context) error {
	what, reply, err := p.obtainCredentials(ctx)
	if what != "" {
		return p.state.Compared.Try(reply, nil)
	}
	return err
}

// RequireCredentials is [Person.ObtainCredentials] for credentials that have to be granted.
func (p *Person) RequireCredentials(ctx context.Context) error {
	what, reply, err := p.obtainCredentials(ctx)
	if what != "" {
		return notGranted(what, reply)
	}
	return err
}

// CheckConfirmationNotFramed requires that the page on which the person would confirm credentials
// is not shown in a frame of another site.
func (p *Person) CheckConfirmationNotFramed(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	credentials, err := driver.NewCredentials()
	if err != nil {
		return &verdict.Trouble{Op: "make credentials", Err: err}
	}
	reply, err := b.RegisterToken(ctx, credentials)
	if err != nil {
		return err
	}
	page, asks, err := b.ConfirmationPage(ctx, reply.Text("token_claim_url"))
	if err == nil && !asks {
		return &verdict.Inapplicable{Reason: "the credentials are not confirmed by a form"}
	}
	if err != nil {
		return err
	}
	return check.NotFramed(page)
}

// A Flaw changes one thing of a correctly signed request.
type Flaw func(r *SignedRequest) error

// Flaws are what can be wrong with a signed request.
var Flaws = map[string]Flaw{
	"with a signature by another key": func(r *SignedRequest) (err error) {
		r.credentials, err = r.credentials.OfAnotherKey()
		return err
	},
	"with a signature for another path":     func(r *SignedRequest) error { r.signed.Path += "s"; return nil },
	"with a signature for another method":   func(r *SignedRequest) error { r.signed.Method = http.MethodPost; return nil },
	"with a signature for another body":     func(r *SignedRequest) error { r.signed.Checksum = driver.Checksum([]byte("x")); return nil },
	"with another date than the signed one": func(r *SignedRequest) error { r.after["Date"] = driver.Date(time.Now().Add(-time.Hour)); return nil },
	"with another body than the signed one": func(r *SignedRequest) error { r.body = []byte("x"); return nil },
	"with a signature for another path that a forwarding header names": func(r *SignedRequest) error {
		r.signed.Path += "s"
		r.extra = driver.HeaderLine{Name: "X-RSC-Request", Value: "http://localhost" + r.signed.Path}
		return nil
	},
	"with an empty signature": func(r *SignedRequest) error { r.after["X-Auth-Signature"] = ""; return nil },
	"without a signature":     func(r *SignedRequest) error { r.without = "X-Auth-Signature"; return nil },
	"without a date":          func(r *SignedRequest) error { r.without = "Date"; return nil },
	"without a checksum":      func(r *SignedRequest) error { r.without = "X-Content-Checksum"; return nil },
	"with two signatures": func(r *SignedRequest) error {
		r.extra = driver.HeaderLine{Name: "X-Auth-Signature", Value: "x"}
		return nil
	},
	"with two tokens": func(r *SignedRequest) error {
		r.extra = driver.HeaderLine{Name: "X-Auth-Token", Value: r.credentials.Token}
		return nil
	},
	"with a token that was not confirmed": func(r *SignedRequest) (err error) {
		if r.credentials, err = driver.NewCredentials(); err != nil {
			return err
		}
		_, err = r.browser.RegisterToken(r.ctx, r.credentials)
		return err
	},
	"with a token that the server does not know": func(r *SignedRequest) (err error) {
		r.credentials, err = driver.NewCredentials()
		return err
	},
	"with two username headers": func(r *SignedRequest) error {
		r.extra = r.person.state.Person("mallory").HeaderLine(Username)
		return nil
	},
	"with the path below the base URL": func(r *SignedRequest) error { r.signed.Path = "/" + callerPath; return nil },
	"with the whole path of the URL":   func(r *SignedRequest) error { r.signed.Path = r.browser.SignedPath(callerPath); return nil },
}

// A SignedRequest asks which user the client is.
type SignedRequest struct {
	ctx         context.Context
	person      *Person
	browser     *driver.Persona
	credentials *driver.Credentials
	signed      driver.Signed
	body        []byte
	after       map[string]string // lines that are changed after the request was signed
	extra       driver.HeaderLine
	without     string // the name of a line that is left out
}

// SendSigned sends a request that is signed with the person's deployment credentials and has a
// flaw, unless it is nil. beside sends it from the person's browser, with the identity.
func (p *Person) SendSigned(ctx context.Context, beside bool, flaw Flaw) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	if p.credentials == nil {
		return missing("%s has no deployment credentials in this scenario", p.Name)
	}
	below, err := p.signsPathBelow(ctx)
	if err != nil {
		return err
	}
	r := &SignedRequest{ctx: ctx, person: p, browser: b, credentials: p.credentials, after: map[string]string{}, signed: driver.Signed{
		Method: http.MethodGet, Path: b.SignedPath(callerPath), Date: p.dateToSign(time.Now(), flaw != nil), Checksum: driver.Checksum(nil),
	}}
	if below {
		r.signed.Path = "/" + callerPath
	}
	if flaw != nil {
		if err := flaw(r); err != nil {
			return err
		}
	}
	lines, err := r.lines()
	if err != nil {
		return err
	}
	if !beside {
		b = b.WithoutIdentity()
	}
	return p.state.Compared.TryFirst(b.Call(ctx, http.MethodGet, callerPath, r.body, append(lines, acceptJSON)...))
}

// dateToSign returns the date of a signed request. One with a flaw has the date of the person's last
// request without one: the two are compared, and a clock that reaches the next second between them
// would be a second difference.
func (p *Person) dateToSign(now time.Time, flawed bool) string {
	if !flawed || p.signedDate == "" {
		p.signedDate = driver.Date(now)
	}
	return p.signedDate
}

// lines signs the request and makes the changes that come after the signature.
func (r *SignedRequest) lines() ([]driver.HeaderLine, error) {
	lines, err := r.credentials.Sign(r.signed)
	if err != nil {
		return nil, &verdict.Trouble{Op: "sign a request", Err: err}
	}
	for i, l := range lines {
		if value, changed := r.after[l.Name]; changed {
			lines[i].Value = value
		}
	}
	lines = slices.DeleteFunc(lines, func(l driver.HeaderLine) bool { return l.Name == r.without })
	if r.extra.Name != "" {
		lines = append(lines, r.extra)
	}
	return lines, nil
}

// signsPathBelow reports whether the server expects the path below its base URL to be signed, and
// not the whole path of the URL, which is tried first. The documents do not say which, and
// clients differ. The two are the same where the server is published at the root.
func (p *Person) signsPathBelow(ctx context.Context) (bool, error) {
	if p.signsBelow != nil || p.credentials == nil {
		return p.signsBelow != nil && *p.signsBelow, nil
	}
	below := false
	if p.browser.SignedPath(callerPath) != "/"+callerPath {
		whole, err := p.browser.WithCredentials(p.credentials, false).Whoami(ctx)
		if err != nil {
			return false, err
		}
		if !whole.Is(2) {
			rest, err := p.browser.WithCredentials(p.credentials, true).Whoami(ctx)
			if err != nil {
				return false, err
			}
			below = rest.Is(2)
		}
	}
	p.signsBelow = &below
	return below, nil
}

// A Resource is what a client calls that identifies itself by header lines only.
type Resource func(ctx context.Context, s *State, client *driver.Persona, lines []driver.HeaderLine) error

// CallAPI calls the API.
func CallAPI(ctx context.Context, s *State, client *driver.Persona, lines []driver.HeaderLine) error {
	return s.Compared.TryFirst(client.Call(ctx, http.MethodGet, callerPath, nil, lines...))
}

// CallPath returns the call of a path below the base URL.
func CallPath(path string) Resource {
	return func(ctx context.Context, s *State, client *driver.Persona, lines []driver.HeaderLine) error {
		return s.Compared.TryFirst(client.Call(ctx, http.MethodGet, path, nil, lines...))
	}
}

// CallAbout returns the call of the API that describes content.
func CallAbout(c *Content) Resource {
	return func(ctx context.Context, s *State, client *driver.Persona, lines []driver.HeaderLine) error {
		return s.Compared.TryFirst(client.Call(ctx, http.MethodGet, "__api__/v1/content/"+url.PathEscape(c.guid), nil, lines...))
	}
}

// CallContent returns the visit to content.
func CallContent(c *Content) Resource {
	return func(ctx context.Context, _ *State, client *driver.Persona, lines []driver.HeaderLine) error {
		return c.tryVisit(client.VisitWith(ctx, c.guid, lines...))
	}
}

// CallAsClient makes a request with header lines and nothing else that identifies the client.
func (s *State) CallAsClient(ctx context.Context, call Resource, headers []HeaderText) error {
	var lines []driver.HeaderLine
	for _, h := range headers {
		lines = append(lines, driver.HeaderLine{Name: h.Name, Value: s.OnTheWire(h.Value)})
	}
	return call(ctx, s, s.Anonymous(), lines)
}
