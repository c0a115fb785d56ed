package driver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
)

// maxHops bounds a chain of redirects. A login has five.
const maxHops = 12

// navigationHeaders are the header lines that a browser adds when a user opens a page.
var navigationHeaders = []HeaderLine{
	{"Accept", "text/html"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "none"},
}

// navigationFrom returns the header lines that a browser adds when a user follows a link on a
// page. site is the value of Sec-Fetch-Site.
func navigationFrom(site string) []HeaderLine {
	lines := slices.Clone(navigationHeaders)
	lines[len(lines)-1].Value = site
	return lines
}

func encodeForm(fields map[string]string) string {
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	return form.Encode()
}

// BeginLogin opens the login endpoint of an integration and follows no redirect.
func (p *Persona) BeginLogin(ctx context.Context, integration string) (*Reply, error) {
	return p.open(ctx, loginPath(integration))
}

// Logout opens the logout endpoint of an integration.
func (p *Persona) Logout(ctx context.Context, integration string) (*Reply, error) {
	return p.open(ctx, logoutPath(integration))
}

// LoadLogout requests the logout endpoint as a browser does for an image on a page of another
// site.
func (p *Persona) LoadLogout(ctx context.Context, integration string) (*Reply, error) {
	return p.Call(ctx, http.MethodGet, logoutPath(integration), nil, HeaderLine{"Accept", "image/*"},
		HeaderLine{"Sec-Fetch-Dest", "image"}, HeaderLine{"Sec-Fetch-Mode", "no-cors"}, HeaderLine{"Sec-Fetch-Site", "cross-site"})
}

func loginPath(integration string) string {
	return "__oauth__/integrations/" + url.PathEscape(integration) + "/login"
}

func logoutPath(integration string) string {
	return "__oauth__/integrations/" + url.PathEscape(integration) + "/logout"
}

func (p *Persona) open(ctx context.Context, path string) (*Reply, error) {
	return p.Call(ctx, http.MethodGet, path, nil, navigationHeaders...)
}

// SignInAtProvider signs the browser in to an account of the issuer, so that the provider does
// not show a login page.
func (p *Persona) SignInAtProvider(ctx context.Context, issuer, account string) error {
	u, err := url.Parse(issuer + "/signin?account=" + url.QueryEscape(account))
	if err != nil {
		return err
	}
	if p.recorder != nil {
		p.recorder.ShowNames(account, u.Path[1:len(u.Path)-len("/signin")])
	}
	reply, err := p.send(ctx, requestSpec{method: http.MethodGet, url: u})
	if err != nil {
		return err
	}
	if !reply.Is(2) {
		return &NoAnswer{Op: "sign in at the provider", Err: publicError(reply.Summary()), Exchange: reply.Exchange}
	}
	return nil
}

// CompleteLogin logs in to an integration as an account of the issuer. It follows the redirects
// from the login endpoint to the provider, to the callback and to the page after it. It returns
// the last reply.
func (p *Persona) CompleteLogin(ctx context.Context, integration, issuer, account string) (*Reply, error) {
	chain, err := p.LoginChain(ctx, integration, issuer, account)
	if len(chain) == 0 {
		return nil, err
	}
	return chain[len(chain)-1], err
}

// LoginChain is like [Persona.CompleteLogin] and returns the reply of every hop.
func (p *Persona) LoginChain(ctx context.Context, integration, issuer, account string) ([]*Reply, error) {
	return p.LoginChainFrom(ctx, integration, issuer, account, Departure{})
}

// A Departure describes where a login begins and where it asks to return to.
type Departure struct {
	Page     string // address of the page with the link to the login, sent as Referer; "" sends none
	ReturnTo string // sent in each of the usual parameters for the return address; "" sends none
}

// returnParameters are names that servers use for the parameter with the return address.
var returnParameters = []string{
	"redirect", "redirect_uri", "redirect_url", "redirectTo", "return", "return_to", "returnTo", "return_url", "returnUrl",
	"next", "url", "rd", "to", "target", "continue", "goto", "destination", "back",
}

