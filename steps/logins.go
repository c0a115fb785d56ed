package steps

import (
	"context"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// loginSteps log people in to integrations and out of them.
var loginSteps = []vocabulary.Definition{
	vocabulary.Action(`{person} has begun to log in to {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.RequireLoginBegun(ctx, i)
	}),
	vocabulary.Action(`{person} begins to log in to {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.BeginLogin(ctx, i)
	}),
	vocabulary.Action(`an anonymous visitor begins to log in to {integration}`, func(ctx context.Context, _ *scenario.State, i *scenario.Integration) error {
		return i.BeginAnonymousLogin(ctx)
	}),
	vocabulary.Action(`{person} begins to log in to an integration that does not exist`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.BeginUnknownLogin(ctx)
	}),
	vocabulary.Action(`{person} (is )logged/logs in to {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.LogIn(ctx, i)
	}),
	vocabulary.Action(`{person} tries to log in to {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.TryLogin(ctx, i)
	}),
	vocabulary.Action(`{person} logs in to {integration} from the page {string}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, i *scenario.Integration, page string) error {
			return p.LogInFrom(ctx, i, driver.Departure{Page: onServer(s, page)})
		}),
	vocabulary.Action(`{person} logs in to {integration} with the return address {string}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, i *scenario.Integration, address string) error {
			return p.LogInFrom(ctx, i, driver.Departure{ReturnTo: onServer(s, address)})
		}),
	vocabulary.Action(`{person} logs in to {integration} from {int} browsers at once`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration, n int) error {
			return p.LogInAtOnce(ctx, i, n)
		}),
	vocabulary.Action(`{person} opens {content} in her/his/their browser and logs in`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
			return c.OpenAndLogIn(ctx, p)
		}),
	vocabulary.Action(`{person} has authenticated at the provider of {integration}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.Authenticate(ctx, i)
		}),
	vocabulary.Action(`{person} returns from the provider {answer}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, a scenario.AnswerChange) error {
		return p.Return(ctx, a)
	}),
	vocabulary.Action(`{person} returns from the provider with a form`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.ReturnByPost(ctx)
	}),
	vocabulary.Action(`{person} returns from the provider with the state of the login before`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.ReturnWithStateBefore(ctx)
	}),
	vocabulary.Action(`{person} returns from the provider in another browser`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.ReturnInNewBrowser(ctx)
	}),
	vocabulary.Action(`an anonymous visitor returns from the provider with the answer unchanged`, func(ctx context.Context, s *scenario.State) error {
		return s.ReturnAnonymously(ctx)
	}),
	vocabulary.Action(`{person} returns from the provider with the answer for {person}`, func(ctx context.Context, _ *scenario.State, p, other *scenario.Person) error {
		return p.ReturnFor(ctx, other)
	}),
	vocabulary.Action(`{person} logs out of {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.LogOut(ctx, i)
	}),
	vocabulary.Action(`an anonymous visitor logs out of {integration}`, func(ctx context.Context, _ *scenario.State, i *scenario.Integration) error {
		return i.LogOutAnonymously(ctx)
	}),
	vocabulary.Action(`a page of another site makes the browser of {person} load the logout of {integration}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.LoadLogout(ctx, i)
		}),

	vocabulary.Check(`the login is refused`, func(_ context.Context, s *scenario.State) error { return s.Compared.CheckLoginRefused() }),
	vocabulary.Check(`the login does not lead to the provider`, func(ctx context.Context, s *scenario.State) error { return s.CheckLoginEndsBefore(ctx) }),
	vocabulary.Check(`the login ends at the server`, func(_ context.Context, s *scenario.State) error { return s.CheckLoginEndsAtServer() }),
	vocabulary.Check(`the browser is sent to no other site than the server and the provider`, func(_ context.Context, s *scenario.State) error { return s.CheckStayedAtServer() }),
	vocabulary.Check(`the browser is sent to the provider of {integration}`, func(_ context.Context, _ *scenario.State, i *scenario.Integration) error {
		return i.CheckSentToProvider()
	}),
	vocabulary.Check(`{person} is sent to log in to {integration} when she/he/they opens {content} in her/his/their browser`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration, c *scenario.Content) error {
			return c.CheckSentToLogIn(ctx, p, i)
		}),
	vocabulary.Check(`{visitor} is not sent to log in when she/he/they opens {content} in her/his/their browser`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.CheckOpenedAtOnce(ctx, v)
		}),
	vocabulary.Check(`{visitor} is not sent to log in when her/his/their program opens {content} with her/his/their API key`,
		func(ctx context.Context, _ *scenario.State, v *driver.Persona, c *scenario.Content) error {
			return c.CheckOpenedAtOnce(ctx, v.WithKey())
		}),
}

// onServer replaces <server> in an address by that of the server.
func onServer(s *scenario.State, address string) string {
	return strings.ReplaceAll(address, "<server>", s.Instance.Address())
}
