package store

import (
	"context"

	"countersign/reference/internal/content"
)

const bundleQuery = `SELECT b.id, b.content_guid, b.created_by, b.created, b.size, b.md5, b.sha1, b.metadata,
		COALESCE(u.username, ''), b.id = c.bundle_id
	FROM content_bundles b JOIN content_items c ON c.guid = b.content_guid LEFT JOIN users u ON u.guid = b.created_by
	WHERE b.content_guid = $1`

func scanBundle(row scanner) (*content.Bundle, error) {
	b := &content.Bundle{}
	return b, row.Scan(&b.ID, &b.ContentGUID, &b.CreatedBy, stamp(&b.CreatedTime), &b.Size, &b.MD5, &b.SHA1, jsonText{&b.Metadata},
		&b.CreatorName, &b.Active)
}

// InsertBundle implements content.Store. No lock is necessary, because no other transaction locks these rows in
// another order. The id has a transaction of its own: the row of the sequence is locked until the transaction ends,
// and insertions of other archives would wait for this one.
func (s *Content) InsertBundle(ctx context.Context, b *content.Bundle, archive []byte) error {
	err := s.db.transact(ctx, noLock, func(tx *Tx) (err error) {
		b.ID, err = tx.nextID(ctx, "bundles")
		return err
	})
	if err != nil {
		return err
	}
	return s.db.transact(ctx, noLock, func(tx *Tx) error {
		_, err := exec(ctx, tx.q, "create bundle", `INSERT INTO content_bundles
			(id, content_guid, created_by, created, size, md5, sha1, metadata) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			b.ID, b.ContentGUID, b.CreatedBy, stamp(&b.CreatedTime), b.Size, b.MD5, b.SHA1, jsonText{b.Metadata})
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx.q, "store archive", `INSERT INTO content_archives (bundle_id, archive) VALUES ($1, $2)`, b.ID, notNil(archive))
		return err
	})
}

// Bundle implements content.Reader.
func (r contentReader) Bundle(ctx context.Context, guid string, id int64) (*content.Bundle, error) {
	return one(ctx, r.q, "read bundle", bundleQuery+` AND b.id = $2`, []any{guid, id}, scanBundle)
}

// LatestBundle implements content.Reader.
func (r contentReader) LatestBundle(ctx context.Context, guid string) (*content.Bundle, error) {
	return one(ctx, r.q, "read latest bundle", bundleQuery+` ORDER BY b.id DESC LIMIT 1`, []any{guid}, scanBundle)
}

// Bundles implements content.Reader.
func (r contentReader) Bundles(ctx context.Context, guid string) ([]*content.Bundle, error) {
	return list(ctx, r.q, "list bundles", bundleQuery+` ORDER BY b.id DESC`, []any{guid}, scanBundle)
}

// Archive implements content.Reader.
func (r contentReader) Archive(ctx context.Context, guid string, id int64) ([]byte, error) {
	return one(ctx, r.q, "read archive", `SELECT a.archive FROM content_archives a JOIN content_bundles b ON b.id = a.bundle_id
		WHERE b.content_guid = $1 AND b.id = $2`, []any{guid, id},
		func(row scanner) (archive []byte, err error) { return archive, row.Scan(&archive) })
}

// DeleteBundle implements content.Tx.
func (t contentTx) DeleteBundle(ctx context.Context, guid string, id int64) error {
	return execOne(ctx, t.q, "delete bundle", `DELETE FROM content_bundles WHERE content_guid = $1 AND id = $2`, guid, id)
}

// InsertShareLink implements content.Tx.
func (t contentTx) InsertShareLink(ctx context.Context, l *content.ShareLink, tokenHash string) error {
	_, err := exec(ctx, t.q, "create share link",
		`INSERT INTO content_shares (guid, content_guid, token_hash, created_by, created) VALUES ($1, $2, $3, $4, $5)`,
		l.GUID, l.ContentGUID, tokenHash, l.CreatedBy, stamp(&l.CreatedTime))
	return err
}

// ShareLinks implements content.Reader.
func (r contentReader) ShareLinks(ctx context.Context, guid string) ([]content.ShareLink, error) {
	return list(ctx, r.q, "list share links",
		`SELECT guid, content_guid, created_by, created FROM content_shares WHERE content_guid = $1 ORDER BY created, guid`, []any{guid},
		func(row scanner) (l content.ShareLink, err error) {
			return l, row.Scan(&l.GUID, &l.ContentGUID, &l.CreatedBy, stamp(&l.CreatedTime))
		})
}

// ShareLinkHolds implements content.Reader.
func (r contentReader) ShareLinkHolds(ctx context.Context, guid, tokenHash string) (bool, error) {
	n, err := count(ctx, r.q, "read share link", `SELECT COUNT(*) FROM content_shares WHERE content_guid = $1 AND token_hash = $2`, guid, tokenHash)
	return n > 0, err
}

// DeleteShareLink implements content.Tx.
func (t contentTx) DeleteShareLink(ctx context.Context, guid, link string) error {
	return execOne(ctx, t.q, "delete share link", `DELETE FROM content_shares WHERE content_guid = $1 AND guid = $2`, guid, link)
}
