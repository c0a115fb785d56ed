package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"countersign/reference/internal/account"
)

const userColumns = `u.guid, u.id, u.unique_id, u.username, u.first_name, u.last_name, u.email, u.role,
	u.confirmed, u.locked, u.created, u.updated, u.active, u.credential`

const selectUser = `SELECT ` + userColumns + ` FROM users u `

// userTargets returns the fields of u in the order of userColumns.
func userTargets(u *account.User) []any {
	return []any{&u.GUID, &u.ID, uniqueID{&u.UniqueID}, &u.Username, &u.FirstName, &u.LastName, &u.Email, &u.Role,
		&u.Confirmed, &u.Locked, stamp(&u.Created), stamp(&u.Updated), stamp(&u.Active), &u.Credential}
}

func scanUser(row scanner) (u account.User, err error) { return u, row.Scan(userTargets(&u)...) }

// uniqueID is the unique id of a user in its column.
type uniqueID struct{ s *string }

// Value implements driver.Valuer.
func (c uniqueID) Value() (driver.Value, error) { return account.EncodeUniqueID(*c.s), nil }

// Scan implements sql.Scanner.
func (c uniqueID) Scan(value any) error {
	return scanText(value, func(text string) (err error) {
		*c.s, err = account.DecodeUniqueID(text)
		return err
	})
}

// UserByGUID implements account.Reader.
func (r accountReader) UserByGUID(ctx context.Context, guid string) (account.User, error) {
	return one(ctx, r.q, "user by guid", selectUser+`WHERE u.guid = $1`, []any{guid}, scanUser)
}

// UserByID implements account.Reader.
func (r accountReader) UserByID(ctx context.Context, id int64) (account.User, error) {
	return one(ctx, r.q, "user by id", selectUser+`WHERE u.id = $1`, []any{id}, scanUser)
}

// UserByUniqueID implements account.Reader.
func (r accountReader) UserByUniqueID(ctx context.Context, id string) (account.User, error) {
	return one(ctx, r.q, "user by unique id", selectUser+`WHERE u.unique_id = $1`, []any{uniqueID{&id}}, scanUser)
}

// UsersByUsername implements account.Reader.
func (r accountReader) UsersByUsername(ctx context.Context, username string) ([]account.User, error) {
	return list(ctx, r.q, "users by username", selectUser+`WHERE u.username = $1 ORDER BY u.id`, []any{username}, scanUser)
}

// Users implements account.Reader. The statement consists of constants only.
func (r accountReader) Users(ctx context.Context, q account.UserQuery) ([]account.User, int, error) {
	where, args := userFilter(q)
	total, err := count(ctx, r.q, "count users", `SELECT COUNT(*) FROM users u`+where, args...)
	if err != nil {
		return nil, 0, err
	}
	n := len(args)
	query := fmt.Sprintf(`SELECT %s FROM users u%s ORDER BY %s LIMIT $%d OFFSET $%d`, userColumns, where, userOrder(q), n+1, n+2)
	users, err := list(ctx, r.q, "list users", query, append(args, q.Limit, q.Offset), scanUser)
	return users, total, err
}

// userStatus maps the values of account.UserQuery.Status to conditions.
var userStatus = map[string]string{
	"locked": "u.locked", "licensed": "(NOT u.locked AND u.active > 0)", "inactive": "(NOT u.locked AND u.active = 0)",
}

