package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
	"countersign/reference/internal/content"
	"countersign/reference/internal/policy"
	"countersign/reference/internal/store"
	"countersign/reference/internal/web"
)

// TestListsReadOnce tests that the number of statements of a list does not grow with the list.
func TestListsReadOnce(t *testing.T) {
	t.Parallel()
	db := openSQLite(t)
	statements := db.CountStatements()
	cfg, err := config.Parse("list.gcfg", []byte("[Authentication]\nProvider = proxy\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	accounts := account.New(account.Options{Store: db.Accounts(), Policy: policy.Accounts(cfg), SessionLifetime: time.Hour, Log: log})
	items, err := content.New(t.Context(), content.Options{Store: db.Content(), Accounts: accounts, DataDir: t.TempDir(), Node: "n", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := items.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	handler := web.New(web.Options{Config: cfg, Log: log, Now: time.Now, Base: "http://example/", Accounts: accounts, Content: items})
	get := func(user, path string) (list []map[string]any, n int64) {
		t.Helper()
		before := statements.Load()
		request, reply := httptest.NewRequest(http.MethodGet, "/__api__/v1/"+path, nil), httptest.NewRecorder()
		request.Header.Set("X-Auth-Username", user)
		handler.ServeHTTP(reply, request)
		if err := json.Unmarshal(reply.Body.Bytes(), &list); err != nil || reply.Code != http.StatusOK {
			t.Fatalf("%s by %s: %d %s", path, user, reply.Code, reply.Body)
		}
		return list, statements.Load() - before
	}
	get("owner", "content") // the first user is the administrator
	get("viewer", "content")
	addItems(t, db, 1, 3)
	paths := []struct{ user, path string }{{"owner", "content"}, {"viewer", "content"}, {"viewer", "content?include=owner"}, {"owner", "content/item1/bundles"}}
	few := map[string]int64{}
	for _, p := range paths {
		_, few[p.user+p.path] = get(p.user, p.path)
	}
	addItems(t, db, 4, 40)
	for _, p := range paths {
		list, n := get(p.user, p.path)
		if len(list) != 40 || n != few[p.user+p.path] {
			t.Errorf("%s by %s: %d statements for %d rows, %d for 3", p.path, p.user, n, len(list), few[p.user+p.path])
		}
	}
}

// addItems inserts items with a permission for the viewer, and as many bundles of item1.
func addItems(t *testing.T, db *store.DB, from, to int) {
	t.Helper()
	ctx := t.Context()
	err := db.InTx(ctx, func(tx *store.Tx) error {
		for i := from; i <= to; i++ {
			guid := fmt.Sprint("item", i)
			for _, s := range []struct {
				query string
				args  []any
			}{
				{`INSERT INTO content_items SELECT $1, $2, guid, $1, '', '', 'acl', 'unknown', 0, '{}', 1, 0 FROM users WHERE username = 'owner'`, []any{guid, i}},
				{`INSERT INTO content_permissions SELECT $2, $1, guid, 'user', 'viewer' FROM users WHERE username = 'viewer'`, []any{guid, i}},
				{`INSERT INTO content_bundles SELECT $1, 'item1', guid, 1, 0, '', '', 'null' FROM users WHERE username = 'owner'`, []any{i}},
			} {
				if err := tx.Exec(ctx, s.query, s.args...); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
