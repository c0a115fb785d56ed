package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"countersign/reference/internal/content"
)

const bundleColumns = `id, content_guid, created_by, created, size, md5, sha1, metadata`

func scanBundle(scan func(...any) error) (*content.Bundle, error) {
	var b content.Bundle
	var created int64
	var metadata string
	if err := scan(&b.ID, &b.ContentGUID, &b.CreatedBy, &created, &b.Size, &b.MD5, &b.SHA1, &metadata); err != nil {
		return nil, err
	}
	b.CreatedTime = fromMicros(created)
	return &b, json.Unmarshal([]byte(metadata), &b.Metadata)
}

// CreateBundle implements content.Store.
func (s *Content) CreateBundle(ctx context.Context, b *content.Bundle, archive []byte) error {
	metadata, err := json.Marshal(b.Metadata)
	if err != nil {
		return err
	}
	// An archive can be large. No lock is necessary, because no other transaction locks these rows in another order.
	err = s.db.transact(ctx, noLock, func(tx *Tx) error {
		if b.ID, err = tx.nextID(ctx, "bundles"); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `INSERT INTO content_bundles (`+bundleColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			b.ID, b.ContentGUID, b.CreatedBy, toMicros(b.CreatedTime), b.Size, b.MD5, b.SHA1, string(metadata)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO content_archives (bundle_id, archive) VALUES ($1, $2)`, b.ID, notNil(archive))
		return err
	})
	return contentError("create bundle", err)
}

// Bundle implements content.Store.
func (s *Content) Bundle(ctx context.Context, guid string, id int64) (*content.Bundle, error) {
	b, err := scanBundle(s.db.q.QueryRowContext(ctx,
		`SELECT `+bundleColumns+` FROM content_bundles WHERE content_guid = $1 AND id = $2`, guid, id).Scan)
	return b, contentError("read bundle", err)
}

// LatestBundle implements content.Store.
func (s *Content) LatestBundle(ctx context.Context, guid string) (*content.Bundle, error) {
	b, err := scanBundle(s.db.q.QueryRowContext(ctx,
		`SELECT `+bundleColumns+` FROM content_bundles WHERE content_guid = $1 ORDER BY id DESC LIMIT 1`, guid).Scan)
	return b, contentError("read latest bundle", err)
}

// Bundles implements content.Store: newest first, as the API lists them.
func (s *Content) Bundles(ctx context.Context, guid string) ([]*content.Bundle, error) {
	return collect(ctx, s.db.q, "list bundles",
		`SELECT `+bundleColumns+` FROM content_bundles WHERE content_guid = $1 ORDER BY id DESC`, []any{guid},
		func(rows *sql.Rows) (*content.Bundle, error) { return scanBundle(rows.Scan) })
}

// Archive implements content.Store.
func (s *Content) Archive(ctx context.Context, guid string, id int64) ([]byte, error) {
	var archive []byte
	err := s.db.q.QueryRowContext(ctx, `SELECT a.archive FROM content_archives a JOIN content_bundles b ON b.id = a.bundle_id
		WHERE b.content_guid = $1 AND b.id = $2`, guid, id).Scan(&archive)
	return archive, contentError("read archive", err)
}

// DeleteBundle implements content.Store. The statement itself checks that the bundle is not active, because a
// deployment may activate it after an earlier check.
func (s *Content) DeleteBundle(ctx context.Context, guid string, id int64) error {
	const active = `SELECT 1 FROM content_items WHERE guid = $1 AND bundle_id = $2`
	err := s.db.InTx(ctx, func(tx *Tx) error {
		touched, err := tx.exec(ctx, `DELETE FROM content_bundles WHERE content_guid = $1 AND id = $2 AND NOT EXISTS (`+active+`)`, guid, id)
		if err != nil || touched > 0 {
			return err
		}
		var one int
		if err := tx.q.QueryRowContext(ctx, active, guid, id).Scan(&one); err != nil {
			return err // sql.ErrNoRows: neither is the bundle active, nor does it exist
		}
		return content.ErrActive
	})
	return contentError("delete bundle", err)
}

// CreateShareLink implements content.Store.
func (s *Content) CreateShareLink(ctx context.Context, l *content.ShareLink, tokenHash string) error {
	_, err := s.db.exec(ctx, `INSERT INTO content_shares (guid, content_guid, token_hash, created_by, created) VALUES ($1, $2, $3, $4, $5)`,
		l.GUID, l.ContentGUID, tokenHash, l.CreatedBy, toMicros(l.CreatedTime))
	return contentError("create share link", err)
}

// ShareLinks implements content.Store.
func (s *Content) ShareLinks(ctx context.Context, guid string) ([]content.ShareLink, error) {
	return collect(ctx, s.db.q, "list share links",
		`SELECT guid, created_by, created FROM content_shares WHERE content_guid = $1 ORDER BY created, guid`, []any{guid},
		func(rows *sql.Rows) (content.ShareLink, error) {
			l := content.ShareLink{ContentGUID: guid}
			var created int64
			err := rows.Scan(&l.GUID, &l.CreatedBy, &created)
			l.CreatedTime = fromMicros(created)
			return l, err
		})
}

// ShareLinkHolds implements content.Store.
func (s *Content) ShareLinkHolds(ctx context.Context, guid, tokenHash string) (bool, error) {
	var n int
	err := s.db.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM content_shares WHERE content_guid = $1 AND token_hash = $2`, guid, tokenHash).Scan(&n)
	return n > 0, contentError("read share link", err)
}

// DeleteShareLink implements content.Store.
func (s *Content) DeleteShareLink(ctx context.Context, guid, link string) error {
	return contentError("delete share link", s.db.execRequired(ctx, `DELETE FROM content_shares WHERE content_guid = $1 AND guid = $2`, guid, link))
}

// CreateTask implements content.TaskStore.
func (s *Content) CreateTask(ctx context.Context, t *content.Task) error {
	output, err := json.Marshal(t.Output)
	if err != nil {
		return err
	}
	_, err = s.db.exec(ctx, `INSERT INTO content_tasks (id, user_guid, content_guid, node, output, finished, code, error, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.ID, t.UserGUID, t.ContentGUID, t.Node, string(output), t.Finished, t.Code, storableText(t.Error), toMicros(t.CreatedTime))
	return contentError("create task", err)
}

// Task implements content.TaskStore.
func (s *Content) Task(ctx context.Context, id string) (*content.Task, error) {
	t := &content.Task{ID: id}
	var output string
	var created int64
	err := s.db.q.QueryRowContext(ctx, `SELECT user_guid, content_guid, node, output, finished, code, error, created
		FROM content_tasks WHERE id = $1`, id).
		Scan(&t.UserGUID, &t.ContentGUID, &t.Node, &output, &t.Finished, &t.Code, &t.Error, &created)
	if err != nil {
		return nil, contentError("read task", err)
	}
	t.CreatedTime = fromMicros(created)
	return t, json.Unmarshal([]byte(output), &t.Output)
}

// storableText returns the output of a program in a form that every database can store.
func storableText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// SaveTask implements content.TaskStore.
func (s *Content) SaveTask(ctx context.Context, t *content.Task) error {
	output, err := json.Marshal(t.Output)
	if err != nil {
		return err
	}
	return contentError("save task", s.db.execRequired(ctx, `UPDATE content_tasks SET output = $2, finished = $3, code = $4, error = $5 WHERE id = $1`,
		t.ID, string(output), t.Finished, t.Code, storableText(t.Error)))
}

// FailTasks implements content.TaskStore.
func (s *Content) FailTasks(ctx context.Context, node, reason string) error {
	_, err := s.db.exec(ctx, `UPDATE content_tasks SET finished = $2, code = 1, error = $3 WHERE node = $1 AND finished <> $2`, node, true, reason)
	return contentError("fail tasks", err)
}

const executionColumns = `id, content_guid, owner_guid, bundle_id, node, class, key_id, session_hash, started`

func scanExecution(row *sql.Row) (*content.Execution, error) {
	var e content.Execution
	var key sql.NullInt64
	var started int64
	if err := row.Scan(&e.ID, &e.ContentGUID, &e.OwnerGUID, &e.BundleID, &e.Node, &e.Class, &key, &e.SessionHash, &started); err != nil {
		return nil, contentError("read execution", err)
	}
	e.KeyID, e.StartedTime = key.Int64, fromMicros(started)
	return &e, nil
}

// StartExecution implements content.ExecutionStore.
func (s *Content) StartExecution(ctx context.Context, e *content.Execution) error {
	_, err := s.db.exec(ctx, `INSERT INTO content_executions (`+executionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.ID, e.ContentGUID, e.OwnerGUID, e.BundleID, e.Node, e.Class, sql.NullInt64{Int64: e.KeyID, Valid: e.KeyID != 0},
		e.SessionHash, toMicros(e.StartedTime))
	return contentError("start execution", err)
}

// EndExecution implements content.ExecutionStore. Deleting the key deletes the execution; an execution without a key
// is deleted directly.
func (s *Content) EndExecution(ctx context.Context, id string) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM api_keys WHERE id IN (SELECT key_id FROM content_executions WHERE id = $1)`, id); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `DELETE FROM content_executions WHERE id = $1`, id)
		return err
	})
	return contentError("end execution", err)
}

