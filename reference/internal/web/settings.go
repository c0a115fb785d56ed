package web

import (
	"net/http"

	"countersign/reference/internal/account"
)

// serverSettings writes the settings that clients read before they sign in. It reveals nothing about this
// installation that the documents keep private.
func (s *Server) serverSettings(w http.ResponseWriter, _ *http.Request) error {
	p := s.Accounts.Policy
	name, handles := "Proxy", false
	if p.PasswordLogin {
		name, handles = "Posit Connect", true
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"version": Version,
		"build":   "countersign-reference",
		"about":   "Countersign reference server " + Version,
		"authentication": map[string]any{
			"name":                       name,
			"handles_credentials":        handles,
			"handles_login":              handles,
			"external_user_data":         !p.PasswordLogin,
			"external_user_search":       false,
			"external_user_id":           p.UniqueIDs,
			"groups_enabled":             p.Groups,
			"external_group_search":      false,
			"external_group_members":     p.GroupsSent,
			"external_group_id":          p.GroupsByUniqueID,
			"external_group_owner":       !p.GroupsAutoProvision,
			"unique_usernames":           p.UsernamesUnique(),
			"first_name_editable_by":     s.editableBy(!p.FirstNameSent),
			"last_name_editable_by":      s.editableBy(!p.LastNameSent),
			"name_editable_by":           s.editableBy(!p.FirstNameSent && !p.LastNameSent),
			"email_editable_by":          s.editableBy(!p.EmailSent),
			"username_editable_by":       s.editableBy(p.UsernamesEditable()),
			"role_editable_by":           roleEditableBy(p),
			"challenge_response_enabled": false,
			"API_key_auth":               true,
			"notice":                     "",
			"warning_delay":              0,
		},
		"license": map[string]any{
			"status": "activated", "tier": "advanced", "oauth-integrations": true,
			"allow-apis": true, "user-activity-days": 365, "users": 0,
		},
		"prohibited_usernames":            account.ProhibitedUsernames,
		"username_validator":              "default",
		"logout_url":                      "__logout__",
		"self_registration":               false,
		"dashboard_path":                  "/connect",
		"system_display_name":             "Countersign reference server",
		"runtimes":                        []string{},
		"oauth_integrations_enabled":      true,
		"viewers_can_only_see_themselves": p.ViewersSeeThemselves,
	})
}

func (s *Server) editableBy(editable bool) string {
	switch {
	case !editable:
		return "provider"
	case s.Accounts.Policy.SelfEdit:
		return "adminandself"
	}
	return "admin"
}

func roleEditableBy(p account.Policy) string {
	if p.RolesEditable() {
		return "admin"
	}
	return "provider"
}

// runtimeSettings writes the installed runtimes for deployment clients. It lists no version of a language, because
// one program executes all modes.
func (s *Server) runtimeSettings(w http.ResponseWriter, r *http.Request) error {
	switch r.PathValue("runtime") {
	case "r", "python", "quarto", "nodejs", "tensorflow":
		return writeJSON(w, http.StatusOK, map[string]any{"installations": []any{}})
	}
	return errNoEndpoint
}
