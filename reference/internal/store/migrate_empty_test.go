package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
)

var update = flag.Bool("update", false, "create empty.db.gz from the migrations")

// The embedded empty database is what the migrations create.
func TestEmptyDatabase(t *testing.T) {
	migrated := migratedSQLite(t)
	if *update {
		writeEmpty(t, migrated)
	}
	path := filepath.Join(t.TempDir(), "x.db")
	if created, err := createSQLite(path); !created || err != nil {
		t.Fatal(created, err)
	}
	if diff := cmp.Diff(dump(t, migrated), dump(t, path)); diff != "" {
		t.Errorf("empty.db.gz is old: run go test ./reference/internal/store -run TestEmptyDatabase -update (-migrations +file):\n%s", diff)
	}
}

// A database that exists is never replaced.
func TestCreateKeepsADatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if created, err := createSQLite(path); created || err != nil {
		t.Fatal(created, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "kept" {
		t.Errorf("got %q, %v", text, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files %v, %v", left, err)
	}
}

// migratedSQLite returns the path of a database that was created by the migrations alone.
func migratedSQLite(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "migrated.db")
	db, err := sqlitePool(path, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), db, goose.DialectSQLite3); err != nil {
		t.Fatal(err)
	}
	// The same file each time, without the space that migrations have freed.
	for _, statement := range []string{`UPDATE goose_db_version SET tstamp = '2026-01-01 00:00:00'`, `VACUUM`} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeEmpty(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("empty.db.gz", packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	emptySQLite = packed.Bytes()
}

// dump returns the schema of a database, its settings and the number of rows in each table.
func dump(t *testing.T, path string) []string {
	t.Helper()
	db, err := sqlitePool(path, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	texts := func(query string, args ...any) []string {
		all, err := list(context.Background(), db, query, query, args, func(row scanner) (text string, err error) { return text, row.Scan(&text) })
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := texts(`SELECT type || ' ' || name || ': ' || COALESCE(sql, '') FROM sqlite_schema ORDER BY 1`)
	for _, table := range texts(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1`) {
		all = append(all, texts(fmt.Sprintf(`SELECT '%s has rows: ' || COUNT(*) FROM %s`, table, table))...)
	}
	return slices.Concat(all, texts(`SELECT version_id || ' ' || is_applied FROM goose_db_version ORDER BY id`),
		texts(`PRAGMA journal_mode`), texts(`PRAGMA page_size`))
}
