package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
)

// A write while another process has locked the database returns dberr.Busy, and a write to a full one dberr.Full.
func TestSQLiteBusyAndFull(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := OpenSQLite(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := sql.Open("sqlite", sqliteDSN(path, "_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	add := func() error {
		return db.Accounts().Update(ctx, func(tx account.Tx) error {
			for n := range 100 {
				name := fmt.Sprint("u", n)
				if err := tx.InsertUser(ctx, &account.User{GUID: name, UniqueID: name, Username: name, Email: string(make([]byte, 4096))}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	lock, err := other.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.write.ExecContext(ctx, "PRAGMA busy_timeout = 10"); err != nil {
		t.Fatal(err)
	}
	if err := add(); !errors.Is(err, dberr.Busy) {
		t.Errorf("locked: %v", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.write.ExecContext(ctx, "PRAGMA max_page_count = 1"); err != nil { // the present size
		t.Fatal(err)
	}
	if err := add(); !errors.Is(err, dberr.Full) {
		t.Errorf("full: %v", err)
	}
}

// The errors of Postgres have the same names. An error of another kind has neither.
func TestPostgresBusyAndFull(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{"53100": dberr.Full, "53300": dberr.Busy, "55P03": dberr.Busy,
		"40001": dberr.Busy, "57P03": dberr.Busy, "42601": nil} {
		err := storeError("read", &pgconn.PgError{Code: code})
		for _, name := range []error{dberr.Busy, dberr.Full} {
			if errors.Is(err, name) != (name == want) {
				t.Errorf("%s is %v", code, err)
			}
		}
	}
}
