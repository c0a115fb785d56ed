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

	browser *Persona
}

// maxLoginRedirects bounds the redirects to the login page.
const maxLoginRedirects = 5

// LogIn opens target in a browser without cookies, follows redirects to the login page of the proxy and
// submits the form with the given fields. target is the target of the request
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
	login := &ProxyLogin{browser: p}
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
	return login, login.submit(ctx, form)
}

// LogInFrom opens the login page at path in a browser without cookies that comes from the page
// referer, an absolute URL, and submits the form with the given fields.
func (p *Persona) LogInFrom(ctx context.Context, referer, path string, form url.Values) (*ProxyLogin, error) {
	p.cookies.reset()
	login := &ProxyLogin{browser: p}
	var err error
	if login.Page, err = p.openLoginPage(ctx, path, HeaderLine{"Referer", referer}); err != nil || !login.Page.Is(2) {
		return login, err
	}
	return login, login.submit(ctx, form)
}

// submit submits the form on the login page to its action, or to the page's own URL if it has none at the
// origin of the proxy.
func (l *ProxyLogin) submit(ctx context.Context, form url.Values) error {
	to := l.Page.url
	if tag := formTag.FindSubmatch(l.Page.Body); tag != nil {
		if u, err := to.Parse(attributes(string(tag[1]))["action"]); err == nil && origin(u) == origin(to) {
			to = u
		}
	}
	var err error
	l.Done, err = l.browser.send(ctx, requestSpec{
		method: http.MethodPost, url: to, body: []byte(form.Encode()), withoutIdentity: true,
		lines: []HeaderLine{{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/html"}},
	})
	l.keepCookie()
	return err
}

// keepCookie sets Cookie to what the browser sends from now on.
func (l *ProxyLogin) keepCookie() {
	line, _ := l.browser.cookies.line(l.browser.subject.Public)
	l.Cookie = line.Value
}

// Open opens a path at the origin of the proxy in the browser that has logged in, and follows no
// redirect.
func (l *ProxyLogin) Open(ctx context.Context, path string) (*Reply, error) {
	reply, err := l.browser.openLoginPage(ctx, path)
	l.keepCookie()
	return reply, err
}

func (p *Persona) openLoginPage(ctx context.Context, path string, further ...HeaderLine) (*Reply, error) {
	u, err := p.subject.Public.Parse(path)
	if err != nil {
		return nil, err
	}
	return p.send(ctx, requestSpec{method: http.MethodGet, url: u, lines: append([]HeaderLine{{"Accept", "text/html"}}, further...), withoutIdentity: true})
}

// Origin returns the origin of the subject's public address.
func (s Subject) Origin() string { return origin(s.Public) }

// OpenAndLogIn opens the page at target in a browser without cookies and without scripts, signs in with the
// identity of p at the login page to which the proxy redirects it, and follows the redirect after that. It
// returns the URL of the page and the last reply, which is not that of the page if the proxy does something
// else.
func (p *Persona) OpenAndLogIn(ctx context.Context, target string) (page string, last *Reply, err error) {
	u, err := p.subject.resolve(target)
	if err != nil {
		return "", nil, err
	}
	p.showIdentity()
	login, err := p.LogIn(ctx, u.RequestURI(), "", p.Identity.form())
	if err != nil || login.Done == nil || login.Done.location() == nil {
		return u.String(), login.last(), err
	}
	to := login.Done.location()
	if origin(to) != p.subject.Origin() {
		return u.String(), login.Done, nil
	}
	last, err = p.send(ctx, requestSpec{method: http.MethodGet, url: to, lines: navigationHeaders})
	return u.String(), last, err
}

// last returns the last reply of a login.
func (l *ProxyLogin) last() *Reply {
	switch {
	case l == nil:
		return nil
	case l.Done != nil:
		return l.Done
	}
	return l.Page
}
