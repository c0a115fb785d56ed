package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/reference/internal/integration"
)

const oauthSessionColumns = `guid, id, user_guid, integration_guid, access_token, refresh_token, obtained, expires, revision, created, updated`

func scanOAuthSession(scan func(...any) error) (*integration.Session, error) {
	var s integration.Session
	var obtained, expires, created, updated int64
	if err := scan(&s.GUID, &s.ID, &s.UserGUID, &s.IntegrationGUID, &s.Tokens.Access, &s.Tokens.Refresh, &obtained, &expires,
		&s.Revision, &created, &updated); err != nil {
		return nil, err
	}
	s.Tokens.ObtainedTime, s.Tokens.ExpiresTime = fromMicros(obtained), fromMicros(expires)
	s.CreatedTime, s.UpdatedTime = fromMicros(created), fromMicros(updated)
	return &s, nil
}

// upsertSession inserts the row of s. If there is one for its user and integration, it executes onConflict. The
// unique index decides between concurrent callers of all processes.
func (t *Tx) upsertSession(ctx context.Context, s *integration.Session, now time.Time, onConflict string) (*integration.Session, error) {
	id, err := t.nextID(ctx, "oauth sessions")
	if err != nil {
		return nil, err
	}
	return scanOAuthSession(t.q.QueryRowContext(ctx, `INSERT INTO oauth_sessions
		(guid, id, user_guid, integration_guid, access_token, refresh_token, obtained, expires, revision, leased_until, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $9)
		ON CONFLICT (user_guid, integration_guid) DO UPDATE SET `+onConflict+` RETURNING `+oauthSessionColumns,
		s.GUID, id, s.UserGUID, s.IntegrationGUID, s.Tokens.Access, s.Tokens.Refresh,
		toMicros(s.Tokens.ObtainedTime), toMicros(s.Tokens.ExpiresTime), toMicros(now)).Scan)
}

// EnsureSession implements integration.Store.
func (s *Integrations) EnsureSession(ctx context.Context, want *integration.Session) (*integration.Session, error) {
	// Most logins find a session with this read. The write below handles concurrent logins.
	if got, err := s.SessionOf(ctx, want.UserGUID, want.IntegrationGUID); err == nil {
		return got, nil
	}
	var got *integration.Session
	err := s.db.InTx(ctx, func(tx *Tx) (err error) {
		got, err = tx.upsertSession(ctx, want, want.CreatedTime, `guid = oauth_sessions.guid`)
		return err
	})
	return got, integrationError("make session", err)
}

// SaveTokens implements integration.Store.
func (s *Integrations) SaveTokens(ctx context.Context, want *integration.Session, now time.Time) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.upsertSession(ctx, want, now, `access_token = excluded.access_token, refresh_token = excluded.refresh_token,
			obtained = excluded.obtained, expires = excluded.expires, updated = excluded.updated,
			revision = oauth_sessions.revision + 1, leased_until = 0`)
		return err
	})
	return integrationError("save tokens", err)
}

// Session implements integration.Store.
func (s *Integrations) Session(ctx context.Context, guid string) (*integration.Session, error) {
	got, err := scanOAuthSession(s.db.q.QueryRowContext(ctx, `SELECT `+oauthSessionColumns+` FROM oauth_sessions WHERE guid = $1`, guid).Scan)
	return got, integrationError("read session", err)
}

// SessionOf implements integration.Store.
func (s *Integrations) SessionOf(ctx context.Context, user, guid string) (*integration.Session, error) {
	got, err := scanOAuthSession(s.db.q.QueryRowContext(ctx,
		`SELECT `+oauthSessionColumns+` FROM oauth_sessions WHERE user_guid = $1 AND integration_guid = $2`, user, guid).Scan)
	return got, integrationError("read session", err)
}

// Sessions implements integration.Store.
func (s *Integrations) Sessions(ctx context.Context, user string) ([]*integration.Session, error) {
	return collect(ctx, s.db.q, "list sessions",
		`SELECT `+oauthSessionColumns+` FROM oauth_sessions WHERE $1 = '' OR user_guid = $1 ORDER BY id`, []any{user},
		func(rows *sql.Rows) (*integration.Session, error) { return scanOAuthSession(rows.Scan) })
}

// DeleteSession implements integration.Store.
func (s *Integrations) DeleteSession(ctx context.Context, guid string) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		var user, in string
		err := tx.q.QueryRowContext(ctx, `DELETE FROM oauth_sessions WHERE guid = $1 RETURNING user_guid, integration_guid`, guid).Scan(&user, &in)
		if err != nil {
			return err
		}
		return tx.deleteLogins(ctx, user, in)
	})
	return integrationError("delete session", err)
}

