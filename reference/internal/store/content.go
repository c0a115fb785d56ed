package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
)

// Content is the part of the database that package content needs. It implements content.Store.
type Content struct{ db *DB }

// Content returns the store of content.
func (db *DB) Content() *Content { return &Content{db} }

// contentError converts an error of the database to one of package content.
func contentError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows), isOrphan(err), isUnstorable(err):
		return fmt.Errorf("%s: %w", op, dberr.NotFound)
	}
	return fmt.Errorf("%s: %w", op, named(err))
}

// isOrphan reports whether a statement failed because a row to which it refers does not exist.
func isOrphan(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503" // foreign_key_violation
}

// exec runs one statement in its own transaction and returns the number of affected rows.
func (db *DB) exec(ctx context.Context, query string, args ...any) (int64, error) {
	var touched int64
	err := db.InTx(ctx, func(tx *Tx) (err error) {
		touched, err = tx.exec(ctx, query, args...)
		return err
	})
	return touched, err
}

func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// execRequired is exec for a row that must exist. It returns sql.ErrNoRows if the row does not exist.
func (t *Tx) execRequired(ctx context.Context, query string, args ...any) error {
	touched, err := t.exec(ctx, query, args...)
	if err == nil && touched == 0 {
		return sql.ErrNoRows
	}
	return err
}

// execRequired calls Tx.execRequired in its own transaction.
func (db *DB) execRequired(ctx context.Context, query string, args ...any) error {
	return db.InTx(ctx, func(tx *Tx) error { return tx.execRequired(ctx, query, args...) })
}

const itemColumns = `guid, id, owner_guid, name, title, description, access_type, app_mode, bundle_id, settings, created, deployed`

func scanItem(scan func(...any) error) (*content.Item, error) {
	var i content.Item
	var settings string
	var created, deployed int64
	if err := scan(&i.GUID, &i.ID, &i.OwnerGUID, &i.Name, &i.Title, &i.Description, &i.Access, &i.Mode, &i.BundleID,
		&settings, &created, &deployed); err != nil {
		return nil, err
	}
	i.CreatedTime, i.DeployedTime = fromMicros(created), fromMicros(deployed)
	if err := json.Unmarshal([]byte(settings), &i.Settings); err != nil {
		return nil, fmt.Errorf("settings of %s: %w", i.GUID, err)
	}
	return &i, nil
}

func settingsText(s content.Settings) (string, error) {
	if s == nil {
		s = content.Settings{}
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// CreateItem implements content.Store.
func (s *Content) CreateItem(ctx context.Context, i *content.Item) error {
	settings, err := settingsText(i.Settings)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(tx *Tx) error {
		if i.ID, err = tx.nextID(ctx, "content"); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO content_items (`+itemColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			i.GUID, i.ID, i.OwnerGUID, i.Name, i.Title, i.Description, i.Access, i.Mode, i.BundleID, settings,
			toMicros(i.CreatedTime), toMicros(i.DeployedTime))
		return err
	})
	return nameError("create content", err)
}

// nameError converts a violated uniqueness to ErrNameTaken.
func nameError(op string, err error) error {
	if isDuplicate(err) {
		return fmt.Errorf("%s: %w", op, content.ErrNameTaken)
	}
	return contentError(op, err)
}

// Item implements content.Store.
func (s *Content) Item(ctx context.Context, guid string) (*content.Item, error) {
	i, err := scanItem(s.db.q.QueryRowContext(ctx, `SELECT `+itemColumns+` FROM content_items WHERE guid = $1`, guid).Scan)
	return i, contentError("read content", err)
}

// Items implements content.Store.
func (s *Content) Items(ctx context.Context, f content.Filter) ([]*content.Item, error) {
	// All filters use one statement text, because texts are prepared and kept.
	return collect(ctx, s.db.q, "list content", `SELECT `+itemColumns+` FROM content_items c
		WHERE ($1 = '' OR c.name = $1) AND ($2 = '' OR c.owner_guid = $2)
		AND ($3 = '' OR c.owner_guid = $3 OR c.access_type IN ('all', 'logged_in')
			OR EXISTS (SELECT 1 FROM content_permissions p WHERE p.content_guid = c.guid
				AND p.principal_type = 'user' AND p.principal_guid = $3)
			OR EXISTS (SELECT 1 FROM content_permissions p JOIN group_members m ON m.group_guid = p.principal_guid
				WHERE p.content_guid = c.guid AND p.principal_type = 'group' AND m.user_guid = $3))
		ORDER BY c.id`, []any{f.Name, f.OwnerGUID, f.VisibleTo},
		func(rows *sql.Rows) (*content.Item, error) { return scanItem(rows.Scan) })
}

// UpdateItem implements content.Store.
func (s *Content) UpdateItem(ctx context.Context, guid string, change func(*content.Item) error) (*content.Item, error) {
	var item *content.Item
	var refused error // the error of change, which is returned unchanged
	err := s.db.InTx(ctx, func(tx *Tx) error {
		// Updating the row first makes other nodes wait. SQLite does not have SELECT ... FOR UPDATE.
		if _, err := tx.exec(ctx, `UPDATE content_items SET guid = guid WHERE guid = $1`, guid); err != nil {
			return err
		}
		var err error
		if item, err = scanItem(tx.q.QueryRowContext(ctx, `SELECT `+itemColumns+` FROM content_items WHERE guid = $1`, guid).Scan); err != nil {
			return err
		}
		if refused = change(item); refused != nil {
			return refused
		}
		settings, err := settingsText(item.Settings)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE content_items SET owner_guid = $2, name = $3, title = $4, description = $5, access_type = $6,
			settings = $7 WHERE guid = $1`, guid, item.OwnerGUID, item.Name, item.Title, item.Description, item.Access, settings)
		return err
	})
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, nameError("update content", err)
	}
	return item, nil
}

