package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"countersign/reference/internal/store"
)

// Open returns an empty SQLite store for a test of another package, and closes it after the test.
func Open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the folder goes next
	return db
}
