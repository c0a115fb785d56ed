package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"

	"countersign/reference/internal/dberr"
)

// counting is a connector of SQLite that counts how often its connections prepare a statement.
type counting struct {
	driver.Connector
	prepared map[string]int
	conns    []*preparedConn
}

func (c *counting) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	known := conn.(*preparedConn)
	known.preparer = countingConn{known.preparer, c}
	c.conns = append(c.conns, known)
	return known, nil
}

type countingConn struct {
	preparer
	counts *counting
}

func (c countingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.counts.prepared[query]++
	return c.preparer.PrepareContext(ctx, query)
}

// countingPool returns a pool of one connection with the table t, whose rows are 1, 2 and 3.
func countingPool(t *testing.T) (*sql.DB, *counting) {
	t.Helper()
	connector, err := sqlite.NewConnector(sqliteDSN(filepath.Join(t.TempDir(), "x.db"), ""))
	if err != nil {
		t.Fatal(err)
	}
	counts := &counting{preparing{connector}, map[string]int{}, nil}
	db := sql.OpenDB(counts)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for _, statement := range []string{`CREATE TABLE t (n BIGINT UNIQUE)`, `INSERT INTO t VALUES (1), (2), (3)`} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return db, counts
}

// A connection prepares a statement once, inside and outside of transactions, also after an error.
func TestStatementsArePreparedOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, counts := countingPool(t)
	const read, write = `SELECT COUNT(*) FROM t WHERE n > $1`, `INSERT INTO t VALUES ($1)`
	for round := range 3 {
		if n, err := count(ctx, db, "outside", read, round); err != nil || n == 0 {
			t.Errorf("outside: %d, %v", n, err)
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := count(ctx, tx, "inside", read, round); err != nil || n == 0 {
			t.Errorf("inside: %d, %v", n, err)
		}
		if _, err := exec(ctx, tx, "write", write, 10+round); err != nil {
			t.Error(err)
		}
		if _, err := exec(ctx, tx, "write again", write, 1); !errors.Is(err, dberr.Exists) {
			t.Errorf("a number that exists: %v", err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{read, write} {
		if n := counts.prepared[query]; n != 1 {
			t.Errorf("prepared %d times: %s", n, query)
		}
	}
}

// A statement whose rows are open can be executed again.
func TestStatementInUse(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, _ := countingPool(t)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing is written
	const query = `SELECT n FROM t ORDER BY n`
	numbers := func(row scanner) (n int, err error) { return n, row.Scan(&n) }
	for range 2 {
		inner := 0
		outer, err := list(ctx, tx, "outer", query, nil, func(row scanner) (int, error) {
			all, err := list(ctx, tx, "inner", query, nil, numbers)
			inner += len(all)
			if err != nil {
				return 0, err
			}
			return numbers(row)
		})
		if err != nil || fmt.Sprint(outer) != "[1 2 3]" || inner != 9 {
			t.Errorf("got %v with %d inner rows, %v", outer, inner, err)
		}
	}
}

// A connection keeps a bounded number of statements, and those that it keeps see a new schema.
func TestStatementsAreBounded(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, counts := countingPool(t)
	for i := range 2 * maxPrepared {
		if n, err := count(ctx, db, "count", fmt.Sprintf(`SELECT COUNT(*) + %d FROM t`, i)); err != nil || n != i+3 {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if n := len(counts.conns[0].free); n != maxPrepared {
		t.Errorf("%d statements, want %d", n, maxPrepared)
	}
	const query = `SELECT * FROM t WHERE n = 1`
	for _, want := range []int{1, 2} {
		rows, err := db.QueryContext(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil || len(columns) != want {
			t.Errorf("columns %v, %v; want %d", columns, err, want)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if want == 1 {
			if _, err := db.ExecContext(ctx, `ALTER TABLE t ADD COLUMN more TEXT`); err != nil {
				t.Fatal(err)
			}
		}
	}
}
