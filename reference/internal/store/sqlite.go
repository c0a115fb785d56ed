package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// LOWER of SQLite supports ASCII only; LOWER of Postgres supports all letters, which a search needs.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("lower", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if s, ok := args[0].(string); ok {
			return strings.ToLower(s), nil
		}
		return args[0], nil
	})
}

// The maximum number of connections for single statements.
const sqliteReaders = 8

// OpenSQLite opens or creates the database in the file at path and migrates it.
func OpenSQLite(ctx context.Context, path string) (*DB, error) {
	created, err := createSQLite(path)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	write, err := sqlitePool(path, "_txlock=immediate", 1)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if !created {
		if err := migrate(ctx, write, goose.DialectSQLite3); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
		}
	}
	read, err := sqlitePool(path, "_pragma=query_only(1)", sqliteReaders)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	return &DB{read: read, write: write, q: uncancelled{read}}, nil
}

// sqlitePool returns a pool of at most n connections.
func sqlitePool(path, extra string, n int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(sqliteDSN(path, extra))
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(preparing{connector})
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	return pool, nil
}

// sqliteDSN returns the data source name. The write-ahead log lets readers continue while a transaction writes. With
// it, synchronous NORMAL can lose the last commits in a power failure but does not corrupt the database. The busy
// timeout lets the server wait for another process, such as a backup.
func sqliteDSN(path, extra string) string {
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas + "&" + extra
}
