package driver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
)

// maxHops bounds a chain of redirects. A login takes five.
const maxHops = 12

// navigation is what a browser adds when somebody opens a page.
var navigation = []HeaderLine{
	{"Accept", "text/html"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "none"},
}

// arriving returns what a browser adds when somebody follows a link of a page to a page of this site.
func arriving(site string) []HeaderLine {
	lines := slices.Clone(navigation)
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

// BeginLogin opens the login endpoint of an integration and stops there.
func (p *Persona) BeginLogin(ctx context.Context, integration string) (*Reply, error) {
	return p.open(ctx, loginPath(integration))
}

// Logout opens the logout endpoint of an integration.
func (p *Persona) Logout(ctx context.Context, integration string) (*Reply, error) {
	return p.open(ctx, logoutPath(integration))
}

// LoadLogout requests the logout endpoint as a browser does for a page of another site that names it as a picture.
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
	return p.Call(ctx, http.MethodGet, path, nil, navigation...)
}

// SignInAtProvider makes the browser that of an account at the issuer, so that
// the provider asks nobody.
func (p *Persona) SignInAtProvider(ctx context.Context, issuer, account string) error {
	u, err := url.Parse(issuer + "/signin?account=" + url.QueryEscape(account))
	if err != nil {
		return err
	}
	if p.recorder != nil {
		p.recorder.ShowNames(account, u.Path[1:len(u.Path)-len("/signin")])
	}
	reply, err := p.send(ctx, ask{method: http.MethodGet, url: u})
	if err != nil {
		return err
	}
	if !reply.Is(2) {
		return &NoAnswer{Op: "sign in at the provider", Err: described(reply.Summary()), Exchange: reply.Exchange}
	}
	return nil
}

// CompleteLogin logs in to an integration as an account of the issuer: from the
// login endpoint to the provider, through its consent, back to the callback and
// on to where that leads. It returns the last reply.
func (p *Persona) CompleteLogin(ctx context.Context, integration, issuer, account string) (*Reply, error) {
	chain, err := p.LoginChain(ctx, integration, issuer, account)
	if len(chain) == 0 {
		return nil, err
	}
	return chain[len(chain)-1], err
}

// LoginChain is [Persona.CompleteLogin] with the reply of every hop.
func (p *Persona) LoginChain(ctx context.Context, integration, issuer, account string) ([]*Reply, error) {
	return p.LoginChainFrom(ctx, integration, issuer, account, Departure{})
}

// A Departure is where a login begins and what it is told about its end.
type Departure struct {
	Page     string // address of the page with the link to the login, sent as Referer; "" sends none
	ReturnTo string // sent in each of the usual parameters for the address to return to; "" sends none
}

// returnParameters are names that servers give to the parameter that holds the address to return to.
var returnParameters = []string{
	"redirect", "redirect_uri", "redirect_url", "redirectTo", "return", "return_to", "returnTo", "return_url", "returnUrl",
	"next", "url", "rd", "to", "target", "continue", "goto", "destination", "back",
}

// LoginChainFrom is [Persona.LoginChain] for a login that begins at a departure.
func (p *Persona) LoginChainFrom(ctx context.Context, integration, issuer, account string, from Departure) ([]*Reply, error) {
	if err := p.SignInAtProvider(ctx, issuer, account); err != nil {
		return nil, err
	}
	path, lines := loginPath(integration), navigation
	if from.ReturnTo != "" {
		query := url.Values{}
		for _, name := range returnParameters {
			query.Set(name, from.ReturnTo)
		}
		path += "?" + query.Encode()
	}
	if from.Page != "" {
		lines = append(arriving("cross-site"), HeaderLine{"Referer", from.Page})
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

// Authorize takes a browser from the login endpoint of an integration to the provider
// and through its consent. It returns the URL by which the provider sends the browser
// back, which the browser has not opened yet.
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
		last, err = p.send(ctx, ask{method: http.MethodGet, url: to, lines: navigation})
	}
	if err != nil {
		return nil, err
	}
	return nil, unusable(last, "go through the login at the provider")
}

// ComeBack opens the URL by which the provider has sent a browser back, or another.
func (p *Persona) ComeBack(ctx context.Context, to *url.URL) (*Reply, error) {
	return p.send(ctx, ask{method: http.MethodGet, url: to, lines: navigation})
}

// Follow goes on from a reply as a browser does, hop by hop, and returns all
// replies, the first included. It goes only to the subject and to the origins
// given: whatever else a subject redirects to is the last reply and is not
// asked for anything.
func (p *Persona) Follow(ctx context.Context, first *Reply, also ...*url.URL) ([]*Reply, error) {
	chain := []*Reply{first}
	lines := navigation
	for last := first; last.redirects(); {
		next := last.location()
		if !p.mayFollow(next, also) {
			return chain, nil
		}
		if len(chain) > maxHops {
			return chain, unusable(last, "follow the redirects of "+first.method+" "+first.url.EscapedPath())
		}
		if origin(next) != origin(p.subject.Public) {
			lines = arriving("cross-site") // from here on, the way back included
		}
		reply, err := p.send(ctx, ask{method: http.MethodGet, url: next, lines: lines})
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
