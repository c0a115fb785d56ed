package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"

	"countersign/reference/internal/account"
)

const userColumns = `u.guid, u.id, u.unique_id, u.username, u.first_name, u.last_name, u.email, u.role,
	u.confirmed, u.locked, u.created, u.updated, u.active, u.credential`

// storedID returns the form of a unique id in the database. The documents say (line 208) that it is stored in Base64,
// and the command-line tools show it in this form.
func storedID(id string) string { return base64.StdEncoding.EncodeToString([]byte(id)) }

// userRow receives a row of userColumns.
type userRow struct {
	account.User
	uniqueID                 string
	created, updated, active int64
}

func (r *userRow) targets() []any {
	return []any{&r.GUID, &r.ID, &r.uniqueID, &r.Username, &r.FirstName, &r.LastName, &r.Email, &r.Role,
		&r.Confirmed, &r.Locked, &r.created, &r.updated, &r.active, &r.Credential}
}

func (r *userRow) user() (account.User, error) {
	id, err := base64.StdEncoding.DecodeString(r.uniqueID)
	if err != nil {
		return account.User{}, fmt.Errorf("unique id of user %s: %w", r.GUID, err)
	}
	u := r.User
	u.UniqueID = string(id)
	u.Created, u.Updated, u.Active = fromMicros(r.created), fromMicros(r.updated), fromMicros(r.active)
	return u, nil
}

func (s queries) oneUser(ctx context.Context, op, query string, arg any) (account.User, error) {
	var r userRow
	if err := s.q.QueryRowContext(ctx, query, arg).Scan(r.targets()...); err != nil {
		return account.User{}, readError(op, err)
	}
	return r.user()
}

func (s queries) manyUsers(ctx context.Context, op, query string, args ...any) ([]account.User, error) {
	return collect(ctx, s.q, op, query, args, func(rows *sql.Rows) (account.User, error) {
		var r userRow
		if err := rows.Scan(r.targets()...); err != nil {
			return account.User{}, err
		}
		return r.user()
	})
}

// collect runs a query and reads every row; the result is never nil.
func collect[T any](ctx context.Context, q querier, op, query string, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if isUnstorable(err) {
		return []T{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, named(err))
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, named(err))
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, named(err))
	}
	return list, nil
}

// UserByGUID implements account.Reader.
func (s queries) UserByGUID(ctx context.Context, guid string) (account.User, error) {
	return s.oneUser(ctx, "user by guid", `SELECT `+userColumns+` FROM users u WHERE u.guid = $1`, guid)
}

