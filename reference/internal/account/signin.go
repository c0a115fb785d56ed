package account

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"countersign/reference/internal/dberr"
	"countersign/reference/internal/proxyauth"
)

// SignIn performs a login attempt through a proxy. The claim must have an identity. SignIn finds or creates the user,
// stores the profile that the proxy sent, updates role and memberships, and opens a session, all in one transaction.
// A refused attempt changes nothing. Errors: ErrProhibitedUsername, ErrNoUsername, ErrNotProvisioned, ErrLocked.
func (s *Service) SignIn(ctx context.Context, c proxyauth.Claim) (Login, error) {
	var login Login
	err := s.store.Update(ctx, func(tx Tx) error {
		u, err := tx.UserByUniqueID(ctx, c.Identity)
		switch {
		case errors.Is(err, dberr.NotFound):
			u, err = s.register(ctx, tx, c)
		case err == nil && u.Locked:
			return ErrLocked
		case err == nil:
			u, err = s.refresh(ctx, tx, u, c)
		}
		if err != nil {
			return err
		}
		if err := s.syncGroups(ctx, tx, u, c.Groups); err != nil {
			return fmt.Errorf("synchronise groups: %w", err)
		}
		login, err = s.openSession(ctx, tx, u, c.Digest)
		return err
	})
	return login, err
}

// register creates the account of a user who signs in for the first time.
func (s *Service) register(ctx context.Context, tx Tx, c proxyauth.Claim) (User, error) {
	if prohibited(c.Username) {
		return User{}, ErrProhibitedUsername
	}
	if !s.Policy.RegisterOnFirstLogin {
		return User{}, ErrNotProvisioned
	}
	username := c.Username
	if username == "" {
		var err error
		if username, err = generateUsername(ctx, tx, c.Email); err != nil {
			return User{}, err
		}
	}
	role, err := s.firstRole(ctx, tx, c)
	if err != nil {
		return User{}, err
	}
	now := s.now()
	u := User{
		GUID: newGUID(), UniqueID: c.Identity, Username: username,
		FirstName: c.FirstName, LastName: c.LastName, Email: c.Email,
		Role: role, Confirmed: true, Created: now, Updated: now, Active: now,
	}
	if err := tx.InsertUser(ctx, &u); err != nil {
		return User{}, fmt.Errorf("create user: %w", err)
	}
	return u, nil
}

// firstRole returns the role of an account that a sign-in creates. The first user of a server becomes administrator,
// regardless of the role that the proxy sends, because no other user could appoint one.
func (s *Service) firstRole(ctx context.Context, tx Tx, c proxyauth.Claim) (Role, error) {
	n, err := tx.CountUsers(ctx)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return Administrator, nil
	}
	role, invalid, ok := s.Policy.roleOf(c)
	if !ok {
		return s.Policy.DefaultRole, nil
	}
	s.logInvalidRole(invalid, role)
	return role, nil
}

// logInvalidRole logs a value that is no role (document line 290: at debug level).
func (s *Service) logInvalidRole(invalid string, role Role) {
	if invalid != "" {
		s.log.Debug("Invalid role value received from the proxy, using the default role", "value", invalid, "role", string(role))
	}
}

// refresh updates an existing user from a claim.
func (s *Service) refresh(ctx context.Context, tx Tx, u User, c proxyauth.Claim) (User, error) {
	before := u
	if c.Username != "" && c.Username != u.Username {
		if prohibited(c.Username) {
			return User{}, ErrProhibitedUsername
		}
		u.Username = c.Username
	}
	for _, f := range [...]struct {
		stored *string
		sent   string
	}{{&u.FirstName, c.FirstName}, {&u.LastName, c.LastName}, {&u.Email, c.Email}} {
		if f.sent != "" {
			*f.stored = f.sent
		}
	}
	if role, invalid, ok := s.Policy.roleOf(c); ok {
		s.logInvalidRole(invalid, role)
		var err error
		if u.Role, err = s.changeRole(ctx, tx, u, role); err != nil {
			return User{}, err
		}
	}
	if u != before {
		u.Updated = s.now()
	}
	u.Active = s.now()
	if err := tx.UpdateUser(ctx, u); err != nil {
		return User{}, fmt.Errorf("update user: %w", err)
	}
	return u, nil
}

