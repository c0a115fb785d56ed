package web

import (
	"encoding/json"
	"net/http"
	"strconv"

	"countersign/reference/internal/integration"
)

// oauthRoutes returns the routes of the API of OAuth integrations.
func (s *Server) oauthRoutes() []route {
	const all, one = "/__api__/v1/oauth/integrations", "/__api__/v1/oauth/integrations/{guid}"
	return []route{
		{"GET " + all, publisher, s.listIntegrations},
		{"POST " + all, admin, s.createIntegration},
		{"GET " + one, publisher, s.getIntegration},
		{"PATCH " + one, admin, s.changeIntegration},
		{"DELETE " + one, admin, s.deleteIntegration},
		{"GET " + one + "/associations", admin, s.listAssociationsOf},
		{"POST " + one + "/verify", admin, s.verifyIntegration},
		{"POST " + all + "/credentials", publisher, s.exchange},
		{"GET /__api__/v1/content/{guid}/oauth/integrations/associations", signedIn, s.listAssociations},
		{"PUT /__api__/v1/content/{guid}/oauth/integrations/associations", publisher, s.setAssociations},
		{"GET /__api__/v1/oauth/sessions", signedIn, s.listSessions},
		{"GET /__api__/v1/oauth/sessions/{guid}", signedIn, s.getSession},
		{"DELETE /__api__/v1/oauth/sessions/{guid}", signedIn, s.deleteSession},
	}
}

// oauthPages returns the routes that browsers visit to log in to an integration.
func (s *Server) oauthPages() []route {
	return []route{
		{"GET /__oauth__/integrations/{guid}/login", signedIn, s.oauthLogin},
		{"GET /__oauth__/integrations/{guid}/logout", signedIn, s.oauthLogout},
		{"GET /__oauth__/integrations/callback", signedIn, s.oauthCallback},
	}
}

// viewIntegration returns an integration in the form of the API. It is the same for create, get and list, because
// clients compare them. It does not contain the client secret.
func viewIntegration(i *integration.Integration) map[string]any {
	return map[string]any{
		"id": strconv.FormatInt(i.ID, 10), "guid": i.GUID, "created_time": apiTime(i.CreatedTime), "updated_time": apiTime(i.UpdatedTime),
		"name": i.Name, "description": i.Description, "template": i.Template, "auth_type": i.Config.AuthType,
		"config": i.Config.Public(), "permissions": []any{}, "environment_variables": []any{},
	}
}

// integrationBody is the body of a request that creates or changes an integration. Raw members distinguish null from
// an absent member.
type integrationBody struct {
	Name        json.RawMessage   `json:"name"`
	Description json.RawMessage   `json:"description"`
	Template    string            `json:"template"`
	Config      map[string]any    `json:"config"`
	Permissions []json.RawMessage `json:"permissions"`
}

// change reads the change that a body describes.
func (b integrationBody) change() (integration.Change, error) {
	c := integration.Change{Template: b.Template, Config: b.Config, Permissions: len(b.Permissions)}
	var err error
	if c.Name, err = optionalText(b.Name); err != nil {
		return integration.Change{}, err
	}
	c.Description, err = optionalText(b.Description)
	return c, err
}

// optionalText reads a text or null. It returns nil for an absent member.
func optionalText(raw json.RawMessage) (*integration.Text, error) {
	if raw == nil {
		return nil, nil
	}
	var text integration.Text
	if err := json.Unmarshal(raw, &text.Value); err != nil {
		return nil, errInvalidJSON.withCause(err)
	}
	return &text, nil
}

// decodeIntegration reads the body of a request that creates or changes an integration.
func decodeIntegration(w http.ResponseWriter, r *http.Request) (integration.Change, error) {
	var body integrationBody
	if err := decode(w, r, &body); err != nil {
		return integration.Change{}, err
	}
	return body.change()
}

func (s *Server) listIntegrations(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Integrations.Integrations(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewsOf(all, viewIntegration))
}

func (s *Server) createIntegration(w http.ResponseWriter, r *http.Request) error {
	change, err := decodeIntegration(w, r)
	if err != nil {
		return err
	}
	created, err := s.Integrations.Create(r.Context(), change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewIntegration(created))
}

func (s *Server) getIntegration(w http.ResponseWriter, r *http.Request) error {
	i, err := s.Integrations.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewIntegration(i))
}

func (s *Server) changeIntegration(w http.ResponseWriter, r *http.Request) error {
	change, err := decodeIntegration(w, r)
	if err != nil {
		return err
	}
	changed, err := s.Integrations.Change(r.Context(), r.PathValue("guid"), change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewIntegration(changed))
}

func (s *Server) deleteIntegration(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, s.Integrations.Delete(r.Context(), r.PathValue("guid")))
}

func (s *Server) verifyIntegration(w http.ResponseWriter, r *http.Request) error {
	if err := s.Integrations.Verify(r.Context(), r.PathValue("guid")); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct{}{})
}

func viewAssociation(a integration.Association) map[string]any {
	return map[string]any{
		"app_guid": a.ContentGUID, "content_guid": a.ContentGUID, "oauth_integration_guid": a.Integration.GUID,
		"oauth_integration_name": a.Integration.Name, "oauth_integration_description": a.Integration.Description,
		"oauth_integration_template": a.Integration.Template, "oauth_integration_auth_type": a.Integration.Config.AuthType,
		"created_time": apiTime(a.CreatedTime),
	}
}

func writeAssociations(w http.ResponseWriter, list []integration.Association) error {
	return writeJSON(w, http.StatusOK, viewsOf(list, viewAssociation))
}

func (s *Server) listAssociations(w http.ResponseWriter, r *http.Request) error {
	item, err := s.Content.View(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	list, err := s.Integrations.Associations(r.Context(), &item.Item)
	if err != nil {
		return err
	}
	return writeAssociations(w, list)
}

func (s *Server) listAssociationsOf(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Integrations.AssociationsOf(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeAssociations(w, list)
}

// setAssociations replaces the associations of the item by the array in the body. It ignores the Content-Type, because
// the documented curl command does not set it.
func (s *Server) setAssociations(w http.ResponseWriter, r *http.Request) error {
	item, err := s.Content.Editable(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	var body []struct {
		GUID string `json:"oauth_integration_guid"`
	}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	var guids []string
	for _, entry := range body {
		guids = append(guids, entry.GUID)
	}
	return noContent(w, s.Integrations.Associate(r.Context(), &item.Item, guids))
}
