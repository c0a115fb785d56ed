package store

import (
	"context"
	"database/sql"
	"sync/atomic"
)

// Exec runs a statement of a test.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) error {
	_, err := exec(ctx, t.q, "statement of a test", query, args...)
	return err
}

// CountStatements counts the statements that db executes outside of transactions from now on.
func (db *DB) CountStatements() *atomic.Int64 {
	c := &counter{querier: db.q}
	db.q = c
	return &c.n
}

type counter struct {
	querier
	n atomic.Int64
}

func (c *counter) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.n.Add(1)
	return c.querier.QueryContext(ctx, query, args...)
}

func (c *counter) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	c.n.Add(1)
	return c.querier.QueryRowContext(ctx, query, args...)
}
