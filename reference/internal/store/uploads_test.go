package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"countersign/reference/internal/content"
	"countersign/reference/internal/store"
	"countersign/reference/internal/store/pgtest"
)

// An insertion of an archive that takes long does not block insertions for other items.
func TestPostgresInsertsBundlesConcurrently(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	address := pgtest.URL(t)
	opened, err := store.OpenPostgres(ctx, address)
	db := keepOpen(t, opened, err)
	if err := db.InTx(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.Exec(ctx, `INSERT INTO users (guid, id, unique_id, username, first_name, last_name, email, role, confirmed, locked, created,
				updated, active, credential) VALUES ('u', 1, 'u', 'u', '', '', '', 'publisher', TRUE, FALSE, 1, 1, 1, '')`),
			tx.Exec(ctx, `INSERT INTO content_items SELECT n, CAST(n AS BIGINT), 'u', n, '', '', 'acl', 'unknown', 0, '{}', 1, 0 FROM (VALUES ('1'), ('2')) v (n)`))
	}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // the test is over
	lock, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(ctx, `SELECT 1 FROM content_items WHERE guid = '1' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() { slow <- db.Content().InsertBundle(ctx, &content.Bundle{ContentGUID: "1"}, []byte("x")) }()
	for waiting := 0; waiting == 0; time.Sleep(5 * time.Millisecond) {
		err := lock.QueryRow(ctx, `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))`).Scan(&waiting)
		if err != nil {
			t.Fatalf("the insertion for the locked item does not wait: %v", err)
		}
	}
	quick, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if err := db.Content().InsertBundle(quick, &content.Bundle{ContentGUID: "2"}, []byte("x")); err != nil {
		t.Errorf("another item: %v", err)
	}
	if err := lock.Rollback(ctx); err != nil {
		t.Error(err)
	}
	if err := <-slow; err != nil {
		t.Errorf("the locked item: %v", err)
	}
}
