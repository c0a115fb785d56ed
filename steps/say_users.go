package steps

import (
	"context"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayUsers: accounts, and keys that their owners use instead of signing in.
var sayUsers = []sentence{
	{`a publisher {who}`, func(w *World, ctx context.Context, a []string) error {
		_, err := w.publisher(ctx, a[0])
		return err
	}},
	{`the administrator {creates} a user with the username {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.tries("creating the user "+a[0], a[0])(w.operator().CreateUser(ctx, driver.NewUser{Username: a[0]}))
	}},
	{`no account exists {called}`, func(w *World, ctx context.Context, a []string) error {
		if a[0] != "" {
			return w.noAccount(ctx, w.identity(a[0]).Username)
		}
		return w.noAccount(ctx, a[1])
	}},
	{`{who} has an API key`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		reply, err := p.CreateKey(ctx, p.guid, "made by "+p.short)
		w.attempts.granted = reply
		if err == nil && !p.HasKey() {
			return refused("making an API key for "+p.Identity.Username, reply)
		}
		return err
	}},
	{`{who} {calls} the API with {their} key{twice}`, func(w *World, ctx context.Context, a []string) error {
		return w.callsBeside(ctx, a[0], a[1] != "")
	}},
}

// callsBeside calls with a key in a request that carries its owner's identity too,
// perhaps beside that of somebody else.
func (w *World) callsBeside(ctx context.Context, who string, twice bool) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	if twice {
		return w.attemptBy(p)(p.KeyBeside(ctx, w.lineFor("username", w.identity("mallory"))))
	}
	reply, err := p.KeyBeside(ctx)
	if err == nil && reply.Text("username") != p.Identity.Username {
		return refused("calling the API with a key", reply)
	}
	return w.call(reply, err)
}

// noAccount asks the administrator's listing. It proves that the listing finds
// somebody before it believes that it does not find somebody else.
func (w *World) noAccount(ctx context.Context, username string) error {
	if w.attempts.granted == nil {
		return &verdict.Block{Reason: "nobody was granted anything, so there is nobody to find beside", BySubject: true}
	}
	known := w.attempts.granted.Text("username")
	if known == "" { // what was granted was no account
		me, err := w.operator().Whoami(ctx)
		if err != nil {
			return err
		}
		known = me.Text("username")
	}
	if _, found, err := w.operator().FindUser(ctx, known); err != nil || !found {
		if err == nil {
			err = refused("finding the user "+known, w.attempts.granted)
		}
		return err
	}
	user, found, err := w.operator().FindUser(ctx, username)
	if err == nil && found {
		return fail("no account with the username "+username, "one with the guid %s", user.GUID)
	}
	return err
}
