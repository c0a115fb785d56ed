package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"countersign/reference/internal/store"
)

// Open returns an empty store for a test of another package. It copies a store that is migrated once, because a
// migration takes longer than most tests under the race detector.
func Open(t testing.TB) *store.DB {
	t.Helper()
	migrated, err := empty()
	if err != nil {
		t.Fatalf("migrate an empty store: %v", err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, migrated, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenSQLite(context.Background(), path)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the folder goes next
	return db
}

// empty returns the file of a store without rows.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "storetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "empty.db")
	db, err := store.OpenSQLite(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // writes the log back into the file
		return nil, err
	}
	return os.ReadFile(path)
})
