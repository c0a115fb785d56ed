package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// ErrOtherKeys is returned where what is stored was sealed by keys that the caller does not have.
var ErrOtherKeys = errors.New("what is stored was sealed by another key")

// UseVaultKey notes the id of the key that will seal from now on. has says which keys the caller can open with: it must be
// one of those noted before, or nothing stored could be opened, here or on the node that sealed it. ErrOtherKeys.
func (db *DB) UseVaultKey(ctx context.Context, id string, has func(id string) bool) error {
	return db.InTx(ctx, func(tx *Tx) error {
		noted, err := collect(ctx, tx.q, "vault keys", `SELECT id FROM vault_keys`, nil, func(rows *sql.Rows) (id string, err error) {
			return id, rows.Scan(&id)
		})
		if err != nil {
			return err
		}
		if len(noted) > 0 && !slices.ContainsFunc(noted, has) {
			return ErrOtherKeys
		}
		_, err = tx.exec(ctx, `INSERT INTO vault_keys (id) VALUES ($1) ON CONFLICT DO NOTHING`, id)
		return writeError("note vault key", err)
	})
}
