package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"

	"countersign/reference/internal/dberr"
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

// setTexts sets name and description if the body has them. null removes them.
func (b integrationBody) setTexts(i *integration.Integration) error {
	for _, field := range []struct {
		raw     json.RawMessage
		target  **string
		max     int
		tooLong *apiError
	}{{b.Name, &i.Name, 256, errIntegrationName}, {b.Description, &i.Description, 4096, errIntegrationDescription}} {
		if field.raw == nil {
			continue
		}
		if bytes.Equal(field.raw, []byte("null")) {
			*field.target = nil
			continue
		}
		var text string
		if err := json.Unmarshal(field.raw, &text); err != nil {
			return errInvalidJSON.withCause(err)
		}
		if utf8.RuneCountInString(text) > field.max {
			return field.tooLong
		}
		*field.target = &text
	}
	if len(b.Permissions) > 0 {
		return errInvalidParameter.withText("The parameter is invalid: this server has no permissions of integrations, permissions must be empty.")
	}
	return nil
}

// configure merges config into the configuration of an integration. Absent keys, including the secret, do not change;
// null removes a key.
func (s *Server) configure(i *integration.Integration, config map[string]any) error {
	merged := map[string]any{}
	if i.Config.AuthMode != "" {
		merged = i.Config.Public()
	}
	for key, value := range config {
		merged[key] = value
	}
	parsed, secret, err := integration.ParseConfig(merged)
	if err != nil {
		return err
	}
	sealed := i.Secret
	if _, named := config[integration.SecretKey]; named {
		sealed = ""
		if secret != nil {
			sealed = s.Integrations.SealSecret(i.GUID, *secret)
		}
	}
	if err := parsed.Validate(sealed != ""); err != nil {
		return err
	}
	i.Config, i.Secret = parsed, sealed
	return nil
}

func (s *Server) listIntegrations(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Integrations.Store.Integrations(r.Context())
	if err != nil {
		return err
	}
	views := []map[string]any{}
	for _, i := range all {
		views = append(views, viewIntegration(i))
	}
	return writeJSON(w, http.StatusOK, views)
}

func (s *Server) createIntegration(w http.ResponseWriter, r *http.Request) error {
	var body integrationBody
	if err := decode(w, r, &body); err != nil {
		return err
	}
	now := s.Now()
	i := &integration.Integration{GUID: uuid.NewString(), Template: integration.TemplateCustom, CreatedTime: now, UpdatedTime: now}
	if body.Template != integration.TemplateCustom {
		return errNoTemplate.withText("The OAuth template does not exist: this server has the template custom.")
	}
	if err := body.setTexts(i); err != nil {
		return err
	}
	if err := s.configure(i, body.Config); err != nil {
		return err
	}
	if err := s.Integrations.Store.CreateIntegration(r.Context(), i); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewIntegration(i))
}

func (s *Server) getIntegration(w http.ResponseWriter, r *http.Request) error {
	i, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewIntegration(i))
}

func (s *Server) changeIntegration(w http.ResponseWriter, r *http.Request) error {
	var body integrationBody
	if err := decode(w, r, &body); err != nil {
		return err
	}
	changed, err := s.Integrations.Store.UpdateIntegration(r.Context(), r.PathValue("guid"), func(i *integration.Integration) error {
		if body.Template != "" && body.Template != i.Template {
			return errTemplateFixed
		}
		if err := body.setTexts(i); err != nil {
			return err
		}
		i.UpdatedTime = s.Now()
		return s.configure(i, body.Config)
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewIntegration(changed))
}

func (s *Server) deleteIntegration(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, s.Integrations.Store.DeleteIntegration(r.Context(), r.PathValue("guid")))
}

// verifyIntegration requests one token to check the configuration, and discards it.
func (s *Server) verifyIntegration(w http.ResponseWriter, r *http.Request) error {
	i, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	if i.Config.AuthType != integration.ServiceAccount {
		return errNotVerifiable
	}
	_, err = s.Integrations.ServiceToken(r.Context(), i)
	var fault *integration.Fault
	if errors.As(err, &fault) {
		return errProvider.withText("Unable to retrieve a token: %s.", fault)
	}
	if err != nil {
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
	views := []map[string]any{}
	for _, a := range list {
		views = append(views, viewAssociation(a))
	}
	return writeJSON(w, http.StatusOK, views)
}

func (s *Server) listAssociations(w http.ResponseWriter, r *http.Request) error {
	item, err := s.Content.View(r.Context(), callerOf(r).actor(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	list, err := s.Integrations.Store.Associations(r.Context(), item.GUID)
	if err != nil {
		return err
	}
	return writeAssociations(w, list)
}

func (s *Server) listAssociationsOf(w http.ResponseWriter, r *http.Request) error {
	i, err := s.Integrations.Store.Integration(r.Context(), r.PathValue("guid"))
	if err != nil {
		return err
	}
	list, err := s.Integrations.Store.AssociationsOf(r.Context(), i.GUID)
	if err != nil {
		return err
	}
	return writeAssociations(w, list)
}

// setAssociations replaces the associations of the item by the array in the body (OAuth document, lines 31 to 36). It
// ignores the Content-Type, because the documented curl command does not set it.
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
	seen := map[string]bool{}
	for _, entry := range body {
		if seen[entry.GUID] {
			return errDuplicateAssociation
		}
		seen[entry.GUID] = true
		i, err := s.Integrations.Store.Integration(r.Context(), entry.GUID)
		if errors.Is(err, dberr.NotFound) {
			return errNoIntegration.withCause(err)
		}
		if err != nil {
			return err
		}
		if class := item.Mode.Class(); !integration.Fits(i.Config.AuthType, class) {
			return errContentClass.withText("%s integrations cannot be associated with %s content.", i.Config.AuthType, class)
		}
		guids = append(guids, i.GUID)
	}
	return noContent(w, s.Integrations.Store.SetAssociations(r.Context(), item.GUID, guids, s.Now()))
}
