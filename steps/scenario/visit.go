package scenario

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

func (c *Content) recordVisit(visit *driver.Visit) {
	c.before, c.visit = c.visit, visit
	c.answered = visit != nil && visit.Report != nil
}

// tryVisit records a visit. If the content answered, later requests are compared with it.
func (c *Content) tryVisit(visit *driver.Visit, err error) error {
	c.recordVisit(visit)
	if err != nil {
		return err
	}
	c.state.obtained = c.state.obtained || c.answered && check.SomeToken(visit.Report) == nil
	return c.state.Compared.tryAt(c, visit.Reply)
}

// Visit makes a request to the content that is no top-level navigation, so that it reaches the
// content whether or not the visitor is logged in to its integrations. The content asks its
// [State.Questions].
func (c *Content) Visit(ctx context.Context, visitor *driver.Persona) error {
	return c.VisitActing(ctx, visitor, c.state.Questions())
}

// VisitActing is [Content.Visit] with other actions of the content.
func (c *Content) VisitActing(ctx context.Context, visitor *driver.Persona, actions []probe.Action) error {
	return c.tryVisit(visitor.Visit(ctx, c.guid, actions))
}

// Navigate opens the content as a browser does when its user follows a link to it.
func (c *Content) Navigate(ctx context.Context, visitor *driver.Persona) error {
	return c.tryVisit(visitor.Navigate(ctx, c.guid))
}

// VisitWith is [Content.Visit] with a header line that no correct client sends.
func (c *Content) VisitWith(ctx context.Context, visitor *driver.Persona, line HeaderText) error {
	return c.tryVisit(visitor.VisitActing(ctx, c.guid, c.state.Questions(), c.state.line(line)))
}

// OpenAndSignIn opens the content in a browser without cookies and without scripts, which the proxy sends to
// its login page, and signs in there. The scenario is inapplicable without a proxy.
func (c *Content) OpenAndSignIn(ctx context.Context, visitor *driver.Persona) error {
	if c.state.Job.Front == plan.Direct {
		return &verdict.Inapplicable{Reason: "without a proxy there is no login page"}
	}
	var err error
	c.opened, c.back, err = visitor.OpenAndLogIn(ctx, driver.ContentPath(c.guid))
	return err
}

// CheckBack requires that the login has led back to the content, which answers.
func (c *Content) CheckBack() error {
	if c.opened == "" {
		return missing("no user has opened %s and signed in", c.Name)
	}
	return check.BackAt(c.back, c.opened)
}

// OpenFrame opens the content in a frame of the dashboard.
func (c *Content) OpenFrame(ctx context.Context, visitor *driver.Persona) error {
	return c.tryVisit(visitor.OpenFrame(ctx, c.guid))
}

// SubmitForm submits a form to the content, from a page of another site if foreign.
func (c *Content) SubmitForm(ctx context.Context, visitor *driver.Persona, foreign bool) error {
	return c.tryVisit(visitor.SubmitForm(ctx, c.guid, foreign))
}

// FollowLink opens the share link of the content as an anonymous visitor.
func (c *Content) FollowLink(ctx context.Context) error {
	return c.tryVisit(c.state.Anonymous().VisitURL(ctx, c.share, c.state.Questions()))
}

// FollowChangedLink opens the share link with another ending.
func (c *Content) FollowChangedLink(ctx context.Context) error {
	return c.tryVisit(c.state.Anonymous().VisitURL(ctx, changeEnding(c.share), c.state.Questions()))
}

// changeEnding returns a link whose last eight characters are different.
func changeEnding(link string) string {
	ending := "00000000"
	if strings.HasSuffix(link, ending) {
		ending = "11111111"
	}
	return link[:max(0, len(link)-len(ending))] + ending
}

// Render deploys the bundle again, which renders the content, and reads the result as its owner.
func (c *Content) Render(ctx context.Context) error {
	reply, err := c.byOwner().Redeploy(ctx, c.guid, c.mode, c.state.Questions())
	if err := require("rendering "+c.Name)(reply, err); err != nil {
		return err
	}
	return c.Visit(ctx, c.owner.browser)
}

