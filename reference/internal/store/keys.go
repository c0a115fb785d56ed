package store

import (
	"context"
	"database/sql"
	"time"

	"countersign/reference/internal/account"
)

const keyColumns = `k.id, k.kind, k.user_guid, k.content_guid, k.name, k.hash, k.tail, k.role, k.created, k.used, k.expires`

// keyRow receives a row of keyColumns.
type keyRow struct {
	account.APIKey
	created, used, expires int64
}

func (r *keyRow) targets() []any {
	return []any{&r.ID, &r.Kind, &r.UserGUID, &r.ContentGUID, &r.Name, &r.Hash, &r.Tail, &r.Role, &r.created, &r.used, &r.expires}
}

func (r *keyRow) key() account.APIKey {
	k := r.APIKey
	k.Created, k.Used, k.Expires = fromMicros(r.created), fromMicros(r.used), fromMicros(r.expires)
	return k
}

// KeyUser implements account.Reader. It is the only read of a request with a key.
func (s queries) KeyUser(ctx context.Context, hash string) (account.APIKey, account.User, error) {
	var k keyRow
	var r userRow
	err := s.q.QueryRowContext(ctx, `SELECT `+keyColumns+`, `+userColumns+`
		FROM api_keys k JOIN users u ON u.guid = k.user_guid WHERE k.hash = $1`, hash).
		Scan(append(k.targets(), r.targets()...)...)
	if err != nil {
		return account.APIKey{}, account.User{}, readError("key", err)
	}
	u, err := r.user()
	return k.key(), u, err
}

// KeysOfUser implements account.Reader.
func (s queries) KeysOfUser(ctx context.Context, userGUID string) ([]account.APIKey, error) {
	return collect(ctx, s.q, "keys of user", `SELECT `+keyColumns+` FROM api_keys k WHERE k.user_guid = $1 AND k.kind = $2 ORDER BY k.id`,
		[]any{userGUID, string(account.UserKey)}, func(rows *sql.Rows) (account.APIKey, error) {
			var k keyRow
			err := rows.Scan(k.targets()...)
			return k.key(), err
		})
}

// InsertKey implements account.Tx. It also deletes expired keys.
func (t *Tx) InsertKey(ctx context.Context, k *account.APIKey) error {
	id, err := t.nextID(ctx, "key")
	if err != nil {
		return err
	}
	k.ID = id
	if _, err := t.q.ExecContext(ctx, `DELETE FROM api_keys WHERE kind = $1 AND expires > 0 AND expires <= $2`,
		string(account.VisitorKey), toMicros(k.Created)); err != nil {
		return writeError("delete old keys", err)
	}
	_, err = t.q.ExecContext(ctx, `INSERT INTO api_keys (id, kind, user_guid, content_guid, name, hash, tail, role, created, used, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		k.ID, string(k.Kind), k.UserGUID, k.ContentGUID, k.Name, k.Hash, k.Tail, string(k.Role),
		toMicros(k.Created), toMicros(k.Used), toMicros(k.Expires))
	return writeError("insert key", err)
}

// DeleteKey implements account.Tx.
func (t *Tx) DeleteKey(ctx context.Context, userGUID string, id int64) error {
	res, err := t.q.ExecContext(ctx, `DELETE FROM api_keys WHERE id = $1 AND user_guid = $2 AND kind = $3`, id, userGUID, string(account.UserKey))
	return requireAffected("delete key", res, err)
}

// TouchKey implements account.Tx.
func (t *Tx) TouchKey(ctx context.Context, id int64, used time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE api_keys SET used = $2 WHERE id = $1`, id, toMicros(used))
	return writeError("note use of key", err)
}
