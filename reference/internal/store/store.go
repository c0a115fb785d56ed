// Package store keeps the server's state in SQL: SQLite by default, Postgres for
// more than one node. Its types are those of the rooms that need remembering;
// the rules stay there. One contract, package storetest, holds for both databases.
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

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database, brought to the newest schema. It is safe for concurrent
// use. Whoever opened it closes it.
type DB struct {
	// read is a pool of connections for single statements. write serialises
	// transactions: SQLite has one writer, so a second connection would only wait.
	read, write *sql.DB
	queries
}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// queries has every read and write of this package as a method; q is the pool of
// readers or a transaction.
type queries struct{ q querier }

// Tx is one transaction. It implements the transaction interfaces of every room.
type Tx struct{ queries }

// OpenSQLite opens or creates the database in the file at path and migrates it.
func OpenSQLite(ctx context.Context, path string) (*DB, error) {
	dsn := func(txlock string) string {
		v := url.Values{}
		v.Add("_pragma", "busy_timeout(5000)")
		v.Add("_pragma", "journal_mode(WAL)")
		v.Add("_pragma", "synchronous(NORMAL)")
		v.Add("_pragma", "foreign_keys(ON)")
		if txlock != "" {
			v.Set("_txlock", txlock)
		}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
	}
	write, err := sql.Open("sqlite", dsn("immediate"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	read, err := sql.Open("sqlite", dsn(""))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return &DB{read: read, write: write, queries: queries{read}}, nil
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
func (db *DB) Close() error { return errors.Join(db.read.Close(), db.write.Close()) }

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

// NextID hands out the next number of a named sequence (1, 2, 3, ...). Both databases
// know UPDATE ... RETURNING; their ways of numbering rows have nothing in common.
func (t *Tx) NextID(ctx context.Context, sequence string) (int64, error) {
	var id int64
	err := t.q.QueryRowContext(ctx, `INSERT INTO sequences (name, value) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET value = sequences.value + 1 RETURNING value`, sequence).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("next %s id: %w", sequence, err)
	}
	return id, nil
}

// NewGUID returns a fresh random identifier in the API's lower-case form.
func NewGUID() string { return uuid.NewString() }

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
