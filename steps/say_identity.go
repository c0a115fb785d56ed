package steps

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayIdentity: which account somebody is, how accounts come into being, and what
// may be changed about them.
var sayIdentity = []sentence{
	{`{who} signs in with {their} {header} alone`, func(w *World, ctx context.Context, a []string) error {
		p := w.stranger(a[0])
		only := driver.Identity{}
		set(&only, a[1], w.lineFor(a[1], p.Identity).Value)
		p.Identity = only
		return w.enter(p)(p.SignIn(ctx))
	}},
	{`{who} has {which} {whose}`, func(w *World, _ context.Context, a []string) error { return w.accountIs(a[0], a[1], a[2]) }},
	{`{accounts} the username of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.accountsNamed(ctx, a[0], a[1])
	}},
	{`the administrator {creates} an account for {who}{with}`, func(w *World, ctx context.Context, a []string) error {
		return w.create(ctx, a[0], a[1], a[2])
	}},
	{`the unique id {value} of {who} is refused or ignored`, func(w *World, ctx context.Context, a []string) error {
		return w.idIsNothing(ctx, a[1], a[0])
	}},
	{`{who} tries to {words}`, func(w *World, ctx context.Context, a []string) error { return w.intrude(ctx, a[0], a[1]) }},
	{`the dashboard shows {who} as signed in`, func(w *World, ctx context.Context, a []string) error {
		return w.dashboardShows(ctx, a[0])
	}},
	{`the refusals look alike`, func(w *World, _ context.Context, _ []string) error { return w.refusalsAlike() }},
	{`the cookie of {their} {cookies} is {words}`, func(w *World, _ context.Context, a []string) error {
		return w.cookieIs(a[0], a[1])
	}},
	{`{who} asks for an API key {xsrf}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		switch a[1] {
		case "without the XSRF token":
			return w.attempt(p.ForgeKey(ctx, p.guid, "forged for "+p.short))
		case "for a page of another site", "for a page of another site in an old browser":
			return w.attempt(p.ForgeKeyWithoutCookies(ctx, p.guid, "forged for "+p.short, strings.HasSuffix(a[1], "in an old browser")))
		}
		reply, err := p.CreateKeyAmong(ctx, p.guid, "made by "+p.short, strings.Contains(a[1], "which one matches"))
		if err == nil && reply == nil {
			return &verdict.Inapplicable{Reason: "the server sets no XSRF cookie"}
		}
		return w.attempt(reply, err)
	}},
}

// holder is somebody who has an account, by signing in or by the administrator.
func (w *World) holder(short string) (*persona, error) {
	p := w.personas[short]
	switch {
	case p == nil:
		return nil, &verdict.Trouble{Op: short + " has neither signed in nor been given an account"}
	case p.refused != nil:
		return nil, fail("an account in which "+short+" is signed in", "%s", p.refused.Summary())
	case p.guid == "":
		return nil, fail("an account with a guid for "+short, "none")
	}
	return p, nil
}

// accountIs compares somebody's account with the one before it, or with somebody
// else's.
func (w *World) accountIs(who, which, whose string) error {
	p, err := w.holder(who)
	if err != nil {
		return err
	}
	other := p.earlier
	if whose != "before" {
		q, err := w.holder(strings.Trim(whose, `"`))
		if err != nil {
			return err
		}
		other = q.guid
	}
	want := which == "the same account as"
	switch {
	case other == "":
		return &verdict.Trouble{Op: "there is no account to compare with"}
	case want && p.guid != other:
		return fail("the account "+other, "the account %s", p.guid)
	case !want && p.guid == other:
		return fail("another account than "+other, "the same")
	}
	return nil
}

// accountsNamed counts the accounts with the username that somebody has.
func (w *World) accountsNamed(ctx context.Context, how, who string) error {
	user, err := w.stored(ctx, who)
	if err != nil {
		return err
	}
	if user.Username == "" {
		return fail(how+" the username of "+user.GUID, "no username")
	}
	want := map[string]int{"one account has": 1, "two accounts have": 2}[how]
	got, err := w.operator().CountUsers(ctx, user.Username)
	if err == nil && got != want {
		return fail(fmt.Sprintf("%s the username %s", how, user.Username), "%d", got)
	}
	return err
}

// create makes an account through the API for somebody as the proxy knows them:
// with a unique id where that is the identity, or where the scenario wants one.
func (w *World) create(ctx context.Context, short, header, value string) error {
	p := w.stranger(short)
	u := driver.NewUser{Username: p.Identity.Username}
	if p.Headers.UniqueID != "" {
		u.UniqueID = p.Identity.UniqueID
	}
	switch header {
	case "role":
		u.Role = value
	case "unique id":
		u.UniqueID = w.own(header, value)
	}
	reply, err := w.operator().CreateUser(ctx, u)
	if err := w.tries("creating an account for "+short, u.Username)(reply, err); err != nil {
		return err
	}
	if w.personas[short] == nil {
		w.personas[short] = p
		if p.guid = reply.Text("guid"); !reply.Is(2) {
			p.refused = reply // whoever looks for the account finds that there is none
		}
	}
	return nil
}

// idIsNothing wants a unique id refused, or else not to be an identity: nobody
// whose username it is finds the account.
func (w *World) idIsNothing(ctx context.Context, short, id string) error {
	made := w.attempts.tried
	if !made.Is(2) {
		return w.isRefused()
	}
	p := w.stranger(short)
	p.Identity.Username = w.own("unique id", id)
	reply, err := p.SignIn(ctx)
	if err == nil && reply.Is(2) && reply.Text("guid") == made.Text("guid") {
		return fail("a unique id that is no identity", "a sign-in by it: %s", reply.Summary())
	}
	return err
}

