package integration

import (
	"context"
	"time"
)

// Reader reads integrations, associations and sessions. Methods that return one object return dberr.NotFound if it
// does not exist. Lists may be empty.
type Reader interface {
	Integration(ctx context.Context, guid string) (*Integration, error)
	// Integrations returns all integrations, oldest first.
	Integrations(ctx context.Context) ([]*Integration, error)

	// Associations returns the associations of an item, oldest integration first.
	Associations(ctx context.Context, content string) ([]Association, error)
	// AssociationsOf returns the associations of an integration, oldest first.
	AssociationsOf(ctx context.Context, integration string) ([]Association, error)

	Session(ctx context.Context, guid string) (*Session, error)
	SessionOf(ctx context.Context, user, integration string) (*Session, error)
	// Sessions returns the sessions of all users, oldest first.
	Sessions(ctx context.Context) ([]*Session, error)
	// SessionsOf returns the sessions of a user, oldest first.
	SessionsOf(ctx context.Context, user string) ([]*Session, error)
}

// Tx reads and writes in one transaction.
type Tx interface {
	Reader
	// InsertIntegration stores i and sets its ID.
	InsertIntegration(ctx context.Context, i *Integration) error
	// UpdateIntegration stores the texts, the configuration, the secret and the time of a change of i. It returns
	// dberr.NotFound if the integration does not exist.
	UpdateIntegration(ctx context.Context, i *Integration) error
	// DeleteIntegration deletes an integration with its associations, sessions and started logins. It returns
	// dberr.NotFound if the integration does not exist.
	DeleteIntegration(ctx context.Context, guid string) error

	// InsertAssociation returns dberr.NotFound if the item or the integration does not exist, and dberr.Exists if they
	// are associated.
	InsertAssociation(ctx context.Context, content, integration string, created time.Time) error
	// DeleteAssociations deletes the associations of an item.
	DeleteAssociations(ctx context.Context, content string) error

	// SaveSession stores s. If its user already has a session with its integration, SaveSession replaces the tokens and
	// the time of the update of this session, increases its revision and ends a lease. It returns dberr.NotFound if the
	// user or the integration does not exist.
	SaveSession(ctx context.Context, s *Session) error
	// DeleteSession deletes the session of a user with an integration, if there is one.
	DeleteSession(ctx context.Context, user, integration string) error
	// DeleteSessionsOf deletes the sessions of all users with an integration.
	DeleteSessionsOf(ctx context.Context, integration string) error

	// LeaseRefresh gives the caller, as the only one on all nodes, the right to use the refresh token of a session
	// until the given time. It returns false if another caller has the right, or if the revision of the session has
	// changed.
	LeaseRefresh(ctx context.Context, guid string, revision int64, now, until time.Time) (bool, error)
	// EndLease ends a lease. It returns dberr.NotFound if there is no session with this revision.
	EndLease(ctx context.Context, guid string, revision int64) error
	// EndRefresh ends a lease and replaces the tokens, which increases the revision. It returns dberr.NotFound if there
	// is no session with this revision.
	EndRefresh(ctx context.Context, guid string, revision int64, tokens SealedTokens, now time.Time) error

	// InsertLogin returns dberr.NotFound if the user or the integration does not exist.
	InsertLogin(ctx context.Context, l *Login) error
	// TrimLogins deletes all but the newest started logins of a user with an integration.
	TrimLogins(ctx context.Context, user, integration string, keep int) error
	// DeleteLoginsBefore deletes the logins that expire at a time or before.
	DeleteLoginsBefore(ctx context.Context, expiry time.Time) error
	// DeleteLogins deletes the started logins of a user with an integration.
	DeleteLogins(ctx context.Context, user, integration string) error
	// DeleteLoginsOf deletes the started logins of all users with an integration.
	DeleteLoginsOf(ctx context.Context, integration string) error
	// TakeLogin returns and deletes the login with this state, browser and user, so that it succeeds once. For other
	// combinations, and for an expired login, it returns dberr.NotFound and deletes nothing.
	TakeLogin(ctx context.Context, stateHash, browserHash, user string, now time.Time) (*Login, error)
}

// Store stores integrations, their associations with content, sessions and started logins.
type Store interface {
	Reader
	// Update calls do in one transaction. It commits if do returns nil; otherwise it rolls back and returns the error
	// of do. Only one Update of content or integrations runs at a time, on all nodes, so that what do has read stays
	// true until it ends.
	Update(ctx context.Context, do func(Tx) error) error
}
