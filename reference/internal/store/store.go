// Package store keeps the server's state in SQL: SQLite by default, Postgres for
// more than one node. Its types are those of the rooms that need remembering;
// the rules stay there. One contract, package storetest, holds for both databases:
// statements use $1 placeholders, BIGINT, BOOLEAN and TEXT, and nothing else.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"countersign/reference/internal/account"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database, brought to the newest schema. It is safe for concurrent
// use. Whoever opened it closes it. Its queries read; to write, use Update or InTx.
type DB struct {
	// read is a pool of connections for single statements, write one for transactions:
	// a single connection for SQLite, which has one writer.
	read, write *sql.DB
	space       int32 // of locks in Postgres; 0 for SQLite
	queries
}

// querier is what a pool and a transaction share.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// queries has every read of this package as a method; q is the pool of readers or a
// transaction.
type queries struct{ q querier }

// Tx is one transaction: all reads, and the writes of every room.
type Tx struct {
	queries
	space int32
}

func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close closes both pools.
func (db *DB) Close() error {
	return errors.Join(db.read.Close(), db.write.Close())
}

// InTx runs do in one write transaction on content or integrations: committed when do
// returns nil, else rolled back and do's error returned. Inside do use only the Tx: the
// writer is held. After a statement that failed do must return, since Postgres takes no other.
func (db *DB) InTx(ctx context.Context, do func(*Tx) error) error {
	return db.transact(ctx, lockContent, do)
}

func (db *DB) transact(ctx context.Context, lock int, do func(*Tx) error) error {
	sqlTx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it reports ErrTxDone
	tx := &Tx{queries{sqlTx}, db.space}
	if err := tx.lock(ctx, lock); err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Update implements account.Store. One such transaction runs at a time, on all nodes together.
func (db *DB) Update(ctx context.Context, do func(account.Tx) error) error {
	return db.transact(ctx, lockAccounts, func(tx *Tx) error { return do(tx) })
}

// nextID hands out the next number of a named sequence (1, 2, 3, ...). Both databases
// know UPDATE ... RETURNING; their ways of numbering rows have nothing in common.
func (t *Tx) nextID(ctx context.Context, sequence string) (int64, error) {
	return t.nextIDs(ctx, sequence, 1)
}

// nextIDs hands out n numbers in a row and returns the first.
func (t *Tx) nextIDs(ctx context.Context, sequence string, n int) (first int64, err error) {
	var last int64
	err = t.q.QueryRowContext(ctx, `INSERT INTO sequences (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = sequences.value + excluded.value RETURNING value`, sequence, n).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("next %s id: %w", sequence, err)
	}
	return last - int64(n) + 1, nil
}

// Times are stored as microseconds since 1970 UTC in BIGINT columns; 0 is "never".

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// null stores "" as NULL, for columns that refer to other rows or are unique.
func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
