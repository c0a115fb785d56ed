package steps

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// dashboardSteps open the dashboard and follow its links. Its page is HTML in targets that declare
// the capability.
var dashboardSteps = []vocabulary.Definition{
	vocabulary.Action(`{visitor} opens the dashboard`, func(ctx context.Context, s *scenario.State, v *driver.Persona) error {
		return s.OpenDashboard(ctx, v)
	}),
	vocabulary.Action(`the visitor follows the link {string}`, func(ctx context.Context, s *scenario.State, label string) error {
		return s.FollowLink(ctx, label)
	}),

	vocabulary.Check(`the dashboard has a link {string}`, func(_ context.Context, s *scenario.State, label string) error {
		return s.CheckLink(label, check.HasLink)
	}),
	vocabulary.Check(`the dashboard has no link {string}`, func(_ context.Context, s *scenario.State, label string) error {
		return s.CheckLink(label, check.HasNoLink)
	}),
	vocabulary.Check(`the link {string} leads to {string}`, func(_ context.Context, s *scenario.State, label, url string) error {
		return s.CheckLink(label, check.LinkLeadsTo(url))
	}),
	vocabulary.Check(`the dashboard shows {person} as signed in`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckDashboardShows(ctx)
	}),
	vocabulary.Check(`the browser is sent to {string}`, func(ctx context.Context, s *scenario.State, url string) error {
		return s.CheckSentTo(ctx, url, true)
	}),
	vocabulary.Check(`the browser is sent without a click to {string}`, func(ctx context.Context, s *scenario.State, url string) error {
		return s.CheckSentTo(ctx, url, false)
	}),
}
