// Package check compares what was observed of a server with what a rule requires. Its
// functions do no I/O. They return nil, a violation ([verdict.Violation]), or a block
// ([verdict.Block]) where the observations allow no judgement.
package check

import (
	"bytes"
	"mime"
	"net/http"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// nothingGranted blocks a refusal that cannot be compared: a server that refuses everything
// refuses nothing in particular.
func nothingGranted(what string) error {
	return &verdict.Block{Reason: what + ", so there is nothing to compare with", BySubject: true}
}

// WasGranted reports whether a reply gives the client what it asked for: a success, or a
// WebSocket.
func WasGranted(reply *driver.Reply) bool {
	return reply != nil && (reply.Is(2) || reply.Status == http.StatusSwitchingProtocols)
}

// Success requires a 2xx reply.
func Success(reply *driver.Reply) error {
	if !reply.Is(2) {
		return verdict.Broken("a reply that grants the request (2xx)", "%s", reply.Summary())
	}
	return nil
}

// Refused requires that the tried request was refused.
func (p Pair) Refused() error {
	if err := p.require(); err != nil {
		return err
	}
	if !p.Tried.Refuses() {
		return verdict.Broken(p.refusal(), "%s", p.Tried.Summary())
	}
	return nil
}

// RefusedOrEmpty accepts a listing that is refused, and one that contained something before and is
// empty now.
func (p Pair) RefusedOrEmpty() error {
	if n, listed := p.Tried.Entries(); !listed || n > 0 {
		return p.Refused()
	}
	if err := p.require(); err != nil {
		return err
	}
	if n, _ := p.Granted.Entries(); n == 0 {
		return nothingGranted("the list was empty before")
	}
	return nil
}

// APIError requires a refusal in the form that the API documents: 401 and a JSON object with code
// and error.
func (p Pair) APIError() error {
	if err := p.Refused(); err != nil {
		return err
	}
	if _, coded := p.Tried.Int("code"); p.Tried.Status != http.StatusUnauthorized || !coded || p.Tried.Text("error") == "" || !p.Tried.IsJSON() {
		return verdict.Broken("401 and a JSON object with code and error, of a media type for JSON", "%s, %s", p.Tried.Summary(), p.Tried.Header.Get("Content-Type"))
	}
	return nil
}

// RefusedOrAskedToLogIn accepts a refusal, and any other reply that shows nothing: how a server
// asks a visitor to log in is left to it. shown reports whether the reply showed what was asked
// for.
func (p Pair) RefusedOrAskedToLogIn(shown bool) error {
	if err := p.require(); err != nil {
		return err
	}
	if shown || p.Tried.Is(5) && !p.Tried.Refuses() {
		return verdict.Broken(p.refusal()+", or a request to log in", "%s", p.Tried.Summary())
	}
	return nil
}

// NoRedirect requires that the last reply of a chain is no redirect: the browser of the suite
// follows redirects within the server only.
func NoRedirect(chain []*driver.Reply) error {
	if last := chain[len(chain)-1]; last.Is(3) {
		return verdict.Broken("no redirect away from the server", "%s", last.Summary())
	}
	return nil
}

// Anonymous requires a reply that names no user.
func Anonymous(reply *driver.Reply) error {
	if reply.Is(2) && (reply.Text("guid") != "" || reply.Text("username") != "") {
		return verdict.Broken("a reply to an anonymous client", "%s", reply.Summary())
	}
	return nil
}

// AnsweredTo requires a reply that names a user as the caller.
func AnsweredTo(reply *driver.Reply, username string) error {
	if !reply.Is(2) || reply.Text("username") != username {
		return verdict.Broken("a reply to "+username, "one to %q: %s", reply.Text("username"), reply.Summary())
	}
	return nil
}

// RepeatsNone requires a reply that repeats none of several texts, in upper or lower case.
func RepeatsNone(reply *driver.Reply, texts []string) error {
	whole := strings.ToLower(reply.Everything())
	for _, text := range texts {
		if strings.Contains(whole, strings.ToLower(text)) {
			return verdict.Broken("a reply that does not repeat "+text, "%s", reply.Summary())
		}
	}
	return nil
}

// ProviderMarkup is markup that the provider sends where a text of it could be repeated.
const ProviderMarkup = "<h1 id=provider>Out of order</h1>"

// NoMarkup requires a reply that does not contain [ProviderMarkup], unless a browser does not show
// it as a page.
func NoMarkup(reply *driver.Reply) error {
	kind, _, err := mime.ParseMediaType(reply.Header.Get("Content-Type"))
	if err == nil && kind != "text/html" && kind != "application/xhtml+xml" {
		return nil
	}
	if strings.Contains(string(reply.Body), ProviderMarkup) {
		return verdict.Broken("a page without markup of the provider", "%s", reply.Summary())
	}
	return nil
}

// NoSessionCookie requires that the refusal sets none of the cookies that the granted sign-in set.
// If that set none, any cookie may be that of a session.
func (p Pair) NoSessionCookie() error {
	given := p.Granted.SetCookies()
	for name, value := range p.Tried.SetCookies() {
		if _, isSession := given[name]; (isSession || len(given) == 0) && value != "" {
			return verdict.Broken("no cookie of a session", "the cookie %s", name)
		}
	}
	return nil
}

// Alike requires refusals that a client cannot tell apart: the same status, the same body and
// the same header names.
func Alike(refusals []*driver.Reply) error {
	if len(refusals) < 2 {
		return &verdict.Trouble{Op: "fewer than two refusals cannot be compared"}
	}
	first := refusals[0]
	for _, reply := range refusals {
		switch {
		case !reply.Refuses():
			return verdict.Broken("a refusal (4xx or 501)", "%s", reply.Summary())
		case reply.Status != first.Status, !bytes.Equal(reply.Body, first.Body):
			return verdict.Broken("a refusal like "+first.Summary(), "%s", reply.Summary())
		}
		for name := range reply.Header {
			if _, there := first.Header[name]; !there {
				return verdict.Broken("a refusal like "+first.Summary(), "one with the header %s", name)
			}
		}
	}
	return nil
}

// A CookieProperty is an attribute that protects a cookie.
type CookieProperty int

// The properties of cookies that rules require.
const (
	HiddenFromScripts  CookieProperty = iota // HttpOnly
	KeptFromOtherSites                       // SameSite=Lax or Strict
	SentOverHTTPSOnly                        // Secure
)

func (p CookieProperty) of(c *http.Cookie) bool {
	switch p {
	case HiddenFromScripts:
		return c.HttpOnly
	case KeptFromOtherSites:
		return c.SameSite == http.SameSiteLaxMode || c.SameSite == http.SameSiteStrictMode
	}
	return c.Secure
}

// Cookies requires that each cookie that a reply sets has a property, except the XSRF cookies,
// which scripts read.
func Cookies(reply *driver.Reply, property CookieProperty) error {
	judged := 0
	for _, c := range (&http.Response{Header: reply.Header}).Cookies() {
		if strings.HasPrefix(c.Name, "RSC-XSRF") {
			continue
		}
		judged++
		if !property.of(c) {
			return verdict.Broken("a cookie with the attribute "+[]string{"HttpOnly", "SameSite", "Secure"}[property], "%s without it", c.Name)
		}
	}
	if judged == 0 {
		return &verdict.Inapplicable{Reason: "the server sets no cookie here"}
	}
	return nil
}

// NotInSharedCaches requires a reply that forbids shared caches to store it or to use it
// without asking the server.
func NotInSharedCaches(reply *driver.Reply) error {
	control := strings.ToLower(strings.Join(reply.Header.Values("Cache-Control"), ","))
	for _, directive := range []string{"private", "no-store", "no-cache"} {
		if strings.Contains(control, directive) {
			return nil
		}
	}
	return verdict.Broken("Cache-Control with private, no-store or no-cache", "%q", control)
}

// NotFramed requires a page that browsers do not show in a frame of another site.
func NotFramed(page *driver.Reply) error {
	if !page.RefusesForeignFrames() {
		return verdict.Broken("a page that refuses to be shown in a frame of another site", "%s without frame-ancestors and X-Frame-Options", page.Summary())
	}
	return nil
}

// HoldsNo requires that none of several replies contains a value. what names the value.
func HoldsNo(replies []*driver.Reply, what, value string) error {
	for _, reply := range replies {
		if reply.Is(5) {
			return verdict.Broken("a reply that can be judged", "%s", reply.Summary())
		}
		if strings.Contains(reply.Everything(), value) {
			return verdict.Broken("no reply with "+what, "%s", reply.Summary())
		}
	}
	return nil
}

// RedirectsTo requires exactly one Location, which is a URL byte for byte.
func RedirectsTo(reply *driver.Reply, url string) error {
	if got := reply.Header["Location"]; len(got) != 1 || got[0] != url {
		return verdict.Broken("a redirect to "+url, "%q", got)
	}
	return nil
}

// OwnAddresses requires that each address, given with the name under which it was found, begins
// with own. A reply need not contain any.
func OwnAddresses(reply *driver.Reply, found map[string]string, own string) error {
	if reply == nil || reply.Is(5) {
		return verdict.Broken("a reply that can be judged", "%s", reply.Summary())
	}
	for name, address := range found {
		if !strings.HasPrefix(address, own) {
			return verdict.Broken(name+" to begin with "+own, "%q", address)
		}
	}
	return nil
}

// Addresses returns the members of a JSON object that are absolute URLs.
func Addresses(object map[string]any) map[string]string {
	found := map[string]string{}
	for name, value := range object {
		switch v := value.(type) {
		case string:
			if strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") {
				found[name] = v
			}
		case map[string]any:
			for inner, address := range Addresses(v) {
				found[name+"."+inner] = address
			}
		}
	}
	return found
}

