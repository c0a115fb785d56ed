package steps

import (
	"context"

	"countersign/steps/scenario"
	"countersign/steps/vocabulary"
)

// groupSteps create groups, change their members, and check who is in them and what they may view.
var groupSteps = []vocabulary.Definition{
	vocabulary.Action(`a group {new group}`, func(ctx context.Context, s *scenario.State, name scenario.GroupName) error {
		return s.Groups.Require(ctx, name, "")
	}),
	vocabulary.Action(`a group {new group} with the unique id {string}`, func(ctx context.Context, s *scenario.State, name scenario.GroupName, id string) error {
		return s.Groups.Require(ctx, name, id)
	}),
	vocabulary.Action(`the administrator creates a group {new group}`, func(ctx context.Context, s *scenario.State, name scenario.GroupName) error {
		return s.Groups.Create(ctx, name, "")
	}),
	vocabulary.Action(`the administrator creates a group {new group} with the unique id {string}`,
		func(ctx context.Context, s *scenario.State, name scenario.GroupName, id string) error {
			return s.Groups.Create(ctx, name, id)
		}),
	vocabulary.Action(`the administrator (has )renames/renamed the group {group} to {new group}`,
		func(ctx context.Context, _ *scenario.State, g *scenario.Group, to scenario.GroupName) error {
			return g.Rename(ctx, to)
		}),
	vocabulary.Action(`the administrator removes the group {group}`, func(ctx context.Context, _ *scenario.State, g *scenario.Group) error {
		return g.Remove(ctx)
	}),
	vocabulary.Action(`the administrator (has )adds/added {person} to the group {group}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, g *scenario.Group) error {
			return g.AddMember(ctx, p)
		}),
	vocabulary.Action(`the administrator takes {person} out of the group {group}`,
		func(ctx context.Context, _ *scenario.State, p *scenario.Person, g *scenario.Group) error {
			return g.RemoveMember(ctx, p)
		}),
	vocabulary.Action(`the group {group} has Viewer permission on {content}`, func(ctx context.Context, _ *scenario.State, g *scenario.Group, c *scenario.Content) error {
		return g.Permit(ctx, c)
	}),
	vocabulary.Action(`the administrator can {group operation}`, func(ctx context.Context, s *scenario.State, do scenario.GroupOperation) error {
		return s.Compared.Require("an operation on groups")(do(ctx, s))
	}),
	vocabulary.Action(`the administrator tries to {group operation}`, func(ctx context.Context, s *scenario.State, do scenario.GroupOperation) error {
		return s.Compared.Try(do(ctx, s))
	}),
	vocabulary.Action(`{person} tries to create the group {new group}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, name scenario.GroupName) error {
			return p.IntrudeCompared(ctx, s.CreateGroup(name))
		}),
	vocabulary.Action(`{person} tries to rename the group {group}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, g *scenario.Group) error {
		return p.IntrudeCompared(ctx, g.RenameBy())
	}),
	vocabulary.Action(`{person} tries to remove the group {group}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, g *scenario.Group) error {
		return p.IntrudeCompared(ctx, g.RemoveBy())
	}),
	vocabulary.Action(`{person} tries to join the group {group}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, g *scenario.Group) error {
		return p.IntrudeCompared(ctx, g.Add(p))
	}),
	vocabulary.Action(`{person} tries to end the membership of {person} in the group {group}`,
		func(ctx context.Context, _ *scenario.State, p, other *scenario.Person, g *scenario.Group) error {
			return p.IntrudeCompared(ctx, g.RemoveMemberBy(other))
		}),

	vocabulary.Check(`{person} is a member of {groups}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, groups scenario.GroupList) error {
		return p.CheckMember(ctx, groups, true)
	}),
	vocabulary.Check(`{person} is not a member of {groups}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, groups scenario.GroupList) error {
		return p.CheckMember(ctx, groups, false)
	}),
	vocabulary.Check(`there is a group {group}`, func(ctx context.Context, _ *scenario.State, g *scenario.Group) error { return g.CheckExists(ctx) }),
	vocabulary.Check(`there is no group {group}`, func(ctx context.Context, _ *scenario.State, g *scenario.Group) error { return g.CheckMissing(ctx) }),
	vocabulary.Check(`the group {group} has no owner`, func(ctx context.Context, _ *scenario.State, g *scenario.Group) error {
		return g.CheckNoOwner(ctx)
	}),
	vocabulary.Check(`the owner of the group {group} is the administrator`, func(ctx context.Context, _ *scenario.State, g *scenario.Group) error {
		return g.CheckOwnedByOperator(ctx)
	}),
	vocabulary.Check(`the owner of the group {group} is {person}`, func(ctx context.Context, _ *scenario.State, g *scenario.Group, p *scenario.Person) error {
		return g.CheckOwnedBy(ctx, p)
	}),
	vocabulary.Check(`the group {group} is on the access list of {content}`,
		func(ctx context.Context, _ *scenario.State, g *scenario.Group, c *scenario.Content) error {
			return g.CheckOnAccessList(ctx, c, true)
		}),
	vocabulary.Check(`the group {group} is not on the access list of {content}`,
		func(ctx context.Context, _ *scenario.State, g *scenario.Group, c *scenario.Content) error {
			return g.CheckOnAccessList(ctx, c, false)
		}),
	vocabulary.Check(`{person} can open {content}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
		return c.CheckOpens(ctx, p)
	}),
	vocabulary.Check(`{person} can open {content} with the further header {header line}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, c *scenario.Content, h scenario.HeaderText) error {
			return c.CheckOpens(ctx, p, s.HeaderLine(h))
		}),
	vocabulary.Check(`{person} cannot open {content}`, func(ctx context.Context, _ *scenario.State, p *scenario.Person, c *scenario.Content) error {
		return c.CheckClosed(ctx, p)
	}),
	vocabulary.Check(`{person} cannot open {content} with the further header {header line}`,
		func(ctx context.Context, s *scenario.State, p *scenario.Person, c *scenario.Content, h scenario.HeaderText) error {
			return c.CheckClosed(ctx, p, s.HeaderLine(h))
		}),
	vocabulary.Check(`most of the groups were not created`, func(ctx context.Context, s *scenario.State) error { return s.Groups.CheckFewCreated(ctx) }),
}
