package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"countersign/steps/plan"
)

// A LoginRefused is the error of a login that the proxy's login server refused, because it accepts
// only values that fit into a cookie. It is not a reply of the server under test.
type LoginRefused struct {
	Status int
	Reason string
}

// Error includes the text of the login server, which is equipment of the suite.
func (e *LoginRefused) Error() string {
	return fmt.Sprintf("the login server refused the login with status %d: %.300s", e.Status, e.Reason)
}

const userPath = "__api__/v1/user"

// SignIn resets the cookie jar and signs in: with the identity headers if there is no proxy, else
// through the login page of the proxy. The reply describes the caller.
func (p *Persona) SignIn(ctx context.Context) (*Reply, error) { return p.SignInWith(ctx) }

// SignInWith is like [Persona.SignIn] and sends header lines of the client after the identity
// headers, in this spelling and order.
func (p *Persona) SignInWith(ctx context.Context, extra ...HeaderLine) (*Reply, error) {
	return p.signIn(ctx, requestSpec{lines: extra}, append(p.identityLines(), extra...))
}

// SendRaw is like [Persona.SignIn] and sends the given lines through the Raw door in place of the
// username line. Behind a proxy the lines are those of the client, and the identity comes from the
// login page.
func (p *Persona) SendRaw(ctx context.Context, lines ...HeaderLine) (*Reply, error) {
	return p.SendInstead(ctx, p.Headers.Username, lines...)
}

// SendInstead is like [Persona.SendRaw] and replaces the line with the given name.
func (p *Persona) SendInstead(ctx context.Context, name string, lines ...HeaderLine) (*Reply, error) {
	identity := lines
	for _, l := range p.identityLines() {
		if l.Name != name {
			identity = append(identity, l)
		}
	}
	return p.signIn(ctx, requestSpec{lines: lines, raw: true}, identity)
}

// SignInAs signs in as another user in the same browser, which keeps its cookies. It sends header
// lines of the client too.
func (p *Persona) SignInAs(ctx context.Context, other Identity, extra ...HeaderLine) (*Reply, error) {
	q := *p
	q.Identity = other
	return q.readCaller(ctx, requestSpec{lines: extra}, append(q.identityLines(), extra...))
}

// signIn resets the cookie jar and signs in.
func (p *Persona) signIn(ctx context.Context, spec requestSpec, identity []HeaderLine) (*Reply, error) {
	p.cookies.reset()
	p.cookies.get().SetCookies(p.subject.cookieURL(p.subject.Public), p.extraCookies)
	return p.readCaller(ctx, spec, identity)
}

// readCaller requests the description of the caller. If there is no proxy it sends the identity
// lines, else it logs in at the proxy and sends the lines of spec.
func (p *Persona) readCaller(ctx context.Context, spec requestSpec, identity []HeaderLine) (*Reply, error) {
	p.showIdentity()
	target, err := p.subject.resolve(userPath)
	if err != nil {
		return nil, err
	}
	spec.method, spec.url = http.MethodGet, target
	if p.subject.Front == plan.Direct {
		spec.lines, spec.identity = nil, identity
	} else if err := p.login(ctx, target); err != nil {
		return nil, err
	}
	spec.lines = append([]HeaderLine{{"Accept", "application/json"}}, spec.lines...)
	return p.send(ctx, spec)
}

// showIdentity tells the recorder that the values of the identity are not secret.
func (p *Persona) showIdentity() {
	if p.recorder == nil {
		return
	}
	i := p.Identity
	for _, name := range append([]string{i.Username, i.UniqueID, i.FirstName, i.LastName, i.Email, i.Role}, i.Groups...) {
		if name != "" {
			p.recorder.ShowNames(name)
		}
	}
}

