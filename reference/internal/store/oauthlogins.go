package store

import (
	"context"
	"time"

	"countersign/reference/internal/integration"
)

// InsertLogin implements integration.Tx.
func (t *integrationTx) InsertLogin(ctx context.Context, l *integration.Login) error {
	seq, err := t.tx.nextID(ctx, "oauth logins")
	if err != nil {
		return err
	}
	_, err = exec(ctx, t.q, "insert login", `INSERT INTO oauth_logins
		(state_hash, browser_hash, user_guid, integration_guid, verifier, redirect_uri, return_to, seq, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, l.StateHash, l.BrowserHash, l.UserGUID, l.IntegrationGUID,
		l.Verifier, l.RedirectURI, l.ReturnTo, seq, stamp(&l.ExpiresTime))
	return err
}

// TrimLogins implements integration.Tx.
func (t *integrationTx) TrimLogins(ctx context.Context, user, guid string, keep int) error {
	_, err := exec(ctx, t.q, "trim logins", `DELETE FROM oauth_logins WHERE user_guid = $1 AND integration_guid = $2 AND seq <=
		(SELECT seq FROM oauth_logins WHERE user_guid = $1 AND integration_guid = $2 ORDER BY seq DESC LIMIT 1 OFFSET $3)`, user, guid, keep)
	return err
}

// DeleteLoginsBefore implements integration.Tx.
func (t *integrationTx) DeleteLoginsBefore(ctx context.Context, expiry time.Time) error {
	_, err := exec(ctx, t.q, "delete expired logins", `DELETE FROM oauth_logins WHERE expires <= $1`, stamp(&expiry))
	return err
}

// DeleteLogins implements integration.Tx.
func (t *integrationTx) DeleteLogins(ctx context.Context, user, guid string) error {
	_, err := exec(ctx, t.q, "delete logins", `DELETE FROM oauth_logins WHERE user_guid = $1 AND integration_guid = $2`, user, guid)
	return err
}

// DeleteLoginsOf implements integration.Tx.
func (t *integrationTx) DeleteLoginsOf(ctx context.Context, guid string) error {
	_, err := exec(ctx, t.q, "delete logins", `DELETE FROM oauth_logins WHERE integration_guid = $1`, guid)
	return err
}

// TakeLogin implements integration.Tx. One statement finds and deletes the login, so that a state is valid once.
func (t *integrationTx) TakeLogin(ctx context.Context, stateHash, browserHash, user string, now time.Time) (*integration.Login, error) {
	return one(ctx, t.q, "take login", `DELETE FROM oauth_logins
		WHERE state_hash = $1 AND browser_hash = $2 AND user_guid = $3 AND expires > $4
		RETURNING integration_guid, verifier, redirect_uri, return_to, expires`, []any{stateHash, browserHash, user, stamp(&now)},
		func(row scanner) (*integration.Login, error) {
			l := &integration.Login{StateHash: stateHash, BrowserHash: browserHash, UserGUID: user}
			return l, row.Scan(&l.IntegrationGUID, &l.Verifier, &l.RedirectURI, &l.ReturnTo, stamp(&l.ExpiresTime))
		})
}
