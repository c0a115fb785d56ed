package integration

import (
	"context"
	"time"
)

// Store is what this package needs of a database. All methods are safe for concurrent use by several nodes.
type Store interface {
	// CreateIntegration stores i and sets its ID.
	CreateIntegration(ctx context.Context, i *Integration) error
	// Integration returns ErrNotFound for a guid that is none.
	Integration(ctx context.Context, guid string) (*Integration, error)
	// Integrations lists all, oldest first.
	Integrations(ctx context.Context) ([]*Integration, error)
	// UpdateIntegration changes one under a lock. What change returns is returned. Where the provider is another
	// afterwards (Config.SameProvider), its sessions and started logins are deleted with it. ErrNotFound.
	UpdateIntegration(ctx context.Context, guid string, change func(*Integration) error) (*Integration, error)
	// DeleteIntegration deletes it with its associations, sessions and started logins. ErrNotFound.
	DeleteIntegration(ctx context.Context, guid string) error

	// SetAssociations makes guids the whole set of an item's associations; those that stay keep their time.
	// ErrNotFound if an integration or the item is gone; nothing is changed then.
	SetAssociations(ctx context.Context, content string, guids []string, now time.Time) error
	// Associations lists those of an item, oldest integration first.
	Associations(ctx context.Context, content string) ([]Association, error)
	// AssociationsOf lists those of an integration.
	AssociationsOf(ctx context.Context, integration string) ([]Association, error)

	// EnsureSession returns the session of s.UserGUID with s.IntegrationGUID, which is s if there was none: of any
	// number of callers at once, all get the same one. ErrNotFound if the integration is gone.
	EnsureSession(ctx context.Context, s *Session) (*Session, error)
	// Session and SessionOf return ErrNotFound.
	Session(ctx context.Context, guid string) (*Session, error)
	SessionOf(ctx context.Context, user, integration string) (*Session, error)
	// Sessions lists a user's, or everybody's where user is "", oldest first.
	Sessions(ctx context.Context, user string) ([]*Session, error)
	// SaveTokens replaces a session's tokens whatever its revision, makes the session if it is gone, and ends any lease.
	SaveTokens(ctx context.Context, s *Session, now time.Time) error
	// DeleteSession deletes a session and the started logins of its user and integration. ErrNotFound.
	DeleteSession(ctx context.Context, guid string) error
	// DeleteSessionOf does so for a user and an integration; nothing to delete is no error.
	DeleteSessionOf(ctx context.Context, user, integration string) error

	// LeaseRefresh gives the caller alone, of all nodes, the right to use the refresh token of a session that still
	// has that revision, until the time given. false: another has it, or the revision is another.
	LeaseRefresh(ctx context.Context, guid string, revision int64, now, until time.Time) (bool, error)
	// EndRefresh ends the lease and, if tokens is not nil, replaces the tokens. ErrChanged if the revision is another.
	EndRefresh(ctx context.Context, guid string, revision int64, tokens *SealedTokens, now time.Time) error

	// StartLogin remembers a login, and forgets expired ones and the oldest of a user and integration beyond a bound.
	StartLogin(ctx context.Context, l *Login, now time.Time) error
	// TakeLogin returns and forgets the login with this state, browser and user: it succeeds once. ErrNotFound for
	// every other combination, which leaves it in place, and for an expired one.
	TakeLogin(ctx context.Context, stateHash, browserHash, user string, now time.Time) (*Login, error)
}

// MaxLogins bounds the started logins kept for a user and an integration. Twenty at once must all succeed.
const MaxLogins = 64
