package driver

import (
	"context"
	"net/http"
)

// NewIntegration is an OAuth integration to be made.
type NewIntegration struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Template    string         `json:"template"`
	Config      map[string]any `json:"config"`
}

// Integration is what the verbs read of one.
type Integration struct {
	GUID     string `json:"guid"`
	Name     string `json:"name"`
	Template string `json:"template"`
	AuthType string `json:"auth_type"`
}

// Association is an integration on an item.
type Association struct {
	ContentGUID     string `json:"content_guid"`
	IntegrationGUID string `json:"oauth_integration_guid"`
	Name            string `json:"oauth_integration_name"`
	Template        string `json:"oauth_integration_template"`
	AuthType        string `json:"oauth_integration_auth_type"`
}

// list reads an array. It is nil only if the reply holds none.
func list[T any](r *Reply) []T {
	var all []T
	if !r.Is(2) || r.Decode(&all) != nil {
		return nil
	}
	return all
}

// CreateIntegration makes an integration.
func (p *Persona) CreateIntegration(ctx context.Context, i NewIntegration) (*Reply, error) {
	return p.json(ctx, http.MethodPost, api("oauth", "integrations"), i)
}

// Integrations lists the integrations that the caller may see.
func (p *Persona) Integrations(ctx context.Context) ([]Integration, *Reply, error) {
	reply, err := p.Get(ctx, api("oauth", "integrations"))
	return list[Integration](reply), reply, err
}

// Integration reads one.
func (p *Persona) Integration(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, api("oauth", "integrations", guid))
}

// UpdateIntegration changes some members of one.
func (p *Persona) UpdateIntegration(ctx context.Context, guid string, changes map[string]any) (*Reply, error) {
	return p.json(ctx, http.MethodPatch, api("oauth", "integrations", guid), changes)
}

// DeleteIntegration removes one.
func (p *Persona) DeleteIntegration(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, api("oauth", "integrations", guid), nil)
}

// Associate puts these integrations on an item in the place of those it has;
// none clears them.
func (p *Persona) Associate(ctx context.Context, contentGUID string, integrations ...string) (*Reply, error) {
	type entry struct {
		GUID string `json:"oauth_integration_guid"`
	}
	body := make([]entry, 0, len(integrations))
	for _, guid := range integrations {
		body = append(body, entry{guid})
	}
	return p.json(ctx, http.MethodPut, api("content", contentGUID, "oauth", "integrations", "associations"), body)
}

// AssociateAs puts the same body with a Content-Type of the caller's: the
// documents' example sends the one of a form.
func (p *Persona) AssociateAs(ctx context.Context, contentGUID, contentType, body string) (*Reply, error) {
	return p.Call(ctx, http.MethodPut, api("content", contentGUID, "oauth", "integrations", "associations"), []byte(body),
		HeaderLine{"Content-Type", contentType}, HeaderLine{"Accept", "application/json"})
}

// Associations lists the integrations on an item.
func (p *Persona) Associations(ctx context.Context, contentGUID string) ([]Association, *Reply, error) {
	reply, err := p.Get(ctx, api("content", contentGUID, "oauth", "integrations", "associations"))
	return list[Association](reply), reply, err
}

// Session is what the verbs read of an OAuth session.
type Session struct {
	GUID            string `json:"guid"`
	UserGUID        string `json:"user_guid"`
	IntegrationGUID string `json:"oauth_integration_guid"`
	HasRefreshToken bool   `json:"has_refresh_token"`
	CreatedTime     string `json:"created_time"`
	UpdatedTime     string `json:"updated_time"`
}

// Sessions lists the caller's OAuth sessions.
func (p *Persona) Sessions(ctx context.Context) ([]Session, *Reply, error) {
	reply, err := p.Get(ctx, api("oauth", "sessions"))
	return list[Session](reply), reply, err
}

// AllSessions asks for the OAuth sessions of everybody.
func (p *Persona) AllSessions(ctx context.Context) ([]Session, *Reply, error) {
	reply, err := p.Get(ctx, api("oauth", "sessions")+"?all=true")
	return list[Session](reply), reply, err
}

// Session reads one.
func (p *Persona) Session(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, api("oauth", "sessions", guid))
}

// DeleteSession ends one.
func (p *Persona) DeleteSession(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, api("oauth", "sessions", guid), nil)
}

// Exchange asks for credentials as content does, but from outside: form fields
// of the caller's, by whatever the persona acts with.
func (p *Persona) Exchange(ctx context.Context, form map[string]string) (*Reply, error) {
	return p.Call(ctx, http.MethodPost, credentialsPath, []byte(encodeForm(form)),
		HeaderLine{"Content-Type", "application/x-www-form-urlencoded"}, HeaderLine{"Accept", "application/json"})
}