// LoginChainFrom is like [Persona.LoginChain] for a login that begins at a departure.
func (p *Persona) LoginChainFrom(ctx context.Context, integration, issuer, account string, from Departure) ([]*Reply, error) {
	if err := p.SignInAtProvider(ctx, issuer, account); err != nil {
		return nil, err
	}
	path, lines := loginPath(integration), navigationHeaders
	if from.ReturnTo != "" {
		query := url.Values{}
		for _, name := range returnParameters {
			query.Set(name, from.ReturnTo)
		}
		path += "?" + query.Encode()
	}
	if from.Page != "" {
		lines = append(navigationFrom("cross-site"), HeaderLine{"Referer", from.Page})
	}
	first, err := p.Call(ctx, http.MethodGet, path, nil, lines...)
	if err != nil {
		return nil, err
	}
	provider, err := url.Parse(issuer)
	if err != nil {
		return nil, err
	}
	return p.Follow(ctx, first, provider)
}

// Authorize logs in at the provider, from the login endpoint of an integration to the redirect
// back to the server. It returns the URL of that redirect and does not request it.
func (p *Persona) Authorize(ctx context.Context, integration, issuer, account string) (*url.URL, error) {
	if err := p.SignInAtProvider(ctx, issuer, account); err != nil {
		return nil, err
	}
	provider, err := url.Parse(issuer)
	if err != nil {
		return nil, err
	}
	last, err := p.BeginLogin(ctx, integration)
	for hop := 0; err == nil && hop < maxHops && last.redirects(); hop++ {
		to := last.location()
		if hop > 0 && origin(to) == origin(p.subject.Public) {
			return to, nil
		}
		if origin(to) != origin(provider) {
			break
		}
		last, err = p.send(ctx, requestSpec{method: http.MethodGet, url: to, lines: navigationHeaders})
	}
	if err != nil {
		return nil, err
	}
	return nil, unusable(last, "go through the login at the provider")
}

// ComeBack requests the URL of a redirect from the provider to the server, or another URL.
func (p *Persona) ComeBack(ctx context.Context, to *url.URL) (*Reply, error) {
	return p.send(ctx, requestSpec{method: http.MethodGet, url: to, lines: navigationHeaders})
}

// ComeBackByPost is [Persona.ComeBack] by the submission of a form, which sends no XSRF header.
func (p *Persona) ComeBackByPost(ctx context.Context, to *url.URL) (*Reply, error) {
	return p.send(ctx, requestSpec{
		method: http.MethodPost, url: to, withoutXSRF: true,
		lines: append(slices.Clone(navigationHeaders), HeaderLine{"Content-Type", "application/x-www-form-urlencoded"}),
	})
}

// Follow follows the redirects of a reply as a browser does and returns all replies, beginning
// with first. It requests only URLs at the origin of the server and at the given origins. A
// redirect to any other origin is the last reply.
func (p *Persona) Follow(ctx context.Context, first *Reply, also ...*url.URL) ([]*Reply, error) {
	chain := []*Reply{first}
	lines := navigationHeaders
	for last := first; last.redirects(); {
		next := last.location()
		if !p.mayFollow(next, also) {
			return chain, nil
		}
		if len(chain) > maxHops {
			return chain, unusable(last, "follow the redirects of "+first.method+" "+first.url.EscapedPath())
		}
		if origin(next) != origin(p.subject.Public) {
			lines = navigationFrom("cross-site") // for all further hops, including those at the server
		}
		reply, err := p.send(ctx, requestSpec{method: http.MethodGet, url: next, lines: lines})
		if err != nil {
			return chain, err
		}
		chain, last = append(chain, reply), reply
	}
	return chain, nil
}

func (p *Persona) mayFollow(to *url.URL, also []*url.URL) bool {
	if origin(to) == origin(p.subject.Public) {
		return true
	}
	for _, u := range also {
		if origin(to) == origin(u) {
			return true
		}
	}
	return false
}
