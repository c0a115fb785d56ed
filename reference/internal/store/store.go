// Package store stores the state of the server in SQL: in SQLite by default, or in Postgres for more than one node.
// Its types and rules are those of the packages that use it. Package storetest tests the same contract for both
// databases. Statements use only $1 placeholders and the types BIGINT, BOOLEAN and TEXT.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// DB is an open database with the newest schema. It is safe for concurrent use, and its opener must close it.
type DB struct {
	// read is a pool of connections for single statements. write is for transactions; it has a single connection for
	// SQLite, which has one writer.
	read, write *sql.DB
	q           querier // the pool of readers
	space       int32   // of locks in Postgres; 0 for SQLite
}

// querier is the common interface of pools and transactions.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a transaction.
type Tx struct {
	q     querier
	space int32 // as in DB
}

// Close closes both pools.
func (db *DB) Close() error {
	return errors.Join(db.read.Close(), db.write.Close())
}

// InTx runs do in one write transaction on content or integrations. It commits if do returns nil; otherwise it rolls
// back and returns the error of do. do must use only the Tx, because the writer is locked, and must return after a
// failed statement, because Postgres accepts no other statement then.
func (db *DB) InTx(ctx context.Context, do func(*Tx) error) error {
	return db.transact(ctx, lockContent, do)
}

func (db *DB) transact(ctx context.Context, lock int, do func(*Tx) error) error {
	return named(db.tryTransact(ctx, lock, do))
}

func (db *DB) tryTransact(ctx context.Context, lock int, do func(*Tx) error) error {
	sqlTx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after Commit it reports ErrTxDone
	tx := &Tx{sqlTx, db.space}
	if db.space == 0 {
		tx.q = uncancelled{sqlTx}
	}
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

// nextID returns the next number of a named sequence (1, 2, 3, ...). Both databases support UPDATE ... RETURNING, but
// have different kinds of automatic numbers.
func (t *Tx) nextID(ctx context.Context, sequence string) (int64, error) {
	return t.nextIDs(ctx, sequence, 1)
}

// nextIDs reserves n consecutive numbers and returns the first.
func (t *Tx) nextIDs(ctx context.Context, sequence string, n int) (first int64, err error) {
	last, err := count(ctx, t.q, "next "+sequence+" id", `INSERT INTO sequences (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = sequences.value + excluded.value RETURNING value`, sequence, n)
	return int64(last - n + 1), err
}
