package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"countersign/reference/internal/account"
)

// TokenUser implements account.Reader.
func (s queries) TokenUser(ctx context.Context, token string) (account.Token, account.User, error) {
	t := account.Token{Token: token}
	var user sql.NullString
	var created, claimed int64
	err := s.q.QueryRowContext(ctx, `SELECT public_key, user_guid, created, claimed FROM deployment_tokens WHERE token = $1`, token).
		Scan(&t.PublicKey, &user, &created, &claimed)
	if err != nil {
		return account.Token{}, account.User{}, readError("deployment token", err)
	}
	t.UserGUID, t.Created, t.Claimed = user.String, fromMicros(created), fromMicros(claimed)
	if t.UserGUID == "" {
		return t, account.User{}, nil
	}
	u, err := s.UserByGUID(ctx, t.UserGUID)
	return t, u, err
}

// InsertToken implements account.Tx.
func (t *Tx) InsertToken(ctx context.Context, token account.Token) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO deployment_tokens (token, public_key, user_guid, created, claimed)
		VALUES ($1, $2, $3, $4, $5)`, token.Token, token.PublicKey, nullable(token.UserGUID), toMicros(token.Created), toMicros(token.Claimed))
	return writeError("insert deployment token", err)
}

// ClaimToken implements account.Tx.
func (t *Tx) ClaimToken(ctx context.Context, token, userGUID string, claimed time.Time) error {
	res, err := t.q.ExecContext(ctx, `UPDATE deployment_tokens SET user_guid = $2, claimed = $3
		WHERE token = $1 AND user_guid IS NULL`, token, userGUID, toMicros(claimed))
	return requireAffected("claim deployment token", res, err)
}

// CountUnclaimedTokens implements account.Tx.
func (t *Tx) CountUnclaimedTokens(ctx context.Context) (int, error) {
	var n int
	err := t.q.QueryRowContext(ctx, `SELECT count(*) FROM deployment_tokens WHERE user_guid IS NULL`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count unclaimed deployment tokens: %w", err)
	}
	return n, nil
}

// DeleteUnclaimedTokensBefore implements account.Tx.
func (t *Tx) DeleteUnclaimedTokensBefore(ctx context.Context, created time.Time) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM deployment_tokens WHERE user_guid IS NULL AND created < $1`, toMicros(created))
	return writeError("delete unclaimed deployment tokens", err)
}
