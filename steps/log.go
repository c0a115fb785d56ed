package steps

import (
	"context"

	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// logSteps check what the server writes to its log from the beginning of the scenario, or from the
// start of the server that the scenario itself has started. In a text <alice> stands for the unique
// name of "alice", <newline> and <return> for characters that cannot be written in a feature.
var logSteps = []vocabulary.Definition{
	vocabulary.Check(`the log says {string}`, func(ctx context.Context, s *scenario.State, text string) error {
		return s.Server.CheckLogSays(ctx, text)
	}),
	vocabulary.Check(`the log does not say {string}`, func(ctx context.Context, s *scenario.State, text string) error {
		return s.Server.CheckLogOmits(ctx, text)
	}),
	vocabulary.Check(`the log warns of {string}`, func(ctx context.Context, s *scenario.State, about string) error {
		return s.Server.CheckLogWarns(ctx, about)
	}),
	vocabulary.Check(`the log no longer warns of {string}`, func(ctx context.Context, s *scenario.State, about string) error {
		return s.Server.CheckLogNoLongerWarns(ctx, about)
	}),
	vocabulary.Check(`the log gives {string} as {string}`, func(ctx context.Context, s *scenario.State, name, value string) error {
		return s.Server.CheckLogGives(ctx, name, value)
	}),
	vocabulary.Check(`the log gives {string} as {string} where it gives {string} as {string}`,
		func(ctx context.Context, s *scenario.State, name, value, header, sent string) error {
			if err := s.Server.RequireRequestLogged(ctx, header, sent); err != nil {
				return err
			}
			return s.Server.CheckLogGives(ctx, name, value)
		}),
	vocabulary.Check(`the log gives the session cookies as {string} where it gives {string} as {string}`,
		func(ctx context.Context, s *scenario.State, value, header, sent string) error {
			if err := s.Server.RequireRequestLogged(ctx, header, sent); err != nil {
				return err
			}
			return s.Server.CheckLogGivesCookies(ctx, value)
		}),
	vocabulary.Check(`the log contains no secret of {person}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person) error {
		return p.CheckLogKeepsSecrets(ctx)
	}),
}
