package store

import (
	"context"
	"time"

	"countersign/reference/internal/integration"
)

const selectOAuthSession = `SELECT ` + oauthSessionColumns + ` FROM oauth_sessions `

const oauthSessionColumns = `guid, id, user_guid, integration_guid, access_token, refresh_token, obtained, expires, revision, created, updated`

func scanOAuthSession(row scanner) (*integration.Session, error) {
	var s integration.Session
	return &s, row.Scan(&s.GUID, &s.ID, &s.UserGUID, &s.IntegrationGUID, &s.Tokens.Access, &s.Tokens.Refresh,
		stamp(&s.Tokens.ObtainedTime), stamp(&s.Tokens.ExpiresTime), &s.Revision, stamp(&s.CreatedTime), stamp(&s.UpdatedTime))
}

// Session implements integration.Reader.
func (r integrationReader) Session(ctx context.Context, guid string) (*integration.Session, error) {
	return one(ctx, r.q, "read session", selectOAuthSession+`WHERE guid = $1`, []any{guid}, scanOAuthSession)
}

// SessionOf implements integration.Reader.
func (r integrationReader) SessionOf(ctx context.Context, user, guid string) (*integration.Session, error) {
	return one(ctx, r.q, "read session", selectOAuthSession+`WHERE user_guid = $1 AND integration_guid = $2`, []any{user, guid}, scanOAuthSession)
}

// Sessions implements integration.Reader.
func (r integrationReader) Sessions(ctx context.Context) ([]*integration.Session, error) {
	return list(ctx, r.q, "list sessions", selectOAuthSession+`ORDER BY id`, nil, scanOAuthSession)
}

// SessionsOf implements integration.Reader.
func (r integrationReader) SessionsOf(ctx context.Context, user string) ([]*integration.Session, error) {
	return list(ctx, r.q, "list sessions", selectOAuthSession+`WHERE user_guid = $1 ORDER BY id`, []any{user}, scanOAuthSession)
}

// DeleteSession implements integration.Tx.
func (t *integrationTx) DeleteSession(ctx context.Context, user, guid string) error {
	_, err := exec(ctx, t.q, "delete session", `DELETE FROM oauth_sessions WHERE user_guid = $1 AND integration_guid = $2`, user, guid)
	return err
}

// DeleteSessionsOf implements integration.Tx.
func (t *integrationTx) DeleteSessionsOf(ctx context.Context, guid string) error {
	_, err := exec(ctx, t.q, "delete sessions", `DELETE FROM oauth_sessions WHERE integration_guid = $1`, guid)
	return err
}

// SaveSession implements integration.Tx.
func (t *integrationTx) SaveSession(ctx context.Context, s *integration.Session) error {
	id, err := t.tx.nextID(ctx, "oauth sessions")
	if err != nil {
		return err
	}
	_, err = exec(ctx, t.q, "save session", `INSERT INTO oauth_sessions
		(guid, id, user_guid, integration_guid, access_token, refresh_token, obtained, expires, revision, leased_until, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $10)
		ON CONFLICT (user_guid, integration_guid) DO UPDATE SET access_token = excluded.access_token, refresh_token = excluded.refresh_token,
			obtained = excluded.obtained, expires = excluded.expires, updated = excluded.updated,
			revision = oauth_sessions.revision + 1, leased_until = 0`,
		s.GUID, id, s.UserGUID, s.IntegrationGUID, s.Tokens.Access, s.Tokens.Refresh,
		stamp(&s.Tokens.ObtainedTime), stamp(&s.Tokens.ExpiresTime), stamp(&s.CreatedTime), stamp(&s.UpdatedTime))
	return err
}

// LeaseRefresh implements integration.Tx.
func (t *integrationTx) LeaseRefresh(ctx context.Context, guid string, revision int64, now, until time.Time) (bool, error) {
	n, err := exec(ctx, t.q, "lease refresh", `UPDATE oauth_sessions SET leased_until = $4 WHERE guid = $1 AND revision = $2 AND leased_until <= $3`,
		guid, revision, stamp(&now), stamp(&until))
	return n == 1, err
}

// EndLease implements integration.Tx.
func (t *integrationTx) EndLease(ctx context.Context, guid string, revision int64) error {
	return execOne(ctx, t.q, "end lease", `UPDATE oauth_sessions SET leased_until = 0 WHERE guid = $1 AND revision = $2`, guid, revision)
}

// EndRefresh implements integration.Tx.
func (t *integrationTx) EndRefresh(ctx context.Context, guid string, revision int64, tokens integration.SealedTokens, now time.Time) error {
	return execOne(ctx, t.q, "end refresh", `UPDATE oauth_sessions SET leased_until = 0, revision = revision + 1, access_token = $3,
		refresh_token = $4, obtained = $5, expires = $6, updated = $7 WHERE guid = $1 AND revision = $2`,
		guid, revision, tokens.Access, tokens.Refresh, stamp(&tokens.ObtainedTime), stamp(&tokens.ExpiresTime), stamp(&now))
}
