package store

import (
	"context"
	"time"

	"countersign/reference/internal/account"
)

const keyColumns = `k.id, k.kind, k.user_guid, k.content_guid, k.name, k.hash, k.tail, k.role, k.created, k.used, k.expires`

// keyTargets returns the fields of k in the order of keyColumns.
func keyTargets(k *account.APIKey) []any {
	return []any{&k.ID, &k.Kind, &k.UserGUID, &k.ContentGUID, &k.Name, &k.Hash, &k.Tail, &k.Role,
		stamp(&k.Created), stamp(&k.Used), stamp(&k.Expires)}
}

func scanKey(row scanner) (k account.APIKey, err error) { return k, row.Scan(keyTargets(&k)...) }

// KeyUser implements account.Reader. It is the only read of a request with a key.
func (r accountReader) KeyUser(ctx context.Context, hash string) (k account.APIKey, u account.User, err error) {
	k, err = one(ctx, r.q, "key", `SELECT `+keyColumns+`, `+userColumns+` FROM api_keys k JOIN users u ON u.guid = k.user_guid
		WHERE k.hash = $1`, []any{hash}, func(row scanner) (k account.APIKey, err error) {
		return k, row.Scan(append(keyTargets(&k), userTargets(&u)...)...)
	})
	return k, u, err
}

// KeysOfUser implements account.Reader.
func (r accountReader) KeysOfUser(ctx context.Context, userGUID string) ([]account.APIKey, error) {
	return list(ctx, r.q, "keys of user", `SELECT `+keyColumns+` FROM api_keys k WHERE k.user_guid = $1 AND k.kind = $2 ORDER BY k.id`,
		[]any{userGUID, account.UserKey}, scanKey)
}

// InsertKey implements account.Tx.
func (t *accountTx) InsertKey(ctx context.Context, k *account.APIKey) (err error) {
	if k.ID, err = t.tx.nextID(ctx, "key"); err != nil {
		return err
	}
	_, err = exec(ctx, t.q, "insert key", `INSERT INTO api_keys (id, kind, user_guid, content_guid, name, hash, tail, role, created, used, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		k.ID, k.Kind, k.UserGUID, k.ContentGUID, k.Name, k.Hash, k.Tail, k.Role, stamp(&k.Created), stamp(&k.Used), stamp(&k.Expires))
	return err
}

// DeleteKey implements account.Tx.
func (t *accountTx) DeleteKey(ctx context.Context, userGUID string, id int64) error {
	return execOne(ctx, t.q, "delete key", `DELETE FROM api_keys WHERE id = $1 AND user_guid = $2 AND kind = $3`, id, userGUID, account.UserKey)
}

// TouchKey implements account.Tx.
func (t *accountTx) TouchKey(ctx context.Context, id int64, used time.Time) error {
	_, err := exec(ctx, t.q, "record use of key", `UPDATE api_keys SET used = $2 WHERE id = $1`, id, stamp(&used))
	return err
}
