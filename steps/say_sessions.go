package steps

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// saySessions: logging in to an integration and out of it, and the sessions that
// come of it.
var saySessions = []sentence{
	{`{who} {begins} to log in to {who}`, func(w *World, ctx context.Context, a []string) error {
		if err := w.beginsLogin(ctx, a[0], a[1]); err != nil || w.step.Type != "Context" {
			return err
		}
		w.attempts.granted = w.attempts.tried
		if !w.attempts.tried.Is(3) {
			return refused("beginning to log in to "+a[1], w.attempts.tried)
		}
		return nil
	}},
	{`{who} begins to log in to an integration that does not exist`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		return w.attemptBy(p)(p.BeginLogin(ctx, "00000000-0000-4000-8000-000000000000"))
	}},
	{`the login {outcome}`, func(w *World, ctx context.Context, a []string) error {
		if a[0] == "is refused" {
			return w.loginIsRefused()
		}
		return w.loginEndsHere(ctx)
	}},
	{`{who} is sent to the provider of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.sentToProvider(a[1])
	}},
	{`{who} {logs} in to {who}`, func(w *World, ctx context.Context, a []string) error { return w.logsIn(ctx, a[0], a[1]) }},
	{`{who} {logs} in to {who} {departing} {value}`, func(w *World, ctx context.Context, a []string) error {
		address := strings.ReplaceAll(a[3], "<server>", w.instance.Address())
		if a[2] == "from the page" {
			return w.logsInFrom(ctx, a[0], a[1], driver.Departure{Page: address})
		}
		return w.logsInFrom(ctx, a[0], a[1], driver.Departure{ReturnTo: address})
	}},
	{`the browser has not left the server`, func(w *World, _ context.Context, _ []string) error {
		return staysAt(w.loginChain, w.instance.Address(), w.run.equipment.ProviderURL()+"/")
	}},
	{`{who} opens {who} in {their} browser and logs in`, func(w *World, ctx context.Context, a []string) error {
		return w.opensSoloAndLogsIn(ctx, a[0], a[1])
	}},
	{`{who} opens {who} in a frame of the dashboard`, func(w *World, ctx context.Context, a []string) error {
		return w.visitsBy(ctx, a[0], a[1], func(p *driver.Persona, guid string) (*driver.Visit, error) { return p.OpenFrame(ctx, guid) })
	}},
	{`{who} submits a form to {who}{from}`, func(w *World, ctx context.Context, a []string) error {
		return w.visitsBy(ctx, a[0], a[1], func(p *driver.Persona, guid string) (*driver.Visit, error) {
			return p.SubmitForm(ctx, guid, a[2] != "")
		})
	}},
	{`a page of another site makes the browser of {who} load the logout of {who}`, func(w *World, ctx context.Context, a []string) error {
		p, i, err := w.pair(ctx, a[0], a[1])
		if err != nil {
			return err
		}
		return w.attempt(p.LoadLogout(ctx, i.guid))
	}},
	{`{who} tries to log in to {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.completes(ctx, a[0], a[1])
	}},
	{`{who} logs in to {who} from {n} browsers at once`, func(w *World, ctx context.Context, a []string) error {
		n, _ := strconv.Atoi(a[2])
		return w.logsInAtOnce(ctx, a[0], a[1], n)
	}},
	{`the login ends at the server`, func(w *World, _ context.Context, _ []string) error { return w.loginEndsAtServer() }},
	{`{who} logs out of {who}`, func(w *World, ctx context.Context, a []string) error {
		p, i, err := w.pair(ctx, a[0], a[1])
		if err != nil {
			return err
		}
		return w.attempt(p.Logout(ctx, i.guid))
	}},
	{`{manager} deletes the session of {who} with {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.manager(ctx, a[0])
		if err != nil {
			return err
		}
		found, err := w.sessions(ctx, a[1], a[2])
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fail("one session", "%d", len(found))
		}
		return w.attempt(p.DeleteSession(ctx, found[0].GUID))
	}},
	{`{who} has {sessions} with {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.hasSessions(ctx, a[0], a[2], map[string]int{"no session": 0, "one session": 1}[a[1]])
	}},
	{`the session of {who} with {who} {both}says that {words}`, func(w *World, ctx context.Context, a []string) error {
		return w.sessionSays(ctx, a[0], a[1], a[2])
	}},
	{`the session of {who} with {who} holds no refresh token`, func(w *World, ctx context.Context, a []string) error {
		found, err := w.sessions(ctx, a[0], a[1])
		if err == nil && len(found) > 0 && found[0].HasRefreshToken {
			return fail("no refresh token", "a session that says it holds one")
		}
		return err
	}},
	{`{who} is sent to log in to {who} when {they} opens {who} in {their} browser`, func(w *World, ctx context.Context, a []string) error {
		return w.opensSolo(ctx, a[0], a[2], a[1])
	}},
	{`{who} is not sent to log in when {they} opens {who} in {their} browser`, func(w *World, ctx context.Context, a []string) error {
		return w.opensSolo(ctx, a[0], a[1], "")
	}},
	{`the provider has authenticated {who} once`, func(w *World, ctx context.Context, a []string) error {
		n, err := w.authorizations(ctx, func(e entry) bool { return e.Account == a[0] })
		if err == nil && n != 1 {
			return fail("one authorization of "+a[0], "%d", n)
		}
		return err
	}},
	{`the provider of {who} has seen no authorization request`, func(w *World, ctx context.Context, a []string) error {
		i, err := w.integration(a[0])
		if err != nil {
			return err
		}
		n, err := w.authorizations(ctx, func(e entry) bool { return e.ClientID == i.clientID })
		if err == nil && n != 0 {
			return fail("no authorization request", "%d", n)
		}
		return err
	}},
}