func userFilter(q account.UserQuery) (where string, args []any) {
	var all []string
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	if q.Prefix != "" {
		all = append(all, fmt.Sprintf(`(LOWER(u.username) LIKE %[1]s ESCAPE '\' OR LOWER(u.first_name) LIKE %[1]s ESCAPE '\'
			OR LOWER(u.last_name) LIKE %[1]s ESCAPE '\' OR u.unique_id = %[2]s)`, arg(likePrefix(q.Prefix)), arg(uniqueID{&q.Prefix})))
	}
	if len(q.Roles) > 0 {
		var in []string
		for _, role := range q.Roles {
			in = append(in, arg(role))
		}
		all = append(all, "u.role IN ("+strings.Join(in, ", ")+")")
	}
	if len(q.Status) > 0 {
		var anyOf []string
		for _, status := range q.Status {
			anyOf = append(anyOf, userStatus[status])
		}
		all = append(all, "("+strings.Join(anyOf, " OR ")+")")
	}
	if len(all) == 0 {
		return "", args
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

// userSort maps the values of account.UserQuery.Sort to columns.
var userSort = map[string]string{
	"first_name": "u.first_name", "last_name": "u.last_name", "username": "u.username",
	"active_time": "u.active", "created_time": "u.id", "user_role": "u.role",
}

func userOrder(q account.UserQuery) string {
	dir := " ASC"
	if q.Desc {
		dir = " DESC"
	}
	if column := userSort[q.Sort]; column != "" {
		return column + dir + ", u.id" + dir
	}
	return "u.first_name" + dir + ", u.last_name" + dir + ", u.username" + dir + ", u.email" + dir + ", u.id" + dir
}

// likePrefix returns the LIKE pattern, escaped by a backslash, for texts with the prefix s.
func likePrefix(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(s)) + "%"
}

// CountUsers implements account.Reader.
func (r accountReader) CountUsers(ctx context.Context) (int, error) {
	return count(ctx, r.q, "count users", `SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT 2) AS few`)
}

// CountActiveAdministrators implements account.Reader.
func (r accountReader) CountActiveAdministrators(ctx context.Context) (int, error) {
	return count(ctx, r.q, "count administrators", `SELECT COUNT(*) FROM users WHERE role = $1 AND NOT locked`, account.Administrator)
}

// InsertUser implements account.Tx.
func (t *accountTx) InsertUser(ctx context.Context, u *account.User) (err error) {
	if u.ID, err = t.tx.nextID(ctx, "user"); err != nil {
		return err
	}
	_, err = exec(ctx, t.q, "insert user", `INSERT INTO users (guid, id, unique_id, username, first_name, last_name, email, role,
		confirmed, locked, created, updated, active, credential)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		u.GUID, u.ID, uniqueID{&u.UniqueID}, u.Username, u.FirstName, u.LastName, u.Email, u.Role,
		u.Confirmed, u.Locked, stamp(&u.Created), stamp(&u.Updated), stamp(&u.Active), u.Credential)
	return err
}

// UpdateUser implements account.Tx.
func (t *accountTx) UpdateUser(ctx context.Context, u account.User) error {
	return execOne(ctx, t.q, "update user", `UPDATE users SET unique_id = $2, username = $3, first_name = $4, last_name = $5,
		email = $6, role = $7, confirmed = $8, locked = $9, updated = $10, active = $11, credential = $12 WHERE guid = $1`,
		u.GUID, uniqueID{&u.UniqueID}, u.Username, u.FirstName, u.LastName, u.Email, u.Role,
		u.Confirmed, u.Locked, stamp(&u.Updated), stamp(&u.Active), u.Credential)
}

// OwnsContent implements account.Tx.
func (t *accountTx) OwnsContent(ctx context.Context, guid string) (bool, error) {
	if err := t.tx.lock(ctx, lockContent); err != nil {
		return false, err
	}
	n, err := count(ctx, t.q, "count content of user", `SELECT COUNT(*) FROM content_items WHERE owner_guid = $1`, guid)
	return n > 0, err
}

// DeleteUser implements account.Tx.
func (t *accountTx) DeleteUser(ctx context.Context, guid string) error {
	if err := t.tx.deletePermissionsOf(ctx, "user", guid); err != nil {
		return err
	}
	return execOne(ctx, t.q, "delete user", `DELETE FROM users WHERE guid = $1`, guid)
}

// TransferOwnership implements account.Tx. Owners have no permission for their own items, so it deletes those of the
// new owner.
func (t *accountTx) TransferOwnership(ctx context.Context, from, to string) error {
	if err := t.tx.lock(ctx, lockContent); err != nil {
		return err
	}
	for _, statement := range [...]string{
		`DELETE FROM content_permissions WHERE principal_type = 'user' AND principal_guid = $2
			AND content_guid IN (SELECT guid FROM content_items WHERE owner_guid = $1)`,
		`UPDATE content_items SET owner_guid = $2 WHERE owner_guid = $1`,
		`UPDATE groups SET owner_guid = $2 WHERE owner_guid = $1`,
	} {
		if _, err := exec(ctx, t.q, "transfer ownership", statement, from, to); err != nil {
			return err
		}
	}
	return nil
}
