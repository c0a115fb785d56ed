package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countersign/reference/internal/proxyauth"
)

// What an operator does to accounts with the command-line tool, beside the server. The
// configuration's editing rules do not count there (document line 230: forcibly); uniqueness,
// prohibited names and the last administrator do.

// Reasons that only maintenance meets.
var (
	ErrAmbiguous    = errors.New("several have that name: name one by its GUID")
	ErrOwnsContent  = errors.New("owns content: transfer it first")
	ErrSameUser     = errors.New("source and target are the same user")
	ErrContentNames = errors.New("source and target own content of the same name")
)

// UserRef names a user in one of three ways; the others are empty.
type UserRef struct {
	Username, GUID string
	ID             int64
}

// GroupRef names a group in one of two ways; the other is empty.
type GroupRef struct{ Name, GUID string }

// UserAlteration is what to change by hand; nil leaves a field as it is.
type UserAlteration struct {
	UserChange
	UniqueID *string
	Locked   *bool
	// Force does it although no administrator is left who could sign in.
	Force bool
}

// GroupAlteration is what to change by hand; nil leaves a field as it is.
type GroupAlteration struct {
	Name, UniqueID *string
	Owner          *UserRef
	DropOwner      bool
}

// findUser finds the one user that ref names. Errors: ErrNoUser, ErrAmbiguous.
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

// findGroup finds the one group that ref names. Errors: ErrNoGroup, ErrAmbiguous.
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

// AlterUser changes a user by hand and returns what was and what is. Errors: ErrNoUser,
// ErrAmbiguous, ErrUsernameTaken, ErrInvalidUsername, ErrProhibitedUsername, ErrInvalidRole,
// ErrSoleAdministrator, ErrInvalidField, ErrBlankUniqueID, ErrUniqueIDTaken.
func (s *Service) AlterUser(ctx context.Context, ref UserRef, a UserAlteration) (before, after User, err error) {
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.HoldUsers(ctx); err != nil {
			return err
		}
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
			if err := keepAdministrator(ctx, tx, before, after); err != nil {
				return err
			}
		}
		if after == before {
			return nil
		}
		after.Updated = s.Now()
		err := tx.UpdateUser(ctx, after)
		if errors.Is(err, ErrExists) {
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

// rename gives a user another name. It keeps names unique even where the configuration does
// not ask for it: nobody makes a duplicate by hand on purpose. Where the username is the
// identity, that follows, unless a migration has already given the user another.
func (s *Service) rename(ctx context.Context, tx Tx, u *User, want *string) error {
	if want == nil || *want == u.Username {
		return nil
	}
	if err := CheckUsername(*want); err != nil {
		return err
	}
	taken, err := usernameTaken(ctx, tx, *want, u.GUID)
	if err != nil {
		return err
	}
	if taken {
		return ErrUsernameTaken
	}
	if !s.Policy.UniqueIDs && u.UniqueID == u.Username {
		u.UniqueID = *want
	}
	u.Username = *want
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

// RemoveUser deletes a user with all that is theirs alone: sessions, keys, memberships, access
// to content. Groups they own lose their owner. Errors: ErrNoUser, ErrAmbiguous,
// ErrSoleAdministrator unless force, ErrOwnsContent.
func (s *Service) RemoveUser(ctx context.Context, ref UserRef, force bool) (User, error) {
	var u User
	err := s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.HoldUsers(ctx); err != nil {
			return err
		}
		var err error
		if u, err = findUser(ctx, tx, ref); err != nil {
			return err
		}
		if !force {
			if err := keepAdministrator(ctx, tx, u, User{}); err != nil {
				return err
			}
		}
		return tx.DeleteUser(ctx, u.GUID)
	})
	return u, err
}

// Transfer gives all content and groups of one user to another. Errors: ErrNoUser,
// ErrAmbiguous, ErrSameUser, ErrContentNames.
func (s *Service) Transfer(ctx context.Context, from, to UserRef) (source, target User, err error) {
	err = s.Store.Update(ctx, func(tx Tx) error {
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
		if errors.Is(err, ErrExists) {
			return ErrContentNames
		}
		return err
	})
	return source, target, err
}

// AlterGroup changes a group by hand and returns what was and what is. Memberships and access
// to content stay. Errors: ErrNoGroup, ErrAmbiguous, ErrGroupName, ErrGroupNameTaken,
// ErrGroupBlankUniqueID, ErrInvalidField, ErrGroupUniqueIDTaken, ErrNoUser.
func (s *Service) AlterGroup(ctx context.Context, ref GroupRef, a GroupAlteration) (before, after Group, err error) {
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.HoldUsers(ctx); err != nil {
			return err
		}
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
	case errors.Is(err, ErrNotFound):
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
	err := s.Store.Update(ctx, func(tx Tx) error {
		var err error
		if g, err = findGroup(ctx, tx, ref); err != nil {
			return err
		}
		return tx.DeleteGroup(ctx, g.GUID)
	})
	return g, err
}

// NormalizeGroups makes every group functional under the configuration (document line 432) and
// returns those it changed, as they were and as they are. Under ProxyAuth.GroupsByUniqueId a
// group that was made by name is from then on found by that name as its unique id; without it,
// groups are found by their names alone, which must differ, and have no unique id. All that
// stands in the way is returned as one error, and then nothing is changed.
func (s *Service) NormalizeGroups(ctx context.Context) (before, after []Group, err error) {
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.HoldUsers(ctx); err != nil {
			return err
		}
		groups, err := allGroups(ctx, tx)
		if err != nil {
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

// allGroups reads every group, page by page.
func allGroups(ctx context.Context, r Reader) ([]Group, error) {
	const page = 500
	var all []Group
	for {
		groups, _, err := r.Groups(ctx, GroupQuery{Limit: page, Offset: len(all)})
		if err != nil {
			return nil, err
		}
		if len(groups) == 0 {
			return all, nil
		}
		all = append(all, groups...)
	}
}

// normalized decides which groups to change, or says what stands in the way.
func (s *Service) normalized(groups []Group) (before, after []Group, err error) {
	var problems []error
	holders := map[string]Group{} // of a key by which a proxy may name a group
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