// DeleteItem implements content.Store. It deletes the keys of the executions; foreign keys delete the rest.
func (s *Content) DeleteItem(ctx context.Context, guid string) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM api_keys WHERE kind = 'content' AND content_guid = $1`, guid); err != nil {
			return err
		}
		return tx.execRequired(ctx, `DELETE FROM content_items WHERE guid = $1`, guid)
	})
	return contentError("delete content", err)
}

const permissionColumns = `id, content_guid, principal_guid, principal_type, role`

func scanPermission(scan func(...any) error) (content.Permission, error) {
	var p content.Permission
	err := scan(&p.ID, &p.ContentGUID, &p.PrincipalGUID, &p.PrincipalType, &p.Role)
	return p, err
}

// Permissions implements content.Store.
func (s *Content) Permissions(ctx context.Context, guid string) ([]content.Permission, error) {
	return collect(ctx, s.db.q, "list permissions",
		`SELECT `+permissionColumns+` FROM content_permissions WHERE content_guid = $1 ORDER BY id`, []any{guid},
		func(rows *sql.Rows) (content.Permission, error) { return scanPermission(rows.Scan) })
}

// PutPermission implements content.Store.
func (s *Content) PutPermission(ctx context.Context, p *content.Permission) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		id, err := tx.nextID(ctx, "permissions")
		if err != nil {
			return err
		}
		return tx.q.QueryRowContext(ctx, `INSERT INTO content_permissions (`+permissionColumns+`) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (content_guid, principal_type, principal_guid) DO UPDATE SET role = excluded.role RETURNING id`,
			id, p.ContentGUID, p.PrincipalGUID, p.PrincipalType, p.Role).Scan(&p.ID)
	})
	return contentError("put permission", err)
}

// deletePermissionsOf deletes all permissions of a principal before the principal is deleted. A foreign key cannot do
// this, because principals are in two tables. Other rows that are deleted with a user, such as OAuth sessions, need
// the same lock.
func (t *Tx) deletePermissionsOf(ctx context.Context, kind content.PrincipalType, guid string) error {
	if err := t.lock(ctx, lockContent); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM content_permissions WHERE principal_type = $1 AND principal_guid = $2`, kind, guid)
	return contentError("delete permissions of a "+string(kind), err)
}

// SetPermissionRole implements content.Store.
func (s *Content) SetPermissionRole(ctx context.Context, guid string, id int64, role content.PermissionRole) (content.Permission, error) {
	var p content.Permission
	err := s.db.InTx(ctx, func(tx *Tx) (err error) {
		p, err = scanPermission(tx.q.QueryRowContext(ctx, `UPDATE content_permissions SET role = $3
			WHERE content_guid = $1 AND id = $2 RETURNING `+permissionColumns, guid, id, role).Scan)
		return err
	})
	return p, contentError("set role of permission", err)
}

// DeletePermission implements content.Store.
func (s *Content) DeletePermission(ctx context.Context, guid string, id int64) error {
	return contentError("delete permission", s.db.execRequired(ctx, `DELETE FROM content_permissions WHERE content_guid = $1 AND id = $2`, guid, id))
}

// Activate implements content.Store.
func (s *Content) Activate(ctx context.Context, guid string, bundle int64, mode content.Mode, render *content.Render, now time.Time) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		err := tx.execRequired(ctx, `UPDATE content_items SET bundle_id = $2, app_mode = $3, deployed = $4
			WHERE guid = $1 AND EXISTS (SELECT 1 FROM content_bundles WHERE id = $2 AND content_guid = $1)`,
			guid, bundle, mode, toMicros(now))
		if err != nil || render == nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO content_renders (content_guid, bundle_id, body, created) VALUES ($1, $2, $3, $4)
			ON CONFLICT (content_guid) DO UPDATE SET bundle_id = excluded.bundle_id, body = excluded.body, created = excluded.created`,
			guid, bundle, notNil(render.Body), toMicros(render.CreatedTime))
		return err
	})
	return contentError("activate bundle", err)
}

// notNil prevents that an empty value becomes NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Render implements content.Store.
func (s *Content) Render(ctx context.Context, guid string) (*content.Render, error) {
	r := &content.Render{ContentGUID: guid}
	var created int64
	err := s.db.q.QueryRowContext(ctx, `SELECT bundle_id, body, created FROM content_renders WHERE content_guid = $1`, guid).
		Scan(&r.BundleID, &r.Body, &created)
	if err != nil {
		return nil, contentError("read render", err)
	}
	r.CreatedTime = fromMicros(created)
	return r, nil
}

var _ content.Store = (*Content)(nil)
