package store

import (
	"context"
	"database/sql"
	"time"

	"countersign/reference/internal/content"
)

// Content stores content, executions and tasks. It implements content.Store.
type Content struct {
	contentReader
	db *DB
}

// Content returns the store of content.
func (db *DB) Content() *Content { return &Content{contentReader{db.q}, db} }

var _ content.Store = (*Content)(nil)

// contentReader implements content.Reader with a pool or a transaction.
type contentReader struct{ q querier }

// contentTx implements content.Tx.
type contentTx struct {
	contentReader
	tx *Tx
}

// Update implements content.Store.
func (s *Content) Update(ctx context.Context, do func(content.Tx) error) error {
	return s.write(ctx, func(tx *Tx) error { return do(contentTx{contentReader{tx.q}, tx}) })
}

// write runs do in a transaction with the lock of content.
func (s *Content) write(ctx context.Context, do func(*Tx) error) error {
	return s.db.transact(ctx, lockContent, do)
}

const itemColumns = `c.guid, c.id, c.owner_guid, c.name, c.title, c.description, c.access_type, c.app_mode, c.bundle_id, c.settings,
	c.created, c.deployed`

// itemFields returns the targets of itemColumns.
func itemFields(i *content.Item) []any {
	return []any{&i.GUID, &i.ID, &i.OwnerGUID, &i.Name, &i.Title, &i.Description, &i.Access, &i.Mode, &i.BundleID,
		jsonText{&i.Settings}, stamp(&i.CreatedTime), stamp(&i.DeployedTime)}
}

// Item implements content.Reader.
func (r contentReader) Item(ctx context.Context, guid string) (*content.Item, error) {
	return one(ctx, r.q, "read content", `SELECT `+itemColumns+` FROM content_items c WHERE c.guid = $1`, []any{guid},
		func(row scanner) (*content.Item, error) {
			i := &content.Item{}
			return i, row.Scan(itemFields(i)...)
		})
}

// entryQuery selects items with their owners and the permissions that concern the user $1: one row for each
// permission, or one without a permission. Package content decides what the user may see.
const entryQuery = `SELECT ` + itemColumns + `, u.username, u.first_name, u.last_name,
		COALESCE(p.id, 0), COALESCE(p.principal_guid, ''), COALESCE(p.principal_type, ''), COALESCE(p.role, '')
	FROM content_items c JOIN users u ON u.guid = c.owner_guid
	LEFT JOIN content_permissions p ON p.content_guid = c.guid AND (p.principal_type = 'user' AND p.principal_guid = $1
		OR p.principal_type = 'group' AND p.principal_guid IN (SELECT group_guid FROM group_members WHERE user_guid = $1))`

// entryRow is one row of entryQuery.
type entryRow struct {
	content.Item
	owner      content.Owner
	permission content.Permission
}

func scanEntry(row scanner) (*entryRow, error) {
	e := &entryRow{}
	o, p := &e.owner, &e.permission
	err := row.Scan(append(itemFields(&e.Item), &o.Username, &o.FirstName, &o.LastName,
		&p.ID, &p.PrincipalGUID, &p.PrincipalType, &p.Role)...)
	o.GUID, p.ContentGUID = e.OwnerGUID, e.GUID
	return e, err
}

// entries reads the rows of a query and joins those of the same item, which follow each other.
func (r contentReader) entries(ctx context.Context, query string, args ...any) ([]*content.Entry, error) {
	rows, err := list(ctx, r.q, "list content", query, args, scanEntry)
	all := []*content.Entry{}
	var last *content.Entry
	for _, row := range rows {
		if last == nil || last.GUID != row.GUID {
			last = &content.Entry{Item: row.Item, Owner: row.owner}
			all = append(all, last)
		}
		if row.permission.ID != 0 {
			last.Permissions = append(last.Permissions, row.permission)
		}
	}
	return all, err
}

