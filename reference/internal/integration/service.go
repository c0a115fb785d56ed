package integration

import (
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"countersign/reference/internal/vault"
)

// Options configures a Service. Store, Vault, Content and Log are required.
type Options struct {
	Store     Store
	Vault     *vault.Vault
	Content   Content // reads content and users for an exchange
	Log       *slog.Logger
	Transport http.RoundTripper // for requests to providers; nil means the default of net/http
	Now       func() time.Time  // nil means time.Now
}

// Service applies the rules of integrations, associations, sessions, logins and exchanges on top of a Store. It is
// safe for concurrent use.
type Service struct {
	store     Store
	vault     *vault.Vault
	content   Content
	log       *slog.Logger
	now       func() time.Time
	client    client
	refreshes singleflight.Group // one refresh for each session within this process
	tokens    *userTokens
}

// New returns a Service.
func New(o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	tokens, err := newUserTokens(o.Vault.Key("user session token"), o.Now)
	if err != nil {
		return nil, err
	}
	return &Service{
		store: o.Store, vault: o.Vault, content: o.Content, log: o.Log, now: o.Now,
		client: newClient(o.Transport), tokens: tokens,
	}, nil
}
