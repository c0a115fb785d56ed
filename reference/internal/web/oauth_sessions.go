package web

import (
	"net/http"
	"strconv"

	"countersign/reference/internal/account"
	"countersign/reference/internal/integration"
)

// viewSession returns an OAuth session in the form of the API. It reports whether there are tokens and does not
// contain them (OAuth document, lines 52 and 53).
func viewSession(s *integration.Session) map[string]any {
	return map[string]any{
		"id": strconv.FormatInt(s.ID, 10), "guid": s.GUID, "user_guid": s.UserGUID, "oauth_integration_guid": s.IntegrationGUID,
		"has_refresh_token": s.LoggedIn(), "created_time": apiTime(s.CreatedTime), "updated_time": apiTime(s.UpdatedTime),
	}
}

// listSessions writes the sessions of the caller. For administrators with all=true it writes the sessions of all
// users. For other callers all=true has no effect.
func (s *Server) listSessions(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	user := c.User.GUID
	if text := r.URL.Query().Get("all"); text != "" {
		all, err := strconv.ParseBool(text) // one client sends True
		if err != nil {
			return errInvalidParameter.withText("The parameter is invalid: all wants true or false.")
		}
		if all && c.Role == account.Administrator {
			user = ""
		}
	}
	sessions, err := s.Integrations.Store.Sessions(r.Context(), user)
	if err != nil {
		return err
	}
	views := []map[string]any{}
	for _, session := range sessions {
		views = append(views, viewSession(session))
	}
	return writeJSON(w, http.StatusOK, views)
}

// session returns the session in the path. For callers who are not administrators, sessions of other users do not
// exist.
func (s *Server) session(r *http.Request) (*integration.Session, error) {
	session, err := s.Integrations.Store.Session(r.Context(), r.PathValue("guid"))
	if err != nil {
		return nil, err
	}
	if c := callerOf(r); session.UserGUID != c.User.GUID && c.Role != account.Administrator {
		return nil, errNotFound
	}
	return session, nil
}

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	session, err := s.session(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewSession(session))
}

func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	session, err := s.session(r)
	if err != nil {
		return err
	}
	return noContent(w, s.Integrations.Store.DeleteSession(r.Context(), session.GUID))
}
