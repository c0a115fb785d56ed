package store

import (
	"context"

	"countersign/reference/internal/content"
)

const permissionColumns = `id, content_guid, principal_guid, principal_type, role`

func scanPermission(row scanner) (content.Permission, error) {
	var p content.Permission
	err := row.Scan(&p.ID, &p.ContentGUID, &p.PrincipalGUID, &p.PrincipalType, &p.Role)
	return p, err
}

// Permissions implements content.Reader.
func (r contentReader) Permissions(ctx context.Context, guid string) ([]content.Permission, error) {
	return list(ctx, r.q, "list permissions",
		`SELECT `+permissionColumns+` FROM content_permissions WHERE content_guid = $1 ORDER BY id`, []any{guid}, scanPermission)
}

// Permission implements content.Reader.
func (r contentReader) Permission(ctx context.Context, guid string, id int64) (content.Permission, error) {
	return one(ctx, r.q, "read permission",
		`SELECT `+permissionColumns+` FROM content_permissions WHERE content_guid = $1 AND id = $2`, []any{guid, id}, scanPermission)
}

// PutPermission implements content.Tx.
func (t contentTx) PutPermission(ctx context.Context, p *content.Permission) error {
	id, err := t.tx.nextID(ctx, "permissions")
	if err != nil {
		return err
	}
	p.ID, err = one(ctx, t.q, "put permission", `INSERT INTO content_permissions (`+permissionColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (content_guid, principal_type, principal_guid) DO UPDATE SET role = excluded.role RETURNING id`,
		[]any{id, p.ContentGUID, p.PrincipalGUID, p.PrincipalType, p.Role},
		func(row scanner) (id int64, err error) { return id, row.Scan(&id) })
	return err
}

// DeletePermission implements content.Tx.
func (t contentTx) DeletePermission(ctx context.Context, guid string, id int64) error {
	return execOne(ctx, t.q, "delete permission", `DELETE FROM content_permissions WHERE content_guid = $1 AND id = $2`, guid, id)
}

// deletePermissionsOf deletes all permissions of a principal before the principal is deleted. A foreign key cannot do
// this, because principals are in two tables. Other rows that are deleted with a user, such as OAuth sessions, need
// the same lock.
func (t *Tx) deletePermissionsOf(ctx context.Context, kind content.PrincipalType, guid string) error {
	if err := t.lock(ctx, lockContent); err != nil {
		return err
	}
	_, err := exec(ctx, t.q, "delete permissions of a "+string(kind),
		`DELETE FROM content_permissions WHERE principal_type = $1 AND principal_guid = $2`, kind, guid)
	return err
}
