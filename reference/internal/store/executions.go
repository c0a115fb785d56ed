package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"countersign/reference/internal/content/execution"
)

const executionColumns = `id, content_guid, owner_guid, bundle_id, node, class, key_id, session_hash, started`

func scanExecution(row scanner) (*execution.Execution, error) {
	e := &execution.Execution{}
	var key sql.NullInt64
	err := row.Scan(&e.ID, &e.ContentGUID, &e.OwnerGUID, &e.BundleID, &e.Node, &e.Kind, &key, &e.SessionHash, stamp(&e.StartedTime))
	e.KeyID = key.Int64
	return e, err
}

// StartExecution implements execution.Store.
func (s *Content) StartExecution(ctx context.Context, e *execution.Execution) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := exec(ctx, tx.q, "start execution", `INSERT INTO content_executions (`+executionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			e.ID, e.ContentGUID, e.OwnerGUID, e.BundleID, e.Node, e.Kind, sql.NullInt64{Int64: e.KeyID, Valid: e.KeyID != 0},
			e.SessionHash, stamp(&e.StartedTime))
		return err
	})
}

// EndExecution implements execution.Store. Deleting the key deletes the execution; an execution without a key is
// deleted directly.
func (s *Content) EndExecution(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := exec(ctx, tx.q, "delete key of execution", `DELETE FROM api_keys WHERE id IN (SELECT key_id FROM content_executions WHERE id = $1)`, id)
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx.q, "end execution", `DELETE FROM content_executions WHERE id = $1`, id)
		return err
	})
}

// EndExecutions implements execution.Store.
func (s *Content) EndExecutions(ctx context.Context, node string, before time.Time) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := exec(ctx, tx.q, "delete keys of node", `DELETE FROM api_keys WHERE id IN (SELECT key_id FROM content_executions WHERE node = $1)`, node)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx.q, "end executions of node", `DELETE FROM content_executions WHERE node = $1`, node); err != nil {
			return err
		}
		_, err = exec(ctx, tx.q, "delete keys without execution", `DELETE FROM api_keys WHERE kind = 'content' AND created < $1
			AND NOT EXISTS (SELECT 1 FROM content_executions e WHERE e.key_id = api_keys.id)`, stamp(&before))
		return err
	})
}

// Execution implements execution.Store.
func (s *Content) Execution(ctx context.Context, id string) (*execution.Execution, error) {
	return one(ctx, s.q, "read execution", `SELECT `+executionColumns+` FROM content_executions WHERE id = $1`, []any{id}, scanExecution)
}

// ExecutionBySession implements execution.Store.
func (s *Content) ExecutionBySession(ctx context.Context, sessionHash string) (*execution.Execution, error) {
	return one(ctx, s.q, "read execution", `SELECT `+executionColumns+` FROM content_executions WHERE session_hash = $1`, []any{sessionHash}, scanExecution)
}

// CreateTask implements execution.Store.
func (s *Content) CreateTask(ctx context.Context, t *execution.Task) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := exec(ctx, tx.q, "create task", `INSERT INTO content_tasks (id, user_guid, content_guid, node, output, finished, code, error, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			t.ID, t.UserGUID, t.ContentGUID, t.Node, jsonText{t.Output}, t.Finished, t.Code, storableText(t.Error), stamp(&t.CreatedTime))
		return err
	})
}

// Task implements execution.Store.
func (s *Content) Task(ctx context.Context, id string) (*execution.Task, error) {
	return one(ctx, s.q, "read task", `SELECT id, user_guid, content_guid, node, output, finished, code, error, created
		FROM content_tasks WHERE id = $1`, []any{id}, func(row scanner) (*execution.Task, error) {
		t := &execution.Task{}
		return t, row.Scan(&t.ID, &t.UserGUID, &t.ContentGUID, &t.Node, jsonText{&t.Output}, &t.Finished, &t.Code, &t.Error, stamp(&t.CreatedTime))
	})
}

// storableText returns the output of a program in a form that every database can store.
func storableText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// SaveTask implements execution.Store.
func (s *Content) SaveTask(ctx context.Context, t *execution.Task) error {
	return s.write(ctx, func(tx *Tx) error {
		return execOne(ctx, tx.q, "save task", `UPDATE content_tasks SET output = $2, finished = $3, code = $4, error = $5 WHERE id = $1`,
			t.ID, jsonText{t.Output}, t.Finished, t.Code, storableText(t.Error))
	})
}

// FailTasks implements execution.Store.
func (s *Content) FailTasks(ctx context.Context, node, reason string) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := exec(ctx, tx.q, "fail tasks", `UPDATE content_tasks SET finished = $2, code = 1, error = $3 WHERE node = $1 AND finished <> $2`, node, true, reason)
		return err
	})
}
