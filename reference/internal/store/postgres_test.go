package store_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/store"
	"countersign/reference/internal/store/pgtest"
	"countersign/reference/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func freshPostgres(t testing.TB) func() *store.DB {
	address := pgtest.URL(t)
	return func() *store.DB {
		db, err := store.OpenPostgres(context.Background(), address)
		return keepOpen(t, db, err)
	}
}

func openPostgres(t testing.TB) *store.DB { return freshPostgres(t)() }

func TestPostgres(t *testing.T) {
	t.Parallel()
	pgtest.URL(t) // one skip if there is no database, instead of one for each test below
	t.Run("Accounts", func(t *testing.T) { storetest.Run(t, openPostgres) })
	t.Run("Content", func(t *testing.T) { storetest.RunContent(t, openPostgres) })
	t.Run("Integrations", func(t *testing.T) { storetest.RunIntegrations(t, openPostgres) })
	t.Run("Nodes", func(t *testing.T) { storetest.RunNodes(t, freshPostgres) })
}

// inSchema returns the URL of the test's database with another search_path.
func inSchema(t *testing.T, path string) string {
	t.Helper()
	u, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", path)
	u.RawQuery = q.Encode()
	return u.String()
}

// Nodes that start concurrently with an empty database all succeed; a missing schema is created.
func TestPostgresStartsAtOnce(t *testing.T) {
	t.Parallel()
	own, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	address := inSchema(t, own.Query().Get("search_path")+"_made, public")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := store.OpenPostgres(context.Background(), address)
			if err != nil {
				t.Error(err)
				return
			}
			if n, err := db.Accounts().CountUsers(context.Background()); err != nil || n != 0 {
				t.Errorf("%d users, %v", n, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Two schemas of one database are independent.
func TestPostgresSchemas(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := freshPostgres(t)(), freshPostgres(t)()
	err := a.Accounts().Update(ctx, func(tx account.Tx) error {
		u := account.User{GUID: "g", UniqueID: "u", Username: "u"}
		if err := tx.InsertUser(ctx, &u); err != nil {
			return err
		}
		// b can write while a writes.
		return b.Accounts().Update(ctx, func(tx account.Tx) error {
			n, err := tx.CountUsers(ctx)
			if n != 0 {
				t.Errorf("%d users of another schema", n)
			}
			return err
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// An error of opening gives the reason and does not contain the password.
func TestPostgresRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, address, want string }{
		{"no URL", "postgres://me:hunter2@[::1/x", "the URL cannot be read"},
		{"nobody there", "postgres://me:hunter2@127.0.0.1:1/x", "127.0.0.1:1"},
		{"another password", strings.Replace(pgtest.URL(t), ":countersign@", ":hunter2@", 1), "password authentication failed"},
		{"no name for a schema", inSchema(t, `"A b"`), "search_path names no schema that exists"},
		{"a long name for a schema", inSchema(t, strings.Repeat("a", 64)), "search_path names no schema that exists"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db, err := store.OpenPostgres(context.Background(), tt.address)
			if err == nil {
				db.Close() //nolint:errcheck // the test has failed
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q and no password", err, tt.want)
			}
		})
	}
}
