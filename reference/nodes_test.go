package reference_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"countersign/reference"
	"countersign/reference/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// refused requires that a server with a data folder does not start, for the given reason.
func refused(t *testing.T, dir, options, why string) {
	t.Helper()
	text := fmt.Sprintf("[Server]\nDataDir = %q\n[HTTP]\nListen = 127.0.0.1:0\n[Authentication]\nProvider = proxy\n%s", dir, options)
	s, err := reference.New(t.Context(), reference.Config{File: "test.gcfg", Text: []byte(text), Stderr: io.Discard})
	if err == nil {
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		t.Fatalf("a second server starts on %s (closed: %v), want: %s", dir, s.Run(stopped), why)
	}
	if !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "countersign@") {
		t.Errorf("refused with %q, want %q and no password", err, why)
	}
}

// Two servers with one Postgres behave like one server.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	options := fmt.Sprintf("[Database]\nProvider = Postgres\n[Postgres]\nURL = %q\n", pgtest.URL(t))
	first, second := t.TempDir(), t.TempDir()
	one, log, _ := start(t, first, options)

	// A folder belongs to one node, and nodes share the key of the vault.
	refused(t, first, options, "a server runs in the data folder")
	refused(t, second, options, "sealed by another key")
	key, err := os.ReadFile(filepath.Join(first, "vault.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(second, "vault.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	two, _, _ := start(t, second, options)

	// Only one of several concurrent first users becomes the administrator.
	var wg sync.WaitGroup
	roles := make([]string, 8)
	for i := range roles {
		wg.Go(func() {
			roles[i] = fmt.Sprint(user(t, []string{one, two}[i%2], fmt.Sprint("X-Auth-Username: user", i))["user_role"])
		})
	}
	wg.Wait()
	if got := strings.Count(fmt.Sprint(roles), "administrator"); got != 1 {
		t.Errorf("roles %v, want one administrator", roles)
	}
	here, there := user(t, one, "X-Auth-Username: alice"), user(t, two, "X-Auth-Username: alice")
	if here["guid"] == nil || here["guid"] != there["guid"] {
		t.Errorf("alice is %v at one node and %v at the other", here["guid"], there["guid"])
	}
	if strings.Contains(log.String(), "countersign@") {
		t.Error("the log has the password of the database")
	}
}
