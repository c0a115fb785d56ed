package steps

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// sessionSteps read and delete OAuth sessions, and check what they show.
var sessionSteps = []vocabulary.Definition{
	vocabulary.Action(`{user} deletes the session of {person} with {integration}`,
		func(ctx context.Context, _ *scenario.State, by *driver.Persona, p *scenario.Person, i *scenario.Integration) error {
			return p.DeleteSession(ctx, by, i)
		}),
	vocabulary.Action(`{user} reads the session of {person} with {integration}`,
		func(ctx context.Context, _ *scenario.State, by *driver.Persona, p *scenario.Person, i *scenario.Integration) error {
			return p.ReadSession(ctx, by, i)
		}),

	vocabulary.Check(`{person} has no session with {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.CheckSessions(ctx, i, func(found []driver.Session, of string) error { return check.NumberOfSessions(found, 0, of) })
	}),
	vocabulary.Check(`{person} has one session with {integration}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
		return p.CheckSessions(ctx, i, func(found []driver.Session, of string) error { return check.NumberOfSessions(found, 1, of) })
	}),
	vocabulary.Check(`the session of {person} with {integration} shows that she/he is logged in`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.CheckSessions(ctx, i, func(found []driver.Session, of string) error { return check.LoggedIn(found, true, of) })
		}),
	vocabulary.Check(`the session of {person} with {integration} shows that she/he is not logged in`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.CheckSessions(ctx, i, func(found []driver.Session, of string) error { return check.LoggedIn(found, false, of) })
		}),
	vocabulary.Check(`no session of {person} with {integration} holds a refresh token`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.CheckSessions(ctx, i, func(found []driver.Session, _ string) error { return check.NoneLoggedIn(found) })
		}),
	vocabulary.Check(`the list of OAuth sessions of {person} holds her/his/their own and no others`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person) error { return p.CheckOwnSessions(ctx) }),
	vocabulary.Check(`the administrator finds the OAuth sessions of {person} and {person}`,
		func(ctx context.Context, s *scenario.State, p, q *scenario.Person) error {
			return s.CheckAllSessions(ctx, p, q)
		}),
	vocabulary.Check(`the reply describes the session of {person} with {integration}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, i *scenario.Integration) error {
			return p.CheckDescribed(ctx, i)
		}),
	vocabulary.Check(`the reply describes the session without {secret}`, func(ctx context.Context, s *scenario.State, kind secret) error {
		return s.CheckDescribedWithout(ctx, string(kind))
	}),
}
