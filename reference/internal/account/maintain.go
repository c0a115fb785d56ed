package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countersign/reference/internal/dberr"
	"countersign/reference/internal/proxyauth"
)

// This file holds the changes that an operator makes with the command-line tool while the server is stopped. The
// editing rules of the configuration do not apply to them (document line 230: forcibly). Names must still be unique
// and not prohibited, and one administrator must remain.

// Errors that only maintenance returns.
var (
	ErrAmbiguous    = errors.New("several have that name: identify one by its GUID")
	ErrOwnsContent  = errors.New("owns content: transfer it first")
	ErrSameUser     = errors.New("source and target are the same user")
	ErrContentNames = errors.New("source and target own content of the same name")
)

// UserRef identifies a user by exactly one of its fields. The other fields are empty.
type UserRef struct {
	Username, GUID string
	ID             int64
}

// GroupRef identifies a group by exactly one of its fields. The other field is empty.
type GroupRef struct{ Name, GUID string }

// UserAlteration is a change of a user by an operator. A nil field is not changed.
type UserAlteration struct {
	UserChange
	UniqueID *string
	Locked   *bool
	// Force permits a change that leaves no administrator who can sign in.
	Force bool
}

// GroupAlteration is a change of a group by an operator. A nil field is not changed.
type GroupAlteration struct {
	Name, UniqueID *string
	Owner          *UserRef
	DropOwner      bool
}

// findUser returns the user that ref identifies. Errors: ErrNoUser, ErrAmbiguous.
func findUser(ctx context.Context, r Reader, ref UserRef) (User, error) {
	switch {
	case ref.GUID != "":
		u, err := r.UserByGUID(ctx, ref.GUID)
		return u, asNoUser(err)
	case ref.ID != 0:
		u, err := r.UserByID(ctx, ref.ID)
		return u, asNoUser(err)
	}
	users, err := r.UsersByUsername(ctx, ref.Username)
	switch {
	case err != nil:
		return User{}, err
	case len(users) == 0:
		return User{}, ErrNoUser
	case len(users) > 1:
		return User{}, ErrAmbiguous
	}
	return users[0], nil
}

// findGroup returns the group that ref identifies. Errors: ErrNoGroup, ErrAmbiguous.
func findGroup(ctx context.Context, r Reader, ref GroupRef) (Group, error) {
	if ref.GUID != "" {
		g, err := r.GroupByGUID(ctx, ref.GUID)
		return g, asNoGroup(err)
	}
	groups, err := r.GroupsByName(ctx, ref.Name)
	switch {
	case err != nil:
		return Group{}, err
	case len(groups) == 0:
		return Group{}, ErrNoGroup
	case len(groups) > 1:
		return Group{}, ErrAmbiguous
	}
	return groups[0], nil
}

// page is the number of rows in one read. A list may have a million users.
const page = 500

// EachUser calls do with every user, in the order of ids. It stops at the first error of do, which it returns.
func (s *Service) EachUser(ctx context.Context, includeLocked bool, do func(User) error) error {
	q := UserQuery{Sort: "created_time", Limit: page}
	if !includeLocked {
		q.Status = []string{"licensed", "inactive"}
	}
	return eachRow(func(offset int) ([]User, error) {
		q.Offset = offset
		users, _, err := s.store.Users(ctx, q)
		return users, err
	}, do)
}

// EachGroup calls do with every group, in the order of names, also if groups are switched off. It stops at the first
// error of do, which it returns.
func (s *Service) EachGroup(ctx context.Context, do func(Group) error) error {
	return eachGroup(ctx, s.store, do)
}

func eachGroup(ctx context.Context, r Reader, do func(Group) error) error {
	return eachRow(func(offset int) ([]Group, error) {
		groups, _, err := r.Groups(ctx, GroupQuery{Limit: page, Offset: offset})
		return groups, err
	}, do)
}

// eachRow reads pages until one has no rows, and calls do with each row.
func eachRow[T any](read func(offset int) ([]T, error), do func(T) error) error {
	for offset := 0; ; {
		rows, err := read(offset)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			if err := do(row); err != nil {
				return err
			}
		}
		offset += len(rows)
	}
}

