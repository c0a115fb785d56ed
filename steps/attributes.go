package steps

import (
	"context"

	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// attributeSteps set what the proxy knows of people, and check what the server stores of it and
// who may change that. A change that is refused is compared with one of the same scenario that was
// made.
var attributeSteps = []vocabulary.Definition{
	vocabulary.Action(`{person} has the {attribute} {string} at the proxy`,
		func(_ context.Context, s *scenario.State, p *scenario.Person, a scenario.Attribute, text string) error {
			p.SetIdentity(a, s.Unique(a, text))
			return nil
		}),
	vocabulary.Action(`{person} has exactly the {attribute} {string} at the proxy`,
		func(_ context.Context, _ *scenario.State, p *scenario.Person, a scenario.Attribute, text string) error {
			p.SetIdentity(a, text)
			return nil
		}),
	vocabulary.Action(`{person} is in the groups {groups} at the proxy`, func(_ context.Context, _ *scenario.State, p *scenario.Person, list scenario.GroupList) error {
		p.SetGroups(list)
		return nil
	}),
	vocabulary.Action(`{person} has changed her/his/their {attribute} to {value}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, a scenario.Attribute, v value) error {
			by, err := p.User(ctx)
			if err != nil {
				return err
			}
			return p.RequireChange(ctx, by, a, v.of(s, a))
		}),
	vocabulary.Action(`{person} changes her/his/their {attribute} to {value}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, a scenario.Attribute, v value) error {
			by, err := p.User(ctx)
			if err != nil {
				return err
			}
			return p.ChangeAttribute(ctx, by, a, v.of(s, a))
		}),
	vocabulary.Action(`{user} has changed the {attribute} of {person} to {value}`,
		func(ctx context.Context, s *scenario.State, by *driver.Persona, a scenario.Attribute, p *scenario.Person, v value) error {
			return p.RequireChange(ctx, by, a, v.of(s, a))
		}),
	vocabulary.Action(`{user} changes the {attribute} of {person} to {value}`,
		func(ctx context.Context, s *scenario.State, by *driver.Persona, a scenario.Attribute, p *scenario.Person, v value) error {
			return p.ChangeAttribute(ctx, by, a, v.of(s, a))
		}),

	vocabulary.Check(`the {attribute} of {person} is {string}`,
		func(ctx context.Context, s *scenario.State, a scenario.Attribute, p *scenario.Person, text string) error {
			return p.CheckAttribute(ctx, a, s.Unique(a, text))
		}),
	vocabulary.Check(`the {attribute} of {person} is {string} and a number`,
		func(ctx context.Context, s *scenario.State, a scenario.Attribute, p *scenario.Person, text string) error {
			return p.CheckNumbered(ctx, a, s.Unique(a, text))
		}),
	vocabulary.Check(`the change is made`, func(ctx context.Context, s *scenario.State) error { return s.CheckChangeMade(ctx) }),
	vocabulary.Check(`the change is refused`, func(ctx context.Context, s *scenario.State) error { return s.CheckChangeRefused(ctx) }),
}