// StaysAtServer requires that each redirect of the server in a chain leads to the server or to
// the provider, and that the chain ends at the server. Whether the server refuses the login or
// ignores the address to return to is left to it.
func StaysAtServer(chain []*driver.Reply, server, provider string) error {
	if len(chain) == 0 {
		return &verdict.Trouble{Op: "there was no login"}
	}
	for _, reply := range chain {
		to := reply.Location()
		if reply.Is(3) && strings.HasPrefix(reply.URL(), server) && !strings.HasPrefix(to, server) && !strings.HasPrefix(to, provider) {
			return verdict.Broken("redirects to "+server+" and to the provider only", "%s", reply.Summary())
		}
	}
	if last := chain[len(chain)-1]; !strings.HasPrefix(last.URL(), server) || last.Is(5) {
		return verdict.Broken("an end at "+server, "%s", last.Summary())
	}
	return nil
}

// HasLink requires that a page has a link with a label.
func HasLink(page *driver.Reply, label string) error {
	if _, ok := page.Link(label); !ok {
		return verdict.Broken("a link "+label, "none: %s", page.Summary())
	}
	return nil
}

// HasNoLink requires that a page has no link with a label.
func HasNoLink(page *driver.Reply, label string) error {
	if href, ok := page.Link(label); ok {
		return verdict.Broken("no link "+label, "one to %s", href)
	}
	return nil
}

// LinkLeadsTo returns a check that a link of a page leads to a URL, byte for byte.
func LinkLeadsTo(url string) func(page *driver.Reply, label string) error {
	return func(page *driver.Reply, label string) error {
		href, ok := page.Link(label)
		if !ok {
			return HasLink(page, label)
		}
		if href != url {
			return verdict.Broken("a link to "+url, "one to %s", href)
		}
		return nil
	}
}
