package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"countersign/reference/internal/store"
	"countersign/reference/internal/store/storetest"
)

// keepOpen closes a store at the end of a test.
func keepOpen(t testing.TB, db *store.DB, err error) *store.DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func freshSQLite(t testing.TB) func() *store.DB {
	// The name contains characters with a meaning in URLs.
	path := filepath.Join(t.TempDir(), "a b?c%41#.db")
	return func() *store.DB {
		db, err := store.OpenSQLite(context.Background(), path)
		return keepOpen(t, db, err)
	}
}

func openSQLite(t testing.TB) *store.DB { return freshSQLite(t)() }

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openSQLite)
}

func TestSQLiteContent(t *testing.T) {
	t.Parallel()
	storetest.RunContent(t, openSQLite)
}

func TestSQLiteIntegrations(t *testing.T) {
	t.Parallel()
	storetest.RunIntegrations(t, openSQLite)
}

func TestSQLiteNodes(t *testing.T) {
	t.Parallel()
	storetest.RunNodes(t, freshSQLite)
}

// A database keeps its data when it is closed, and migrating it again changes nothing.
func TestSQLiteReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	for range 2 {
		db, err := store.OpenSQLite(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.OpenSQLite(context.Background(), filepath.Join(path, "below a file")); err == nil {
		t.Error("a path that cannot be is no error")
	}
}
