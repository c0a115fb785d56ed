package steps

import (
	"context"
	"net/http"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayDashboard: the links of the dashboard. Its page is HTML for targets that declare the capability.
var sayDashboard = []sentence{
	{`{anybody} opens the dashboard`, func(w *World, ctx context.Context, a []string) error {
		return w.opensDashboard(ctx, a[0])
	}},
	{`the dashboard has {a} link {value}`, func(w *World, _ context.Context, a []string) error {
		return w.dashboardHasLink(a[1], a[0] == "a")
	}},
	{`the link {value} leads to {value}`, func(w *World, _ context.Context, a []string) error {
		href, err := w.link(a[0])
		if err == nil && href != a[1] {
			return fail("a link to "+a[1], "one to %s", href)
		}
		return err
	}},
	{`the visitor follows the link {value}`, func(w *World, ctx context.Context, a []string) error {
		return w.followsLinkOfDashboard(ctx, a[0])
	}},
}

// A dashboardVisit is a visitor with the page of the dashboard.
type dashboardVisit struct {
	visitor *driver.Persona
	page    *driver.Reply
}

func (w *World) opensDashboard(ctx context.Context, who string) error {
	if !w.run.config.Target.Declares("dashboard") {
		return &verdict.Inapplicable{Reason: "the target declares no dashboard"}
	}
	visitor, err := w.visitor(ctx, who)
	if err != nil {
		return err
	}
	first, err := visitor.Call(ctx, http.MethodGet, "connect/", nil, driver.HeaderLine{Name: "Accept", Value: "text/html"})
	if err != nil {
		return err
	}
	chain, err := visitor.Follow(ctx, first)
	if err != nil {
		return err
	}
	w.dashboard = dashboardVisit{visitor, chain[len(chain)-1]}
	if !w.dashboard.page.Is(2) {
		return fail("the dashboard", "%s", w.dashboard.page.Summary())
	}
	return nil
}

// link returns where a link of the dashboard leads.
func (w *World) link(label string) (string, error) {
	if w.dashboard.page == nil {
		return "", &verdict.Trouble{Op: "nobody has opened the dashboard"}
	}
	href, ok := w.dashboard.page.Link(label)
	if !ok {
		return "", fail("a link "+label, "none: %s", w.dashboard.page.Summary())
	}
	return href, nil
}

func (w *World) dashboardHasLink(label string, wanted bool) error {
	href, err := w.link(label)
	if _, missing := asViolation(err); missing && !wanted {
		return nil
	}
	if err == nil && !wanted {
		return fail("no link "+label, "one to %s", href)
	}
	return err
}

// followsLinkOfDashboard makes the request of a link that leads to the server itself.
func (w *World) followsLinkOfDashboard(ctx context.Context, label string) error {
	href, err := w.link(label)
	if err != nil {
		return err
	}
	if strings.Contains(href, "://") && !strings.HasPrefix(href, w.instance.Address()) {
		return fail("a link to the server itself", "one to %s", href)
	}
	return w.attempt(w.dashboard.visitor.PressLink(ctx, w.dashboard.page, label))
}
