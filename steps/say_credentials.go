package steps

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayCredentials: what clients other than browsers identify themselves by: API
// keys, deployment credentials, headers of their own choice. In the headers of a
// table <alice's key> stands for her API key and <alice> for her username.
var sayCredentials = []sentence{
	{`{who} {obtains} deployment credentials`, func(w *World, ctx context.Context, a []string) error {
		return w.obtainsCredentials(ctx, a[0])
	}},
	{`the page on which {who} confirms deployment credentials is not shown in a frame of another site`, func(w *World, ctx context.Context, a []string) error {
		return w.confirmationRefusesFrames(ctx, a[0])
	}},
	{`{who} makes a signed request{beside}{flawed}`, func(w *World, ctx context.Context, a []string) error {
		return w.signedRequest(ctx, a[0], a[1] != "", a[2])
	}},
	{`a client {calls} {what} with the headers:`, func(w *World, ctx context.Context, a []string) error {
		return w.clientCalls(ctx, a[0], a[1])
	}},
	{`the call is answered to {who}`, func(w *World, _ context.Context, a []string) error { return w.answeredTo(a[0]) }},
	{`{who} answers`, func(w *World, _ context.Context, a []string) error {
		i, err := w.item(a[0])
		if err == nil && !i.answers {
			return fail("an answer of the content "+a[0], "%s", w.attempts.tried.Summary())
		}
		return err
	}},
	{`the browser is sent{atonce} to {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.browserSentTo(ctx, a[1], a[0] == "")
	}},
	{`{anybody} opens a WebSocket to {who}{from}`, func(w *World, ctx context.Context, a []string) error {
		return w.opensWebSocket(ctx, a[0], a[1], a[2] != "")
	}},
	{`every address in the reply is the server's own`, func(w *World, _ context.Context, _ []string) error {
		return w.addressesAreOwn()
	}},
}

// obtainsCredentials has a client ask for credentials and their owner confirm it
// in the browser.
func (w *World) obtainsCredentials(ctx context.Context, who string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	if p.credentials, err = driver.NewCredentials(); err != nil {
		return &verdict.Trouble{Op: "make credentials", Err: err}
	}
	reply, err := p.RegisterToken(ctx, p.credentials)
	if err != nil {
		return err
	}
	address := reply.Text("token_claim_url")
	if !reply.Is(2) || address == "" {
		return w.deniedCredentials("asking for deployment credentials", reply)
	}
	confirmed, err := p.Confirm(ctx, address)
	if err == nil && !confirmed.Is(2) {
		return w.deniedCredentials("confirming deployment credentials in the browser", confirmed)
	}
	return err
}

// confirmationRefusesFrames has a client ask for credentials and opens the page on which their owner would confirm them by a click.
func (w *World) confirmationRefusesFrames(ctx context.Context, who string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	credentials, err := driver.NewCredentials()
	if err != nil {
		return &verdict.Trouble{Op: "make credentials", Err: err}
	}
	reply, err := p.RegisterToken(ctx, credentials)
	if err != nil {
		return err
	}
	page, asks, err := p.ConfirmationPage(ctx, reply.Text("token_claim_url"))
	switch {
	case err != nil:
		return err
	case !asks:
		return &verdict.Inapplicable{Reason: "the credentials are not confirmed by a form"}
	case !page.RefusesForeignFrames():
		return fail("a page that refuses to be shown in a frame of another site", "%s without frame-ancestors and X-Frame-Options", page.Summary())
	}
	return nil
}

// deniedCredentials blocks what builds on the credentials. Where obtaining them is what a
// scenario tries, their owner goes on with credentials that the server refuses.
func (w *World) deniedCredentials(what string, reply *driver.Reply) error {
	if w.step.Type == "Context" {
		return refused(what, reply)
	}
	return w.attempt(reply, nil)
}