// Entry implements content.Reader.
func (r contentReader) Entry(ctx context.Context, guid, user string) (*content.Entry, error) {
	all, err := r.entries(ctx, entryQuery+` WHERE c.guid = $2 ORDER BY p.id`, user, guid)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, storeError("read content", sql.ErrNoRows)
	}
	return all[0], nil
}

// Entries implements content.Reader. All filters use one statement text, because texts are prepared and kept.
func (r contentReader) Entries(ctx context.Context, f content.Filter, user string) ([]*content.Entry, error) {
	return r.entries(ctx, entryQuery+` WHERE ($2 = '' OR c.name = $2) AND ($3 = '' OR c.owner_guid = $3) ORDER BY c.id, p.id`,
		user, f.Name, f.OwnerGUID)
}

// InsertItem implements content.Tx.
func (t contentTx) InsertItem(ctx context.Context, i *content.Item) (err error) {
	if i.ID, err = t.tx.nextID(ctx, "content"); err != nil {
		return err
	}
	_, err = exec(ctx, t.q, "create content", `INSERT INTO content_items
		(guid, id, owner_guid, name, title, description, access_type, app_mode, bundle_id, settings, created, deployed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		i.GUID, i.ID, i.OwnerGUID, i.Name, i.Title, i.Description, i.Access, i.Mode, i.BundleID, jsonText{settingsOf(i)},
		stamp(&i.CreatedTime), stamp(&i.DeployedTime))
	return err
}

// settingsOf returns the settings of an item, which are never stored as null.
func settingsOf(i *content.Item) content.Settings {
	if i.Settings == nil {
		return content.Settings{}
	}
	return i.Settings
}

// UpdateItem implements content.Tx.
func (t contentTx) UpdateItem(ctx context.Context, i *content.Item) error {
	return execOne(ctx, t.q, "update content", `UPDATE content_items SET owner_guid = $2, name = $3, title = $4,
		description = $5, access_type = $6, settings = $7 WHERE guid = $1`,
		i.GUID, i.OwnerGUID, i.Name, i.Title, i.Description, i.Access, jsonText{settingsOf(i)})
}

// DeleteItem implements content.Tx. It deletes the keys of the executions; foreign keys delete the rest.
func (t contentTx) DeleteItem(ctx context.Context, guid string) error {
	_, err := exec(ctx, t.q, "delete keys of content", `DELETE FROM api_keys WHERE kind = 'content' AND content_guid = $1`, guid)
	if err != nil {
		return err
	}
	return execOne(ctx, t.q, "delete content", `DELETE FROM content_items WHERE guid = $1`, guid)
}

// SetActive implements content.Tx.
func (t contentTx) SetActive(ctx context.Context, guid string, bundle int64, mode content.Mode, now time.Time) error {
	return execOne(ctx, t.q, "activate bundle", `UPDATE content_items SET bundle_id = $2, app_mode = $3, deployed = $4 WHERE guid = $1`,
		guid, bundle, mode, stamp(&now))
}

// PutRender implements content.Tx.
func (t contentTx) PutRender(ctx context.Context, r *content.Render) error {
	_, err := exec(ctx, t.q, "store render", `INSERT INTO content_renders (content_guid, bundle_id, body, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (content_guid) DO UPDATE SET bundle_id = excluded.bundle_id, body = excluded.body, created = excluded.created`,
		r.ContentGUID, r.BundleID, notNil(r.Body), stamp(&r.CreatedTime))
	return err
}

// notNil prevents that an empty value becomes NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Render implements content.Reader.
func (r contentReader) Render(ctx context.Context, guid string) (*content.Render, error) {
	return one(ctx, r.q, "read render", `SELECT content_guid, bundle_id, body, created FROM content_renders WHERE content_guid = $1`, []any{guid},
		func(row scanner) (*content.Render, error) {
			v := &content.Render{}
			return v, row.Scan(&v.ContentGUID, &v.BundleID, &v.Body, stamp(&v.CreatedTime))
		})
}
