package store

import (
	"context"
	"time"

	"countersign/reference/internal/account"
)

// SessionUser implements account.Reader. It is the only read of a request with a session.
func (r accountReader) SessionUser(ctx context.Context, sessionID string) (s account.Session, u account.User, err error) {
	s, err = one(ctx, r.q, "session", `SELECT s.id, s.user_guid, s.headers_digest, s.created, s.expires, `+userColumns+`
		FROM sessions s JOIN users u ON u.guid = s.user_guid WHERE s.id = $1`, []any{sessionID},
		func(row scanner) (s account.Session, err error) {
			targets := []any{&s.ID, &s.UserGUID, &s.HeadersDigest, stamp(&s.Created), stamp(&s.Expires)}
			return s, row.Scan(append(targets, userTargets(&u)...)...)
		})
	return s, u, err
}

// InsertSession implements account.Tx.
func (t *accountTx) InsertSession(ctx context.Context, s account.Session) error {
	_, err := exec(ctx, t.q, "insert session", `INSERT INTO sessions (id, user_guid, headers_digest, created, expires)
		VALUES ($1, $2, $3, $4, $5)`, s.ID, s.UserGUID, s.HeadersDigest, stamp(&s.Created), stamp(&s.Expires))
	return err
}

// DeleteSession implements account.Tx.
func (t *accountTx) DeleteSession(ctx context.Context, id string) error {
	_, err := exec(ctx, t.q, "delete session", `DELETE FROM sessions WHERE id = $1`, id)
	return err
}

// DeleteSessionsOfUser implements account.Tx.
func (t *accountTx) DeleteSessionsOfUser(ctx context.Context, userGUID string) error {
	_, err := exec(ctx, t.q, "delete sessions of user", `DELETE FROM sessions WHERE user_guid = $1`, userGUID)
	return err
}

// DeleteSessionsBefore implements account.Tx.
func (t *accountTx) DeleteSessionsBefore(ctx context.Context, expiry time.Time) error {
	_, err := exec(ctx, t.q, "delete expired sessions", `DELETE FROM sessions WHERE expires <= $1`, stamp(&expiry))
	return err
}

// TrimSessions implements account.Tx.
func (t *accountTx) TrimSessions(ctx context.Context, userGUID string, keep int) error {
	_, err := exec(ctx, t.q, "trim sessions", `DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE user_guid = $1 ORDER BY created DESC, id LIMIT 1000000 OFFSET $2)`, userGUID, keep)
	return err
}