func (w *World) pair(ctx context.Context, who, with string) (*persona, *integration, error) {
	i, err := w.integration(with)
	if err != nil {
		return nil, nil, err
	}
	p, err := w.user(ctx, who)
	return p, i, err
}

func (w *World) beginsLogin(ctx context.Context, who, with string) error {
	p, i, err := w.pair(ctx, who, with)
	if err != nil {
		return err
	}
	return w.attempt(p.BeginLogin(ctx, i.guid))
}

func (w *World) loginIsRefused() error {
	a := w.attempts
	if a.granted == nil || !a.granted.Is(3) {
		return &verdict.Block{Reason: "no login was begun that the refusal could be compared with", BySubject: true}
	}
	if !a.tried.Refuses() {
		return fail("a refusal (4xx or 501)", "%s", a.tried.Summary())
	}
	return nil
}

// loginEndsHere wants the browser to be sent anywhere but to the provider: an error, a
// page, or a redirect to a page of the server.
func (w *World) loginEndsHere(ctx context.Context) error {
	a := w.attempts
	if a.granted == nil || !a.granted.Is(3) {
		return &verdict.Block{Reason: "no login was begun that this could be compared with", BySubject: true}
	}
	chain, err := a.persona.Follow(ctx, a.tried)
	if err != nil {
		return err
	}
	last := chain[len(chain)-1]
	if last.Is(5) || strings.HasPrefix(last.Location(), w.run.equipment.ProviderURL()) {
		return fail("an answer that does not lead to the provider", "%s", last.Summary())
	}
	return nil
}

// sentToProvider looks where the login endpoint sends the browser: to the
// provider's authorization endpoint, as the client of the integration.
func (w *World) sentToProvider(with string) error {
	i, err := w.integration(with)
	if err != nil {
		return err
	}
	reply := w.attempts.tried
	to, err := url.Parse(reply.Location())
	if !reply.Is(3) || err != nil {
		return fail("a redirect to the provider", "%s", reply.Summary())
	}
	wanted := w.provider.url + "/authorize"
	if to.Scheme+"://"+to.Host+to.Path != wanted || to.Query().Get("client_id") != i.clientID {
		return fail("a redirect to "+wanted+" as "+i.clientID, "one to %s://%s%s as %q", to.Scheme, to.Host, to.Path, to.Query().Get("client_id"))
	}
	return nil
}

// completes takes a browser of the named person through the whole login.
func (w *World) completes(ctx context.Context, who, with string) error {
	p, i, err := w.pair(ctx, who, with)
	if err != nil {
		return err
	}
	if err := w.provider.account(ctx, who); err != nil {
		return err
	}
	return w.attempt(p.CompleteLogin(ctx, i.guid, w.provider.url, who))
}

// logsInFrom takes a browser of the named person through a login that begins at a departure, and keeps every hop.
func (w *World) logsInFrom(ctx context.Context, who, with string, from driver.Departure) error {
	p, i, err := w.pair(ctx, who, with)
	if err != nil {
		return err
	}
	if err := w.provider.account(ctx, who); err != nil {
		return err
	}
	w.loginChain, err = p.LoginChainFrom(ctx, i.guid, w.provider.url, who, from)
	return err
}

// staysAt wants every redirect of the server in a chain to lead to the server or to the provider, and the chain to end at the server.
// Whether the server refuses the login or forgets the address to return to is left to it.
func staysAt(chain []*driver.Reply, server, provider string) error {
	if len(chain) == 0 {
		return &verdict.Trouble{Op: "there was no login"}
	}
	for _, reply := range chain {
		to := reply.Location()
		if reply.Is(3) && strings.HasPrefix(reply.URL(), server) && !strings.HasPrefix(to, server) && !strings.HasPrefix(to, provider) {
			return fail("redirects to "+server+" and to the provider only", "%s", reply.Summary())
		}
	}
	if last := chain[len(chain)-1]; !strings.HasPrefix(last.URL(), server) || last.Is(5) {
		return fail("an end at "+server, "%s", last.Summary())
	}
	return nil
}