// UserByID implements account.Reader.
func (s queries) UserByID(ctx context.Context, id int64) (account.User, error) {
	return s.oneUser(ctx, "user by id", `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id)
}

// UserByUniqueID implements account.Reader.
func (s queries) UserByUniqueID(ctx context.Context, id string) (account.User, error) {
	return s.oneUser(ctx, "user by unique id", `SELECT `+userColumns+` FROM users u WHERE u.unique_id = $1`, storedID(id))
}

// UsersByUsername implements account.Reader.
func (s queries) UsersByUsername(ctx context.Context, username string) ([]account.User, error) {
	return s.manyUsers(ctx, "users by username", `SELECT `+userColumns+` FROM users u WHERE u.username = $1 ORDER BY u.id`, username)
}

// Users implements account.Reader. The statement consists of constants only.
func (s queries) Users(ctx context.Context, q account.UserQuery) ([]account.User, int, error) {
	where, args := userFilter(q)
	pool := s.q
	if p, ok := pool.(*prepared); ok {
		pool = p.db // there are too many variants to keep compiled
	}
	total, err := queries{pool}.count(ctx, "count users", `SELECT COUNT(*) FROM users u`+where, args...)
	if err != nil {
		return nil, 0, err
	}
	n := len(args)
	query := fmt.Sprintf(`SELECT %s FROM users u%s ORDER BY %s LIMIT $%d OFFSET $%d`, userColumns, where, userOrder(q), n+1, n+2)
	users, err := queries{pool}.manyUsers(ctx, "list users", query, append(args, q.Limit, q.Offset)...)
	return users, total, err
}

func userFilter(q account.UserQuery) (string, []any) {
	var all []string
	var args []any
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	if q.Prefix != "" {
		p := arg(likePrefix(q.Prefix))
		all = append(all, fmt.Sprintf(`(LOWER(u.username) LIKE %[1]s ESCAPE '\' OR LOWER(u.first_name) LIKE %[1]s ESCAPE '\'
			OR LOWER(u.last_name) LIKE %[1]s ESCAPE '\' OR u.unique_id = %[2]s)`, p, arg(storedID(q.Prefix))))
	}
	if len(q.Roles) > 0 {
		var in []string
		for _, r := range q.Roles {
			in = append(in, arg(string(r)))
		}
		all = append(all, "u.role IN ("+strings.Join(in, ", ")+")")
	}
	if len(q.Status) > 0 {
		var anyOf []string
		for _, st := range q.Status {
			switch st {
			case "locked":
				anyOf = append(anyOf, "u.locked")
			case "licensed":
				anyOf = append(anyOf, "(NOT u.locked AND u.active > 0)")
			case "inactive":
				anyOf = append(anyOf, "(NOT u.locked AND u.active = 0)")
			}
		}
		all = append(all, "("+strings.Join(anyOf, " OR ")+")")
	}
	if len(all) == 0 {
		return "", args
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

func userOrder(q account.UserQuery) string {
	dir := " ASC"
	if q.Desc {
		dir = " DESC"
	}
	column := map[string]string{
		"first_name": "u.first_name", "last_name": "u.last_name", "username": "u.username",
		"active_time": "u.active", "created_time": "u.id", "user_role": "u.role",
	}[q.Sort]
	if column != "" {
		return column + dir + ", u.id" + dir
	}
	return "u.first_name" + dir + ", u.last_name" + dir + ", u.username" + dir + ", u.email" + dir + ", u.id" + dir
}

// likePrefix returns the LIKE pattern, escaped by a backslash, for texts with the prefix s.
func likePrefix(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(s)) + "%"
}

// CountUsers implements account.Reader.
func (s queries) CountUsers(ctx context.Context) (int, error) {
	return s.count(ctx, "count users", `SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT 2) AS few`)
}

// CountActiveAdministrators implements account.Reader.
func (s queries) CountActiveAdministrators(ctx context.Context) (int, error) {
	return s.count(ctx, "count administrators", `SELECT COUNT(*) FROM users WHERE role = $1 AND NOT locked`, string(account.Administrator))
}

func (s queries) count(ctx context.Context, op, query string, args ...any) (int, error) {
	var n int
	err := s.q.QueryRowContext(ctx, query, args...).Scan(&n)
	if err != nil && !isUnstorable(err) {
		return 0, fmt.Errorf("%s: %w", op, named(err))
	}
	return n, nil
}

// HoldUsers implements account.Tx. It does nothing, because only one transaction on accounts runs at a time on all
// nodes (see Update).
func (t *Tx) HoldUsers(context.Context) error { return nil }

// InsertUser implements account.Tx.
func (t *Tx) InsertUser(ctx context.Context, u *account.User) error {
	id, err := t.nextID(ctx, "user")
	if err != nil {
		return err
	}
	u.ID = id
	_, err = t.q.ExecContext(ctx, `INSERT INTO users (guid, id, unique_id, username, first_name, last_name, email, role,
		confirmed, locked, created, updated, active, credential)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		u.GUID, u.ID, storedID(u.UniqueID), u.Username, u.FirstName, u.LastName, u.Email, string(u.Role),
		u.Confirmed, u.Locked, toMicros(u.Created), toMicros(u.Updated), toMicros(u.Active), u.Credential)
	return writeError("insert user", err)
}

// UpdateUser implements account.Tx.
func (t *Tx) UpdateUser(ctx context.Context, u account.User) error {
	res, err := t.q.ExecContext(ctx, `UPDATE users SET unique_id = $2, username = $3, first_name = $4, last_name = $5,
		email = $6, role = $7, confirmed = $8, locked = $9, updated = $10, active = $11, credential = $12 WHERE guid = $1`,
		u.GUID, storedID(u.UniqueID), u.Username, u.FirstName, u.LastName, u.Email, string(u.Role),
		u.Confirmed, u.Locked, toMicros(u.Updated), toMicros(u.Active), u.Credential)
	return requireAffected("update user", res, err)
}

// DeleteUser implements account.Tx.
func (t *Tx) DeleteUser(ctx context.Context, guid string) error {
	if err := t.deletePermissionsOf(ctx, "user", guid); err != nil {
		return err
	}
	res, err := t.q.ExecContext(ctx, `DELETE FROM users WHERE guid = $1`, guid)
	if isOrphan(err) { // content refers to its owner; no other reference remains
		return fmt.Errorf("delete user: %w", account.ErrOwnsContent)
	}
	return requireAffected("delete user", res, err)
}

// TransferOwnership implements account.Tx. Owners have no permission for their own items, so it deletes those of the
// new owner.
func (t *Tx) TransferOwnership(ctx context.Context, from, to string) error {
	if err := t.lock(ctx, lockContent); err != nil {
		return err
	}
	for _, statement := range [...]string{
		`DELETE FROM content_permissions WHERE principal_type = 'user' AND principal_guid = $2
			AND content_guid IN (SELECT guid FROM content_items WHERE owner_guid = $1)`,
		`UPDATE content_items SET owner_guid = $2 WHERE owner_guid = $1`,
		`UPDATE groups SET owner_guid = $2 WHERE owner_guid = $1`,
	} {
		if _, err := t.q.ExecContext(ctx, statement, from, to); err != nil {
			return writeError("transfer ownership", err)
		}
	}
	return nil
}
