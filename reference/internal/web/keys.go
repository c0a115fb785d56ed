package web

import (
	"net/http"
	"strconv"
	"time"

	"countersign/reference/internal/account"
)

// keyView is an API key in the form of the API. Key contains the whole key only in the reply that creates it.
type keyView struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Key         string       `json:"key"`
	UserRole    account.Role `json:"user_role"`
	CreatedTime string       `json:"created_time"`
	ActiveTime  *string      `json:"active_time"`
	ExpiresAt   *string      `json:"expires_at"`
}

func viewKey(k account.APIKey, shown string) keyView {
	return keyView{
		ID: strconv.FormatInt(k.ID, 10), Name: k.Name, Key: shown, UserRole: k.Role,
		CreatedTime: formatTime(k.Created), ActiveTime: formatTimeOrNull(k.Used), ExpiresAt: formatTimeOrNull(k.Expires),
	}
}

// ownKeys returns the caller if the keys in the path belong to the caller. It refuses the key of a content process,
// because a key created with it would outlive the process.
func ownKeys(r *http.Request) (caller, error) {
	c := callerOf(r)
	if c.User.GUID != r.PathValue("guid") || c.Via == viaContent {
		return c, errForbidden
	}
	return c, nil
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	c, err := ownKeys(r)
	if err != nil {
		return err
	}
	keys, err := s.Accounts.Store.KeysOfUser(r.Context(), c.User.GUID)
	if err != nil {
		return err
	}
	views := make([]keyView, len(keys))
	for i, k := range keys {
		views[i] = viewKey(k, k.Tail)
	}
	return writeJSON(w, http.StatusOK, views)
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request) error {
	c, err := ownKeys(r)
	if err != nil {
		return err
	}
	var in struct {
		Name      string  `json:"name"`
		UserRole  *string `json:"user_role"`
		ExpiresAt *string `json:"expires_at"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	n := account.NewKey{Kind: account.UserKey, User: c.User, Name: in.Name, Role: c.Role}
	if in.UserRole != nil {
		role, ok := account.ParseRole(*in.UserRole)
		if !ok {
			return errUnknownRole
		}
		if role.Rank() > c.Role.Rank() {
			return errKeyRole // the role of the key bounds that of the keys created with it
		}
		n.Role = role
	}
	if in.ExpiresAt != nil {
		t, err := time.Parse(time.RFC3339, *in.ExpiresAt)
		if err != nil {
			return errInvalidParameter.withText("The parameter expires_at must be a time as in RFC 3339.")
		}
		n.Expires = t
	}
	k, text, err := s.Accounts.MakeKey(r.Context(), n)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewKey(k, text))
}

func (s *Server) getKey(w http.ResponseWriter, r *http.Request) error {
	c, err := ownKeys(r)
	if err != nil {
		return err
	}
	keys, err := s.Accounts.Store.KeysOfUser(r.Context(), c.User.GUID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if strconv.FormatInt(k.ID, 10) == r.PathValue("id") {
			return writeJSON(w, http.StatusOK, viewKey(k, k.Tail))
		}
	}
	return errNotFound
}

func (s *Server) deleteKey(w http.ResponseWriter, r *http.Request) error {
	c, err := ownKeys(r)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errInvalidID
	}
	if err := s.Accounts.RemoveKey(r.Context(), c.User.GUID, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