// AlterUser changes a user and returns the user before and after the change. Errors: ErrNoUser, ErrAmbiguous,
// ErrUsernameTaken, ErrInvalidUsername, ErrProhibitedUsername, ErrInvalidRole, ErrSoleAdministrator, ErrInvalidField,
// ErrBlankUniqueID, ErrUniqueIDTaken.
func (s *Service) AlterUser(ctx context.Context, ref UserRef, a UserAlteration) (before, after User, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		if before, err = findUser(ctx, tx, ref); err != nil {
			return err
		}
		after = before
		if err := alterProfile(&after, a); err != nil {
			return err
		}
		if err := s.rename(ctx, tx, &after, a.Username); err != nil {
			return err
		}
		if err := alterUniqueID(&after, a.UniqueID); err != nil {
			return err
		}
		if !a.Force {
			if err := checkAdministratorRemains(ctx, tx, before, after); err != nil {
				return err
			}
		}
		if after == before {
			return nil
		}
		after.Updated = s.now()
		err := tx.UpdateUser(ctx, after)
		if errors.Is(err, dberr.Exists) {
			return ErrUniqueIDTaken
		}
		if err != nil {
			return err
		}
		if after.Locked && !before.Locked {
			return tx.DeleteSessionsOfUser(ctx, after.GUID)
		}
		return nil
	})
	return before, after, err
}

func alterProfile(u *User, a UserAlteration) error {
	for _, f := range [...]struct{ stored, want *string }{{&u.FirstName, a.FirstName}, {&u.LastName, a.LastName}, {&u.Email, a.Email}} {
		switch {
		case f.want == nil:
			continue
		case !usable(*f.want):
			return ErrInvalidField
		}
		*f.stored = *f.want
	}
	if a.Role != nil {
		if a.Role.Rank() == 0 {
			return ErrInvalidRole
		}
		u.Role = *a.Role
	}
	if a.Locked != nil {
		u.Locked = *a.Locked
	}
	return nil
}

func alterUniqueID(u *User, want *string) error {
	switch {
	case want == nil:
		return nil
	case strings.TrimSpace(*want) == "":
		return ErrBlankUniqueID
	case proxyauth.CheckIdentity(*want) != "":
		return ErrInvalidField
	}
	u.UniqueID = *want
	return nil
}

// RemoveUser deletes a user with their sessions, keys, memberships and permissions for content. Groups of the user
// remain without an owner. Errors: ErrNoUser, ErrAmbiguous, ErrOwnsContent, and, without force, ErrSoleAdministrator.
func (s *Service) RemoveUser(ctx context.Context, ref UserRef, force bool) (User, error) {
	var u User
	err := s.store.Update(ctx, func(tx Tx) error {
		var err error
		if u, err = findUser(ctx, tx, ref); err != nil {
			return err
		}
		if !force {
			if err := checkAdministratorRemains(ctx, tx, u, User{}); err != nil {
				return err
			}
		}
		owns, err := tx.OwnsContent(ctx, u.GUID)
		if err != nil {
			return err
		}
		if owns {
			return ErrOwnsContent
		}
		return tx.DeleteUser(ctx, u.GUID)
	})
	return u, err
}

// Transfer gives all content and groups of one user to another. Errors: ErrNoUser, ErrAmbiguous, ErrSameUser,
// ErrContentNames.
func (s *Service) Transfer(ctx context.Context, from, to UserRef) (source, target User, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		if source, err = findUser(ctx, tx, from); err != nil {
			return fmt.Errorf("source: %w", err)
		}
		if target, err = findUser(ctx, tx, to); err != nil {
			return fmt.Errorf("target: %w", err)
		}
		if source.GUID == target.GUID {
			return ErrSameUser
		}
		err := tx.TransferOwnership(ctx, source.GUID, target.GUID)
		if errors.Is(err, dberr.Exists) {
			return ErrContentNames
		}
		return err
	})
	return source, target, err
}

