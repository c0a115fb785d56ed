package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// emptySQLite is a compressed SQLite database to which all migrations were applied. A test creates it from the
// migrations (go test -run TestEmptyDatabase -update) and compares it with them.
//
//go:embed empty.db.gz
var emptySQLite []byte

// migrator returns the migrations of a database.
func migrator(db *sql.DB, dialect goose.Dialect) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// migrate executes the migrations that the database does not have yet.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	p, err := migrator(db, dialect)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// createSQLite creates a database in the file at path, unless the file exists, as a copy of emptySQLite. This takes a
// fraction of the time of the migrations, which was more than half of the time of a first start. It reports whether it
// has created the database, which then needs no migration.
func createSQLite(path string) (created bool, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(emptySQLite))
	if err != nil {
		return false, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // a file that nobody reads
	_, err = io.Copy(temp, unpacked)
	if err := errors.Join(err, temp.Close()); err != nil {
		return false, err
	}
	// Unlike Rename, Link keeps a database that another process has created in the meantime. If the file system has no
	// links, the migrations create the database.
	return os.Link(temp.Name(), path) == nil, nil
}
