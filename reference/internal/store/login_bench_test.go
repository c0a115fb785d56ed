package store_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
	"countersign/reference/internal/policy"
	"countersign/reference/internal/store"
	"countersign/reference/internal/web"
)

// BenchmarkLogin signs in over HTTP by header, without a cookie, with both databases.
//
//	go test -run '^$' -bench Login ./reference/internal/store
//	COUNTERSIGN_MILLION=1 go test -run '^$' -bench Login/.*/users -timeout 30m ./reference/internal/store
//
// users=N/known signs in an existing user of N users; users=N/new signs in a new user. Their budget is constant.
// groups=N/same signs in a member of the N groups in the header; groups=N/other replaces all N memberships. Their
// budget is linear.
func BenchmarkLogin(b *testing.B) {
	for _, database := range []struct {
		name  string
		fresh func(testing.TB) func() *store.DB
	}{{"sqlite", freshSQLite}, {"postgres", freshPostgres}} {
		b.Run(database.name, func(b *testing.B) {
			for _, n := range []int{10, 10_000, 1_000_000} {
				b.Run(fmt.Sprint("users=", n), func(b *testing.B) {
					if n == 1_000_000 && os.Getenv("COUNTERSIGN_MILLION") == "" {
						b.Skip("set COUNTERSIGN_MILLION=1: it takes a while to make them")
					}
					db := database.fresh(b)()
					fill(b, db, n)
					loginsAmongMany(b, db, n)
				})
			}
			for _, n := range []int{1, 8, 1000} {
				b.Run(fmt.Sprint("groups=", n), func(b *testing.B) { loginsWithGroups(b, database.fresh(b)(), n) })
			}
		})
	}
}

// fill inserts users user1, user2, ... with statements of many rows.
func fill(b *testing.B, db *store.DB, n int) {
	b.Helper()
	const most = 2000 // rows in a statement: SQLite accepts 32766 parameters
	ctx := context.Background()
	began := time.Now()
	defer func() { b.Logf("%d users made in %v", n, time.Since(began)) }()
	insert := func(from, to int) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			var rows []string
			var args []any
			for i := from; i < to; i++ {
				p := len(args)
				rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, '', '', '', 'viewer', TRUE, FALSE, 1, 1, 1, '')", p+1, p+2, p+3, p+4))
				name := fmt.Sprint("user", i)
				args = append(args, fmt.Sprintf("%08x-guid", i), i, base64.StdEncoding.EncodeToString([]byte(name)), name)
			}
			return tx.Exec(ctx, `INSERT INTO users (guid, id, unique_id, username, first_name, last_name, email, role,
				confirmed, locked, created, updated, active, credential) VALUES `+strings.Join(rows, ", "), args...)
		}
	}
	for i := 1; i <= n; i += most {
		if err := db.InTx(ctx, insert(i, min(i+most, n+1))); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.InTx(ctx, func(tx *store.Tx) error {
		return tx.Exec(ctx, `INSERT INTO sequences (name, value) VALUES ('user', $1)`, n)
	}); err != nil {
		b.Fatal(err)
	}
	if err := db.InTx(ctx, func(tx *store.Tx) error { return tx.Exec(ctx, `ANALYZE`) }); err != nil {
		b.Fatal(err) // both databases do this automatically after a while
	}
}

// serve starts the whole server with a store.
func serve(b *testing.B, db *store.DB, options string) (login func(name string, groups []string)) {
	b.Helper()
	cfg, err := config.Parse("bench.gcfg", []byte("[Authentication]\nProvider = proxy\n[ProxyAuth]\n"+options), nil)
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	accounts := account.New(account.Options{Store: db.Accounts(), Policy: policy.Accounts(cfg), SessionLifetime: time.Hour})
	var handler http.Handler
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	server.Config.MaxHeaderBytes = 512 << 10 // as in package reference, for a thousand groups
	server.Start()
	b.Cleanup(server.Close)
	handler = web.New(web.Options{Config: cfg, Log: log, Now: time.Now, Base: server.URL + "/", Accounts: accounts})
	return func(name string, groups []string) {
		req, err := http.NewRequest("GET", server.URL+"/__api__/v1/user", nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header = http.Header{"X-Auth-Username": {name}, "X-Auth-Groups": groups}
		res, err := server.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close() //nolint:errcheck // read to its end
		if err != nil || res.StatusCode != 200 || len(res.Cookies()) == 0 {
			b.Fatalf("login of %s: %d, %d cookies, %v: %s", name, res.StatusCode, len(res.Cookies()), err, body)
		}
	}
}

func loginsAmongMany(b *testing.B, db *store.DB, n int) {
	login := serve(b, db, "")
	b.Run("known", func(b *testing.B) {
		chance := rand.New(rand.NewPCG(1, uint64(n)))
		for b.Loop() {
			login(fmt.Sprint("user", 1+chance.IntN(n)), nil)
		}
	})
	next := 0
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			next++
			login(fmt.Sprint("newcomer", next), nil)
		}
	})
}

func loginsWithGroups(b *testing.B, db *store.DB, n int) {
	login := serve(b, db, "GroupsHeader = X-Auth-Groups\nGroupsAutoProvision = true\n")
	lists := [2][]string{}
	for i := range lists {
		for g := range n {
			lists[i] = append(lists[i], fmt.Sprintf("group-%d-%d", i, g))
		}
		login("alice", lists[i])
	}
	b.Run("same", func(b *testing.B) {
		login("alice", lists[0])
		for b.Loop() {
			login("alice", lists[0])
		}
	})
	turn := 0
	b.Run("other", func(b *testing.B) {
		for b.Loop() {
			turn++
			login("alice", lists[turn%2])
		}
	})
}
