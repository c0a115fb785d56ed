package store

import (
	"context"
	"time"

	"countersign/reference/internal/account"
)

// SessionUser implements account.Reader. It is the only read of a request with a session.
func (s queries) SessionUser(ctx context.Context, sessionID string) (account.Session, account.User, error) {
	se := account.Session{ID: sessionID}
	var r userRow
	var created, expires int64
	err := s.q.QueryRowContext(ctx, `SELECT s.user_guid, s.xsrf, s.headers_digest, s.created, s.expires, `+userColumns+`
		FROM sessions s JOIN users u ON u.guid = s.user_guid WHERE s.id = $1`, sessionID).
		Scan(append([]any{&se.UserGUID, &se.XSRF, &se.HeadersDigest, &created, &expires}, r.targets()...)...)
	if err != nil {
		return account.Session{}, account.User{}, readError("session", err)
	}
	se.Created, se.Expires = fromMicros(created), fromMicros(expires)
	u, err := r.user()
	return se, u, err
}

// InsertSession implements account.Tx.
func (t *Tx) InsertSession(ctx context.Context, s account.Session) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO sessions (id, user_guid, xsrf, headers_digest, created, expires)
		VALUES ($1, $2, $3, $4, $5, $6)`, s.ID, s.UserGUID, s.XSRF, s.HeadersDigest, toMicros(s.Created), toMicros(s.Expires))
	return writeError("insert session", err)
}

// DeleteSession implements account.Tx. It returns nil if the session does not exist.
func (t *Tx) DeleteSession(ctx context.Context, id string) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM sessions WHERE id = $1`, id)
	return writeError("delete session", err)
}

// DeleteSessionsOfUser implements account.Tx.
func (t *Tx) DeleteSessionsOfUser(ctx context.Context, userGUID string) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM sessions WHERE user_guid = $1`, userGUID)
	return writeError("delete sessions of user", err)
}

// DeleteSessionsBefore implements account.Tx.
func (t *Tx) DeleteSessionsBefore(ctx context.Context, expiry time.Time) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM sessions WHERE expires <= $1`, toMicros(expiry))
	return writeError("delete old sessions", err)
}

// TrimSessions implements account.Tx.
func (t *Tx) TrimSessions(ctx context.Context, userGUID string, keep int) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM sessions WHERE user_guid = $1 AND id NOT IN
		(SELECT id FROM sessions WHERE user_guid = $1 ORDER BY created DESC, id LIMIT $2)`, userGUID, keep)
	return writeError("trim sessions", err)
}
