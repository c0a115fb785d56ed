package driver

import (
	"context"
	"net/http"
)

// User holds the members of an account that the suite reads.
type User struct {
	GUID       string `json:"guid"`
	Username   string `json:"username"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Email      string `json:"email"`
	Role       string `json:"user_role"`
	ExternalID string `json:"external_id"`
	Locked     bool   `json:"locked"`
}

// NewUser describes an account to be created. Empty fields are omitted.
type NewUser struct {
	Username   string `json:"username,omitempty"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	Email      string `json:"email,omitempty"`
	Role       string `json:"user_role,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	UniqueID   string `json:"unique_id,omitempty"` // an older name of external_id
}

// CreateUser creates an account.
func (p *Persona) CreateUser(ctx context.Context, u NewUser) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("users"), u)
}

// User reads an account.
func (p *Persona) User(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, APIPath("users", guid))
}

// ChangeUser changes one field of an account.
func (p *Persona) ChangeUser(ctx context.Context, guid, field, value string) (*Reply, error) {
	return p.json(ctx, http.MethodPut, APIPath("users", guid), map[string]string{field: value})
}

// SetRole changes the role of an account.
func (p *Persona) SetRole(ctx context.Context, guid, role string) (*Reply, error) {
	return p.ChangeUser(ctx, guid, "user_role", role)
}

// LockUser locks an account, or unlocks it.
func (p *Persona) LockUser(ctx context.Context, guid string, locked bool) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("users", guid, "lock"), map[string]bool{"locked": locked})
}

// FindUser returns the account with exactly this username, and whether there is one. It
// returns an error if the listing cannot be read.
func (p *Persona) FindUser(ctx context.Context, username string) (User, bool, error) {
	found, err := p.usersCalled(ctx, username)
	if err != nil || len(found) == 0 {
		return User{}, false, err
	}
	return found[0], true, nil
}

// CountUsers counts the accounts with exactly this username.
func (p *Persona) CountUsers(ctx context.Context, username string) (int, error) {
	found, err := p.usersCalled(ctx, username)
	return len(found), err
}

func (p *Persona) usersCalled(ctx context.Context, username string) ([]User, error) {
	return findListed(ctx, p, APIPath("users"), username, func(u User) bool { return u.Username == username })
}
