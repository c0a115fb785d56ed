package store

import (
	"context"
	"errors"
	"slices"
)

// ErrOtherKeys is returned if the stored values were sealed with keys that the caller does not have.
var ErrOtherKeys = errors.New("what is stored was sealed by another key")

// UseVaultKey records the id of the key that seals new values. has reports whether the caller has a key. The caller
// must have one of the keys recorded before, because otherwise stored values could not be opened here or on the node
// that sealed them. It returns ErrOtherKeys.
func (db *DB) UseVaultKey(ctx context.Context, id string, has func(id string) bool) error {
	return db.transact(ctx, lockContent, func(tx *Tx) error {
		recorded, err := list(ctx, tx.q, "list vault keys", `SELECT id FROM vault_keys`, nil, func(row scanner) (id string, err error) {
			return id, row.Scan(&id)
		})
		if err != nil {
			return err
		}
		if len(recorded) > 0 && !slices.ContainsFunc(recorded, has) {
			return ErrOtherKeys
		}
		_, err = exec(ctx, tx.q, "record vault key", `INSERT INTO vault_keys (id) VALUES ($1) ON CONFLICT DO NOTHING`, id)
		return err
	})
}
