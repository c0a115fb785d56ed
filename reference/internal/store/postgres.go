package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// The maximum numbers of connections of a node. Write transactions wait for each other in the database (see lock), so
// that more connections would only wait.
const (
	postgresReaders = 12
	postgresWriters = 4
)

// connectTime is the timeout for connecting if the URL sets no connect_timeout.
const connectTime = 10 * time.Second

// OpenPostgres opens the database at url and migrates it. Several nodes may do so concurrently. It creates the schema
// in search_path of the URL if it does not exist. Errors do not contain the URL, which contains a password.
func OpenPostgres(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open Postgres: the URL cannot be read") // pgx's own words quote parts of it
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "countersign"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	readOnly := config.Copy()
	readOnly.RuntimeParams["default_transaction_read_only"] = "on"

	// The driver prepares each statement text once for each connection.
	db := &DB{read: stdlib.OpenDB(*readOnly), write: stdlib.OpenDB(*config)}
	db.q = db.read
	for pool, n := range map[*sql.DB]int{db.read: postgresReaders, db.write: postgresWriters} {
		pool.SetMaxOpenConns(n)
		pool.SetMaxIdleConns(n)
	}
	if err := db.preparePostgres(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open Postgres: %w", err), db.Close())
	}
	return db, nil
}

// preparePostgres creates schema and tables on one node at a time, because CREATE ... IF NOT EXISTS and goose first
// check and then act.
func (db *DB) preparePostgres(ctx context.Context) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err // the error of pgx names host, user and database, but no password
	}
	defer conn.Close()
	var path string
	if err := conn.QueryRowContext(ctx, `SELECT current_setting('search_path')`).Scan(&path); err != nil {
		return fmt.Errorf("read search_path: %w", err)
	}
	const lock, unlock = `SELECT pg_advisory_lock($1, 0)`, `SELECT pg_advisory_unlock($1, 0)`
	if _, err := conn.ExecContext(ctx, lock, lockSpace(path)); err != nil {
		return fmt.Errorf("wait for other nodes: %w", err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), unlock, lockSpace(path)) //nolint:errcheck // the connection's end unlocks too

	var schema sql.NullString
	const current = `SELECT current_schema()`
	if err := conn.QueryRowContext(ctx, current).Scan(&schema); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if !schema.Valid {
		if err := createSchema(ctx, conn, path); err != nil {
			return err
		}
		if err := conn.QueryRowContext(ctx, current).Scan(&schema); err != nil {
			return fmt.Errorf("read schema: %w", err)
		}
	}
	db.space = lockSpace(schema.String)
	return migrate(ctx, db.write, goose.DialectPostgres)
}

// plainName matches names of schemas that need no quotes in search_path. They have 63 bytes at most.
var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_$]*$`)

// createSchema creates the first schema in search_path. It creates only schemas with plain names; an operator must
// create others.
func createSchema(ctx context.Context, conn *sql.Conn, path string) error {
	first, _, _ := strings.Cut(path, ",")
	name := strings.Trim(strings.TrimSpace(first), `"`)
	if len(name) > 63 || !plainName.MatchString(name) {
		return fmt.Errorf("search_path names no schema that exists, and %q is not a name in lower case to make one by", name)
	}
	if _, err := conn.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create schema %s: %w", name, err)
	}
	return nil
}

// Locks that a write transaction in Postgres takes first. SQLite has only one writer at a time. With these locks,
// transactions with the same lock run one after another on all nodes, so that data that a transaction has read
// remains valid until it ends, and no deadlock occurs. A transaction takes several locks in this order.
const (
	noLock       = iota // safe with concurrent transactions; the caller states the reason
	lockAccounts        // users, groups, sessions, keys, deployment tokens
	lockContent         // content and OAuth integrations
)

// lock waits until no other transaction on any node has the lock. The lock is released when the transaction ends.
func (t *Tx) lock(ctx context.Context, which int) error {
	if t.space == 0 || which == noLock {
		return nil
	}
	if _, err := t.q.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, t.space, which); err != nil {
		return fmt.Errorf("wait for other writers: %w", err)
	}
	return nil
}

// lockSpace returns the first half of the key of an advisory lock. Advisory locks belong to a database and the tables
// to a schema. Two schemas with the same number only wait for each other. The number is never 0, which stands for
// SQLite.
func lockSpace(name string) int32 {
	h := fnv.New32a()
	h.Write([]byte("countersign " + name)) //nolint:errcheck // never fails
	return int32(h.Sum32() | 1)
}

// isUnstorable reports whether Postgres refused a text because no column can contain it: a text with a zero byte or
// invalid UTF-8. A table contains no row with such a text.
func isUnstorable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22021" // character_not_in_repertoire
}
