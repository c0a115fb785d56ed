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

// LoginRefused means that the proxy's login server would not sign somebody in:
// it carries only what fits into a cookie. That is no answer of the subject's.
type LoginRefused struct {
	Status int
	Reason string
}

// Error repeats the login server's words: it is the suite's own equipment.
func (e *LoginRefused) Error() string {
	return fmt.Sprintf("the login server answered %d: %.300s", e.Status, e.Reason)
}

const userPath = "__api__/v1/user"

// SignIn empties the cookie jar and signs in: with the identity headers where
// the suite is the proxy, else through the login page of the proxy. The reply
// describes the caller.
func (p *Persona) SignIn(ctx context.Context) (*Reply, error) { return p.SignInWith(ctx) }

// SignInWith signs in while the client itself sends header lines as well, in
// this spelling and order, after those that make up the identity.
func (p *Persona) SignInWith(ctx context.Context, extra ...HeaderLine) (*Reply, error) {
	return p.signIn(ctx, ask{lines: extra}, append(p.identityLines(), extra...))
}

// SendRaw signs in with lines in the place of the one for the username, octet
// for octet. Behind a proxy the lines are the client's own and the identity
// comes from the login page.
func (p *Persona) SendRaw(ctx context.Context, lines ...HeaderLine) (*Reply, error) {
	return p.SendInstead(ctx, p.Headers.Username, lines...)
}

// SendInstead is [Persona.SendRaw] with lines in the place of the named one.
func (p *Persona) SendInstead(ctx context.Context, name string, lines ...HeaderLine) (*Reply, error) {
	identity := lines
	for _, l := range p.identityLines() {
		if l.Name != name {
			identity = append(identity, l)
		}
	}
	return p.signIn(ctx, ask{lines: lines, raw: true}, identity)
}

// SignInAs signs in as another person in the same browser, which keeps the cookies that
// it has. The client itself sends header lines as well.
func (p *Persona) SignInAs(ctx context.Context, other Identity, extra ...HeaderLine) (*Reply, error) {
	q := *p
	q.Identity = other
	return q.present(ctx, ask{lines: extra}, append(q.identityLines(), extra...))
}

// signIn signs in with an empty jar.
func (p *Persona) signIn(ctx context.Context, a ask, identity []HeaderLine) (*Reply, error) {
	p.cookies.reset()
	p.cookies.get().SetCookies(p.subject.cookieURL(p.subject.Public), p.brought)
	return p.present(ctx, a, identity)
}

// present asks who the caller is. Where the suite is the proxy it sends the identity
// lines, else the lines of the ask beside what the proxy adds after a login.
func (p *Persona) present(ctx context.Context, a ask, identity []HeaderLine) (*Reply, error) {
	p.introduce()
	target, err := p.subject.at(userPath)
	if err != nil {
		return nil, err
	}
	a.method, a.url = http.MethodGet, target
	if p.subject.Front == plan.Direct {
		a.lines, a.identity = nil, identity
	} else if err := p.login(ctx, target); err != nil {
		return nil, err
	}
	a.lines = append([]HeaderLine{{"Accept", "application/json"}}, a.lines...)
	return p.send(ctx, a)
}

