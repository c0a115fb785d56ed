package steps

import (
	"context"

	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// integrationSteps create and change integrations as the administrator does.
var integrationSteps = []vocabulary.Definition{
	vocabulary.Action(`a {integration type} integration {new integration}`,
		func(ctx context.Context, s *scenario.State, t scenario.IntegrationType, name scenario.IntegrationName) error {
			return s.RequireIntegration(ctx, scenario.Design{Type: t, Name: name})
		}),
	vocabulary.Action(`a {integration type} integration {new integration} without offline access`,
		func(ctx context.Context, s *scenario.State, t scenario.IntegrationType, name scenario.IntegrationName) error {
			return s.RequireIntegration(ctx, scenario.Design{Type: t, Name: name, Scopes: "openid"})
		}),
	vocabulary.Action(`a {integration type} integration {new integration} that was created with the keys of the documented example`,
		func(ctx context.Context, s *scenario.State, t scenario.IntegrationType, name scenario.IntegrationName) error {
			client := scenario.ClientAuthentications["client_secret_basic and PKCE"]
			return s.RequireIntegration(ctx, scenario.Design{Type: t, Name: name, Client: client, Documented: true})
		}),
	vocabulary.Action(`a {integration type} integration {new integration} whose client authenticates with {authentication}`,
		func(ctx context.Context, s *scenario.State, t scenario.IntegrationType, name scenario.IntegrationName, client scenario.ClientAuthentication) error {
			return s.RequireIntegration(ctx, scenario.Design{Type: t, Name: name, Client: client})
		}),
	vocabulary.Action(`the administrator creates a {integration type} integration without {string}`,
		func(ctx context.Context, s *scenario.State, t scenario.IntegrationType, key string) error {
			return s.CreateIntegrationWithout(ctx, t, key)
		}),
	vocabulary.Action(`the administrator creates a {integration type} integration with {string} as {string}`,
		func(ctx context.Context, s *scenario.State, t scenario.IntegrationType, text, key string) error {
			return s.CreateIntegrationWith(ctx, t, key, text)
		}),
	vocabulary.Action(`the administrator changes the {setting} of the integration {integration}`,
		func(ctx context.Context, _ *scenario.State, setting scenario.Setting, i *scenario.Integration) error {
			return i.Change(ctx, setting)
		}),
	vocabulary.Action(`the administrator deletes the integration {integration}`, func(ctx context.Context, _ *scenario.State, i *scenario.Integration) error {
		return i.Delete(ctx)
	}),
	vocabulary.Action(`{visitor} asks for the list of {oauth list}`, func(ctx context.Context, s *scenario.State, v *driver.Persona, list scenario.List) error {
		return s.AskFor(ctx, v, list)
	}),

	vocabulary.Check(`{person} finds {integration} listed as a {integration type} integration`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration, t scenario.IntegrationType) error {
			return i.CheckListed(ctx, p, t)
		}),
}

// associationSteps associate content with integrations through the API.
var associationSteps = []vocabulary.Definition{
	vocabulary.Action(`{content} is associated with {integration}`, func(ctx context.Context, _ *scenario.State, c *scenario.Content, i *scenario.Integration) error {
		return c.RequireAssociation(ctx, i)
	}),
	vocabulary.Action(`{content} is associated with {integration} and {integration}`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content, i, also *scenario.Integration) error {
			return c.RequireAssociation(ctx, i, also)
		}),
	vocabulary.Action(`{content} is no longer associated with an integration`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.ClearAssociations(ctx)
	}),
	vocabulary.Action(`{person} associates {content} with {integration}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content, i *scenario.Integration) error {
			return c.Associate(ctx, p, i)
		}),
	vocabulary.Action(`{person} associates {content} with {integration} by the documented command`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content, i *scenario.Integration) error {
			return c.AssociateAsDocumented(ctx, p, i)
		}),
	vocabulary.Action(`{person} associates content that does not exist with {integration}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.AssociateUnknownContent(ctx, i)
		}),
	vocabulary.Action(`{person} associates {content} with an integration that does not exist`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
			return c.AssociateUnknown(ctx, p)
		}),

	vocabulary.Action(`{visitor} asks for the associations of {content}`, func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
		return c.AskForAssociations(ctx, v)
	}),

	vocabulary.Check(`{content} has no association`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.CheckAssociations(ctx)
	}),
	vocabulary.Check(`{content} has one association, with {integration}`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content, i *scenario.Integration) error {
			return c.CheckAssociations(ctx, i)
		}),
}
