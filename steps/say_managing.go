package steps

import (
	"context"

	"countersign/steps/driver"
)

// sayManaging: OAuth sessions as the API shows them to users and to administrators, and logins that content begins.
var sayManaging = []sentence{
	{`the list of OAuth sessions of {who} holds {their} own and no others`, func(w *World, ctx context.Context, a []string) error {
		return w.listsOwnSessions(ctx, a[0])
	}},
	{`the administrator finds the OAuth sessions of {who} and {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.findsSessionsOf(ctx, a[0], a[1])
	}},
	{`the reply describes the session of {who} with {who}`, func(w *World, ctx context.Context, a []string) error {
		p, i, err := w.pair(ctx, a[0], a[1])
		if err != nil {
			return err
		}
		return describesSession(w.attempts.tried, p.guid, i.guid)
	}},
	{`{who} is not sent to log in when {their} program opens {who} with {their} API key`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		i, err := w.item(a[1])
		if err != nil {
			return err
		}
		visit, err := p.WithKey().Navigate(ctx, i.guid)
		if err == nil && visit.Report == nil {
			return fail("the content itself", "%s", visit.Reply.Summary())
		}
		return err
	}},
}

// listsOwnSessions reads the list of a user in both ways in which it can be asked for. To ask for the sessions of all users
// may be refused.
func (w *World) listsOwnSessions(ctx context.Context, who string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	own, reply, err := p.Sessions(ctx)
	if err != nil {
		return err
	}
	if len(own) == 0 {
		return fail("a list with the OAuth sessions of "+who, "%d of them: %s", len(own), reply.Summary())
	}
	all, _, err := p.AllSessions(ctx)
	if err != nil {
		return err
	}
	return ownedBy(append(own, all...), p.guid)
}

// ownedBy returns a violation if a session belongs to another user.
func ownedBy(sessions []driver.Session, user string) error {
	for _, s := range sessions {
		if s.UserGUID != user {
			return fail("only sessions of the user "+user, "one of the user %s", s.UserGUID)
		}
	}
	return nil
}

// findsSessionsOf looks for the sessions of users in the administrator's lists.
func (w *World) findsSessionsOf(ctx context.Context, users ...string) error {
	listed, _, err := w.operator().Sessions(ctx)
	if err != nil {
		return err
	}
	all, reply, err := w.operator().AllSessions(ctx)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, s := range append(listed, all...) {
		found[s.UserGUID] = true
	}
	for _, who := range users {
		p, err := w.user(ctx, who)
		if err != nil {
			return err
		}
		if !found[p.guid] {
			return fail("a session of "+who+" in the list of all sessions", "%d others: %s", len(found), reply.Summary())
		}
	}
	return nil
}

// describesSession returns a violation unless a reply describes the session of a user with an integration.
func describesSession(reply *driver.Reply, user, integration string) error {
	if !reply.Is(2) || reply.Text("user_guid") != user || reply.Text("oauth_integration_guid") != integration {
		return fail("a description of the session of the user "+user, "%s, of the user %q", reply.Summary(), reply.Text("user_guid"))
	}
	return nil
}