// tries notes what was tried for an account. Where a scenario builds on it, it has
// to succeed, which the reply shows by naming the account.
func (w *World) tries(what, username string) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		if err != nil || w.step.Type != "Context" {
			return w.attempt(reply, err)
		}
		if !reply.Is(2) || reply.Text("username") != username {
			return refused(what, reply)
		}
		w.attempts.granted = reply
		return nil
	}
}

// intrude has somebody who is not let in do what needs an account. Whether that
// makes one is for the scenario to find out.
func (w *World) intrude(ctx context.Context, short, act string) error {
	p := w.stranger(short)
	if err := w.attemptBy(p)(p.SignIn(ctx)); err != nil { // at the proxy, if nowhere else
		return err
	}
	name := p.Identity.Username
	switch act {
	case "open the dashboard":
		return w.attempt(p.Get(ctx, "connect/"))
	case "create an account":
		return w.attempt(p.CreateUser(ctx, driver.NewUser{Username: name}))
	case "publish content":
		return w.attempt(p.Call(ctx, http.MethodPost, "__api__/v1/content", []byte(`{"name":"`+name+`"}`), driver.HeaderLine{Name: "Content-Type", Value: "application/json"}))
	}
	return w.interfere(ctx, p, act)
}

// interfere has a user try what only administrators may do: to the group or to the person that is the last word of the act.
func (w *World) interfere(ctx context.Context, p *persona, act string) error {
	space := strings.LastIndexByte(act, ' ')
	verb, object := act[:max(space, 0)], act[space+1:]
	group, person := w.book.known[object], w.personas[object]
	self := w.attempts.tried.Text("guid")
	switch {
	case verb == "create a group":
		return w.attempt(p.CreateGroup(ctx, w.group(object), ""))
	case verb == "create an account for":
		return w.attempt(p.CreateUser(ctx, driver.NewUser{Username: w.identity(object).Username}))
	case verb == "rename the group" && group != nil:
		return w.attempt(p.RenameGroup(ctx, group.guid, w.group("renamed")))
	case verb == "remove the group" && group != nil:
		return w.attempt(p.DeleteGroup(ctx, group.guid))
	case verb == "join the group" && group != nil:
		return w.attempt(p.AddMember(ctx, group.guid, self))
	case verb == "end the membership of" && person != nil:
		for _, g := range w.book.known {
			return w.attempt(p.RemoveMember(ctx, g.guid, person.guid))
		}
	case verb == "lock" && person != nil:
		return w.attempt(p.LockUser(ctx, person.guid, true))
	}
	return &verdict.Trouble{Op: "nobody knows how to " + act}
}

// refusalsAlike compares all that a client sees of the refusals of a scenario:
// status, body, and which headers there are.
func (w *World) refusalsAlike() error {
	all := w.attempts.all
	if len(all) < 2 {
		return &verdict.Trouble{Op: "fewer than two refusals cannot be compared"}
	}
	for _, reply := range all {
		switch first := all[0]; {
		case !reply.Refuses():
			return fail("a refusal (4xx or 501)", "%s", reply.Summary())
		case reply.Status != first.Status, !bytes.Equal(reply.Body, first.Body):
			return fail("a refusal like "+first.Summary(), "%s", reply.Summary())
		}
		for name := range reply.Header {
			if _, there := all[0].Header[name]; !there {
				return fail("a refusal like "+all[0].Summary(), "one with the header %s", name)
			}
		}
	}
	return nil
}

// cookieIs judges the cookies that the last request of a session or a login has set, less those
// that scripts are meant to read.
func (w *World) cookieIs(of, how string) error {
	judged := 0
	for _, c := range (&http.Response{Header: w.attempts.tried.Header}).Cookies() {
		if strings.HasPrefix(c.Name, "RSC-XSRF") {
			continue
		}
		judged++
		var good bool
		switch how {
		case "hidden from scripts":
			good = c.HttpOnly
		case "kept from other sites":
			good = c.SameSite == http.SameSiteLaxMode || c.SameSite == http.SameSiteStrictMode
		case "sent over https only":
			good = c.Secure
		default:
			return &verdict.Trouble{Op: "nothing is known of a cookie that is " + how}
		}
		if !good {
			return fail("a cookie that is "+how, "%s without the attribute", c.Name)
		}
	}
	if judged == 0 {
		return &verdict.Inapplicable{Reason: "the server sets no cookie of a " + of}
	}
	return nil
}

// dashboardShows opens the dashboard as a browser does. A page that a script fills in
// says nothing here: that is for a browser to find out.
func (w *World) dashboardShows(ctx context.Context, who string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	first, err := p.Call(ctx, http.MethodGet, "connect/", nil, driver.HeaderLine{Name: "Accept", Value: "text/html"})
	if err != nil {
		return err
	}
	chain, err := p.Follow(ctx, first)
	if err != nil {
		return err
	}
	page := chain[len(chain)-1]
	switch text := page.Everything(); {
	case !page.Is(2):
		return fail("the dashboard", "%s", page.Summary())
	case strings.Contains(text, `type="password"`):
		return fail("a dashboard that asks for no password", "a form with one: %s", page.Summary())
	case !strings.Contains(text, p.Identity.Username):
		return &verdict.Inapplicable{Reason: "the first page of the dashboard names nobody without a browser"}
	}
	return nil
}
