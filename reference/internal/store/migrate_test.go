package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"countersign/reference/internal/store/pgtest"
)

// A database of version 4 loses its sessions, whose XSRF tokens were stored, and the keys of a kind that no longer
// exists. It keeps users and other keys.
func TestMigrateSessions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		dialect goose.Dialect
		driver  string
		address func(*testing.T) string
		open    func(context.Context, string) (*DB, error)
	}{
		{"sqlite", goose.DialectSQLite3, "sqlite", func(t *testing.T) string { return filepath.Join(t.TempDir(), "x.db") }, OpenSQLite},
		{"postgres", goose.DialectPostgres, "pgx", func(t *testing.T) string { return pgtest.URL(t) }, OpenPostgres},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, address := t.Context(), test.address(t)
			oldVersion(t, test.dialect, test.driver, address)
			db, err := test.open(ctx, address)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for query, want := range map[string]int{
				`SELECT COUNT(*) FROM sessions`:                       0,
				`SELECT COUNT(*) FROM users WHERE guid = 'ada'`:       1,
				`SELECT COUNT(*) FROM api_keys WHERE kind = 'user'`:   1,
				`SELECT COUNT(*) FROM api_keys WHERE kind <> 'user'`:  0,
				`SELECT COUNT(*) FROM oauth_sessions`:                 0,
				`SELECT COUNT(*) FROM vault_keys WHERE id = 'sealed'`: 1,
			} {
				if n, err := count(ctx, db.q, "count", query); err != nil || n != want {
					t.Errorf("%s: %d, %v; want %d", query, n, err, want)
				}
			}
			if _, err := exec(ctx, db.write, "find the column", `UPDATE sessions SET xsrf = ''`); err == nil {
				t.Error("sessions still have XSRF tokens")
			}
		})
	}
}

// oldVersion creates a database of version 4 with a user who is signed in and has keys.
func oldVersion(t *testing.T, dialect goose.Dialect, driver, address string) {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := migrator(db, dialect)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO users VALUES ('ada', 1, 'YWRh', 'ada', '', '', '', 'viewer', TRUE, FALSE, 1, 1, 1, '')`,
		`INSERT INTO sessions VALUES ('hash', 'ada', 'token', 'digest', 1, 9000000000000000)`,
		`INSERT INTO api_keys VALUES (1, 'user', 'ada', '', 'k', 'h1', 'tail', 'viewer', 1, 0, 0)`,
		`INSERT INTO api_keys VALUES (2, 'visitor', 'ada', '', 'k', 'h2', 'tail', 'viewer', 1, 0, 1)`,
		`INSERT INTO vault_keys VALUES ('sealed')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
