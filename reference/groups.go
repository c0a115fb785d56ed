package reference

import (
	"context"
	"fmt"

	"countersign/reference/internal/account"
)

// warnAboutGroups warns at start-up if the ownership of groups does not match the configuration (document lines 384
// to 390). There is no warning for local groups, which have owners.
func (s *Server) warnAboutGroups(ctx context.Context, policy account.Policy) error {
	if !policy.Groups || !policy.GroupsSent {
		return nil
	}
	owned, ownerless, err := s.store.Accounts().CountGroupsByOwnership(ctx)
	if err != nil {
		return fmt.Errorf("compare the groups with the configuration: %w", err)
	}
	switch {
	case policy.GroupsAutoProvision && owned > 0:
		s.log.Warn("Groups with an owner exist although ProxyAuth.GroupsAutoProvision is on: remove the groups or their owners", "groups", owned)
	case !policy.GroupsAutoProvision && ownerless > 0:
		s.log.Warn("Groups without an owner exist although ProxyAuth.GroupsAutoProvision is off: remove the groups or give them owners", "groups", ownerless)
	}
	return nil
}
