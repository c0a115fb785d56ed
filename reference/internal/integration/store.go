package integration

import (
	"context"
	"time"
)

// Store is the database of this package. All methods are safe for concurrent use by several nodes.
type Store interface {
	// CreateIntegration stores i and sets its ID.
	CreateIntegration(ctx context.Context, i *Integration) error
	// Integration returns dberr.NotFound if there is no integration with that guid.
	Integration(ctx context.Context, guid string) (*Integration, error)
	// Integrations returns all integrations, oldest first.
	Integrations(ctx context.Context) ([]*Integration, error)
	// UpdateIntegration changes an integration under a lock. It returns the error of change, or dberr.NotFound. If the
	// provider changes (Config.SameProvider), it deletes the sessions and started logins of the integration.
	UpdateIntegration(ctx context.Context, guid string, change func(*Integration) error) (*Integration, error)
	// DeleteIntegration deletes an integration with its associations, sessions and started logins. It returns
	// dberr.NotFound.
	DeleteIntegration(ctx context.Context, guid string) error

	// SetAssociations replaces the associations of an item by guids. Existing associations keep their time. It
	// returns dberr.NotFound, without a change, if an integration or the item does not exist.
	SetAssociations(ctx context.Context, content string, guids []string, now time.Time) error
	// Associations returns the associations of an item, oldest integration first.
	Associations(ctx context.Context, content string) ([]Association, error)
	// AssociationsOf returns the associations of an integration.
	AssociationsOf(ctx context.Context, integration string) ([]Association, error)

	// EnsureSession returns the session of s.UserGUID with s.IntegrationGUID. It stores s if there is none.
	// Concurrent callers get the same session. It returns dberr.NotFound if the integration does not exist.
	EnsureSession(ctx context.Context, s *Session) (*Session, error)
	// Session and SessionOf return dberr.NotFound.
	Session(ctx context.Context, guid string) (*Session, error)
	SessionOf(ctx context.Context, user, integration string) (*Session, error)
	// Sessions returns the sessions of a user, or of all users if user is "", oldest first.
	Sessions(ctx context.Context, user string) ([]*Session, error)
	// SaveTokens replaces the tokens of a session of any revision and ends a lease. It creates the session if it does
	// not exist.
	SaveTokens(ctx context.Context, s *Session, now time.Time) error
	// DeleteSession deletes a session and the started logins of its user and integration. It returns dberr.NotFound.
	DeleteSession(ctx context.Context, guid string) error
	// DeleteSessionOf deletes the session of a user with an integration. It returns nil if there is none.
	DeleteSessionOf(ctx context.Context, user, integration string) error

	// LeaseRefresh gives the caller, as the only one on all nodes, the right to use the refresh token of a session
	// until the given time. It returns false if another caller has the right, or if the revision of the session has
	// changed.
	LeaseRefresh(ctx context.Context, guid string, revision int64, now, until time.Time) (bool, error)
	// EndRefresh ends the lease and, if tokens is not nil, replaces the tokens. It returns ErrChanged if the revision
	// has changed.
	EndRefresh(ctx context.Context, guid string, revision int64, tokens *SealedTokens, now time.Time) error

	// StartLogin stores a login. It deletes expired logins and, beyond a limit, the oldest ones of the user and
	// integration.
	StartLogin(ctx context.Context, l *Login, now time.Time) error
	// TakeLogin returns and deletes the login with this state, browser and user, so that it succeeds once. For other
	// combinations, and for an expired login, it returns dberr.NotFound and deletes nothing.
	TakeLogin(ctx context.Context, stateHash, browserHash, user string, now time.Time) (*Login, error)
}

// MaxLogins bounds the number of started logins of a user for an integration. Twenty concurrent logins must succeed.
const MaxLogins = 64
