package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"countersign/reference/internal/dberr"
)

// named adds dberr.Busy or dberr.Full to an error of a database that is locked, not available or
// full. It returns other errors unchanged.
func named(err error) error {
	switch {
	case err == nil, errors.Is(err, dberr.Busy), errors.Is(err, dberr.Full):
		return err
	case isFull(err):
		return fmt.Errorf("%w: %w", dberr.Full, err)
	case isBusy(err):
		return fmt.Errorf("%w: %w", dberr.Busy, err)
	}
	return err
}

// isFull reports whether a statement failed because the disk is full or the database has its maximum size.
func isFull(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_FULL
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "53100" // disk_full
}

// isBusy reports whether a statement failed because of a lock, of missing resources other than space, or because the
// database does not accept connections. The low byte of a code of SQLite is its primary code.
func isBusy(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01", "55P03", // serialization_failure, deadlock_detected, lock_not_available
		"53000", "53200", "53300", // insufficient_resources, out_of_memory, too_many_connections
		"57P01", "57P02", "57P03": // admin_shutdown, crash_shutdown, cannot_connect_now
		return true
	}
	return false
}

// isDuplicate reports whether a statement failed because a key or unique value already exists.
func isDuplicate(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505" // unique_violation
}
