package steps

import (
	"context"

	"countersign/steps/plan"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// serverSteps start and restart servers. A configuration that a server refuses is compared with
// that of the scenario's instance, with which the same program runs.
var serverSteps = []vocabulary.Definition{
	// The planner has read the configuration; the instance of the scenario runs with it.
	vocabulary.Action(plan.ConfigurationStep, func(context.Context, *scenario.State, plan.Configuration) error { return nil }),

	vocabulary.Action(plan.StartStep, func(ctx context.Context, s *scenario.State, c plan.Configuration) error {
		return s.Server.StartFurther(ctx, c)
	}, plan.Direct),
	vocabulary.Action(plan.RestartStep, func(ctx context.Context, s *scenario.State, c plan.Configuration) error {
		return s.Server.Restart(ctx, c)
	}, plan.Alone.Tag()),
	vocabulary.Action(plan.RestartedStep, func(ctx context.Context, s *scenario.State, c plan.Configuration) error {
		return s.Server.RequireRestart(ctx, c)
	}, plan.Alone.Tag()),

	vocabulary.Check(`the server starts`, func(_ context.Context, s *scenario.State) error { return s.Server.CheckStarts() }),
	vocabulary.Check(`the server refuses to start`, func(_ context.Context, s *scenario.State) error { return s.Server.CheckRefuses() }),
	vocabulary.Check(`the server starts or refuses to start`, func(_ context.Context, s *scenario.State) error {
		return s.Server.CheckStartsOrRefuses()
	}),
	vocabulary.Check(`the start-up error names {string}`, func(_ context.Context, s *scenario.State, option string) error {
		return s.Server.CheckNames(option)
	}),
}
