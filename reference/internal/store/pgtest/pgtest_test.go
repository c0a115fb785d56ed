package pgtest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"countersign/reference/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestImageIsTheRecipe(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("../../../../.ci/image", "--name", "postgres").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != pgtest.Image() {
		t.Errorf(".ci/image builds %s and the package looks for %s", got, pgtest.Image())
	}
}

// Two URLs are two empty schemas, and the role of the tests has no special rights.
func TestURL(t *testing.T) {
	t.Parallel()
	began := time.Now()
	first := pgtest.URL(t)
	t.Logf("started in %v", time.Since(began))
	for _, url := range []string{first, pgtest.URL(t)} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), `CREATE TABLE mine (n BIGINT)`); err != nil {
			t.Error(err)
		}
		var super, order string
		if err := conn.QueryRow(t.Context(), `SELECT current_setting('is_superuser'), datcollate FROM pg_database
			WHERE datname = current_database()`).Scan(&super, &order); err != nil {
			t.Error(err)
		}
		if os.Getenv(pgtest.EnvURL) == "" && (super != "off" || order != "C.UTF-8") {
			t.Errorf("superuser %s, order %s", super, order)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