// changeRole returns the role that a user gets at sign-in. It is want, unless the server would then have no
// administrator.
func (s *Service) changeRole(ctx context.Context, tx Tx, u User, want Role) (Role, error) {
	after := u
	after.Role = want
	err := checkAdministratorRemains(ctx, tx, u, after)
	if errors.Is(err, ErrSoleAdministrator) {
		s.log.Warn("The only remaining administrator keeps the role", "user_guid", u.GUID, "role_received", string(want))
		return u.Role, nil
	}
	return want, err
}

// generateUsername derives a username from an e-mail address: the part before the domain, followed by a number if
// that name is taken or prohibited (document line 216). After a few consecutive numbers it draws random ones, so that
// a common name does not cost one read for each user who has it.
func generateUsername(ctx context.Context, tx Tx, email string) (string, error) {
	local, _, _ := strings.Cut(email, "@")
	local = strings.TrimSpace(local)
	if local == "" {
		return "", ErrNoUsername
	}
	if err := CheckUsername(local); errors.Is(err, ErrInvalidUsername) {
		return "", err
	}
	const inTurn = 8
	for n := 0; ; n++ {
		name := local
		switch {
		case n > inTurn:
			name += strconv.Itoa(rand.IntN(inTurn << n))
		case n > 0:
			name += strconv.Itoa(n)
		}
		taken, err := unavailable(ctx, tx, name)
		if err != nil || !taken {
			return name, err
		}
	}
}

func unavailable(ctx context.Context, tx Reader, username string) (bool, error) {
	if prohibited(username) {
		return true, nil
	}
	return usernameTaken(ctx, tx, username, "")
}

// usernameTaken reports whether a user other than the one with guid has the username.
func usernameTaken(ctx context.Context, tx Reader, username, guid string) (bool, error) {
	users, err := tx.UsersByUsername(ctx, username)
	return slices.ContainsFunc(users, func(u User) bool { return u.GUID != guid }), err
}

// syncGroups makes the memberships of a user those that the proxy lists. Without automatic provisioning it ignores
// groups that do not exist here (document lines 314, 352, 366).
func (s *Service) syncGroups(ctx context.Context, tx Tx, u User, listed []string) error {
	p := s.Policy
	if !p.Groups || !p.GroupsSent {
		return nil
	}
	current, err := tx.GroupsOfUser(ctx, u.GUID)
	if err != nil {
		return err
	}
	key := func(g Group) string {
		if p.GroupsByUniqueID {
			return g.UniqueID
		}
		return g.Name
	}
	member := map[string]bool{} // whether the user is in a listed group
	for _, name := range listed {
		member[name] = false
	}
	var leave, missing []string
	for _, g := range current {
		if _, wanted := member[key(g)]; wanted {
			member[key(g)] = true
			continue
		}
		leave = append(leave, g.GUID)
	}
	for _, name := range listed {
		if !member[name] {
			missing = append(missing, name)
		}
	}
	if err := tx.Leave(ctx, u.GUID, leave); err != nil {
		return err
	}
	join, err := s.listedGroups(ctx, tx, missing)
	if err != nil {
		return err
	}
	return tx.Join(ctx, u.GUID, join)
}

// listedGroups returns the groups that a proxy lists, and creates missing ones if the configuration allows it. It
// leaves out groups that it neither finds nor creates.
func (s *Service) listedGroups(ctx context.Context, tx Tx, names []string) (guids []string, err error) {
	var found []Group
	if s.Policy.GroupsByUniqueID {
		found, err = tx.GroupsByUniqueIDs(ctx, names)
	} else {
		found, err = tx.GroupsByNames(ctx, names)
	}
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, g := range found { // of several groups with one name, the oldest comes first and is used
		if !known[g.Name] || s.Policy.GroupsByUniqueID {
			known[g.Name] = true
			guids = append(guids, g.GUID)
		}
	}
	if !s.Policy.GroupsAutoProvision {
		return guids, nil
	}
	var made []Group
	for _, name := range names {
		if !known[name] {
			made = append(made, Group{GUID: newGUID(), Name: name, Created: s.now()}) // no owner: document line 384
			guids = append(guids, made[len(made)-1].GUID)
		}
	}
	return guids, tx.InsertGroups(ctx, made)
}
