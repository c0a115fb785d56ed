package steps

import (
	"context"

	"countersign/steps/plan"
	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// usermanagerSteps run the command-line tool beside the server, which is stopped while the tool runs
// and started again after it. A run that fails is compared with a run of the same scenario that
// succeeded.
var usermanagerSteps = []vocabulary.Definition{
	vocabulary.Action(`usermanager has changed the {attribute} of {person} to {value}`,
		func(ctx context.Context, s *scenario.State, a scenario.Attribute, p *scenario.Person, v value) error {
			return s.Server.RequireUserChanged(ctx, p, a, v.of(s, a))
		}, plan.Alone.Tag()),
	vocabulary.Action(`usermanager changes the {attribute} of {person} to {value}`,
		func(ctx context.Context, s *scenario.State, a scenario.Attribute, p *scenario.Person, v value) error {
			return s.Server.ChangeUser(ctx, p, a, v.of(s, a))
		}, plan.Alone.Tag()),
	vocabulary.Action(`usermanager makes {person} the owner of the group {group}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, g *scenario.Group) error {
			return s.Server.ChangeOwner(ctx, g, p)
		},
		plan.Alone.Tag()),
	vocabulary.Action(`usermanager drops the owner of the group {group}`, func(ctx context.Context, s *scenario.State, g *scenario.Group) error {
		return s.Server.DropOwner(ctx, g)
	}, plan.Alone.Tag()),
	vocabulary.Action(`usermanager deletes the group {group}`, func(ctx context.Context, s *scenario.State, g *scenario.Group) error {
		return s.Server.DeleteGroup(ctx, g)
	}, plan.Alone.Tag()),
	vocabulary.Action(`usermanager normalizes the groups`, func(ctx context.Context, s *scenario.State) error {
		return s.Server.NormalizeGroups(ctx)
	}, plan.Alone.Tag()),

	vocabulary.Check(`usermanager succeeds`, func(_ context.Context, s *scenario.State) error { return s.Server.CheckToolSucceeded() }),
	vocabulary.Check(`usermanager fails`, func(_ context.Context, s *scenario.State) error { return s.Server.CheckToolFailed() }),
}
