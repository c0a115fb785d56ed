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
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"countersign/reference/internal/account"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database, brought to the newest schema. It is safe for concurrent
// use. Whoever opened it closes it. Its queries read; to write, use Update or InTx.
type DB struct {
	// read is a pool of connections for single statements. write serialises
	// transactions: SQLite has one writer, so a second connection would only wait.
	read, write *sql.DB
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
type Tx struct{ queries }

// OpenSQLite opens or creates the database in the file at path and migrates it.
func OpenSQLite(ctx context.Context, path string) (*DB, error) {
	write, err := sql.Open("sqlite", sqliteDSN(path, "_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	read, err := sql.Open("sqlite", sqliteDSN(path, "_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return &DB{read: read, write: write, queries: queries{newPrepared(read)}}, nil
}

// sqliteDSN: a write-ahead log, so that readers never wait for the writer; NORMAL, which
// with a write-ahead log loses at most the last commits in a power cut and never
// corrupts; and time to wait for another process, such as a backup.
func sqliteDSN(path, extra string) string {
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas + "&" + extra
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
	if p, ok := db.q.(*prepared); ok {
		p.close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// InTx runs do in one write transaction: committed when do returns nil, else rolled
// back and do's error returned. Inside do use only the Tx: the writer is held.
func (db *DB) InTx(ctx context.Context, do func(*Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it reports ErrTxDone
	if err := do(&Tx{queries{tx}}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Update implements account.Store.
func (db *DB) Update(ctx context.Context, do func(account.Tx) error) error {
	return db.InTx(ctx, func(tx *Tx) error { return do(tx) })
}

// nextID hands out the next number of a named sequence (1, 2, 3, ...). Both databases
// know UPDATE ... RETURNING; their ways of numbering rows have nothing in common.
func (t *Tx) nextID(ctx context.Context, sequence string) (int64, error) {
	var id int64
	err := t.q.QueryRowContext(ctx, `INSERT INTO sequences (name, value) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET value = sequences.value + 1 RETURNING value`, sequence).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("next %s id: %w", sequence, err)
	}
	return id, nil
}

// hold makes concurrent transactions that take the same hold wait for the end of this one.
func (t *Tx) hold(ctx context.Context, name string) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO holds (name, n) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET n = holds.n + 1`, name)
	if err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	return nil
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
