package driver

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// User is what the verbs read of an account.
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

// NewUser is an account to be made; an empty field is left out.
type NewUser struct {
	Username   string `json:"username,omitempty"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	Email      string `json:"email,omitempty"`
	Role       string `json:"user_role,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	UniqueID   string `json:"unique_id,omitempty"` // the older name of ExternalID
}

// CreateUser makes an account.
func (p *Persona) CreateUser(ctx context.Context, u NewUser) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("users"), u)
}

// User reads an account.
func (p *Persona) User(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, api("users", guid))
}

// ChangeUser changes one field of an account.
func (p *Persona) ChangeUser(ctx context.Context, guid, field, value string) (*Reply, error) {
	return p.json(ctx, http.MethodPut, api("users", guid), map[string]string{field: value})
}

// SetRole changes the role of an account.
func (p *Persona) SetRole(ctx context.Context, guid, role string) (*Reply, error) {
	return p.ChangeUser(ctx, guid, "user_role", role)
}

// LockUser locks an account, or unlocks it.
func (p *Persona) LockUser(ctx context.Context, guid string, locked bool) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("users", guid, "lock"), map[string]bool{"locked": locked})
}

// maxPages bounds how far a listing is paged through.
const maxPages = 40

// FindUser looks for the account with exactly this username: among those with
// the prefix, and if there are more of these than one page shows, in the whole
// listing. A listing that cannot be read is an error, since nothing may be
// concluded from it.
func (p *Persona) FindUser(ctx context.Context, username string) (User, bool, error) {
	page, err := p.userPage(ctx, url.Values{"prefix": {username}, "page_size": {"500"}})
	if err != nil {
		return User{}, false, err
	}
	if user, ok := page.find(username); ok {
		return user, true, nil
	}
	if page.Total <= len(page.Results) {
		return User{}, false, nil
	}
	seen := 0
	for number := 1; number <= maxPages; number++ {
		page, err := p.userPage(ctx, url.Values{"page_number": {strconv.Itoa(number)}, "page_size": {"500"}})
		if err != nil {
			return User{}, false, err
		}
		if user, ok := page.find(username); ok {
			return user, true, nil
		}
		if seen += len(page.Results); len(page.Results) == 0 || seen >= page.Total {
			return User{}, false, nil
		}
	}
	return User{}, false, &NoAnswer{Op: "list users", BySubject: true, Err: described("the listing does not end after " + strconv.Itoa(maxPages) + " pages")}
}

// CountUsers counts the accounts with exactly this username.
func (p *Persona) CountUsers(ctx context.Context, username string) (int, error) {
	page, err := p.userPage(ctx, url.Values{"prefix": {username}, "page_size": {"500"}})
	if err != nil {
		return 0, err
	}
	if page.Total > len(page.Results) {
		return 0, &NoAnswer{Op: "list users", BySubject: true, Err: described("the listing by a prefix of one scenario's own does not fit a page")}
	}
	n := 0
	for _, u := range page.Results {
		if u.Username == username {
			n++
		}
	}
	return n, nil
}

type userPage struct {
	Results []User `json:"results"`
	Total   int    `json:"total"`
}

func (p userPage) find(username string) (User, bool) {
	for _, u := range p.Results {
		if u.Username == username {
			return u, true
		}
	}
	return User{}, false
}

func (p *Persona) userPage(ctx context.Context, query url.Values) (userPage, error) {
	reply, err := p.Get(ctx, api("users")+"?"+query.Encode())
	if err != nil {
		return userPage{}, err
	}
	var page userPage
	if !reply.Is(2) || reply.Decode(&page) != nil || page.Results == nil {
		return userPage{}, unusable(reply, "list users")
	}
	return page, nil
}
