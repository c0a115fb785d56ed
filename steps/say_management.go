package steps

import (
	"context"
	"slices"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayManagement: what users do with content other than to visit it, and who is allowed to.
var sayManagement = []sentence{
	{`{actor} can {manage} {who}`, func(w *World, ctx context.Context, a []string) error {
		reply, err := w.manages(ctx, a[0], a[1], a[2])
		w.attempts.granted = reply
		return granted("to "+a[1]+" "+a[2])(reply, err)
	}},
	{`{actor} tries to {manage} {who}`, func(w *World, ctx context.Context, a []string) error {
		w.attempts.item = nil
		return w.attempt(w.manages(ctx, a[0], a[1], a[2]))
	}},
	{`{actor} gives {who} to {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.givesAway(ctx, a[0], a[1], a[2])
	}},
	{`{who} may collaborate on {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.changeViewer(ctx, a[0], "may collaborate on", a[1], func(owner *driver.Persona, item, user string) (*driver.Reply, error) {
			return owner.Permit(ctx, item, user, "owner")
		})
	}},
	{`{who} is open to every user of the server`, func(w *World, ctx context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		return granted("opening " + a[0] + " to every user")(i.owner.WithKey().SetAccess(ctx, i.guid, "logged_in"))
	}},
	{`{who} {can} find {who} in the list of content`, func(w *World, ctx context.Context, a []string) error {
		return w.findsInList(ctx, a[0], a[2], a[1] == "can")
	}},
	{`the visit forbids shared caches to keep the reply`, func(w *World, _ context.Context, _ []string) error {
		if i := w.attempts.item; i == nil || !i.answers && !driver.ShowsPage(i.visit.Reply) {
			return fail("a visit that shows the content", "%s", w.attempts.tried.Summary())
		}
		return keptFromSharedCaches(w.attempts.tried)
	}},
	{`{who} reads all that the server {shows} of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.readsAccount(ctx, a[0], a[1])
	}},
	{`no reply to {who} holds the unique id of {who}`, func(w *World, _ context.Context, a []string) error {
		return holdsNo(w.attempts.all, "the unique id of "+a[1], w.identity(a[1]).UniqueID)
	}},
}

// actor is the named user in the browser, the administrator, or a browser in which nobody is signed in.
func (w *World) actor(ctx context.Context, who string) (*driver.Persona, error) {
	switch who {
	case "the administrator":
		return w.operator(), nil
	case "somebody who is not signed in":
		return w.stranger("anybody").Persona.WithoutIdentity(), nil
	}
	p, err := w.user(ctx, strings.Trim(who, `"`))
	if err != nil {
		return nil, err
	}
	return p.Persona, nil
}

// manages has a user do one thing with content.
func (w *World) manages(ctx context.Context, who, act, short string) (*driver.Reply, error) {
	i, err := w.item(short)
	if err != nil {
		return nil, err
	}
	by, err := w.actor(ctx, who)
	if err != nil {
		return nil, err
	}
	switch act {
	case "read":
		return by.Content(ctx, i.guid)
	case "rename":
		return by.ChangeContent(ctx, i.guid, "title", w.name("renamed"))
	case "open to everybody":
		return by.SetAccess(ctx, i.guid, "all")
	case "delete":
		return by.DeleteContent(ctx, i.guid)
	case "clear the associations of":
		return by.Associate(ctx, i.guid)
	case "let a guest view":
		guest, err := w.user(ctx, "guest")
		if err != nil {
			return nil, err
		}
		return by.Permit(ctx, i.guid, guest.guid, "viewer")
	case "share":
		target := w.run.config.Target
		if !target.Declares("share-links") {
			return nil, &verdict.Inapplicable{Reason: "the target declares no share links"}
		}
		_, reply, err := by.CreateShareLink(ctx, target.Endpoints.ShareLinks, i.guid)
		return reply, err
	case "upload a bundle to":
		return w.upload(ctx, by, i)
	case "deploy":
		uploaded, err := w.upload(ctx, i.owner.WithKey(), i)
		if err != nil || !uploaded.Is(2) {
			return nil, granted("uploading a bundle to "+short)(uploaded, err)
		}
		return by.Deploy(ctx, i.guid, uploaded.Text("id"))
	case "follow a deployment of":
		deployed, err := w.manages(ctx, `"`+i.owner.short+`"`, "deploy", short)
		if err != nil || !deployed.Is(2) {
			return nil, granted("deploying "+short)(deployed, err)
		}
		return by.Task(ctx, deployed.Text("task_id"))
	}
	return nil, &verdict.Trouble{Op: "no user can " + act + " content"}
}

func (w *World) upload(ctx context.Context, by *driver.Persona, i *item) (*driver.Reply, error) {
	bundle, err := driver.Bundle(i.mode, w.questions())
	if err != nil {
		return nil, &verdict.Trouble{Op: "make a bundle", Err: err}
	}
	return by.UploadBundle(ctx, i.guid, bundle)
}

// findsInList looks for an item in the list that a user reads. That an item is not there is believed once somebody was
// granted something about content.
func (w *World) findsInList(ctx context.Context, who, short string, want bool) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	listed, reply, err := p.Contents(ctx)
	if err != nil {
		return err
	}
	found := slices.Contains(listed, i.guid)
	switch {
	case want && !found:
		return fail(short+" in the list of content", "%d others: %s", len(listed), reply.Summary())
	case want:
		w.attempts.granted = reply
	case w.attempts.granted == nil:
		return &verdict.Block{Reason: "no list has shown content, so nothing follows from a list without it", BySubject: true}
	case found || reply.Is(5):
		return fail("no "+short+" in the list of content of "+who, "%s", reply.Summary())
	}
	return nil
}

// givesAway makes somebody else the owner of content. One that is granted is the twin of those that follow.
func (w *World) givesAway(ctx context.Context, who, short, to string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	by, err := w.actor(ctx, who)
	if err != nil {
		return err
	}
	owner, err := w.user(ctx, to)
	if err != nil {
		return err
	}
	reply, err := by.ChangeContent(ctx, i.guid, "owner_guid", owner.guid)
	if err == nil && reply.Is(2) {
		w.attempts.granted, i.owner = reply, owner
	}
	w.attempts.item = nil
	return w.attempt(reply, err)
}

// keptFromSharedCaches returns a violation unless a reply forbids shared caches to store it or to
// use it without asking the server.
func keptFromSharedCaches(reply *driver.Reply) error {
	control := strings.ToLower(strings.Join(reply.Header.Values("Cache-Control"), ","))
	for _, directive := range []string{"private", "no-store", "no-cache"} {
		if strings.Contains(control, directive) {
			return nil
		}
	}
	return fail("Cache-Control with private, no-store or no-cache", "%q", control)
}

// readsAccount reads the account of another user and the list of users in which it stands.
func (w *World) readsAccount(ctx context.Context, who, other string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	q, err := w.user(ctx, other)
	if err != nil {
		return err
	}
	for _, path := range []string{"__api__/v1/users/" + q.guid, "__api__/v1/users?page_size=100&prefix=" + q.Identity.Username} {
		if err := w.attempt(p.Get(ctx, path)); err != nil {
			return err
		}
	}
	return nil
}

// holdsNo returns a violation if one of several replies holds a value. A server may show nothing at all.
func holdsNo(replies []*driver.Reply, what, value string) error {
	for _, reply := range replies {
		if reply.Is(5) {
			return fail("a reply that can be judged", "%s", reply.Summary())
		}
		if strings.Contains(reply.Everything(), value) {
			return fail("no reply with "+what, "%s", reply.Summary())
		}
	}
	return nil
}
