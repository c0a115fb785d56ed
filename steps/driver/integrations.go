package driver

import (
	"context"
	"net/http"
)

// NewIntegration describes an OAuth integration to be created.
type NewIntegration struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Template    string         `json:"template"`
	Config      map[string]any `json:"config"`
}

// Integration holds the members of an OAuth integration that the suite reads.
type Integration struct {
	GUID     string `json:"guid"`
	Name     string `json:"name"`
	Template string `json:"template"`
	AuthType string `json:"auth_type"`
}

// Association is an association of an integration with a content item.
type Association struct {
	ContentGUID     string `json:"content_guid"`
	IntegrationGUID string `json:"oauth_integration_guid"`
	Name            string `json:"oauth_integration_name"`
	Template        string `json:"oauth_integration_template"`
	AuthType        string `json:"oauth_integration_auth_type"`
}

// decodeList returns the elements of an array. It returns nil only if the reply holds no
// array.
func decodeList[T any](r *Reply) []T {
	var all []T
	if !r.Is(2) || r.Decode(&all) != nil {
		return nil
	}
	return all
}

// CreateIntegration creates an integration.
func (p *Persona) CreateIntegration(ctx context.Context, i NewIntegration) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("oauth", "integrations"), i)
}

// Integrations lists the integrations that the caller may see.
func (p *Persona) Integrations(ctx context.Context) ([]Integration, *Reply, error) {
	reply, err := p.Get(ctx, APIPath("oauth", "integrations"))
	return decodeList[Integration](reply), reply, err
}

// Integration reads an integration.
func (p *Persona) Integration(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, APIPath("oauth", "integrations", guid))
}

// UpdateIntegration changes some members of an integration.
func (p *Persona) UpdateIntegration(ctx context.Context, guid string, changes map[string]any) (*Reply, error) {
	return p.json(ctx, http.MethodPatch, APIPath("oauth", "integrations", guid), changes)
}

// DeleteIntegration deletes an integration.
func (p *Persona) DeleteIntegration(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, APIPath("oauth", "integrations", guid), nil)
}

// Associate replaces the integrations of a content item with the given ones. Without an
// argument it removes all of them.
func (p *Persona) Associate(ctx context.Context, contentGUID string, integrations ...string) (*Reply, error) {
	type entry struct {
		GUID string `json:"oauth_integration_guid"`
	}
	body := make([]entry, 0, len(integrations))
	for _, guid := range integrations {
		body = append(body, entry{guid})
	}
	return p.json(ctx, http.MethodPut, APIPath("content", contentGUID, "oauth", "integrations", "associations"), body)
}

// AssociateAs sends body to the endpoint of [Persona.Associate] with the given Content-Type:
// the example in the documents sends the type of a form.
func (p *Persona) AssociateAs(ctx context.Context, contentGUID, contentType, body string) (*Reply, error) {
	return p.Call(ctx, http.MethodPut, APIPath("content", contentGUID, "oauth", "integrations", "associations"), []byte(body),
		HeaderLine{"Content-Type", contentType}, HeaderLine{"Accept", "application/json"})
}

// Associations lists the integrations of a content item.
func (p *Persona) Associations(ctx context.Context, contentGUID string) ([]Association, *Reply, error) {
	reply, err := p.Get(ctx, APIPath("content", contentGUID, "oauth", "integrations", "associations"))
	return decodeList[Association](reply), reply, err
}

// Session holds the members of an OAuth session that the suite reads.
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
	reply, err := p.Get(ctx, APIPath("oauth", "sessions"))
	return decodeList[Session](reply), reply, err
}

// AllSessions lists the OAuth sessions of all users.
func (p *Persona) AllSessions(ctx context.Context) ([]Session, *Reply, error) {
	reply, err := p.Get(ctx, APIPath("oauth", "sessions")+"?all=true")
	return decodeList[Session](reply), reply, err
}

// Session reads an OAuth session.
func (p *Persona) Session(ctx context.Context, guid string) (*Reply, error) {
	return p.Get(ctx, APIPath("oauth", "sessions", guid))
}

// DeleteSession deletes an OAuth session.
func (p *Persona) DeleteSession(ctx context.Context, guid string) (*Reply, error) {
	return p.Call(ctx, http.MethodDelete, APIPath("oauth", "sessions", guid), nil)
}

// Exchange requests credentials like content does, but from outside the content. It sends
// the given form fields with the persona's own means of authentication.
func (p *Persona) Exchange(ctx context.Context, form map[string]string) (*Reply, error) {
	return p.Call(ctx, http.MethodPost, credentialsPath, []byte(encodeForm(form)),
		HeaderLine{"Content-Type", "application/x-www-form-urlencoded"}, HeaderLine{"Accept", "application/json"})
}