// introduce makes the persona's names readable in transcripts.
func (p *Persona) introduce() {
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

// login goes where the gate sends an anonymous browser, or where no gate is
// straight to the login page, fills in the form, and stops before the page
// that it leads back to: that request is the caller's.
func (p *Persona) login(ctx context.Context, target *url.URL) error {
	first, err := p.send(ctx, ask{method: http.MethodGet, url: target, lines: []HeaderLine{{"Accept", "text/html"}}})
	if err != nil {
		return err
	}
	page := first.location()
	if page == nil || origin(page) != origin(target) || page.Path != p.subject.LoginPath {
		page = p.loginURL("", target)
	}
	form, err := p.send(ctx, ask{method: http.MethodGet, url: page, lines: []HeaderLine{{"Accept", "text/html"}}})
	if err != nil {
		return err
	}
	if !form.Is(2) {
		return &LoginRefused{Status: form.Status, Reason: string(form.Body)}
	}
	done, err := p.send(ctx, ask{
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

// loginURL is the login page, or one beside it.
func (p *Persona) loginURL(beside string, target *url.URL) *url.URL {
	page := &url.URL{Scheme: p.subject.Public.Scheme, Host: p.subject.Public.Host, Path: p.subject.LoginPath}
	if beside != "" {
		page.Path = page.Path[:strings.LastIndexByte(page.Path, '/')+1] + beside
	}
	page.RawQuery = url.Values{"url": {target.RequestURI()}}.Encode()
	return page
}

// form is how the login page is filled in.
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

// Whoami asks who the caller is.
func (p *Persona) Whoami(ctx context.Context) (*Reply, error) { return p.Get(ctx, userPath) }

// Anonymous asks who the caller is with the browser's cookies but without an
// identity: behind a proxy it logs out there first.
func (p *Persona) Anonymous(ctx context.Context) (*Reply, error) {
	target, err := p.subject.at(userPath)
	if err != nil {
		return nil, err
	}
	if p.subject.Front != plan.Direct {
		out := p.loginURL("logout", target)
		if _, err := p.send(ctx, ask{method: http.MethodGet, url: out}); err != nil {
			return nil, err
		}
	}
	return p.send(ctx, ask{method: http.MethodGet, url: target, nobody: true, lines: []HeaderLine{{"Accept", "application/json"}}})
}

// ForgeKey asks for an API key as a page of another site makes a browser do it:
// with all that the browser sends by itself, and without the XSRF header.
func (p *Persona) ForgeKey(ctx context.Context, userGUID, name string) (*Reply, error) {
	return p.askForKey(ctx, userGUID, name, ask{forged: true})
}

// ForgeKeyWithoutCookies is [Persona.ForgeKey] in a browser that keeps the subject's cookies from other sites, so that the request has
// nothing but the identity that the proxy adds. An old browser tells by Origin alone where the page is from.
func (p *Persona) ForgeKeyWithoutCookies(ctx context.Context, userGUID, name string, old bool) (*Reply, error) {
	q := *p
	q.cookies = newCookies()
	lines := []HeaderLine{{"Origin", elsewhere}}
	if !old {
		lines = append(lines, HeaderLine{"Sec-Fetch-Dest", "empty"}, HeaderLine{"Sec-Fetch-Mode", "no-cors"}, HeaderLine{"Sec-Fetch-Site", "cross-site"})
	}
	return q.askForKey(ctx, userGUID, name, ask{forged: true, lines: lines})
}

// CreateKeyAmong asks for an API key from a browser that sends a second XSRF cookie, as
// one does that another server of the same host has given a cookie of this name. The
// request echoes the subject's own cookie, or a value that is in neither cookie. The
// reply is nil where the subject has set no such cookie.
func (p *Persona) CreateKeyAmong(ctx context.Context, userGUID, name string, matching bool) (*Reply, error) {
	u, err := p.subject.at(userPath)
	if err != nil {
		return nil, err
	}
	own := p.cookies.xsrf(p.subject.cookieURL(u))
	if own == nil {
		return nil, nil
	}
	a := ask{stale: &http.Cookie{Name: own.Name, Value: "of-another-server"}}
	if !matching {
		a.echo = "of-neither-server"
	}
	return p.askForKey(ctx, userGUID, name, a)
}

func (p *Persona) askForKey(ctx context.Context, userGUID, name string, a ask) (*Reply, error) {
	u, err := p.subject.at(api("users", userGUID, "keys"))
	if err != nil {
		return nil, err
	}
	if a.body, err = json.Marshal(map[string]string{"name": name}); err != nil {
		return nil, fmt.Errorf("write body: %w", err)
	}
	a.method, a.url = http.MethodPost, u
	a.lines = append([]HeaderLine{{"Content-Type", "application/json"}, {"Accept", "application/json"}}, a.lines...)
	return p.send(ctx, a)
}

// KeyWith asks who the caller is by the persona's key, with header lines added
// in this spelling and order.
func (p *Persona) KeyWith(ctx context.Context, lines ...HeaderLine) (*Reply, error) {
	return p.WithKey().Call(ctx, http.MethodGet, userPath, nil, append([]HeaderLine{{"Accept", "application/json"}}, lines...)...)
}

// KeyBeside asks who the caller is by the persona's key in a request that
// carries the persona's identity as well, with header lines added.
func (p *Persona) KeyBeside(ctx context.Context, lines ...HeaderLine) (*Reply, error) {
	own := []HeaderLine{{"Accept", "application/json"}, {"Authorization", "Key " + p.key.get()}}
	return p.Call(ctx, http.MethodGet, userPath, nil, append(own, lines...)...)
}

// IsCaller reports whether a reply describes the persona as the caller. Where the proxy sends
// no username, the server generates one.
func (p *Persona) IsCaller(reply *Reply) bool {
	name := reply.Text("username")
	return reply.Is(2) && reply.Text("guid") != "" && name != "" && (name == p.Identity.Username || p.Headers.Username == "")
}
