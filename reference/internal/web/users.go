package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/reference/internal/account"
)

// userView is a user in the form of the API.
type userView struct {
	GUID        string       `json:"guid"`
	Username    string       `json:"username"`
	FirstName   string       `json:"first_name"`
	LastName    string       `json:"last_name"`
	Email       string       `json:"email"`
	UserRole    account.Role `json:"user_role"`
	CreatedTime apiTime      `json:"created_time"`
	UpdatedTime apiTime      `json:"updated_time"`
	ActiveTime  apiTime      `json:"active_time"`
	Confirmed   bool         `json:"confirmed"`
	Locked      bool         `json:"locked"`
	// ExternalID is the unique id. Only administrators and the user see it.
	ExternalID *string `json:"external_id,omitempty"`
}

func (s *Server) userView(u account.User, private bool) userView {
	v := userView{
		GUID: u.GUID, Username: u.Username, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email,
		UserRole: u.Role, CreatedTime: apiTime(u.Created), UpdatedTime: apiTime(u.Updated), ActiveTime: apiTime(u.Active),
		Confirmed: u.Confirmed, Locked: u.Locked,
	}
	if private && s.Accounts.Policy.UniqueIDs {
		v.ExternalID = &u.UniqueID
	}
	return v
}

// maySeePrivate reports whether the caller may see the unique id of a user: administrators for all users, other
// callers for themselves.
func maySeePrivate(c caller, guid string) bool { return c.Role == admin || c.User.GUID == guid }

func (s *Server) currentUser(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, s.userView(callerOf(r).User, true))
}

// privileges lists, by role, the privileges that clients check.
var privileges = map[account.Role][]string{
	account.Viewer:    {"view_apps"},
	account.Publisher: {"add_users", "change_app_permissions", "publish_apps", "remove_apps", "view_app_settings", "view_apps"},
	account.Administrator: {"add_users", "add_vanities", "change_app_permissions", "change_apps", "change_groups", "change_usernames",
		"change_users", "create_groups", "lock_users", "publish_apps", "remove_apps", "remove_groups", "remove_users",
		"remove_vanities", "view_app_settings", "view_apps"},
}

// me writes the caller in the unversioned form for older clients. rsconnect reads id and username.
func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	return writeJSON(w, http.StatusOK, struct {
		userView
		ID          int64          `json:"id"`
		Password    string         `json:"password"`
		Preferences map[string]any `json:"preferences"`
		Privileges  []string       `json:"privileges"`
	}{s.userView(c.User, true), c.User.ID, "", map[string]any{}, privileges[c.Role]})
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	q, number, err := userQuery(r)
	if err != nil {
		return err
	}
	users, total, err := s.Accounts.ListUsers(r.Context(), c.actor(), q)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, paged{s.userViews(c, users), number, total})
}

// userViews returns users in the form of the API, as the caller may see them.
func (s *Server) userViews(c caller, users []account.User) []userView {
	return viewsOf(users, func(u account.User) userView { return s.userView(u, maySeePrivate(c, u.GUID)) })
}

func userQuery(r *http.Request) (account.UserQuery, int, error) {
	number, size, err := pageOf(r, 20)
	if err != nil {
		return account.UserQuery{}, 0, err
	}
	form := r.URL.Query()
	q := account.UserQuery{Prefix: form.Get("prefix"), Sort: form.Get("sort"), Limit: size, Offset: (number - 1) * size}
	sorts := []string{"", "first_name", "last_name", "username", "active_time", "created_time", "user_role"}
	if !slices.Contains(sorts, q.Sort) {
		return q, 0, errInvalidParameter.withText("The parameter sort is invalid.")
	}
	if q.Desc, err = descending(r); err != nil {
		return q, 0, err
	}
	for _, v := range alternatives(form["user_role"]) {
		role, err := parseRole(v)
		if err != nil {
			return q, 0, err
		}
		q.Roles = append(q.Roles, role)
	}
	for _, v := range alternatives(form["account_status"]) {
		if v != "locked" && v != "licensed" && v != "inactive" {
			return q, 0, errInvalidParameter.withText("The parameter account_status is invalid.")
		}
		q.Status = append(q.Status, v)
	}
	return q, number, nil
}

// parseRole returns the role with that spelling, or errUnknownRole.
func parseRole(text string) (account.Role, error) {
	role, ok := account.ParseRole(text)
	if !ok {
		return "", errUnknownRole
	}
	return role, nil
}