// orphanAge is the age at which a content key without an execution counts as left behind. The key is created shortly
// before its execution is stored.
const orphanAge = time.Hour

// EndExecutions implements content.ExecutionStore.
func (s *Content) EndExecutions(ctx context.Context, node string) error {
	err := s.db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM api_keys WHERE id IN (SELECT key_id FROM content_executions WHERE node = $1)`, node); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM content_executions WHERE node = $1`, node); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `DELETE FROM api_keys WHERE kind = 'content' AND created < $1
			AND NOT EXISTS (SELECT 1 FROM content_executions e WHERE e.key_id = api_keys.id)`, toMicros(time.Now().Add(-orphanAge)))
		return err
	})
	return contentError("end executions of node", err)
}

// Execution implements content.ExecutionStore.
func (s *Content) Execution(ctx context.Context, id string) (*content.Execution, error) {
	return scanExecution(s.db.q.QueryRowContext(ctx, `SELECT `+executionColumns+` FROM content_executions WHERE id = $1`, id))
}

// ExecutionBySession implements content.ExecutionStore.
func (s *Content) ExecutionBySession(ctx context.Context, sessionHash string) (*content.Execution, error) {
	return scanExecution(s.db.q.QueryRowContext(ctx, `SELECT `+executionColumns+` FROM content_executions WHERE session_hash = $1`, sessionHash))
}
