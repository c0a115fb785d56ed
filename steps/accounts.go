package steps

import (
	"context"

	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// accountSteps create accounts and check which account a person has.
var accountSteps = []vocabulary.Definition{
	vocabulary.Action(`a publisher {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		_, err := p.Publisher(ctx)
		return err
	}),
	vocabulary.Action(`the administrator has created an account for {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.RequireAccount(ctx, scenario.NewAccount{})
	}),
	vocabulary.Action(`the administrator has created an account for {person} with the role {string}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, role string) error {
			return p.RequireAccount(ctx, scenario.NewAccount{Role: role})
		}),
	vocabulary.Action(`the administrator has created an account for {person} with the unique id {string}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, id string) error {
			return p.RequireAccount(ctx, scenario.NewAccount{UniqueID: id})
		}),
	vocabulary.Action(`the administrator creates an account for {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CreateAccount(ctx, scenario.NewAccount{})
	}),
	vocabulary.Action(`the administrator creates an account for {person} with the role {string}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, role string) error {
			return p.CreateAccount(ctx, scenario.NewAccount{Role: role})
		}),
	vocabulary.Action(`the administrator creates an account for {person} with the unique id {string}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, id string) error {
			return p.CreateAccount(ctx, scenario.NewAccount{UniqueID: id})
		}),
	vocabulary.Action(`the administrator has created a user with the username {string}`, func(ctx context.Context, s *scenario.State, name string) error {
		return s.RequireUser(ctx, name)
	}),
	vocabulary.Action(`the administrator creates a user with the username {string}`, func(ctx context.Context, s *scenario.State, name string) error {
		return s.CreateUser(ctx, name)
	}),
	vocabulary.Action(`{person} tries to open the dashboard`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.Intrude(ctx, scenario.OpenDashboardPage)
	}),
	vocabulary.Action(`{person} tries to create an account`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.Intrude(ctx, scenario.CreateOwnAccount)
	}),
	vocabulary.Action(`{person} tries to publish content`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.Intrude(ctx, scenario.CreateOwnContent)
	}),
	vocabulary.Action(`{person} tries to create an account for {person}`, func(ctx context.Context, _ *scenario.State, p, other *scenario.Person) error {
		return p.IntrudeCompared(ctx, scenario.CreateAccountOf(other))
	}),
	vocabulary.Action(`{person} tries to lock {person}`, func(ctx context.Context, _ *scenario.State, p, other *scenario.Person) error {
		return p.IntrudeCompared(ctx, scenario.LockAccountOf(other))
	}),
	vocabulary.Action(`{person} reads the account of {person}`, func(ctx context.Context, _ *scenario.State, p, other *scenario.Person) error {
		return p.ReadAccount(ctx, other)
	}),

	vocabulary.Check(`no account exists for {person}`, func(ctx context.Context, s *scenario.State, p *scenario.Person) error {
		return s.CheckNoAccount(ctx, p.Identity().Username)
	}),
	vocabulary.Check(`no account exists with the username {string}`, func(ctx context.Context, s *scenario.State, name string) error {
		return s.CheckNoAccount(ctx, name)
	}),
	vocabulary.Check(`one account has the username of {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckNamesakes(ctx, 1)
	}),
	vocabulary.Check(`two accounts have the username of {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckNamesakes(ctx, 2)
	}),
	vocabulary.Check(`{person} has the same account as before`, func(_ context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckSameAccount()
	}),
	vocabulary.Check(`{person} has another account than before`, func(_ context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckNewAccount()
	}),
	vocabulary.Check(`{person} has another account than {person}`, func(_ context.Context, _ *scenario.State, p, other *scenario.Person) error {
		return p.CheckOtherAccount(other)
	}),
	vocabulary.Check(`the account of {person} is found by its guid`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckFoundByGUID(ctx)
	}),
	vocabulary.Check(`the unique id {string} of {person} is refused or ignored`,
		func(ctx context.Context, _ *scenario.State, id string, p *scenario.Person) error {
			return p.CheckUniqueIDHasNoEffect(ctx, id)
		}),
	vocabulary.Check(`no reply holds the unique id of {person}`, func(_ context.Context, s *scenario.State, p *scenario.Person) error {
		return s.CheckHoldsNoUniqueID(p)
	}),
}
