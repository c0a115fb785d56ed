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
	CreatedTime apiTime      `json:"created_time"`
	ActiveTime  apiTime      `json:"active_time"`
	ExpiresAt   apiTime      `json:"expires_at"`
}

func viewKey(k account.APIKey, shown string) keyView {
	return keyView{
		ID: strconv.FormatInt(k.ID, 10), Name: k.Name, Key: shown, UserRole: k.Role,
		CreatedTime: apiTime(k.Created), ActiveTime: apiTime(k.Used), ExpiresAt: apiTime(k.Expires),
	}
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.Accounts.ListKeys(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(keys, func(k account.APIKey) keyView { return viewKey(k, k.Tail) }))
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name      string  `json:"name"`
		UserRole  *string `json:"user_role"`
		ExpiresAt *string `json:"expires_at"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	n := account.NewKey{Name: in.Name}
	if in.UserRole != nil {
		var err error
		if n.Role, err = parseRole(*in.UserRole); err != nil {
			return err
		}
	}
	if in.ExpiresAt != nil {
		t, err := time.Parse(time.RFC3339, *in.ExpiresAt)
		if err != nil {
			return errInvalidParameter.withText("The parameter expires_at must be a time as in RFC 3339.")
		}
		n.Expires = t
	}
	k, text, err := s.Accounts.CreateKey(r.Context(), callerOf(r).actor(), r.PathValue("guid"), n)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewKey(k, text))
}

func (s *Server) getKey(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return errNotFound.withCause(err)
	}
	k, err := s.Accounts.FindKey(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewKey(k, k.Tail))
}

func (s *Server) deleteKey(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return noContent(w, s.Accounts.DeleteKey(r.Context(), callerOf(r).actor(), r.PathValue("guid"), id))
}