// opensSoloAndLogsIn opens content as a browser does, and goes through the login to which that leads.
func (w *World) opensSoloAndLogsIn(ctx context.Context, who, short string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	if err := w.provider.account(ctx, who); err != nil {
		return err
	}
	if err := p.SignInAtProvider(ctx, w.provider.url, who); err != nil {
		return err
	}
	provider, err := url.Parse(w.provider.url)
	if err != nil {
		return err
	}
	return w.visitsBy(ctx, who, short, func(p *driver.Persona, guid string) (*driver.Visit, error) {
		return p.NavigateAndFollow(ctx, guid, provider)
	})
}

func (w *World) visitsBy(ctx context.Context, who, short string, visit func(p *driver.Persona, guid string) (*driver.Visit, error)) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	v, err := visit(p.Persona, i.guid)
	i.saw(v)
	return w.visited(i, err)
}

func (w *World) logsIn(ctx context.Context, who, with string) error {
	if err := w.completes(ctx, who, with); err != nil {
		return err
	}
	if last := w.attempts.tried; last.Is(4) || last.Is(5) {
		return refused(who+" logging in to "+with, last)
	}
	found, err := w.sessions(ctx, who, with)
	// How many there are is for the rules that speak of it.
	if err == nil && !slices.ContainsFunc(found, func(s driver.Session) bool { return s.HasRefreshToken }) {
		return fail("a session that holds a refresh token", "%d sessions after the login ended with %s", len(found), w.attempts.tried.Summary())
	}
	return err
}

// logsInAtOnce uses a browser for each login. Callbacks of logins that another has
// overtaken may be refused.
func (w *World) logsInAtOnce(ctx context.Context, who, with string, n int) error {
	first, i, err := w.pair(ctx, who, with)
	if err != nil {
		return err
	}
	if err := w.provider.account(ctx, who); err != nil {
		return err
	}
	browsers := []*persona{first}
	for len(browsers) < n {
		p := w.stranger(who)
		if err := p.mustSignIn(ctx); err != nil {
			return err
		}
		browsers = append(browsers, p)
	}
	errs := make([]error, n)
	var wait sync.WaitGroup
	for k, p := range browsers {
		wait.Go(func() { _, errs[k] = p.CompleteLogin(ctx, i.guid, w.provider.url, who) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// loginEndsAtServer wants the login to end with a reply of the server. The browser
// of the suite follows redirects to the server and the provider only, so that a
// redirect of the callback that it was left with leads to somebody else.
func (w *World) loginEndsAtServer() error {
	reply, server := w.attempts.tried, w.instance.Address()
	if !strings.HasPrefix(reply.URL(), server) || !(reply.Is(2) || reply.Is(3)) {
		return fail("an end at "+server, "%s", reply.Summary())
	}
	if strings.HasPrefix(reply.URL(), server+callbackPath) && reply.Is(3) && !strings.HasPrefix(reply.Location(), server) {
		return fail("a redirect to "+server, "%s", reply.Summary())
	}
	return nil
}

// sessions are those of a person with an integration, as the person lists them.
func (w *World) sessions(ctx context.Context, who, with string) ([]driver.Session, error) {
	p, i, err := w.pair(ctx, who, with)
	if err != nil {
		return nil, err
	}
	all, reply, err := p.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	if all == nil {
		return nil, fail("a list of sessions", "%s", reply.Summary())
	}
	var found []driver.Session
	for _, s := range all {
		if s.IntegrationGUID == i.guid && s.UserGUID == p.guid {
			found = append(found, s)
		}
	}
	return found, nil
}

func (w *World) hasSessions(ctx context.Context, who, with string, n int) error {
	found, err := w.sessions(ctx, who, with)
	if err == nil && len(found) != n {
		return fail(fmt.Sprintf("%d sessions of %s with %s", n, who, with), "%d", len(found))
	}
	return err
}

func (w *World) sessionSays(ctx context.Context, who, with, what string) error {
	holds, known := map[string]bool{
		"a refresh token is held":  true,
		"no refresh token is held": false,
	}[what]
	if !known {
		return &verdict.Trouble{Op: "a session cannot say that " + what}
	}
	found, err := w.sessions(ctx, who, with)
	switch {
	case err != nil:
		return err
	case len(found) != 1:
		return fail("one session of "+who+" with "+with, "%d", len(found))
	case found[0].HasRefreshToken != holds:
		return fail("a session that says that "+what, "has_refresh_token %v", found[0].HasRefreshToken)
	}
	return nil
}

// opensSolo opens content as a browser does: a top-level navigation. with names
// the integration to whose login it must lead, "" if to none.
func (w *World) opensSolo(ctx context.Context, who, short, with string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visit, err := p.Navigate(ctx, i.guid)
	if err != nil {
		return err
	}
	if with == "" {
		if visit.Report == nil {
			return fail("the content itself", "%s", visit.Reply.Summary())
		}
		return nil
	}
	integration, err := w.integration(with)
	if err != nil {
		return err
	}
	to, err := url.Parse(visit.Reply.Location())
	wanted := w.instance.Address() + "__oauth__/integrations/" + integration.guid + "/login"
	if err != nil || !visit.Reply.Is(3) || to.Scheme+"://"+to.Host+to.Path != wanted {
		return fail("a redirect to "+wanted, "%s", visit.Reply.Summary())
	}
	return nil
}