// DeleteSessionOf implements integration.Store.
func (s *Integrations) DeleteSessionOf(ctx context.Context, user, guid string) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM oauth_sessions WHERE user_guid = $1 AND integration_guid = $2`, user, guid); err != nil {
			return err
		}
		return tx.deleteLogins(ctx, user, guid)
	})
	return integrationError("delete session", err)
}

// deleteLogins deletes the started logins of a user and integration, so that a callback after a logout has no effect.
func (t *Tx) deleteLogins(ctx context.Context, user, guid string) error {
	_, err := t.exec(ctx, `DELETE FROM oauth_logins WHERE user_guid = $1 AND integration_guid = $2`, user, guid)
	return err
}

// LeaseRefresh implements integration.Store. It uses one statement, so that only one caller of all nodes succeeds.
func (s *Integrations) LeaseRefresh(ctx context.Context, guid string, revision int64, now, until time.Time) (bool, error) {
	n, err := s.db.exec(ctx, `UPDATE oauth_sessions SET leased_until = $4 WHERE guid = $1 AND revision = $2 AND leased_until <= $3`,
		guid, revision, toMicros(now), toMicros(until))
	return n == 1, integrationError("lease refresh", err)
}

// EndRefresh implements integration.Store.
func (s *Integrations) EndRefresh(ctx context.Context, guid string, revision int64, tokens *integration.SealedTokens, now time.Time) error {
	query, args := `UPDATE oauth_sessions SET leased_until = 0 WHERE guid = $1 AND revision = $2`, []any{guid, revision}
	if tokens != nil {
		query = `UPDATE oauth_sessions SET leased_until = 0, revision = revision + 1, access_token = $3, refresh_token = $4,
			obtained = $5, expires = $6, updated = $7 WHERE guid = $1 AND revision = $2`
		args = append(args, tokens.Access, tokens.Refresh, toMicros(tokens.ObtainedTime), toMicros(tokens.ExpiresTime), toMicros(now))
	}
	err := s.db.execRequired(ctx, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("end refresh: %w", integration.ErrChanged)
	}
	return integrationError("end refresh", err)
}

// StartLogin implements integration.Store.
func (s *Integrations) StartLogin(ctx context.Context, l *integration.Login, now time.Time) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		seq, err := tx.nextID(ctx, "oauth logins")
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM oauth_logins WHERE expires <= $1`, toMicros(now)); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `INSERT INTO oauth_logins
			(state_hash, browser_hash, user_guid, integration_guid, verifier, redirect_uri, return_to, seq, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, l.StateHash, l.BrowserHash, l.UserGUID, l.IntegrationGUID,
			l.Verifier, l.RedirectURI, l.ReturnTo, seq, toMicros(l.ExpiresTime)); err != nil {
			return err
		}
		_, err = tx.exec(ctx, `DELETE FROM oauth_logins WHERE user_guid = $1 AND integration_guid = $2 AND seq <=
			(SELECT seq FROM oauth_logins WHERE user_guid = $1 AND integration_guid = $2 ORDER BY seq DESC LIMIT 1 OFFSET $3)`,
			l.UserGUID, l.IntegrationGUID, integration.MaxLogins)
		return err
	})
	return integrationError("start login", err)
}

// TakeLogin implements integration.Store. One statement finds and deletes the login, so that a state is valid once. A
// request of the wrong user or browser does not delete it.
func (s *Integrations) TakeLogin(ctx context.Context, stateHash, browserHash, user string, now time.Time) (*integration.Login, error) {
	l := &integration.Login{StateHash: stateHash, BrowserHash: browserHash, UserGUID: user}
	var expires int64
	err := s.db.InTx(ctx, func(tx *Tx) error {
		return tx.q.QueryRowContext(ctx, `DELETE FROM oauth_logins
			WHERE state_hash = $1 AND browser_hash = $2 AND user_guid = $3 AND expires > $4
			RETURNING integration_guid, verifier, redirect_uri, return_to, expires`, stateHash, browserHash, user, toMicros(now)).
			Scan(&l.IntegrationGUID, &l.Verifier, &l.RedirectURI, &l.ReturnTo, &expires)
	})
	if err != nil {
		return nil, integrationError("take login", err)
	}
	l.ExpiresTime = fromMicros(expires)
	return l, nil
}