// Access is how visitors get at content: as viewers, without login, or by a share link.
type Access struct {
	Viewer *Person // nil for anonymous visitors
	Link   bool    // by a share link
}

// Open has the owner of the content give visitors the access.
func (c *Content) Open(ctx context.Context, a Access) error {
	switch {
	case a.Viewer != nil:
		return c.Permit(ctx, a.Viewer, "viewer")
	case a.Link:
		return c.Share(ctx)
	}
	return c.SetAccess(ctx, Anyone)
}

// renderedModes are the app modes of content that is executed by a deployment and not by a visit.
var renderedModes = []string{"quarto-static", "rmd-static", "jupyter-static"}

// Execute renders the content, or visits it with an access.
func (c *Content) Execute(ctx context.Context, a Access) error {
	switch {
	case slices.Contains(renderedModes, c.mode):
		return c.Render(ctx)
	case a.Link:
		return c.FollowLink(ctx)
	case a.Viewer == nil:
		return c.Visit(ctx, c.state.Anonymous())
	}
	b, err := a.Viewer.User(ctx)
	if err != nil {
		return err
	}
	return c.Visit(ctx, b)
}

// RequireToken blocks the scenario unless the content was given a token in its last execution.
// Later executions are compared with it.
func (c *Content) RequireToken() error {
	return c.CheckReport(check.SomeToken)
}

// VisitGreedy has the content exchange, beside the token of its visit, what it may know of another
// person, and a token that it has made up.
func (c *Content) VisitGreedy(ctx context.Context, visitor *driver.Persona, other *Person) error {
	b, err := other.User(ctx)
	if err != nil {
		return err
	}
	actions := c.state.Questions()
	for _, subject := range []string{other.guid, b.Identity.Username, "made-up"} {
		actions = append(actions, driver.ExchangeAction(subject, driver.UserSessionToken), actions[1])
	}
	return c.VisitActing(ctx, visitor, actions)
}

// forwardedToken is the header in which content passes the token of its visit to other content.
const forwardedToken = "X-Handed-On"

// VisitThrough has the content open other content with the API key that it was given, and reads
// what that content reports of its actions.
func (c *Content) VisitThrough(ctx context.Context, visitor *driver.Persona, inner *Content) error {
	return c.visitThrough(ctx, visitor, inner, c.state.Questions())
}

// VisitForwarding is [Content.VisitThrough] while the content passes the token of its visit to the
// other content, which exchanges it.
func (c *Content) VisitForwarding(ctx context.Context, visitor *driver.Persona, inner *Content) error {
	actions := c.state.Questions()
	actions[0] = driver.ExchangeAction("{header."+forwardedToken+"}", driver.UserSessionToken)
	return c.visitThrough(ctx, visitor, inner, actions)
}

func (c *Content) visitThrough(ctx context.Context, visitor *driver.Persona, inner *Content, actions []probe.Action) error {
	script, err := json.Marshal(actions)
	if err != nil {
		return &verdict.Trouble{Op: "write actions", Err: err}
	}
	visit, err := visitor.Visit(ctx, c.guid, []probe.Action{{
		Do: probe.DoCall, Method: http.MethodGet,
		URL:     "{env.CONNECT_SERVER}" + driver.ContentPath(inner.guid) + "?probe=" + base64.RawURLEncoding.EncodeToString(script),
		Headers: map[string]string{"Authorization": "Key {env.CONNECT_API_KEY}", forwardedToken: visitToken},
	}})
	c.recordVisit(visit)
	if err != nil {
		return err
	}
	report, err := c.report()
	if err != nil {
		return err
	}
	var seen probe.Report
	if len(report.Results) != 1 || json.Unmarshal([]byte(report.Results[0].Body), &seen) != nil || seen.Probe != probe.Version {
		return verdict.Broken("a report of the content "+inner.Name, "none")
	}
	inner.recordVisit(&driver.Visit{Reply: visit.Reply, Report: &seen})
	return nil
}

