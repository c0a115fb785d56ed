package steps

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// visitSteps visit content, which asks for tokens while it executes, and check what it learns of a
// visit.
var visitSteps = []vocabulary.Definition{
	vocabulary.Action(`{visitor} (has )visits/visited {content}`, func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
		return c.Visit(ctx, v)
	}),
	vocabulary.Action(`{visitor} has visited {content} and it obtained a token`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			if err := c.Visit(ctx, v); err != nil {
				return err
			}
			return c.RequireToken()
		}),
	vocabulary.Action(`{visitor} has visited {content} and it showed the row {string}`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, row string) error {
			if err := c.Visit(ctx, v); err != nil {
				return err
			}
			return c.CheckRows(row)
		}),
	vocabulary.Action(`{visitor} (has )visits/visited {content} in a/her/his/their browser`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.Navigate(ctx, v)
		}),
	vocabulary.Action(`{visitor} opens {content} without scripts and signs in at the login page of the proxy`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.OpenAndSignIn(ctx, v)
		}),
	vocabulary.Action(`{visitor} visits {content} with the further header {header line}`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, h scenario.HeaderText) error {
			return c.VisitWith(ctx, v, h)
		}),
	vocabulary.Action(`an anonymous visitor follows the share link to {content} with another ending`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
			return c.FollowChangedLink(ctx)
		}),
	vocabulary.Action(`an anonymous visitor has followed the share link to {content} and it obtained a token`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
			if err := c.FollowLink(ctx); err != nil {
				return err
			}
			return c.RequireToken()
		}),
	vocabulary.Action(`{content} is rendered`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error { return c.Render(ctx) }),
	vocabulary.Action(`{content} has been rendered and obtained a token`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
		if err := c.Render(ctx); err != nil {
			return err
		}
		return c.RequireToken()
	}),
	vocabulary.Action(`{content} is executed for {access}`, func(ctx context.Context, _ *scenario.State, c *scenario.Content, a scenario.Access) error {
		return c.Execute(ctx, a)
	}),
	vocabulary.Action(`{visitor} opens {content} in a frame of the dashboard`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.OpenFrame(ctx, v)
		}),
	vocabulary.Action(`{visitor} submits a form to {content}`, func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
		return c.SubmitForm(ctx, v, false)
	}),
	vocabulary.Action(`{visitor} submits a form to {content} from a page of another site`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.SubmitForm(ctx, v, true)
		}),
	vocabulary.Action(`{visitor} opens a WebSocket to {content}`, func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
		return c.OpenWebSocket(ctx, v, false)
	}),
	vocabulary.Action(`{visitor} opens a WebSocket to {content} from a page of another site`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.OpenWebSocket(ctx, v, true)
		}),
	vocabulary.Action(`{visitor} visits {content} {int} times at once`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, n int) error {
			return c.VisitAtOnce(ctx, v, n)
		}),

	// Content that asks for more than it should be given.
	vocabulary.Action(`{visitor} visits {content}, which asks for the token of {person} as well`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, other *scenario.Person) error {
			return c.VisitGreedy(ctx, v, other)
		}),
	vocabulary.Action(`{visitor} visits {content}, which opens {content} with its API key`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c, inner *scenario.Content) error {
			return c.VisitThrough(ctx, v, inner)
		}),
	vocabulary.Action(`{visitor} visits {content}, which passes its token to {content}`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c, inner *scenario.Content) error {
			return c.VisitForwarding(ctx, v, inner)
		}),
	vocabulary.Action(`{visitor} visits {content}, which sets cookies of the same names as the server`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.VisitPlanting(ctx, v)
		}),
	vocabulary.Action(`{visitor} visits {content}, whose exchange gives {string} as {exchange field}`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, text string, f scenario.ExchangeField) error {
			return c.VisitExchanging(ctx, v, f, text)
		}),
	vocabulary.Action(`{visitor} visits {content}, whose exchange gives {integration} as audience`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, i *scenario.Integration) error {
			return c.VisitForAudience(ctx, v, i)
		}),
	vocabulary.Action(`{visitor} visits {content}, whose exchange is made with the API key of {person}`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content, p *scenario.Person) error {
			return c.VisitWithKeyOf(ctx, v, p)
		}),
	vocabulary.Action(`{visitor} has visited {content}, and the content has kept the token of the visit`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.VisitSealing(ctx, v)
		}),
	vocabulary.Action(`{visitor} visits {content}, which presents the kept token as well`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.VisitReplaying(ctx, v)
		}),
	vocabulary.Action(`{person} visits {content}, and {interruption} between two exchanges`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content, change scenario.Interruption) error {
			return c.VisitInterrupted(ctx, p, change)
		}),

	vocabulary.Check(`the login leads back to {content}, which answers`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error { return c.CheckBack() }),
	vocabulary.Check(`{content} answers`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error { return c.CheckAnswered() }),
	vocabulary.Check(`{content} shows the row {string}`, func(_ context.Context, _ *scenario.State, c *scenario.Content, row string) error {
		return c.CheckRows(row)
	}),
	vocabulary.Check(`{content} shows no row`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error { return c.CheckRows() }),
	vocabulary.Check(`{content} receives no other cookie than {string}`, func(_ context.Context, _ *scenario.State, c *scenario.Content, cookie string) error {
		return c.CheckReport(func(r *probe.Report) error { return check.NoOtherCookie(r, cookie) })
	}),
	vocabulary.Check(`{content} has received no header with the value {string}`,
		func(_ context.Context, s *scenario.State, c *scenario.Content, text string) error {
			return c.CheckReport(func(r *probe.Report) error { return check.NoHeaderWith(r, s.OnTheWire(text)) })
		}),
	vocabulary.Check(`the browser receives none of these cookies of {content}`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.CheckPlantedCookies()
	}),
	vocabulary.Check(`the visit forbids shared caches to keep the reply`, func(_ context.Context, s *scenario.State) error {
		return s.CheckNotInSharedCaches()
	}),
}
