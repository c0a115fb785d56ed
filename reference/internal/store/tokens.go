package store

import (
	"context"
	"time"

	"countersign/reference/internal/account"
)

// TokenUser implements account.Reader.
func (r accountReader) TokenUser(ctx context.Context, token string) (account.Token, account.User, error) {
	t, err := one(ctx, r.q, "deployment token", `SELECT token, public_key, user_guid, created, claimed
		FROM deployment_tokens WHERE token = $1`, []any{token}, func(row scanner) (t account.Token, err error) {
		return t, row.Scan(&t.Token, &t.PublicKey, optional{&t.UserGUID}, stamp(&t.Created), stamp(&t.Claimed))
	})
	if err != nil || t.UserGUID == "" {
		return t, account.User{}, err
	}
	u, err := r.UserByGUID(ctx, t.UserGUID)
	return t, u, err
}

// InsertToken implements account.Tx.
func (t *accountTx) InsertToken(ctx context.Context, token account.Token) error {
	_, err := exec(ctx, t.q, "insert deployment token", `INSERT INTO deployment_tokens (token, public_key, user_guid, created, claimed)
		VALUES ($1, $2, $3, $4, $5)`, token.Token, token.PublicKey, optional{&token.UserGUID}, stamp(&token.Created), stamp(&token.Claimed))
	return err
}

// ClaimToken implements account.Tx.
func (t *accountTx) ClaimToken(ctx context.Context, token, userGUID string, claimed time.Time) error {
	return execOne(ctx, t.q, "claim deployment token", `UPDATE deployment_tokens SET user_guid = $2, claimed = $3
		WHERE token = $1 AND user_guid IS NULL`, token, userGUID, stamp(&claimed))
}

// CountUnclaimedTokens implements account.Tx.
func (t *accountTx) CountUnclaimedTokens(ctx context.Context) (int, error) {
	return count(ctx, t.q, "count unclaimed deployment tokens", `SELECT COUNT(*) FROM deployment_tokens WHERE user_guid IS NULL`)
}

// DeleteUnclaimedTokensBefore implements account.Tx.
func (t *accountTx) DeleteUnclaimedTokensBefore(ctx context.Context, created time.Time) error {
	_, err := exec(ctx, t.q, "delete unclaimed deployment tokens", `DELETE FROM deployment_tokens WHERE user_guid IS NULL AND created < $1`,
		stamp(&created))
	return err
}
