package web

import (
	"net/http"
	"strconv"

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

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	session, err := s.Integrations.Session(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewSession(session))
}

// listSessions writes the sessions of the caller, or with all=true those that an administrator sees.
func (s *Server) listSessions(w http.ResponseWriter, r *http.Request) error {
	var all bool
	if text := r.URL.Query().Get("all"); text != "" {
		var err error
		if all, err = strconv.ParseBool(text); err != nil { // one client sends True
			return errInvalidParameter.withText("The parameter is invalid: all wants true or false.")
		}
	}
	sessions, err := s.Integrations.Sessions(r.Context(), callerOf(r).actor(), all)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(sessions, viewSession))
}

func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, s.Integrations.DeleteSession(r.Context(), callerOf(r).actor(), r.PathValue("guid")))
}
