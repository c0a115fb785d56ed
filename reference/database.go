package reference

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"countersign/reference/internal/config"
	"countersign/reference/internal/store"
)

// A database is the open store of a configuration. SQLite is reserved for one process; Postgres is shared, also
// between a server and usermanager.
type database struct {
	*store.DB
	lock *os.File // reserves a SQLite database for this process; nil with Postgres
}

// errInUse is the error of openDatabase if another process has the SQLite database open.
var errInUse = errors.New("the database is in use by a server, or by usermanager")

// openDatabase opens the configured database, and creates it if it does not exist.
func openDatabase(ctx context.Context, cfg *config.Config) (*database, error) {
	if cfg.Database.Provider == config.DatabasePostgres {
		db, err := store.OpenPostgres(ctx, string(cfg.Postgres.URL))
		if err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
		return &database{DB: db}, nil
	}
	path := cfg.SQLitePath()
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := lockSQLite(path)
	if err != nil {
		return nil, err
	}
	db, err := store.OpenSQLite(ctx, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), lock.Close())
	}
	return &database{db, lock}, nil
}

// lockSQLite reserves the database at path for this process, or returns errInUse. The folder must exist; the database
// need not. The locks of SQLite itself last for one transaction only.
func lockSQLite(path string) (*os.File, error) {
	lock, err := lockFile(path + ".lock")
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("lock %s: %w", path, errInUse)
	}
	return lock, err
}

// openExistingDatabase opens the configured database without creating one. An exception is an empty Postgres
// database, in which it creates the tables, because it does not indicate a wrong path.
func openExistingDatabase(ctx context.Context, cfg *config.Config) (*database, error) {
	if cfg.Database.Provider == config.DatabaseSQLite {
		path := cfg.SQLitePath()
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no database at %s: has the server run with this configuration?", path)
		} else if err != nil {
			return nil, fmt.Errorf("find database: %w", err)
		}
	}
	return openDatabase(ctx, cfg)
}

// Close closes the store and then releases it.
func (d *database) Close() error {
	err := d.DB.Close()
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create data directory: %w", err)
	}
	return nil
}
