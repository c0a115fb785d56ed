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

// Connections that one node keeps at most. Writers wait for one another in the database (see lock), so more of them would
// only hold connections while they wait.
const (
	postgresReaders = 12
	postgresWriters = 4
)

// connectTime bounds connecting where the URL sets no connect_timeout.
const connectTime = 10 * time.Second

// OpenPostgres opens the database at url and migrates it. Several nodes may do so at once. A schema that the URL's
// search_path names is made if it is not there. The error never repeats the URL, which holds a password.
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

	// The driver prepares each statement text once for each connection, by itself.
	db := &DB{read: stdlib.OpenDB(*readOnly), write: stdlib.OpenDB(*config)}
	db.queries = queries{db.read}
	for pool, n := range map[*sql.DB]int{db.read: postgresReaders, db.write: postgresWriters} {
		pool.SetMaxOpenConns(n)
		pool.SetMaxIdleConns(n)
	}
	if err := db.preparePostgres(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open Postgres: %w", err), db.Close())
	}
	return db, nil
}

// preparePostgres makes schema and tables, one node at a time: CREATE ... IF NOT EXISTS and goose both look first and
// act then.
func (db *DB) preparePostgres(ctx context.Context) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err // what pgx says names host, user and database, and no password
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

// plainName is a schema's name as it can stand in search_path without quotes.
var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_$]{0,62}$`)

// createSchema makes the schema that a search_path names first. Only plain names are made: whoever has others made them.
func createSchema(ctx context.Context, conn *sql.Conn, path string) error {
	first, _, _ := strings.Cut(path, ",")
	name := strings.Trim(strings.TrimSpace(first), `"`)
	if !plainName.MatchString(name) {
		return fmt.Errorf("search_path names no schema that exists, and %q is not a name in lower case to make one by", name)
	}
	if _, err := conn.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("make schema %s: %w", name, err)
	}
	return nil
}

// Locks that a write transaction in Postgres takes first. In SQLite there is one writer at a time anyhow. With these,
// transactions of one subject follow one another in Postgres too, over all nodes: what one has read stays true until it
// ends, and rows are never locked crosswise. Who takes several takes them in this order.
const (
	unlocked     = iota // safe beside any other transaction: the caller says why
	lockAccounts        // users, groups, sessions, keys
	lockContent         // content and OAuth integrations
)

// lock waits until no other transaction, of any node, has the lock. It ends with the transaction.
func (t *Tx) lock(ctx context.Context, which int) error {
	if t.space == 0 || which == unlocked {
		return nil
	}
	if _, err := t.q.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, t.space, which); err != nil {
		return fmt.Errorf("wait for other writers: %w", err)
	}
	return nil
}

// lockSpace is the first half of an advisory lock's key: advisory locks belong to a database, our tables to a schema. Two
// schemas with the same number only wait for one another. It is never 0, which is SQLite's.
func lockSpace(name string) int32 {
	h := fnv.New32a()
	h.Write([]byte("countersign " + name)) //nolint:errcheck // never fails
	return int32(h.Sum32() | 1)
}

// cannotHold reports whether Postgres refused a text that no column of it can hold: one with a zero byte or that is not
// UTF-8. Asked for such a text, a table has no row of it.
func cannotHold(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22021" // character_not_in_repertoire
}
