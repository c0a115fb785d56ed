package store

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"countersign/reference/internal/account"
)

// readError converts the error of a missing row to account.ErrNotFound. op names the operation.
func readError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows), isUnstorable(err):
		return fmt.Errorf("%s: %w", op, account.ErrNotFound)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// writeError converts a violated uniqueness to account.ErrExists.
func writeError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case isDuplicate(err):
		return fmt.Errorf("%s: %w", op, account.ErrExists)
	}
	return fmt.Errorf("%s: %w", op, err)
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

// requireAffected returns ErrNotFound if a statement affected no row.
func requireAffected(op string, res sql.Result, err error) error {
	if err != nil {
		return writeError(op, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if n == 0 {
		return fmt.Errorf("%s: %w", op, account.ErrNotFound)
	}
	return nil
}