// AlterGroup changes a group and returns the group before and after the change. Memberships and access to content do
// not change. Errors: ErrNoGroup, ErrAmbiguous, ErrGroupName, ErrGroupNameTaken, ErrGroupBlankUniqueID,
// ErrInvalidField, ErrGroupUniqueIDTaken, ErrNoUser.
func (s *Service) AlterGroup(ctx context.Context, ref GroupRef, a GroupAlteration) (before, after Group, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		if before, err = findGroup(ctx, tx, ref); err != nil {
			return err
		}
		after = before
		if a.Name != nil && *a.Name != after.Name {
			after.Name = *a.Name
			if err := checkGroupName(after.Name); err != nil {
				return err
			}
			if err := s.checkGroupFree(ctx, tx, after); err != nil {
				return err
			}
		}
		if err := alterGroupUniqueID(ctx, tx, &after, a.UniqueID); err != nil {
			return err
		}
		if a.Owner != nil {
			owner, err := findUser(ctx, tx, *a.Owner)
			if err != nil {
				return fmt.Errorf("new owner: %w", err)
			}
			after.OwnerGUID = owner.GUID
		}
		if a.DropOwner {
			after.OwnerGUID = ""
		}
		return tx.UpdateGroup(ctx, after)
	})
	return before, after, err
}

func alterGroupUniqueID(ctx context.Context, tx Tx, g *Group, want *string) error {
	switch {
	case want == nil:
		return nil
	case strings.TrimSpace(*want) == "":
		return ErrGroupBlankUniqueID
	case !usable(*want):
		return ErrInvalidField
	}
	g.UniqueID = *want
	other, err := tx.GroupByUniqueID(ctx, *want)
	switch {
	case errors.Is(err, dberr.NotFound):
		return nil
	case err == nil && other.GUID != g.GUID:
		return ErrGroupUniqueIDTaken
	}
	return err
}

// RemoveGroup deletes a group with its memberships and its access to content. Errors:
// ErrNoGroup, ErrAmbiguous.
func (s *Service) RemoveGroup(ctx context.Context, ref GroupRef) (Group, error) {
	var g Group
	err := s.store.Update(ctx, func(tx Tx) error {
		var err error
		if g, err = findGroup(ctx, tx, ref); err != nil {
			return err
		}
		return tx.DeleteGroup(ctx, g.GUID)
	})
	return g, err
}

// NormalizeGroups adapts all groups to the configuration (document line 432) and returns the groups that it changed,
// before and after the change. With ProxyAuth.GroupsByUniqueId, a group that was created by name gets this name as
// its unique id. Without it, groups are found by name only: names must differ, and unique ids are removed. If groups
// conflict, NormalizeGroups returns all conflicts as one error and changes nothing.
func (s *Service) NormalizeGroups(ctx context.Context) (before, after []Group, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		var groups []Group
		if err := eachGroup(ctx, tx, func(g Group) error { groups = append(groups, g); return nil }); err != nil {
			return err
		}
		if before, after, err = s.normalized(groups); err != nil {
			return err
		}
		for _, g := range after {
			if err := tx.UpdateGroup(ctx, g); err != nil {
				return fmt.Errorf("group %s: %w", g.GUID, err)
			}
		}
		return nil
	})
	return before, after, err
}

// normalized returns the groups to change, before and after the change, or an error with all conflicts.
func (s *Service) normalized(groups []Group) (before, after []Group, err error) {
	var problems []error
	holders := map[string]Group{} // by the key with which a proxy identifies a group
	key := func(g Group) string {
		if s.Policy.GroupsByUniqueID && g.UniqueID != "" {
			return g.UniqueID
		}
		return g.Name
	}
	for _, g := range groups {
		if other, taken := holders[key(g)]; taken {
			problems = append(problems, fmt.Errorf("groups %s and %s would both be found by %q: rename or delete one of them", other.GUID, g.GUID, key(g)))
			continue
		}
		holders[key(g)] = g
		changed := g
		changed.UniqueID = ""
		if s.Policy.GroupsByUniqueID {
			changed.UniqueID = key(g)
		}
		if changed != g {
			before, after = append(before, g), append(after, changed)
		}
	}
	return before, after, errors.Join(problems...)
}
