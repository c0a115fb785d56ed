package steps

import (
	"context"
	"time"

	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// keySteps create API keys and use them.
var keySteps = []vocabulary.Definition{
	vocabulary.Action(`{person} has an API key`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CreateKey(ctx)
	}),
	vocabulary.Action(`{person} has an API key that expires in {int} seconds`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, n int) error {
		return p.CreateExpiringKey(ctx, time.Duration(n)*time.Second)
	}),
	vocabulary.Action(`{person} deletes her/his/their API keys`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.DeleteKeys(ctx)
	}),
	vocabulary.Action(`{person} asks for an API key with the role {string}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, role string) error {
		return p.RequestKeyAs(ctx, role)
	}),
	vocabulary.Action(`{person} asks for an API key {forgery}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, f scenario.ForgedKey) error {
			return p.ForgeKey(ctx, f)
		}),
	vocabulary.Action(`{user} asks for an API key of {person}`, func(ctx context.Context, _ *scenario.State, by *driver.Persona, p *scenario.Person) error {
		return p.RequestKeyOf(ctx, by)
	}),
	vocabulary.Action(`{user} lists the API keys of {person}`, func(ctx context.Context, _ *scenario.State, by *driver.Persona, p *scenario.Person) error {
		return p.ListKeysOf(ctx, by)
	}),
	vocabulary.Action(`{person} has called the API with her/his/their key`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.RequireCallWithKey(ctx)
	}),
	vocabulary.Action(`{person} calls the API with her/his/their key and two username headers`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person) error {
			return s.Compared.Try(p.CallWithKey(ctx, s.Person("mallory").HeaderLine(scenario.Username)))
		}),
	vocabulary.Action(`{person} has created content with her/his/their API key`, func(ctx context.Context, s *scenario.State, p *scenario.Person) error {
		return s.RequireCall(p.CreateContentWithKey(ctx))
	}),
	vocabulary.Action(`{person} creates content with her/his/their API key`, func(ctx context.Context, s *scenario.State, p *scenario.Person) error {
		return s.Compared.TryFirst(p.CreateContentWithKey(ctx))
	}),

	vocabulary.Check(`the key of {person} is refused once it has expired`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckKeyExpires(ctx)
	}),
	vocabulary.Check(`{person} has no API key with the rights of an administrator`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckNoAdministratorKey(ctx)
	}),
}
