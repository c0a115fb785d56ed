package steps

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// tokenSteps check who is given a token, whose it is, and where none may be seen.
var tokenSteps = []vocabulary.Definition{
	vocabulary.Action(`{user} reads everything that the server shows about {content} and {integration}`,
		func(ctx context.Context, s *scenario.State, reader *driver.Persona, c *scenario.Content, i *scenario.Integration) error {
			return s.LookAtEverything(ctx, reader, c, i)
		}),

	vocabulary.Check(`{content} obtains a token of {account}`, func(ctx context.Context, _ *scenario.State, c *scenario.Content, a account) error {
		return c.CheckTokenOf(ctx, string(a))
	}),
	vocabulary.Check(`each visit of {content} obtains a token of {account}`, func(ctx context.Context, _ *scenario.State, c *scenario.Content, a account) error {
		return c.CheckEachObtained(ctx, string(a))
	}),
	vocabulary.Check(`{content} obtains the same token as before`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.CheckSameToken()
	}),
	vocabulary.Check(`{content} obtains another token than before`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.CheckAnotherToken()
	}),
	vocabulary.Check(`{content} obtains a token that the provider has issued to the client of {integration}`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content, i *scenario.Integration) error {
			return c.CheckTokenOfClient(ctx, i)
		}),
	vocabulary.Check(`{content} obtains no token`, func(ctx context.Context, _ *scenario.State, c *scenario.Content) error { return c.CheckNoToken(ctx) }),
	vocabulary.Check(`{content} obtains a token in the first exchange and none in the second`,
		func(_ context.Context, _ *scenario.State, c *scenario.Content) error {
			return c.CheckReport(check.TokenThenNone)
		}),
	vocabulary.Check(`{content} obtains a token of {account} for the visit and none for the kept token`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content, a account) error {
			return c.CheckReplayRefused(ctx, string(a))
		}),
	vocabulary.Check(`{content} obtains a token of {account} for the visit and no token except of {account} for the kept token`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content, a, kept account) error {
			return c.CheckReplayOf(ctx, string(a), string(kept))
		}),
	vocabulary.Check(`the last two visits of {content} have been given different tokens`,
		func(_ context.Context, _ *scenario.State, c *scenario.Content) error { return c.CheckDifferentVisits() }),
	vocabulary.Check(`{content} and {content} have been given different tokens`, func(_ context.Context, _ *scenario.State, c, other *scenario.Content) error {
		return c.CheckDifferentTokens(other)
	}),
	vocabulary.Check(`{content} has been given no refresh token`, func(_ context.Context, _ *scenario.State, c *scenario.Content) error {
		return c.CheckNoRefreshTokenSeen()
	}),
	vocabulary.Check(`the exchange returns no refresh token`, func(ctx context.Context, s *scenario.State) error {
		return s.CheckNoRefreshTokenReturned(ctx)
	}),
	vocabulary.Check(`the exchange forbids caches to store its reply`, func(_ context.Context, s *scenario.State) error {
		return s.CheckExchangesNotStored()
	}),
	vocabulary.Check(`no reply to a client holds {secret}`, func(ctx context.Context, s *scenario.State, kind secret) error {
		return s.CheckNoReplyHolds(ctx, string(kind))
	}),
}
