package driver

import (
	"context"
	"net/http"
	"net/url"
)

// A ProxyLogin is the course of a login at the page of a proxy.
type ProxyLogin struct {
	Redirect *Reply // to the login page
	Page     *Reply // the login page
	Done     *Reply // to the form
	Cookie   string // the value of the Cookie header that the browser sends from now on, "" if it has no cookie
}

// maxLoginRedirects bounds the redirects to the login page.
const maxLoginRedirects = 5

// LogIn opens target in a browser without cookies, follows redirects to the login page of the proxy and
// submits the form with the given fields to the page's own URL. target is the target of the request
// line; "" is the public address. known is the path of the login page, which LogIn opens if the proxy
// does not redirect; "" if it is not known. It sends requests to the origin of the proxy only, and
// returns what was received until the proxy does something else.
func (p *Persona) LogIn(ctx context.Context, target, known string, form url.Values) (*ProxyLogin, error) {
	p.cookies.reset()
	first := p.subject.Public
	if target != "" {
		u, err := first.Parse(target)
		if err != nil {
			return nil, err
		}
		first = u
	}
	login := &ProxyLogin{}
	page, err := p.send(ctx, requestSpec{method: http.MethodGet, url: first, lines: []HeaderLine{{"Accept", "text/html"}}, withoutIdentity: true})
	for hops := 0; err == nil && page.redirects() && hops < maxLoginRedirects; hops++ {
		if login.Redirect == nil {
			login.Redirect = page
		}
		if origin(page.location()) != p.subject.Origin() {
			break
		}
		page, err = p.send(ctx, requestSpec{method: http.MethodGet, url: page.location(), lines: []HeaderLine{{"Accept", "text/html"}}, withoutIdentity: true})
	}
	if err == nil && login.Redirect == nil && known != "" {
		page, err = p.openLoginPage(ctx, known)
	}
	if err != nil {
		return nil, err
	}
	login.Page = page
	if login.Redirect == nil && known == "" || !page.Is(2) {
		return login, nil
	}
	login.Done, err = p.send(ctx, requestSpec{
		method: http.MethodPost, url: page.url, body: []byte(form.Encode()), withoutIdentity: true,
		lines: []HeaderLine{{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/html"}},
	})
	if err != nil {
		return nil, err
	}
	if line, ok := p.cookies.line(first); ok {
		login.Cookie = line.Value
	}
	return login, nil
}

func (p *Persona) openLoginPage(ctx context.Context, path string) (*Reply, error) {
	u, err := p.subject.Public.Parse(path)
	if err != nil {
		return nil, err
	}
	return p.send(ctx, requestSpec{method: http.MethodGet, url: u, lines: []HeaderLine{{"Accept", "text/html"}}, withoutIdentity: true})
}

// Origin returns the origin of the subject's public address.
func (s Subject) Origin() string { return origin(s.Public) }
