package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// isOrphan reports whether a statement failed because a row to which it refers does not exist.
func isOrphan(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503" // foreign_key_violation
}

// exec runs one statement in its own transaction and returns the number of affected rows.
func (db *DB) exec(ctx context.Context, query string, args ...any) (int64, error) {
	var touched int64
	err := db.InTx(ctx, func(tx *Tx) (err error) {
		touched, err = tx.exec(ctx, query, args...)
		return err
	})
	return touched, err
}

func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// execRequired is exec for a row that must exist. It returns sql.ErrNoRows if the row does not exist.
func (t *Tx) execRequired(ctx context.Context, query string, args ...any) error {
	touched, err := t.exec(ctx, query, args...)
	if err == nil && touched == 0 {
		return sql.ErrNoRows
	}
	return err
}

// execRequired calls Tx.execRequired in its own transaction.
func (db *DB) execRequired(ctx context.Context, query string, args ...any) error {
	return db.InTx(ctx, func(tx *Tx) error { return tx.execRequired(ctx, query, args...) })
}