// descending reports whether a list is requested in descending order. The Python client writes booleans with a
// capital letter.
func descending(r *http.Request) (bool, error) {
	switch strings.ToLower(r.URL.Query().Get("asc_order")) {
	case "", "true", "1":
		return false, nil
	case "false", "0":
		return true, nil
	}
	return false, errInvalidParameter.withText("The parameter asc_order is invalid.")
}

// alternatives splits the values of a query parameter at "|", which means "or".
func alternatives(values []string) []string {
	var all []string
	for _, v := range values {
		for _, one := range strings.Split(v, "|") {
			if one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

// paged is a page of a list. Clients refuse other members.
type paged struct {
	Results     any `json:"results"`
	CurrentPage int `json:"current_page"`
	Total       int `json:"total"`
}

// pageOf parses page_number and page_size.
func pageOf(r *http.Request, size int) (number, limit int, err error) {
	form := r.URL.Query()
	number, limit = 1, size
	for _, p := range []struct {
		name string
		to   *int
		max  int
	}{{"page_number", &number, 1 << 20}, {"page_size", &limit, 500}} {
		v := form.Get(p.name)
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > p.max {
			return 0, 0, errInvalidParameter.withText("The parameter %s must be a number from 1 to %d.", p.name, p.max)
		}
		*p.to = n
	}
	return number, limit, nil
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) error {
	c, guid := callerOf(r), r.PathValue("guid")
	u, err := s.Accounts.VisibleUser(r.Context(), c.actor(), guid)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.userView(u, maySeePrivate(c, guid)))
}

// createUser creates a user before their first sign-in. An anonymous caller may create only the first user of the
// password provider.
func (s *Server) createUser(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	var in struct {
		Username            string  `json:"username"`
		FirstName           string  `json:"first_name"`
		LastName            string  `json:"last_name"`
		Email               string  `json:"email"`
		UserRole            string  `json:"user_role"`
		Password            string  `json:"password"`
		UserMustSetPassword bool    `json:"user_must_set_password"`
		ExternalID          *string `json:"external_id"`
		UniqueID            *string `json:"unique_id"` // the older name of external_id
	}
	if s.proxied {
		if err := checkRole(c, admin); err != nil {
			return err
		}
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	n := account.NewUser{
		Username: in.Username, FirstName: in.FirstName, LastName: in.LastName, Email: in.Email, Password: in.Password,
	}
	if in.UserRole != "" {
		var err error
		if n.Role, err = parseRole(in.UserRole); err != nil {
			return err
		}
	}
	if id := cmp.Or(in.ExternalID, in.UniqueID); id != nil {
		n.UniqueID, n.UniqueIDGiven = *id, true
	}
	u, err := s.Accounts.CreateUser(r.Context(), c.actor(), n)
	switch {
	case errors.Is(err, account.ErrForbidden) && !c.SignedIn():
		return errNotSignedIn
	case err != nil:
		return err
	}
	return writeJSON(w, http.StatusOK, s.userView(u, true))
}

func (s *Server) pushUser(http.ResponseWriter, *http.Request) error { return errNoTickets }

func (s *Server) noRemote(http.ResponseWriter, *http.Request) error { return errProviderEndpoint }

func (s *Server) updateUser(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	var in struct {
		Email     *string `json:"email"`
		Username  *string `json:"username"`
		FirstName *string `json:"first_name"`
		LastName  *string `json:"last_name"`
		UserRole  *string `json:"user_role"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	change := account.UserChange{Username: in.Username, FirstName: in.FirstName, LastName: in.LastName, Email: in.Email}
	if in.UserRole != nil {
		role, err := parseRole(*in.UserRole)
		if err != nil {
			return err
		}
		change.Role = &role
	}
	u, err := s.Accounts.ChangeUser(r.Context(), c.actor(), r.PathValue("guid"), change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"email": u.Email, "username": u.Username, "first_name": u.FirstName, "last_name": u.LastName,
		"user_role": u.Role, "updated_time": apiTime(u.Updated),
	})
}

func (s *Server) lockUser(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	var in struct {
		Locked *bool `json:"locked"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Locked == nil {
		return errMissingParameter.withText("A required parameter is missing: locked.")
	}
	err := s.Accounts.LockUser(r.Context(), c.actor(), r.PathValue("guid"), *in.Locked)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct{}{})
}