// flaws are what can be wrong with a signed request. Each changes one thing of a
// good one.
var flaws = map[string]func(r *signedRequest) error{
	"with a signature by another key": func(r *signedRequest) (err error) {
		r.credentials, err = r.credentials.OfAnotherKey()
		return err
	},
	"with a signature for another path":     func(r *signedRequest) error { r.signed.Path += "s"; return nil },
	"with a signature for another method":   func(r *signedRequest) error { r.signed.Method = http.MethodPost; return nil },
	"with a signature for another body":     func(r *signedRequest) error { r.signed.Checksum = driver.Checksum([]byte("x")); return nil },
	"with another date than the signed one": func(r *signedRequest) error { r.after["Date"] = driver.Date(time.Now().Add(-time.Hour)); return nil },
	"with another body than the signed one": func(r *signedRequest) error { r.body = []byte("x"); return nil },
	"with a signature for another path that X-RSC-Request names": func(r *signedRequest) error {
		r.signed.Path += "s"
		r.extra = driver.HeaderLine{Name: "X-RSC-Request", Value: "http://localhost" + r.signed.Path}
		return nil
	},
	"with a signature for another path that a forwarding header names": func(r *signedRequest) error {
		r.signed.Path += "s"
		r.extra = driver.HeaderLine{Name: "X-RSC-Request", Value: "http://localhost" + r.signed.Path}
		return nil
	},
	"with an empty signature": func(r *signedRequest) error { r.after["X-Auth-Signature"] = ""; return nil },
	"without a signature":     func(r *signedRequest) error { r.without = "X-Auth-Signature"; return nil },
	"without a date":          func(r *signedRequest) error { r.without = "Date"; return nil },
	"without a checksum":      func(r *signedRequest) error { r.without = "X-Content-Checksum"; return nil },
	"with two signatures": func(r *signedRequest) error {
		r.extra = driver.HeaderLine{Name: "X-Auth-Signature", Value: "x"}
		return nil
	},
	"with two tokens": func(r *signedRequest) error {
		r.extra = driver.HeaderLine{Name: "X-Auth-Token", Value: r.credentials.Token}
		return nil
	},
	"with a token that nobody has confirmed": func(r *signedRequest) (err error) {
		if r.credentials, err = driver.NewCredentials(); err != nil {
			return err
		}
		_, err = r.persona.RegisterToken(r.ctx, r.credentials)
		return err
	},
	"with a token that the server does not know": func(r *signedRequest) (err error) {
		r.credentials, err = driver.NewCredentials()
		return err
	},
}

// A signedRequest asks who the caller is.
type signedRequest struct {
	ctx         context.Context
	persona     *persona
	credentials *driver.Credentials
	signed      driver.Signed
	body        []byte
	after       map[string]string // what is changed after it was signed
	extra       driver.HeaderLine
	without     string // the name of a line that is left out
}

