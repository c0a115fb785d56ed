package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"countersign/reference/internal/dberr"
)

// This file has the functions through which all methods of this package execute statements. op names the operation in
// errors. Every error that they return has passed through storeError.

// scanner is a row, as *sql.Row or as the present row of *sql.Rows.
type scanner interface{ Scan(targets ...any) error }

// one reads the row of a query. It returns dberr.NotFound if there is none.
func one[T any](ctx context.Context, q querier, op, query string, args []any, scan func(scanner) (T, error)) (T, error) {
	v, err := scan(q.QueryRowContext(ctx, query, args...))
	if err != nil {
		var none T
		return none, storeError(op, err)
	}
	return v, nil
}

// list reads all rows of a query. The result is never nil.
func list[T any](ctx context.Context, q querier, op, query string, args []any, scan func(scanner) (T, error)) ([]T, error) {
	all := []T{}
	rows, err := q.QueryContext(ctx, query, args...)
	if isUnstorable(err) {
		return all, nil
	}
	if err != nil {
		return nil, storeError(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, storeError(op, err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, storeError(op, err)
	}
	return all, nil
}

// count reads a number. It returns 0 for a text that no row can contain.
func count(ctx context.Context, q querier, op, query string, args ...any) (int, error) {
	n, err := one(ctx, q, op, query, args, func(row scanner) (n int, err error) { return n, row.Scan(&n) })
	if errors.Is(err, dberr.NotFound) {
		return 0, nil
	}
	return n, err
}

// exec executes a statement and returns the number of rows that it affected.
func exec(ctx context.Context, q querier, op, query string, args ...any) (int64, error) {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, storeError(op, err)
	}
	n, err := result.RowsAffected()
	return n, storeError(op, err)
}

// execOne executes a statement for a row that must exist. It returns dberr.NotFound if the statement affected no row.
func execOne(ctx context.Context, q querier, op, query string, args ...any) error {
	n, err := exec(ctx, q, op, query, args...)
	if err == nil && n == 0 {
		return storeError(op, sql.ErrNoRows)
	}
	return err
}

// storeError adds the error of package dberr to an error of the database, if there is one for it. It returns other
// errors with the operation only.
func storeError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, dberr.NotFound), errors.Is(err, dberr.Exists), errors.Is(err, dberr.Busy), errors.Is(err, dberr.Full):
		return err // of an inner statement
	case errors.Is(err, sql.ErrNoRows), isOrphan(err), isUnstorable(err):
		return fmt.Errorf("%s: %w", op, dberr.NotFound)
	case isDuplicate(err):
		return fmt.Errorf("%s: %w", op, dberr.Exists)
	}
	return fmt.Errorf("%s: %w", op, named(err))
}

// isOrphan reports whether a statement failed because a row to which it refers does not exist.
func isOrphan(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503" // foreign_key_violation
}
