package driver

import (
	"context"
	"net/http"
	"time"
)

// NewKey describes an API key to be created. An empty role means the role of the user. A key
// without an expiry time does not expire.
type NewKey struct {
	Name    string     `json:"name"`
	Role    string     `json:"user_role,omitempty"`
	Expires *time.Time `json:"expires_at,omitempty"`
}

// CreateKeyAs creates an API key for a user, who is the persona. [Persona.WithKey] uses the key.
func (p *Persona) CreateKeyAs(ctx context.Context, userGUID string, k NewKey) (*Reply, error) {
	reply, err := p.json(ctx, http.MethodPost, APIPath("users", userGUID, "keys"), k)
	if err != nil {
		return nil, err
	}
	if key := reply.Text("key"); reply.Is(2) && key != "" {
		p.key.set(key)
	}
	return reply, nil
}

// CreateKey creates an API key with the role of the user and without an expiry time.
func (p *Persona) CreateKey(ctx context.Context, userGUID, name string) (*Reply, error) {
	return p.CreateKeyAs(ctx, userGUID, NewKey{Name: name})
}

// DeleteKeys deletes all API keys of a user, who is the persona. It returns the first reply that
// is no success, or the last one.
func (p *Persona) DeleteKeys(ctx context.Context, userGUID string) (*Reply, error) {
	reply, err := p.ListKeys(ctx, userGUID)
	if err != nil || !reply.Is(2) {
		return reply, err
	}
	for _, key := range decodeList[struct {
		ID string `json:"id"`
	}](reply) {
		reply, err = p.Call(ctx, http.MethodDelete, APIPath("users", userGUID, "keys", key.ID), nil)
		if err != nil || !reply.Is(2) {
			return reply, err
		}
	}
	return reply, nil
}

// RequestKey requests an API key for any user. The persona does not store the key.
func (p *Persona) RequestKey(ctx context.Context, userGUID, name string) (*Reply, error) {
	return p.json(ctx, http.MethodPost, APIPath("users", userGUID, "keys"), NewKey{Name: name})
}

// ListKeys lists the API keys of any user.
func (p *Persona) ListKeys(ctx context.Context, userGUID string) (*Reply, error) {
	return p.Get(ctx, APIPath("users", userGUID, "keys"))
}