// login logs in at the proxy. It opens the login page to which the proxy redirects an anonymous
// browser, or the known login page if there is no such redirect, and submits the form. It does not
// follow the redirect after it: the caller requests target.
func (p *Persona) login(ctx context.Context, target *url.URL) error {
	first, err := p.send(ctx, requestSpec{method: http.MethodGet, url: target, lines: []HeaderLine{{"Accept", "text/html"}}})
	if err != nil {
		return err
	}
	page := first.location()
	if page == nil || origin(page) != origin(target) || page.Path != p.subject.LoginPath {
		page = p.loginURL("", target)
	}
	form, err := p.send(ctx, requestSpec{method: http.MethodGet, url: page, lines: []HeaderLine{{"Accept", "text/html"}}})
	if err != nil {
		return err
	}
	if !form.Is(2) {
		return &LoginRefused{Status: form.Status, Reason: string(form.Body)}
	}
	done, err := p.send(ctx, requestSpec{
		method: http.MethodPost, url: page, body: []byte(p.Identity.form().Encode()),
		lines: []HeaderLine{{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/html"}},
	})
	if err != nil {
		return err
	}
	if !done.Is(3) {
		return &LoginRefused{Status: done.Status, Reason: string(done.Body)}
	}
	return nil
}

// loginURL returns the URL of the login page, or of the page with the given name in its directory.
func (p *Persona) loginURL(sibling string, target *url.URL) *url.URL {
	page := &url.URL{Scheme: p.subject.Public.Scheme, Host: p.subject.Public.Host, Path: p.subject.LoginPath}
	if sibling != "" {
		page.Path = page.Path[:strings.LastIndexByte(page.Path, '/')+1] + sibling
	}
	page.RawQuery = url.Values{"url": {target.RequestURI()}}.Encode()
	return page
}

// form returns the fields of the login form.
func (i Identity) form() url.Values {
	form := url.Values{}
	for name, value := range map[string]string{
		"username": i.Username, "unique_id": i.UniqueID, "first_name": i.FirstName,
		"last_name": i.LastName, "email": i.Email, "role": i.Role,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	for _, group := range i.Groups {
		form.Add("groups", group)
	}
	return form
}

// Whoami requests the description of the caller.
func (p *Persona) Whoami(ctx context.Context) (*Reply, error) { return p.Get(ctx, userPath) }

// Anonymous requests the description of the caller with the browser's cookies but without an
// identity. Behind a proxy it logs out at the proxy first.
func (p *Persona) Anonymous(ctx context.Context) (*Reply, error) {
	target, err := p.subject.resolve(userPath)
	if err != nil {
		return nil, err
	}
	if p.subject.Front != plan.Direct {
		out := p.loginURL("logout", target)
		if _, err := p.send(ctx, requestSpec{method: http.MethodGet, url: out}); err != nil {
			return nil, err
		}
	}
	return p.send(ctx, requestSpec{method: http.MethodGet, url: target, withoutIdentity: true, lines: []HeaderLine{{"Accept", "application/json"}}})
}

// ForgeKey requests an API key as a page of another site does: with everything that a browser
// sends by itself, and without the XSRF header.
func (p *Persona) ForgeKey(ctx context.Context, userGUID, name string) (*Reply, error) {
	return p.sendKeyRequest(ctx, userGUID, name, requestSpec{withoutXSRF: true})
}

// ForgeKeyWithoutCookies is like [Persona.ForgeKey] in a browser that does not send the cookies of
// the server for other sites, so that only the identity that the proxy adds authenticates the
// request. If old is true, only Origin names the site of the page, as in browsers without Fetch
// Metadata.
func (p *Persona) ForgeKeyWithoutCookies(ctx context.Context, userGUID, name string, old bool) (*Reply, error) {
	q := *p
	q.cookies = newCookies()
	lines := []HeaderLine{{"Origin", otherOrigin}}
	if !old {
		lines = append(lines, HeaderLine{"Sec-Fetch-Dest", "empty"}, HeaderLine{"Sec-Fetch-Mode", "no-cors"}, HeaderLine{"Sec-Fetch-Site", "cross-site"})
	}
	return q.sendKeyRequest(ctx, userGUID, name, requestSpec{withoutXSRF: true, lines: lines})
}

// CreateKeyAmong requests an API key from a browser that sends a second XSRF cookie with the same
// name, which another server of the same host has set. The XSRF header has the value of the server's
// own cookie if matching is true, else a value of neither cookie. The reply is nil if the server has
// set no XSRF cookie.
func (p *Persona) CreateKeyAmong(ctx context.Context, userGUID, name string, matching bool) (*Reply, error) {
	u, err := p.subject.resolve(userPath)
	if err != nil {
		return nil, err
	}
	own := p.cookies.xsrf(p.subject.cookieURL(u))
	if own == nil {
		return nil, nil
	}
	spec := requestSpec{otherXSRF: &http.Cookie{Name: own.Name, Value: "of-another-server"}}
	if !matching {
		spec.xsrfValue = "of-neither-server"
	}
	return p.sendKeyRequest(ctx, userGUID, name, spec)
}

func (p *Persona) sendKeyRequest(ctx context.Context, userGUID, name string, spec requestSpec) (*Reply, error) {
	u, err := p.subject.resolve(APIPath("users", userGUID, "keys"))
	if err != nil {
		return nil, err
	}
	if spec.body, err = json.Marshal(map[string]string{"name": name}); err != nil {
		return nil, fmt.Errorf("encode the body: %w", err)
	}
	spec.method, spec.url = http.MethodPost, u
	spec.lines = append([]HeaderLine{{"Content-Type", "application/json"}, {"Accept", "application/json"}}, spec.lines...)
	return p.send(ctx, spec)
}

// KeyWith requests the description of the caller with the persona's key and the given header lines,
// in this spelling and order.
func (p *Persona) KeyWith(ctx context.Context, lines ...HeaderLine) (*Reply, error) {
	return p.WithKey().Call(ctx, http.MethodGet, userPath, nil, append([]HeaderLine{{"Accept", "application/json"}}, lines...)...)
}

// KeyBeside requests the description of the caller with both the persona's key and its identity,
// and the given header lines.
func (p *Persona) KeyBeside(ctx context.Context, lines ...HeaderLine) (*Reply, error) {
	own := []HeaderLine{{"Accept", "application/json"}, {"Authorization", "Key " + p.key.get()}}
	return p.Call(ctx, http.MethodGet, userPath, nil, append(own, lines...)...)
}

// IsCaller reports whether a reply describes the persona as the caller. If the proxy sends no
// username, the server generates one.
func (p *Persona) IsCaller(reply *Reply) bool {
	name := reply.Text("username")
	return reply.Is(2) && reply.Text("guid") != "" && name != "" && (name == p.Identity.Username || p.Headers.Username == "")
}
