package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countersign/reference/internal/dberr"
)

// NewGroup describes a group that the API creates.
type NewGroup struct {
	Name          string
	UniqueID      string
	UniqueIDGiven bool
}

// GroupsOf returns the groups of a user. If groups are switched off it returns none, although the store may still
// have memberships from before (document line 398).
func (s *Service) GroupsOf(ctx context.Context, userGUID string) ([]Group, error) {
	if !s.Policy.Groups {
		return nil, nil
	}
	return s.store.GroupsOfUser(ctx, userGUID)
}

// ListGroups returns one page of the groups, and the number of groups that match. It returns ErrGroupsOff if groups are
// switched off.
func (s *Service) ListGroups(ctx context.Context, q GroupQuery) ([]Group, int, error) {
	if !s.Policy.Groups {
		return nil, 0, ErrGroupsOff
	}
	return s.store.Groups(ctx, q)
}

// Members returns one page of the members of a group, and the number of members. Errors: ErrGroupsOff, ErrNoGroup.
func (s *Service) Members(ctx context.Context, groupGUID string, limit, offset int) ([]User, int, error) {
	if _, err := s.FindGroup(ctx, groupGUID); err != nil {
		return nil, 0, err
	}
	return s.store.MembersOfGroup(ctx, groupGUID, limit, offset)
}

// FindGroup returns the group with that guid. Errors: ErrGroupsOff, ErrNoGroup.
func (s *Service) FindGroup(ctx context.Context, guid string) (Group, error) {
	if !s.Policy.Groups {
		return Group{}, ErrGroupsOff
	}
	g, err := s.store.GroupByGUID(ctx, guid)
	return g, asNoGroup(err)
}

// mayOwnGroups reports whether users with the role may own groups: administrators, and publishers if the
// configuration allows it.
func (s *Service) mayOwnGroups(role Role) bool {
	return role == Administrator || role == Publisher && s.Policy.PublishersOwnGroups
}

// CreateGroup creates a group, which the caller owns. Errors: ErrGroupsOff, ErrForbidden, ErrGroupName,
// ErrGroupNameTaken, ErrGroupUniqueIDTaken, ErrGroupBlankUniqueID, ErrUniqueIDNotUsed.
func (s *Service) CreateGroup(ctx context.Context, by Actor, n NewGroup) (Group, error) {
	if !s.Policy.Groups {
		return Group{}, ErrGroupsOff
	}
	if !s.mayOwnGroups(by.Role) {
		return Group{}, ErrForbidden
	}
	g := Group{GUID: newGUID(), Name: n.Name, OwnerGUID: by.User.GUID, Created: s.now()}
	if err := checkGroupName(g.Name); err != nil {
		return Group{}, err
	}
	switch {
	case s.Policy.GroupsByUniqueID && strings.TrimSpace(n.UniqueID) == "":
		return Group{}, ErrGroupBlankUniqueID
	case s.Policy.GroupsByUniqueID && !usable(n.UniqueID):
		return Group{}, ErrInvalidField
	case s.Policy.GroupsByUniqueID:
		g.UniqueID = n.UniqueID
	case n.UniqueIDGiven:
		return Group{}, ErrUniqueIDNotUsed
	}
	err := s.store.Update(ctx, func(tx Tx) error {
		if err := s.checkGroupFree(ctx, tx, g); err != nil {
			return err
		}
		err := tx.InsertGroup(ctx, &g)
		if errors.Is(err, dberr.Exists) {
			return ErrGroupUniqueIDTaken
		}
		return err
	})
	return g, err
}

func checkGroupName(name string) error {
	if name == "" || strings.TrimSpace(name) != name || !usable(name) {
		return ErrGroupName
	}
	return nil
}

// checkGroupFree requires that group names are unique, except if unique ids distinguish the groups (line 424).
func (s *Service) checkGroupFree(ctx context.Context, tx Tx, g Group) error {
	if s.Policy.GroupsByUniqueID {
		return nil
	}
	same, err := tx.GroupsByName(ctx, g.Name)
	if err != nil {
		return err
	}
	for _, other := range same {
		if other.GUID != g.GUID {
			return ErrGroupNameTaken
		}
	}
	return nil
}

// group returns a group that the user by may manage.
func (s *Service) group(ctx context.Context, tx Tx, by Actor, guid string) (Group, error) {
	if !s.Policy.Groups {
		return Group{}, ErrGroupsOff
	}
	g, err := tx.GroupByGUID(ctx, guid)
	if err != nil {
		return Group{}, asNoGroup(err)
	}
	if by.Role != Administrator && !(s.mayOwnGroups(by.Role) && g.OwnerGUID == by.User.GUID) {
		return Group{}, ErrForbidden
	}
	return g, nil
}

// ChangeGroup renames a group or changes its owner. A nil argument leaves a field unchanged. Memberships and access
// to content do not change.
func (s *Service) ChangeGroup(ctx context.Context, by Actor, guid string, name, owner *string) (Group, error) {
	var g Group
	err := s.store.Update(ctx, func(tx Tx) error {
		var err error
		if g, err = s.group(ctx, tx, by, guid); err != nil {
			return err
		}
		if name != nil && *name != g.Name {
			g.Name = *name
			if err := checkGroupName(g.Name); err != nil {
				return err
			}
			if err := s.checkGroupFree(ctx, tx, g); err != nil {
				return err
			}
		}
		if owner != nil && *owner != g.OwnerGUID {
			if _, err := tx.UserByGUID(ctx, *owner); err != nil {
				return asNoUser(err)
			}
			g.OwnerGUID = *owner
		}
		return tx.UpdateGroup(ctx, g)
	})
	return g, err
}

// DeleteGroup deletes a group with its memberships and its access to content.
func (s *Service) DeleteGroup(ctx context.Context, by Actor, guid string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		if _, err := s.group(ctx, tx, by, guid); err != nil {
			return err
		}
		return tx.DeleteGroup(ctx, guid)
	})
}

// AddMember adds a user to a group. It fails if the proxy sends groups, because the next sign-in would remove the
// user again. Errors, in addition to those of group: ErrGroupsExternal, ErrNoUser, ErrMember.
func (s *Service) AddMember(ctx context.Context, by Actor, groupGUID, userGUID string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		if _, err := s.group(ctx, tx, by, groupGUID); err != nil {
			return err
		}
		if s.Policy.GroupsSent {
			return ErrGroupsExternal
		}
		if _, err := tx.UserByGUID(ctx, userGUID); err != nil {
			return asNoUser(err)
		}
		err := tx.AddMember(ctx, groupGUID, userGUID)
		if errors.Is(err, dberr.Exists) {
			return ErrMember
		}
		return err
	})
}

// RemoveMember ends a membership. Every user may leave a group.
func (s *Service) RemoveMember(ctx context.Context, by Actor, groupGUID, userGUID string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		if _, err := s.group(ctx, tx, by, groupGUID); err != nil {
			if !(errors.Is(err, ErrForbidden) && by.User.GUID == userGUID) {
				return err
			}
		}
		if s.Policy.GroupsSent && by.User.GUID != userGUID {
			return ErrGroupsExternal
		}
		err := tx.RemoveMember(ctx, groupGUID, userGUID)
		if errors.Is(err, dberr.NotFound) {
			return ErrNotMember
		}
		return err
	})
}

func asNoGroup(err error) error {
	if errors.Is(err, dberr.NotFound) {
		return fmt.Errorf("%w: %w", ErrNoGroup, err)
	}
	return err
}
