package steps

import (
	"context"

	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// contentSteps publish content and change who may view it.
var contentSteps = []vocabulary.Definition{
	vocabulary.Action(`{person} has published {mode} content {new content}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, m mode, name scenario.ContentName) error {
			return p.Publish(ctx, string(m), name)
		}),
	vocabulary.Action(`{person} publishes {mode} content {new content} with her/his/their deployment credentials`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, m mode, name scenario.ContentName) error {
			return p.TryPublishSigned(ctx, string(m), name, 0)
		}),
	vocabulary.Action(`{person} publishes {mode} content {new content} of {int} octets with her/his/their deployment credentials`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, m mode, name scenario.ContentName, octets int) error {
			return p.TryPublishSigned(ctx, string(m), name, octets)
		}),
	vocabulary.Action(`{person} has Viewer permission on {content}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
		return c.Permit(ctx, p, "viewer")
	}),
	vocabulary.Action(`{person} is a collaborator on {content}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
		return c.Permit(ctx, p, "owner")
	}),
	vocabulary.Action(`{person} no longer has Viewer permission on {content}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
		return c.Forbid(ctx, p)
	}),
	vocabulary.Action(`{content} is deployed again`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error { return c.Redeploy(ctx) }),
	vocabulary.Action(`{content} is open to every user of the server`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.SetAccess(ctx, scenario.EveryUser)
	}),
	vocabulary.Action(`{content} is open to {access}`, func(ctx context.Context, _ *scenario.State, c *scenario.Content, a scenario.Access) error {
		return c.Open(ctx, a)
	}),
}

// managementSteps are what users do with content other than to visit it.
var managementSteps = []vocabulary.Definition{
	vocabulary.Action(`{actor} can {operation} {content}`,
		func(ctx context.Context, _ *scenario.State, by *driver.Persona, do scenario.Operation, c *scenario.Content) error {
			return c.Require(ctx, by, do)
		}),
	vocabulary.Action(`{actor} tries to {operation} {content}`,
		func(ctx context.Context, _ *scenario.State, by *driver.Persona, do scenario.Operation, c *scenario.Content) error {
			return c.Try(ctx, by, do)
		}),
	vocabulary.Action(`{actor} gives {content} to {person}`,
		func(ctx context.Context, _ *scenario.State, by *driver.Persona, c *scenario.Content, to *scenario.Person) error {
			return c.Give(ctx, by, to)
		}),

	vocabulary.Check(`{person} can find {content} in the list of content`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
			return c.CheckListed(ctx, p, true)
		}),
	vocabulary.Check(`{person} cannot find {content} in the list of content`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
			return c.CheckListed(ctx, p, false)
		}),
}
