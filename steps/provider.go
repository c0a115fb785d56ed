package steps

import (
	"context"
	"time"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// providerSteps tell the OAuth provider what to do, and check what it has seen.
var providerSteps = []vocabulary.Definition{
	vocabulary.Action(`the provider grants {account} the row {string}`, func(ctx context.Context, s *scenario.State, a account, row string) error {
		return s.GrantRow(ctx, string(a), row)
	}),
	vocabulary.Action(`the provider denies the authorization of {account}`, func(ctx context.Context, s *scenario.State, a account) error {
		return s.DenyConsent(ctx, string(a))
	}),
	vocabulary.Action(`the access tokens of the provider expire after {int} seconds`, func(ctx context.Context, s *scenario.State, n int) error {
		return s.ShortenTokens(ctx, time.Duration(n)*time.Second)
	}),
	vocabulary.Action(`the provider does not say when access tokens expire`, func(ctx context.Context, s *scenario.State) error {
		return s.OmitExpiry(ctx)
	}),
	vocabulary.Action(`the provider answers renewals with {string} and the status {int}`,
		func(ctx context.Context, s *scenario.State, code string, status int) error {
			return s.FailRenewals(ctx, status, code, "application/json")
		}),
	vocabulary.Action(`the provider answers renewals with {string} and the status {int} as plain text`,
		func(ctx context.Context, s *scenario.State, text string, status int) error {
			return s.FailRenewals(ctx, status, text, "text/plain")
		}),
	vocabulary.Action(`the provider answers {token request} with {provider fault}`,
		func(ctx context.Context, s *scenario.State, r scenario.TokenRequest, f scenario.ProviderFault) error {
			return s.DisturbTokens(ctx, r, f)
		}),
	vocabulary.Action(`the clock of the provider is an hour {clock error}`, func(ctx context.Context, s *scenario.State, off scenario.ClockError) error {
		return s.SetClock(ctx, off)
	}),
	vocabulary.Action(`the provider answers as it should again`, func(ctx context.Context, s *scenario.State) error {
		return s.EndFaults(ctx)
	}),
	vocabulary.Action(`the access token of {account} has expired`, func(ctx context.Context, s *scenario.State, a account) error {
		return s.AwaitTokenExpiry(ctx, string(a))
	}),
	vocabulary.Action(`the provider revokes the grants of {account}`, func(ctx context.Context, s *scenario.State, a account) error {
		return s.RevokeGrants(ctx, string(a))
	}),

	vocabulary.Check(`the provider has authenticated {account} once`, func(ctx context.Context, s *scenario.State, a account) error {
		return s.CheckJournal(ctx, func(journal []control.Entry) error { return check.AuthenticatedOnce(journal, string(a)) })
	}),
	vocabulary.Check(`the provider of {integration} has issued an access token`, func(ctx context.Context, _ *scenario.State, i *scenario.Integration) error {
		return i.CheckTokenIssued(ctx)
	}),
	vocabulary.Check(`the provider of {integration} has seen no authorization request`, func(ctx context.Context, _ *scenario.State, i *scenario.Integration) error {
		return i.CheckNoAuthorization(ctx)
	}),
	vocabulary.Check(`the provider has issued no access token since {content} obtained one`,
		func(ctx context.Context, _ *scenario.State, c *scenario.Content) error {
			return c.CheckNoneIssuedSince(ctx)
		}),
	vocabulary.Check(`the server shows no markup of the provider`, func(_ context.Context, s *scenario.State) error {
		return s.Compared.CheckNoMarkup()
	}),
	vocabulary.Check(`the provider has renewed no access token`, func(ctx context.Context, s *scenario.State) error {
		return s.CheckJournal(ctx, check.NoneRenewed)
	}),
	vocabulary.Check(`the provider has accepted each refresh token that was presented`, func(ctx context.Context, s *scenario.State) error {
		return s.CheckJournal(ctx, check.RenewalsAccepted)
	}),
}
