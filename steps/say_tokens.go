package steps

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// sayTokens: who is handed a token, whose it is, and where none may be seen.
var sayTokens = []sentence{
	{`{who} obtains a token of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.obtains(ctx, a[0], a[1])
	}},
	{`{who} obtains no token`, func(w *World, _ context.Context, a []string) error { return w.obtainsNone(a[0]) }},
	{`no token is requested or handed out for {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.noneRequested(ctx, a[0])
	}},
	{`the exchange returns no refresh token`, func(w *World, ctx context.Context, _ []string) error {
		return w.exchangeReturnsNoRefresh(ctx)
	}},
	{`{manager} reads the session of {who} with {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.manager(ctx, a[0])
		if err != nil {
			return err
		}
		return w.readsSession(ctx, p, a[1], a[2])
	}},
	{`the reply describes the session without {token}`, func(w *World, ctx context.Context, a []string) error {
		return w.describedWithout(ctx, kinds[a[0]])
	}},
	{`{manager} looks at everything the server {shows} about {who} and {who}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.manager(ctx, a[0])
		if err != nil {
			return err
		}
		return w.looksAtEverything(ctx, p, a[1], a[2])
	}},
	{`no reply {exchange}holds {token}`, func(w *World, ctx context.Context, a []string) error {
		return w.notSeen(ctx, kinds[a[0]])
	}},
	{`{who} reports its environment and the headers of a visit by {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.visits(ctx, a[1], a[0])
	}},
	{`{who} has been given no refresh token`, func(w *World, _ context.Context, a []string) error {
		i, err := w.item(a[0])
		if err != nil {
			return err
		}
		report, err := i.report()
		if err != nil {
			return err
		}
		if report.Request == nil || len(report.Environment) == 0 {
			return fail("a report of the environment and the request", "one without them")
		}
		return sightingOf(report, control.KindRefreshToken)
	}},
}

// kinds are what the provider calls what features call so.
var kinds = map[string]string{"an access token": control.KindAccessToken, "a refresh token": control.KindRefreshToken}

// entry is what the provider's journal holds of one request.
type entry = control.Entry

func (w *World) journal(ctx context.Context) ([]entry, error) {
	if w.provider == nil {
		return nil, nil
	}
	entries, err := w.provider.control.Journal(ctx, w.provider.issuer)
	return entries, trouble("read the provider's journal", err)
}

// authorizations counts what the provider's authorization endpoint was asked.
func (w *World) authorizations(ctx context.Context, counts func(entry) bool) (int, error) {
	entries, err := w.journal(ctx)
	n := 0
	for _, e := range entries {
		if e.Endpoint == "authorize" && counts(e) {
			n++
		}
	}
	return n, err
}

// then notes that an item has obtained a token, where a sentence says so, or blocks
// the scenario: what follows is compared with it.
func (w *World) then(obtained, short string, err error) error {
	if err != nil || obtained == "" {
		return err
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	report, err := i.report()
	if err != nil {
		return err
	}
	if len(tokens(report)) == 0 {
		return fail("a token", "none: %s", exchanges(report))
	}
	w.attempts.token = true
	return nil
}

// tokens are the digests of the tokens that the content was handed.
func tokens(report *probe.Report) []string {
	var digests []string
	for _, r := range report.Results {
		if r.Token != "" {
			digests = append(digests, r.Token)
		}
	}
	return digests
}

// exchanges describes what the content was answered.
func exchanges(report *probe.Report) string {
	var answers []string
	for n := 0; n < len(report.Results); n += 2 {
		r := report.Results[n]
		switch {
		case r.Error != "":
			answers = append(answers, r.Error)
		default:
			answers = append(answers, fmt.Sprintf("status %d code %d", r.Status, r.Code))
		}
	}
	return "the exchanges ended with " + strings.Join(answers, "; ")
}

// obtains finds the tokens that the content was handed in the provider's journal,
// which knows for whom it issued them.
func (w *World) obtains(ctx context.Context, short, account string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	report, err := i.report()
	if err != nil {
		return err
	}
	handed := tokens(report)
	if len(handed) == 0 {
		return fail("a token of "+account, "none: %s", exchanges(report))
	}
	entries, err := w.journal(ctx)
	if err != nil {
		return err
	}
	for _, digest := range handed {
		whose, issued := issuedTo(entries, digest)
		if !issued || whose != account {
			return fail("a token that the provider issued to "+account, "one issued to %q", whose)
		}
	}
	return nil
}

func issuedTo(entries []entry, digest string) (account string, issued bool) {
	for _, e := range entries {
		for _, token := range e.Issued {
			if token.Kind == control.KindAccessToken && token.Digest == digest {
				return e.Account, true
			}
		}
	}
	return "", false
}

// obtainsNone wants the content to have run and to have been refused. A visit
// that the server itself refuses hands out nothing either.
func (w *World) obtainsNone(short string) error {
	if !w.attempts.token {
		return &verdict.Block{Reason: "no token was obtained that this could be compared with", BySubject: true}
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	if i.visit != nil && i.visit.Report == nil && i.visit.Reply.Refuses() {
		return nil
	}
	report, err := i.report()
	if err != nil {
		return err
	}
	if len(tokens(report)) > 0 {
		return fail("no token", "one")
	}
	for n := 0; n < len(report.Results); n += 2 {
		if s := report.Results[n].Status; s != 0 && s/100 != 4 && s != http.StatusNotImplemented {
			return fail("a refusal of the exchange (4xx or 501)", "%s", exchanges(report))
		}
	}
	return nil
}

// noneRequested is for content that executes nothing: neither the provider nor
// the visitor has seen anything of a token since the association was tried.
func (w *World) noneRequested(ctx context.Context, short string) error {
	if !w.attempts.token {
		return &verdict.Block{Reason: "no token was obtained that this could be compared with", BySubject: true}
	}
	i, err := w.item(short)
	if err != nil {
		return err
	}
	if tried := w.attempts.tried; tried == nil || !tried.Is(2) && !tried.Refuses() {
		return fail("an association that is accepted or refused", "%s", tried.Summary())
	}
	entries, err := w.journal(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries[i.since:] {
		if e.Endpoint == "token" {
			return fail("no request to the provider", "a %s request with outcome %s", e.GrantType, e.Outcome)
		}
	}
	if i.visit != nil && i.visit.Report != nil {
		return fail("a page that executes nothing", "a report of content that has run")
	}
	if i.visit != nil && i.visit.Reply.Is(2) && !driver.ShowsPage(i.visit.Reply) {
		return &verdict.Block{Reason: "the visit did not show the page of the content: " + i.visit.Reply.Summary(), BySubject: true}
	}
	return w.handedOut(control.KindAccessToken, 0)
}

// handedOut is the violation of a subject that has shown a token to the suite itself, in
// the exchange of that number; 0 stands for all of them.
func (w *World) handedOut(kind string, exchange int) error {
	for _, s := range w.recorder.Leaks() {
		if s.Kind == kind && (exchange == 0 || s.Seq == exchange) {
			return fail("no "+words(kind), "one in %s", s.String())
		}
	}
	return nil
}

func (w *World) exchangeReturnsNoRefresh(ctx context.Context) error {
	if err := w.wasIssued(ctx, control.KindRefreshToken); err != nil {
		return err
	}
	for _, i := range w.items {
		if i.visit == nil || i.visit.Report == nil {
			continue
		}
		for _, r := range i.visit.Report.Results {
			if r.Token != "" && r.Has("refresh_token") {
				return fail("no refresh_token in the reply", "one")
			}
		}
		if err := sightingOf(i.visit.Report, control.KindRefreshToken); err != nil {
			return err
		}
	}
	return nil
}

// sightingOf is the violation of content that has seen what it must not see.
func sightingOf(report *probe.Report, kind string) error {
	for _, s := range report.Sightings {
		if s.Kind == kind {
			return fail("no "+words(kind), "one in %s of what the content %s sees", s.Where, s.Encoding)
		}
	}
	return nil
}

// wasIssued makes sure that there is something to look for.
func (w *World) wasIssued(ctx context.Context, kind string) error {
	entries, err := w.journal(ctx)
	for _, e := range entries {
		for _, issued := range e.Issued {
			if issued.Kind == kind {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	return &verdict.Block{Reason: "the provider has issued no " + words(kind) + " that could be looked for", BySubject: true}
}

func (w *World) readsSession(ctx context.Context, reader *driver.Persona, who, with string) error {
	found, err := w.sessions(ctx, who, with)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return fail("one session", "%d", len(found))
	}
	reply, err := reader.Session(ctx, found[0].GUID)
	if reply.Is(2) {
		w.attempts.granted = reply
	}
	return w.attempt(reply, err)
}

func (w *World) describedWithout(ctx context.Context, kind string) error {
	if err := w.wasIssued(ctx, kind); err != nil {
		return err
	}
	reply := w.attempts.tried
	if !reply.Is(2) || reply.Text("oauth_integration_guid") == "" {
		return fail("a description of the session", "%s", reply.Summary())
	}
	if strings.Contains(reply.Everything(), `"`+kind+`"`) {
		return fail("no member "+kind, "one")
	}
	return w.handedOut(kind, reply.Exchange.Seq)
}

// looksAtEverything asks for all that the server has to say about an item, an
// integration and the person who asks. That answers come is checked, what
// stands in them is for the recorder.
func (w *World) looksAtEverything(ctx context.Context, reader *driver.Persona, short, with string) error {
	i, err := w.item(short)
	if err != nil {
		return err
	}
	integration, err := w.integration(with)
	if err != nil {
		return err
	}
	shown := 0
	for _, path := range []string{
		"__api__/v1/user", "__api__/v1/users", "__api__/server_settings",
		"__api__/v1/content", "__api__/v1/content/" + i.guid, "__api__/v1/content/" + i.guid + "/bundles",
		"__api__/v1/content/" + i.guid + "/permissions",
		"__api__/v1/content/" + i.guid + "/oauth/integrations/associations",
		"__api__/v1/oauth/integrations", "__api__/v1/oauth/integrations/" + integration.guid,
		"__api__/v1/oauth/integrations/" + integration.guid + "/associations",
		"__api__/v1/oauth/sessions", "__api__/v1/oauth/sessions?all=true",
		"connect/", "content/" + i.guid + "/",
		"__oauth__/integrations/" + integration.guid + "/login",
	} {
		reply, err := reader.Get(ctx, path)
		if err != nil {
			return err
		}
		if reply.Is(2) || reply.Is(3) {
			shown++
		}
	}
	if shown < 5 {
		return fail("answers about "+short+" and "+with, "%d of 16", shown)
	}
	return nil
}

// notSeen asks the recorder, which has looked at every reply.
func (w *World) notSeen(ctx context.Context, kind string) error {
	if err := w.wasIssued(ctx, kind); err != nil {
		return err
	}
	for _, s := range w.recorder.Leaks() {
		if s.Kind == kind {
			return w.run.leak(s.Sighting, s.String())
		}
	}
	return nil
}
