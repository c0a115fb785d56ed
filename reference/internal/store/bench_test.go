package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"countersign/reference/internal/store"
)

// BenchmarkOpenSQLite measures the largest part of a first start: creating an empty database with its schema.
func BenchmarkOpenSQLite(b *testing.B) {
	dir := b.TempDir()
	for i := range b.N {
		db, err := store.OpenSQLite(context.Background(), filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