// VisitPlanting has the content set, for every cookie that the server has set in the visitor's
// browser, a cookie of the same name.
func (c *Content) VisitPlanting(ctx context.Context, visitor *driver.Persona) error {
	names := visitor.CookieNames()
	if len(names) == 0 {
		return &verdict.Inapplicable{Reason: "the server sets no cookie when a user signs in"}
	}
	var actions []probe.Action
	for _, name := range names {
		actions = append(actions, probe.Action{Do: probe.DoSetCookie, Cookie: name + "=" + check.Planted + "; Path=/"})
	}
	return c.VisitActing(ctx, visitor, actions)
}

// CheckPlantedCookies requires that no cookie of [Content.VisitPlanting] reached the browser.
func (c *Content) CheckPlantedCookies() error { return check.CookiesHeldBack(c.visit) }

// An ExchangeField is a parameter of a token exchange.
type ExchangeField string

// VisitExchanging is [Content.Visit] with another value of a parameter in each exchange.
func (c *Content) VisitExchanging(ctx context.Context, visitor *driver.Persona, field ExchangeField, value string) error {
	return c.visitChanging(ctx, visitor, func(exchange *probe.Action) { exchange.Form[string(field)] = value })
}

// VisitForAudience is [Content.VisitExchanging] with the guid of an integration as audience.
func (c *Content) VisitForAudience(ctx context.Context, visitor *driver.Persona, i *Integration) error {
	return c.VisitExchanging(ctx, visitor, "audience", i.guid)
}

// VisitWithKeyOf is [Content.Visit] with exchanges that are made with the API key of a person.
func (c *Content) VisitWithKeyOf(ctx context.Context, visitor *driver.Persona, p *Person) error {
	b, err := p.Publisher(ctx)
	if err != nil {
		return err
	}
	return c.visitChanging(ctx, visitor, func(exchange *probe.Action) { exchange.Headers["Authorization"] = "Key " + b.Key() })
}

func (c *Content) visitChanging(ctx context.Context, visitor *driver.Persona, change func(exchange *probe.Action)) error {
	actions := c.state.Questions()
	for n := range actions {
		if actions[n].As == probe.AsExchange {
			change(&actions[n])
		}
	}
	return c.VisitActing(ctx, visitor, actions)
}

