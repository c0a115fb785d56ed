package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/reference/internal/dberr"
	"countersign/reference/internal/proxyauth"
)

// maxName bounds names, addresses and identities, in bytes.
const maxName = proxyauth.MaxValue

// NewUser describes a user that the API creates.
type NewUser struct {
	Username, FirstName, LastName, Email string
	Role                                 Role   // "" means the default role
	UniqueID                             string // used if unique ids are the identity
	UniqueIDGiven                        bool
	Password                             string // password provider only
}

// CreateUser creates a user before their first sign-in. by may be anonymous only for the first user of the password
// provider. Errors: ErrForbidden, ErrProhibitedUsername, ErrInvalidUsername, ErrUsernameTaken, ErrUniqueIDTaken,
// ErrBlankUniqueID, ErrUniqueIDNotUsed, ErrInvalidRole, ErrPassword, ErrTooManyPasswords, ErrInvalidField.
func (s *Service) CreateUser(ctx context.Context, by Actor, n NewUser) (User, error) {
	// The permission is checked twice: here, so that no other caller can have passwords hashed, and in the transaction,
	// because another request can create the first user meanwhile.
	if _, err := s.createsFirstUser(ctx, s.store, by); err != nil {
		return User{}, err
	}
	u, err := s.draft(ctx, n)
	if err != nil {
		return User{}, err
	}
	err = s.store.Update(ctx, func(tx Tx) error {
		first, err := s.createsFirstUser(ctx, tx, by)
		if err != nil {
			return err
		}
		if first {
			u.Role = Administrator
		}
		return s.insertDraft(ctx, tx, &u)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// createsFirstUser reports whether a new user would be the first one, who is created without an administrator. It
// returns ErrForbidden if by may not create users.
func (s *Service) createsFirstUser(ctx context.Context, r Reader, by Actor) (bool, error) {
	switch {
	case by.Role == Administrator:
		return false, nil
	case !s.Policy.PasswordLogin:
		return false, ErrForbidden
	}
	count, err := r.CountUsers(ctx)
	if err == nil && count > 0 {
		err = ErrForbidden
	}
	return err == nil, err
}

// insertDraft checks the account against existing ones and stores it.
func (s *Service) insertDraft(ctx context.Context, tx Tx, u *User) error {
	if s.Policy.UsernamesUnique() && u.Username != "" {
		taken, err := usernameTaken(ctx, tx, u.Username, "")
		if err != nil {
			return err
		}
		if taken {
			return ErrUsernameTaken
		}
	}
	if u.Username == "" {
		name, err := generateUsername(ctx, tx, u.Email)
		if err != nil {
			return err
		}
		u.Username = name
	}
	err := tx.InsertUser(ctx, u)
	switch {
	case errors.Is(err, dberr.Exists) && s.Policy.UniqueIDs:
		return ErrUniqueIDTaken
	case errors.Is(err, dberr.Exists):
		return ErrUsernameTaken
	}
	return err
}

// draft makes the checks that do not need the store, and returns the user.
func (s *Service) draft(ctx context.Context, n NewUser) (User, error) {
	now := s.now()
	u := User{
		GUID: newGUID(), Username: n.Username, FirstName: n.FirstName, LastName: n.LastName, Email: n.Email,
		Role: n.Role, Confirmed: true, Created: now, Updated: now,
	}
	if u.Username != "" || !s.Policy.GeneratedUsernames {
		if err := CheckUsername(u.Username); err != nil {
			return User{}, err
		}
	}
	for _, v := range [...]string{u.FirstName, u.LastName, u.Email} {
		if !usable(v) {
			return User{}, ErrInvalidField
		}
	}
	switch {
	case s.Policy.UniqueIDs && strings.TrimSpace(n.UniqueID) == "":
		return User{}, ErrBlankUniqueID
	case s.Policy.UniqueIDs && proxyauth.CheckIdentity(n.UniqueID) != "":
		return User{}, ErrInvalidField
	case s.Policy.UniqueIDs:
		u.UniqueID = n.UniqueID
	case n.UniqueIDGiven:
		return User{}, ErrUniqueIDNotUsed
	default:
		u.UniqueID = n.Username
	}
	if u.Role == "" {
		u.Role = s.Policy.DefaultRole
	}
	if u.Role.Rank() == 0 {
		return User{}, ErrInvalidRole
	}
	return u, s.setPassword(ctx, &u, n.Password)
}

func (s *Service) setPassword(ctx context.Context, u *User, password string) error {
	switch {
	case !s.Policy.PasswordLogin && password != "":
		return ErrInvalidField
	case !s.Policy.PasswordLogin:
		return nil
	case utf8.RuneCountInString(password) < minPassword || len(password) > 1024:
		return ErrPassword
	}
	leave, err := s.hashing.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	u.Credential, err = hashPassword(password, s.passwordRounds)
	return err
}

// CheckUsername returns ErrInvalidUsername or ErrProhibitedUsername, or nil. It accepts exactly the values that a
// proxy may send as an identity, so that every user who may sign in, and no other, can be provisioned in advance.
func CheckUsername(name string) error {
	switch {
	case proxyauth.CheckIdentity(name) != "":
		return ErrInvalidUsername
	case prohibited(name):
		return ErrProhibitedUsername
	}
	return nil
}

// usable reports whether s can be stored as a name, an address or the unique id of a group.
func usable(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// FindUser returns the user with that guid, or ErrNoUser.
func (s *Service) FindUser(ctx context.Context, guid string) (User, error) {
	u, err := s.store.UserByGUID(ctx, guid)
	return u, asNoUser(err)
}

// VisibleUser returns the user with that guid if the actor may see them. Otherwise, and if there is no such user, it
// returns ErrNoUser.
func (s *Service) VisibleUser(ctx context.Context, by Actor, guid string) (User, error) {
	if s.seesOnlyThemselves(by) && guid != by.User.GUID {
		return User{}, ErrNoUser
	}
	return s.FindUser(ctx, guid)
}

// ListUsers returns one page of the users that the actor may see, and the number of these users.
func (s *Service) ListUsers(ctx context.Context, by Actor, q UserQuery) ([]User, int, error) {
	if s.seesOnlyThemselves(by) {
		return []User{by.User}, 1, nil
	}
	return s.store.Users(ctx, q)
}

// seesOnlyThemselves reports whether the actor may see no other user.
func (s *Service) seesOnlyThemselves(by Actor) bool {
	return s.Policy.ViewersSeeThemselves && by.Role == Viewer
}

// UserChange is a change through the API. A nil field is not changed.
type UserChange struct {
	Username, FirstName, LastName, Email *string
	Role                                 *Role
}

// ChangeUser edits a user. A field with its present value is no change, so that clients may send whole objects back.
// Errors: ErrNoUser, ErrForbidden, ErrNotEditable, ErrUsernameNotEdit, ErrUsernameTaken, ErrInvalidUsername,
// ErrProhibitedUsername, ErrInvalidRole, ErrSoleAdministrator, ErrInvalidField.
func (s *Service) ChangeUser(ctx context.Context, by Actor, guid string, c UserChange) (User, error) {
	var u User
	err := s.store.Update(ctx, func(tx Tx) error {
		var err error
		if u, err = tx.UserByGUID(ctx, guid); err != nil {
			return asNoUser(err)
		}
		self := by.User.GUID == guid
		if by.Role != Administrator && !(self && s.Policy.SelfEdit) {
			return ErrForbidden
		}
		before := u
		if err := s.changeFields(&u, c); err != nil {
			return err
		}
		if c.Username != nil && *c.Username != u.Username && !s.Policy.UsernamesEditable() {
			return ErrUsernameNotEdit
		}
		if err := s.rename(ctx, tx, &u, c.Username); err != nil {
			return err
		}
		if err := s.changeRoleByHand(ctx, tx, &u, by, c.Role); err != nil {
			return err
		}
		if u == before {
			return nil
		}
		u.Updated = s.now()
		return tx.UpdateUser(ctx, u)
	})
	return u, err
}

func (s *Service) changeFields(u *User, c UserChange) error {
	for _, f := range [...]struct {
		stored *string
		want   *string
		sent   bool // whether the proxy sends the field
	}{
		{&u.FirstName, c.FirstName, s.Policy.FirstNameSent},
		{&u.LastName, c.LastName, s.Policy.LastNameSent},
		{&u.Email, c.Email, s.Policy.EmailSent},
	} {
		switch {
		case f.want == nil || *f.want == *f.stored:
			continue
		case f.sent:
			return ErrNotEditable
		case !usable(*f.want):
			return ErrInvalidField
		}
		*f.stored = *f.want
	}
	return nil
}

// rename changes the username of a user. nil is no change. It refuses a name that is taken even if the configuration
// allows duplicates, because such a duplicate is a mistake. If the username is the identity, the unique id
// changes with it, unless a migration has already given the user another unique id. Errors: ErrInvalidUsername,
// ErrProhibitedUsername, ErrUsernameTaken.
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

func (s *Service) changeRoleByHand(ctx context.Context, tx Tx, u *User, by Actor, want *Role) error {
	if want == nil || *want == u.Role {
		return nil
	}
	switch {
	case want.Rank() == 0:
		return ErrInvalidRole
	case by.Role != Administrator:
		return ErrForbidden
	case !s.Policy.RolesEditable():
		return ErrNotEditable
	}
	was := *u
	u.Role = *want
	return checkAdministratorRemains(ctx, tx, was, *u)
}

// LockUser locks or unlocks a user. Administrators may lock every user except the last administrator; other users may
// lock themselves only. The sessions of a locked user end immediately, and their keys are refused until they are
// unlocked. Errors: ErrNoUser, ErrForbidden, ErrSoleAdministrator.
func (s *Service) LockUser(ctx context.Context, by Actor, guid string, locked bool) error {
	return s.store.Update(ctx, func(tx Tx) error {
		u, err := tx.UserByGUID(ctx, guid)
		if err != nil {
			return asNoUser(err)
		}
		if by.Role != Administrator && by.User.GUID != guid {
			return ErrForbidden
		}
		if u.Locked == locked {
			return nil
		}
		was := u
		u.Locked, u.Updated = locked, s.now()
		if err := checkAdministratorRemains(ctx, tx, was, u); err != nil {
			return err
		}
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		return tx.DeleteSessionsOfUser(ctx, guid)
	})
}

// checkAdministratorRemains returns ErrSoleAdministrator if a change would leave the server without an administrator
// who can sign in.
func checkAdministratorRemains(ctx context.Context, tx Tx, before, after User) error {
	counts := func(u User) bool { return u.Role == Administrator && !u.Locked }
	if !counts(before) || counts(after) {
		return nil
	}
	n, err := tx.CountActiveAdministrators(ctx)
	if err == nil && n <= 1 {
		return ErrSoleAdministrator
	}
	return err
}

func asNoUser(err error) error {
	if errors.Is(err, dberr.NotFound) {
		return fmt.Errorf("%w: %w", ErrNoUser, err)
	}
	return err
}
