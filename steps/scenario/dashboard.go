package scenario

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// A Dashboard is the page of the dashboard that a visitor has opened.
type Dashboard struct {
	visitor *driver.Persona
	page    *driver.Reply
}

// openPage opens a page as a browser does, and follows redirects within the server.
func openPage(ctx context.Context, visitor *driver.Persona, path string) (*driver.Reply, error) {
	first, err := visitor.Call(ctx, http.MethodGet, path, nil, driver.HeaderLine{Name: "Accept", Value: "text/html"})
	if err != nil {
		return nil, err
	}
	return follow(ctx, visitor, first)
}

// follow returns the last reply of a chain of redirects within the server.
func follow(ctx context.Context, visitor *driver.Persona, first *driver.Reply) (*driver.Reply, error) {
	chain, err := visitor.Follow(ctx, first)
	if err != nil {
		return nil, err
	}
	return chain[len(chain)-1], nil
}

// OpenDashboard has a visitor open the dashboard.
func (s *State) OpenDashboard(ctx context.Context, visitor *driver.Persona) error {
	if !s.Target.Declares("dashboard") {
		return &verdict.Inapplicable{Reason: "the target declares no dashboard"}
	}
	page, err := openPage(ctx, visitor, "connect/")
	if err != nil {
		return err
	}
	s.dashboard = &Dashboard{visitor, page}
	if !page.Is(2) {
		return verdict.Broken("the dashboard", "%s", page.Summary())
	}
	return nil
}

// CheckDashboardShows requires that the dashboard shows the person as signed in.
func (p *Person) CheckDashboardShows(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	page, err := openPage(ctx, b, "connect/")
	if err != nil {
		return err
	}
	return check.ShowsUser(page, b.Identity.Username)
}

func (s *State) dashboardPage() (*driver.Reply, error) {
	if s.dashboard == nil {
		return nil, missing("no visitor has opened the dashboard")
	}
	return s.dashboard.page, nil
}

// CheckLink judges a link of the dashboard.
func (s *State) CheckLink(label string, judge func(page *driver.Reply, label string) error) error {
	page, err := s.dashboardPage()
	if err != nil {
		return err
	}
	return judge(page, label)
}

// FollowLink makes the request of a link of the dashboard that leads to the server itself.
func (s *State) FollowLink(ctx context.Context, label string) error {
	page, err := s.dashboardPage()
	if err != nil {
		return err
	}
	href, ok := page.Link(label)
	if !ok {
		return check.HasLink(page, label)
	}
	if strings.Contains(href, "://") && !strings.HasPrefix(href, s.Instance.Address()) {
		return verdict.Broken("a link to the server itself", "one to %s", href)
	}
	return s.Compared.Try(s.dashboard.visitor.PressLink(ctx, page, label))
}

// CheckSentTo requires that the tried request leads the visitor's browser to a URL, byte for byte.
// byClick accepts that the visitor gets there by the link "Log In" of the first page.
func (s *State) CheckSentTo(ctx context.Context, wanted string, byClick bool) error {
	visitor := s.Anonymous()
	last, err := follow(ctx, visitor, s.Compared.Tried)
	if err != nil {
		return err
	}
	if !last.Is(3) && byClick {
		if last, err = pressLogIn(ctx, visitor); err != nil {
			return err
		}
	}
	return check.RedirectsTo(last, wanted)
}

// pressLogIn follows the link "Log In" of the page that the server's address shows.
func pressLogIn(ctx context.Context, visitor *driver.Persona) (*driver.Reply, error) {
	page, err := openPage(ctx, visitor, "")
	if err != nil {
		return nil, err
	}
	pressed, err := visitor.PressLink(ctx, page, "Log In")
	if err != nil {
		return nil, err
	}
	if pressed == nil {
		return nil, &verdict.Inapplicable{Reason: "neither a redirect nor a link in a page leads to the login page; what a script shows takes a browser"}
	}
	return follow(ctx, visitor, pressed)
}

// CheckOwnAddresses requires that each address in the last reply begins with the address at which
// the server is published: absolute URLs in a JSON object, the target of a redirect, or the
// callback that the provider is told.
func (s *State) CheckOwnAddresses() error {
	reply := s.Compared.Tried
	return check.OwnAddresses(reply, s.addressesIn(reply), s.Instance.PublishedAddress())
}

func (s *State) addressesIn(reply *driver.Reply) map[string]string {
	if !reply.Is(3) {
		return check.Addresses(reply.Object())
	}
	to := reply.Header.Get("Location")
	if s.issuer == nil || !strings.HasPrefix(to, s.issuer.url) {
		return map[string]string{"Location": to}
	}
	u, err := url.Parse(to)
	if err != nil || u.Query().Get("redirect_uri") == "" {
		return nil
	}
	return map[string]string{"redirect_uri": u.Query().Get("redirect_uri")}
}