// VisitAtOnce makes several visits at the same time.
func (c *Content) VisitAtOnce(ctx context.Context, visitor *driver.Persona, n int) error {
	c.atOnce = make([]*driver.Visit, n)
	errs := make([]error, n)
	var wait sync.WaitGroup
	for k := range n {
		wait.Go(func() { c.atOnce[k], errs[k] = visitor.Visit(ctx, c.guid, c.state.Questions()) })
	}
	wait.Wait()
	return firstError(errs)
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckEachObtained requires that each of the visits at the same time obtained a token that the
// provider issued to an account.
func (c *Content) CheckEachObtained(ctx context.Context, account string) error {
	if len(c.atOnce) == 0 {
		return missing("%s was not visited several times at once", c.Name)
	}
	for _, visit := range c.atOnce {
		c.recordVisit(visit)
		if err := c.CheckTokenOf(ctx, account); err != nil {
			return err
		}
	}
	return nil
}

// CheckTokenOf requires that the content obtained a token that the provider issued to an account.
func (c *Content) CheckTokenOf(ctx context.Context, account string) error {
	report, err := c.report()
	if err != nil {
		return err
	}
	return c.state.CheckJournal(ctx, func(journal []control.Entry) error { return check.TokenOf(report, journal, account) })
}

// CheckTokenOfClient requires that the content obtained a token that the provider issued to the
// client of an integration.
func (c *Content) CheckTokenOfClient(ctx context.Context, i *Integration) error {
	report, err := c.report()
	if err != nil {
		return err
	}
	return c.state.CheckJournal(ctx, func(journal []control.Entry) error { return check.TokenOfClient(report, journal, i.clientID) })
}

// CheckNoneIssuedSince requires that the provider has issued no access token after the one that
// the content obtained in its last execution.
func (c *Content) CheckNoneIssuedSince(ctx context.Context) error {
	report, err := c.report()
	if err != nil {
		return err
	}
	return c.state.CheckJournal(ctx, func(journal []control.Entry) error { return check.NoneIssuedSince(report, journal) })
}

// CheckSameToken requires that the last execution obtained the token that the one before it
// obtained.
func (c *Content) CheckSameToken() error { return c.compareTokens(check.SameTokens) }

// CheckAnotherToken requires that the last execution obtained a token that the one before it did
// not obtain.
func (c *Content) CheckAnotherToken() error { return c.compareTokens(check.OtherTokens) }

func (c *Content) compareTokens(judge func(before, after *probe.Report) error) error {
	before, err := check.Reported(c.before, c.Name)
	if err != nil {
		return err
	}
	after, err := c.report()
	if err != nil {
		return err
	}
	return judge(before, after)
}

// CheckNoToken requires that the content was refused a token, compared with content that was given
// one. Static content executes nothing, so that no token may be requested for it.
func (c *Content) CheckNoToken(ctx context.Context) error {
	if c.mode == "static" {
		return c.checkNothingRequested(ctx)
	}
	return check.NoToken(c.visit, c.Name, c.state.obtained)
}

// checkNothingRequested requires of content that executes nothing that neither the provider nor
// the visitor has seen anything of a token since the association was tried.
func (c *Content) checkNothingRequested(ctx context.Context) error {
	s := c.state
	if !s.obtained {
		return &verdict.Block{Reason: "no token was obtained that this could be compared with", BySubject: true}
	}
	if tried := s.Compared.Tried; tried == nil || !tried.Is(2) && !tried.Refuses() {
		return verdict.Broken("a visit that is answered or refused", "%s", tried.Summary())
	}
	journal, err := s.journal(ctx)
	if err != nil {
		return err
	}
	if err := check.NoTokenRequest(journal[c.since:]); err != nil {
		return err
	}
	if c.answered {
		return verdict.Broken("a page that executes nothing", "a report of content that has run")
	}
	if c.visit != nil && c.visit.Reply.Is(2) && !driver.ShowsPage(c.visit.Reply) {
		return &verdict.Block{Reason: "the visit did not show the page of the content: " + c.visit.Reply.Summary(), BySubject: true}
	}
	return s.checkNotShown(control.KindAccessToken, 0)
}

// CheckNotInSharedCaches requires that the last visit showed the content and that shared caches
// may not keep the reply.
func (s *State) CheckNotInSharedCaches() error {
	c := s.Compared.content
	if c == nil || !c.answered && !driver.ShowsPage(c.visit.Reply) {
		return verdict.Broken("a visit that shows the content", "%s", s.Compared.Tried.Summary())
	}
	return check.NotInSharedCaches(s.Compared.Tried)
}

// OpenWebSocket opens a WebSocket to the content and waits for the echo. foreign says that a page
// of another site opens it.
func (c *Content) OpenWebSocket(ctx context.Context, visitor *driver.Persona, foreign bool) error {
	from := ""
	if foreign {
		from = "https://elsewhere.example.com"
	}
	word := "hello " + c.state.Suffix
	socket, err := visitor.OpenWebSocket(ctx, c.guid, from, word)
	if err != nil {
		return err
	}
	c.answered = socket.Echo == word
	return c.state.Compared.tryAt(c, socket.Reply)
}

// reports returns those of the last visits to all content.
func (s *State) reports() []*probe.Report {
	var all []*probe.Report
	for _, c := range s.contents {
		if c.visit != nil && c.visit.Report != nil {
			all = append(all, c.visit.Report)
		}
	}
	return all
}

// CheckExchangesNotStored requires that the replies to granted exchanges forbid caches to store
// them.
func (s *State) CheckExchangesNotStored() error { return check.ExchangesNotStored(s.reports()) }

// CheckDifferentTokens requires that two items were given different tokens.
func (c *Content) CheckDifferentTokens(other *Content) error {
	one, err := c.report()
	if err != nil {
		return err
	}
	two, err := other.report()
	if err != nil {
		return err
	}
	return check.DifferentTokens(one, two)
}