func (w *World) signedRequest(ctx context.Context, who string, beside bool, flaw string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	if p.credentials == nil {
		return &verdict.Trouble{Op: who + " has no deployment credentials in this scenario"}
	}
	below, err := w.signsBelow(ctx, p)
	if err != nil {
		return err
	}
	r := &signedRequest{ctx: ctx, persona: p, credentials: p.credentials, after: map[string]string{}, signed: driver.Signed{
		Method: http.MethodGet, Path: p.SignedPath(callerPath), Date: driver.Date(time.Now()), Checksum: driver.Checksum(nil),
	}}
	if below && flaw != "with the whole path of the URL" {
		r.signed.Path = "/" + callerPath
	}
	switch make, known := flaws[flaw]; {
	case flaw == "with the path below the base URL":
		r.signed.Path = "/" + callerPath
	case flaw == "with the whole path of the URL":
	case flaw == "with two username headers":
		r.extra = w.lineFor("username", w.identity("mallory"))
	case known:
		if err := make(r); err != nil {
			return err
		}
	case flaw != "":
		return &verdict.Trouble{Op: "nobody knows how to make a signed request " + flaw}
	}
	lines, err := r.credentials.Sign(r.signed)
	if err != nil {
		return &verdict.Trouble{Op: "sign a request", Err: err}
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
	by := p.Persona
	if !beside {
		by = by.WithoutIdentity()
	}
	return w.call(by.Call(ctx, http.MethodGet, callerPath, r.body, append(lines, driver.HeaderLine{Name: "Accept", Value: "application/json"})...))
}

// callerPath is where a client asks who it is.
const callerPath = "__api__/v1/user"

// signsBelow reports whether the server wants the path below its base URL signed, and not
// the whole path of the URL, which is tried first. The documents do not say which, and
// clients differ. The two are the same where the server is published at the root.
func (w *World) signsBelow(ctx context.Context, p *persona) (bool, error) {
	if p.signsBelow != nil || p.credentials == nil {
		return p.signsBelow != nil && *p.signsBelow, nil
	}
	below := false
	if p.SignedPath(callerPath) != "/"+callerPath {
		whole, err := p.WithCredentials(p.credentials, false).Whoami(ctx)
		if err != nil {
			return false, err
		}
		if !whole.Is(2) {
			rest, err := p.WithCredentials(p.credentials, true).Whoami(ctx)
			if err != nil {
				return false, err
			}
			below = rest.Is(2)
		}
	}
	p.signsBelow = &below
	return below, nil
}

// call notes what was asked. One that is granted is the twin of those that follow.
func (w *World) call(reply *driver.Reply, err error) error {
	w.attempts.item = nil
	answered := err == nil && reply.Is(2) && len(reply.Object()) > 0 // {} answers nothing
	if answered {
		w.attempts.granted = reply
	}
	if err := w.attempt(reply, err); err != nil {
		return err
	}
	if w.step.Type == "Context" && !answered {
		return refused("the call", reply)
	}
	return nil
}

// clientCalls makes a request with header lines and nothing else that says who
// asks.
func (w *World) clientCalls(ctx context.Context, what, table string) error {
	client := w.stranger("client").Persona.WithoutIdentity()
	var lines []driver.HeaderLine
	for row := range strings.Lines(table) {
		name, value, _ := strings.Cut(strings.TrimSuffix(row, "\n"), ": ")
		lines = append(lines, driver.HeaderLine{Name: name, Value: w.onTheWire(value)})
	}
	if path, ok := strings.CutPrefix(what, "the path "); ok {
		return w.call(client.Call(ctx, http.MethodGet, strings.Trim(path, `"`), nil, lines...))
	}
	about, ofItem := strings.CutPrefix(what, "the API about ")
	short := strings.Trim(about, `"`)
	if what == "the API" {
		return w.call(client.Call(ctx, http.MethodGet, callerPath, nil, lines...))
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	if ofItem {
		return w.call(client.Call(ctx, http.MethodGet, "__api__/v1/content/"+url.PathEscape(i.guid), nil, lines...))
	}
	visit, err := client.VisitWith(ctx, i.guid, lines...)
	if err != nil {
		return err
	}
	i.saw(visit)
	err = w.call(visit.Reply, nil)
	w.attempts.item = i
	return err
}

// answeredTo wants the caller to be known as somebody.
func (w *World) answeredTo(who string) error {
	reply := w.attempts.tried
	if want := w.identity(who).Username; !reply.Is(2) || reply.Text("username") != want {
		return fail("an answer to "+want, "one to %q: %s", reply.Text("username"), reply.Summary())
	}
	return nil
}

// isTurnedAway is a refusal, or whatever else asks somebody to log in: how a
// server does that is its own affair, as long as it shows nothing.
func (w *World) isTurnedAway() error {
	a := w.attempts
	if !wasGranted(a.granted) {
		return &verdict.Block{Reason: "nothing was granted that the refusal could be compared with", BySubject: true}
	}
	shown := a.tried.Is(2)
	if a.item != nil {
		shown = a.item.answers
	}
	if shown || a.tried.Is(5) && !a.tried.Refuses() {
		return fail("a refusal or a request to log in, since "+a.granted.Summary()+" was granted", "%s", a.tried.Summary())
	}
	return nil
}

// isAPIError is a refusal as programs can read it.
func (w *World) isAPIError() error {
	if err := w.isRefused(); err != nil {
		return err
	}
	reply := w.attempts.tried
	if _, coded := reply.Int("code"); reply.Status != http.StatusUnauthorized || !coded || reply.Text("error") == "" || !reply.IsJSON() {
		return fail("401 and a JSON object with code and error, of a media type for JSON", "%s, %s", reply.Summary(), reply.Header.Get("Content-Type"))
	}
	return nil
}

// browserSentTo wants the redirect that the visitor got, or gets by the link "Log
// In" of the first page if that will do, to name a URL, byte for byte.
func (w *World) browserSentTo(ctx context.Context, wanted string, byClick bool) error {
	visitor := w.stranger("anybody").Persona.WithoutIdentity()
	chain, err := visitor.Follow(ctx, w.attempts.tried)
	if err != nil {
		return err
	}
	last := chain[len(chain)-1]
	if !last.Is(3) && byClick {
		if last, err = w.pressLogIn(ctx, visitor); err != nil {
			return err
		}
	}
	if got := last.Header["Location"]; len(got) != 1 || got[0] != wanted {
		return fail("a redirect to "+wanted, "%q", got)
	}
	return nil
}

// pressLogIn follows the link "Log In" of the page that the server's address shows.
func (w *World) pressLogIn(ctx context.Context, visitor *driver.Persona) (*driver.Reply, error) {
	first, err := visitor.Call(ctx, http.MethodGet, "", nil, driver.HeaderLine{Name: "Accept", Value: "text/html"})
	if err != nil {
		return nil, err
	}
	chain, err := visitor.Follow(ctx, first)
	if err != nil {
		return nil, err
	}
	pressed, err := visitor.PressLink(ctx, chain[len(chain)-1], "Log In")
	if err != nil {
		return nil, err
	}
	if pressed == nil {
		return nil, &verdict.Inapplicable{Reason: "neither a redirect nor a link in a page leads to the login page; what a script shows takes a browser"}
	}
	if chain, err = visitor.Follow(ctx, pressed); err != nil {
		return nil, err
	}
	return chain[len(chain)-1], nil
}

// opensWebSocket opens a WebSocket to an item and waits for the echo.
func (w *World) opensWebSocket(ctx context.Context, who, short string, foreign bool) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	from := ""
	if foreign {
		from = "https://elsewhere.example.com"
	}
	word := "hello " + w.suffix
	socket, err := visitor.OpenWebSocket(ctx, i.guid, from, word)
	if err != nil {
		return err
	}
	i.answers = socket.Echo == word
	w.attempts.tried, w.attempts.item = socket.Reply, i
	if i.answers {
		w.attempts.granted = socket.Reply
	}
	return nil
}

// visitor is somebody in their browser, or in one that has signed in nowhere.
func (w *World) visitor(ctx context.Context, who string) (*driver.Persona, error) {
	if who == "" {
		return w.stranger("anybody").Persona.WithoutIdentity(), nil
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return nil, err
	}
	return p.Persona, nil
}

// addressesAreOwn wants every address that the last reply tells to begin with the one at
// which the server is published: absolute URLs in a JSON object, where a redirect leads,
// or the callback that the provider is told. A reply need not tell any.
func (w *World) addressesAreOwn() error {
	reply, own := w.attempts.tried, w.instance.published()
	found := w.addressesIn(reply)
	if reply == nil || reply.Is(5) {
		return fail("a reply that can be judged", "%s", reply.Summary())
	}
	for name, address := range found {
		if !strings.HasPrefix(address, own) {
			return fail(fmt.Sprintf("%s to begin with %s", name, own), "%q", address)
		}
	}
	return nil
}

func (w *World) addressesIn(reply *driver.Reply) map[string]string {
	if !reply.Is(3) {
		return addresses(reply.Object())
	}
	to := reply.Header.Get("Location")
	if w.provider == nil || !strings.HasPrefix(to, w.provider.url) {
		return map[string]string{"Location": to}
	}
	u, err := url.Parse(to)
	if err != nil || u.Query().Get("redirect_uri") == "" {
		return nil
	}
	return map[string]string{"redirect_uri": u.Query().Get("redirect_uri")}
}

// addresses are the members of an object that are absolute URLs.
func addresses(object map[string]any) map[string]string {
	found := map[string]string{}
	for name, value := range object {
		switch v := value.(type) {
		case string:
			if strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") {
				found[name] = v
			}
		case map[string]any:
			for inner, address := range addresses(v) {
				found[name+"."+inner] = address
			}
		}
	}
	return found
}
