package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// An item is content that somebody has published, and what its last visit or
// render has reported.
type item struct {
	short   string
	guid    string
	mode    string
	owner   *persona
	share   string        // URL of a share link
	visit   *driver.Visit // the last
	answers bool          // the content itself answered last
	atOnce  []*driver.Visit
	since   int // entries of the provider's journal when it was associated
}

// sayContent: content, who may see it, and what it obtains while it executes.
var sayContent = []sentence{
	{`{who} {publishes} {mode} content {who}{by}`, func(w *World, ctx context.Context, a []string) error {
		return w.publish(ctx, a[0], a[1], a[2], a[3] != "")
	}},
	{`{who} may view {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.changeViewer(ctx, a[0], "may view", a[1], func(owner *driver.Persona, item, user string) (*driver.Reply, error) {
			return owner.Permit(ctx, item, user, "viewer")
		})
	}},
	{`{who} is open to anyone without login`, func(w *World, ctx context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		return granted("opening " + a[0] + " to anyone")(i.owner.WithKey().SetAccess(ctx, i.guid, "all"))
	}},
	{`{who} has a share link to {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.makeShareLink(ctx, a[1])
	}},
	{`{who} is associated with {who}{also}`, func(w *World, ctx context.Context, a []string) error {
		with := a[1:2]
		if a[2] != "" {
			with = a[1:3]
		}
		reply, err := w.associate(ctx, a[0], with...)
		w.attempts.granted = reply
		return granted("associating "+a[0]+" with "+strings.Join(with, " and "))(reply, err)
	}},
	{`{who} associates {who} with {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.attempt(w.associate(ctx, a[1], a[2]))
	}},
	{`{who} puts {who} in the place of {who} on {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.replaceAssociation(ctx, a[3], a[1])
	}},
	{`{who} has no association`, func(w *World, ctx context.Context, a []string) error {
		return w.hasNoAssociation(ctx, a[0])
	}},
	{`{anybody} {visits} {who}{browser}{obtained}`, func(w *World, ctx context.Context, a []string) error {
		if a[2] != "" {
			return w.navigates(ctx, a[0], a[1])
		}
		return w.then(a[3], a[1], w.visits(ctx, a[0], a[1]))
	}},
	{`somebody who is not signed in {follows} the share link to {who}{spoilt}{obtained}`, func(w *World, ctx context.Context, a []string) error {
		return w.then(a[2], a[0], w.followsLink(ctx, a[0], a[1] != ""))
	}},
	{`{who} {isrendered}{obtained}`, func(w *World, ctx context.Context, a []string) error {
		return w.then(a[1], a[0], w.render(ctx, a[0]))
	}},
	{`{who} has visited {who} and it showed the row {value}`, func(w *World, ctx context.Context, a []string) error {
		if err := w.visits(ctx, a[0], a[1]); err != nil {
			return err
		}
		return w.shows(a[1], []string{a[2]})
	}},
	{`{who} shows {row}`, func(w *World, _ context.Context, a []string) error {
		if a[1] == "no row" {
			return w.shows(a[0], nil)
		}
		return w.shows(a[0], []string{a[2]})
	}},
	{`{who} has the cookie {value} in {their} browser`, func(w *World, _ context.Context, a []string) error {
		return w.bringCookie(a[0], a[1])
	}},
	{`{who} receives no other cookie than {value}`, func(w *World, _ context.Context, a []string) error {
		return w.receivesNoOtherCookie(a[0], a[1])
	}},
	{`{who} may no longer view {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.changeViewer(ctx, a[0], "may no longer view", a[1], func(owner *driver.Persona, item, user string) (*driver.Reply, error) {
			return owner.Forbid(ctx, item, user)
		})
	}},
	{`{who} is no longer associated with an integration`, func(w *World, ctx context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		return granted("clearing the associations of " + a[0])(i.owner.WithKey().Associate(ctx, i.guid))
	}},
}

// granted turns a reply that is no success into a block.
func granted(what string) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		if err == nil && !reply.Is(2) {
			return refused(what, reply)
		}
		return err
	}
}

// questions are what content asks while it executes: a token for its visitor, and
// one for itself, each followed by the data that the token opens. Content asks
// both, whatever is associated with it, so that "no token" is an answer.
func (w *World) questions() []probe.Action {
	resource := ""
	if w.provider != nil {
		resource = w.provider.url + "/resource"
	}
	ask := func(subject, kind string) []probe.Action {
		return []probe.Action{
			driver.ExchangeAction(subject, kind),
			{Do: probe.DoCall, Method: "GET", URL: resource, Headers: map[string]string{"Authorization": "Bearer {token}"}},
		}
	}
	return append(
		ask("{header.Posit-Connect-User-Session-Token}", driver.UserSessionToken),
		ask("{env.CONNECT_CONTENT_SESSION_TOKEN|file.CONNECT_CONTENT_SESSION_TOKEN_FILE}", driver.ContentSessionToken)...,
	)
}

// publish has a publisher deploy content, by API key or by signed requests.
func (w *World) publish(ctx context.Context, who, mode, short string, signed bool) error {
	if !w.run.config.Target.Runs(mode) {
		return &verdict.Inapplicable{Reason: "the target does not run " + mode + " content"}
	}
	owner, err := w.publisher(ctx, who)
	if err != nil {
		return err
	}
	client := owner.WithKey()
	if signed {
		below, err := w.signsBelow(ctx, owner)
		if err != nil {
			return err
		}
		client = owner.WithCredentials(owner.credentials, below)
	}
	guid, reply, err := client.PublishContent(ctx, w.name(short), mode, w.questions())
	if err != nil {
		return err
	}
	if guid == "" && (!signed || w.step.Type == "Context") {
		return refused("publishing "+mode+" content", reply)
	}
	// Where a signed deployment is what a scenario tries, it goes on to visit what is not there.
	w.items[short] = &item{short: short, guid: guid, mode: mode, owner: owner}
	return w.attempt(reply, nil)
}

// changeViewer has the owner of an item change what a user may do with it.
func (w *World) changeViewer(ctx context.Context, who, verb, short string, change func(owner *driver.Persona, item, user string) (*driver.Reply, error)) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	return granted(who + " " + verb + " " + short)(change(i.owner.WithKey(), i.guid, p.guid))
}

func (w *World) makeShareLink(ctx context.Context, short string) error {
	target := w.run.config.Target
	if !target.Declares("share-links") {
		return &verdict.Inapplicable{Reason: "the target declares no share links"}
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	url, reply, err := i.owner.WithKey().CreateShareLink(ctx, target.Endpoints.ShareLinks, i.guid)
	if err == nil && url == "" {
		return refused("making a share link to "+short, reply)
	}
	i.share = url
	return err
}

// associate puts integrations on an item, and remembers where the provider's
// journal stood.
func (w *World) associate(ctx context.Context, short string, with ...string) (*driver.Reply, error) {
	i, err := w.item(short)
	if err != nil {
		return nil, err
	}
	var guids []string
	for _, one := range with {
		integration, err := w.integration(one)
		if err != nil {
			return nil, err
		}
		guids = append(guids, integration.guid)
	}
	entries, err := w.journal(ctx)
	if err != nil {
		return nil, err
	}
	i.since = len(entries)
	return i.owner.WithKey().Associate(ctx, i.guid, guids...)
}

// replaceAssociation clears what is associated before it puts something else
// there: a server that refuses the new one must not be left with the old one.
func (w *World) replaceAssociation(ctx context.Context, short, with string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	if err := granted("clearing the associations of " + short)(i.owner.WithKey().Associate(ctx, i.guid)); err != nil {
		return err
	}
	return w.attempt(w.associate(ctx, short, with))
}

func (w *World) hasNoAssociation(ctx context.Context, short string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	associated, reply, err := i.owner.WithKey().Associations(ctx, i.guid)
	if err != nil {
		return err
	}
	if !reply.Is(2) {
		return refused("listing the associations of "+short, reply)
	}
	if len(associated) > 0 {
		return fail("no association", "%d", len(associated))
	}
	return nil
}

// visits makes a request to content that is not a top-level navigation, so that
// it reaches the content whether or not the visitor is logged in.
func (w *World) visits(ctx context.Context, who, short string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	visit, err := visitor.Visit(ctx, i.guid, w.questions())
	i.saw(visit)
	return w.visited(i, err)
}

// navigates opens content as a browser does when somebody follows a link to it.
func (w *World) navigates(ctx context.Context, who, short string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	visit, err := visitor.Navigate(ctx, i.guid)
	i.saw(visit)
	return w.visited(i, err)
}

// visited notes a visit. One that the content answered is the twin of those that
// follow.
func (w *World) visited(i *item, err error) error {
	if err != nil {
		return err
	}
	w.attempts.tried, w.attempts.item = i.visit.Reply, i
	if i.answers {
		w.attempts.granted = i.visit.Reply
	}
	return nil
}

// followsLink opens a share link as it was given, or with another ending.
func (w *World) followsLink(ctx context.Context, short string, spoilt bool) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	link := i.share
	if spoilt {
		link = spoil(link)
	}
	visit, err := w.stranger("anybody").Persona.WithoutIdentity().VisitURL(ctx, link, w.questions())
	i.saw(visit)
	return w.visited(i, err)
}

// spoil returns a link whose last eight characters are others.
func spoil(link string) string {
	ending := "00000000"
	if strings.HasSuffix(link, ending) {
		ending = "11111111"
	}
	return link[:max(0, len(link)-len(ending))] + ending
}

// render deploys the bundle again, which renders it, and reads the outcome as
// its owner.
func (w *World) render(ctx context.Context, short string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	if reply, err := i.owner.WithKey().Redeploy(ctx, i.guid, i.mode, w.questions()); err != nil || !reply.Is(2) {
		return granted("rendering "+short)(reply, err)
	}
	return w.visits(ctx, i.owner.short, short)
}

func (i *item) saw(visit *driver.Visit) {
	i.visit = visit
	i.answers = visit != nil && visit.Report != nil
}

// report is what the content has said of its last execution.
func (i *item) report() (*probe.Report, error) {
	if i.visit == nil {
		return nil, &verdict.Trouble{Op: i.short + " was never visited"}
	}
	if i.visit.Report == nil {
		return nil, fail("a report of the content "+i.short, "%s", i.visit.Reply.Summary())
	}
	return i.visit.Report, nil
}

// shows compares the rows that the provider's resource gave the content.
func (w *World) shows(short string, wanted []string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	report, err := i.report()
	if err != nil {
		return err
	}
	var got []string
	asked := false
	for n, result := range report.Results {
		if n%2 == 0 { // an exchange
			asked = asked || result.Token != ""
			continue
		}
		var body struct{ Rows []string }
		if result.Status == 200 && json.Unmarshal([]byte(result.Body), &body) == nil {
			got = append(got, body.Rows...)
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if !asked {
		return fail("a token with which "+short+" asks for data", "none: %s", exchanges(report))
	}
	if !slices.Equal(got, wanted) {
		return fail(fmt.Sprintf("the rows %q", wanted), "the rows %q", got)
	}
	return nil
}

// bringCookie gives a browser that has not been used yet a cookie that is none of the server's.
func (w *World) bringCookie(who, cookie string) error {
	if w.personas[who] != nil {
		return &verdict.Trouble{Op: who + " has used the browser before"}
	}
	p := w.stranger(who)
	name, value, _ := strings.Cut(cookie, "=")
	p.Bring(name, value)
	w.personas[who] = p
	return nil
}

// receivesNoOtherCookie compares the digest by which the probe reports the Cookie header of its last visit.
func (w *World) receivesNoOtherCookie(short, cookie string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	report, err := i.report()
	if err != nil {
		return err
	}
	if report.Request == nil {
		return fail("a report of the request", "one without it")
	}
	for _, digest := range report.Request.Headers["Cookie"] {
		if digest != "sha256:"+probe.Digest(cookie) {
			return fail("no other cookie than "+cookie, "a Cookie header with another digest")
		}
	}
	return nil
}
