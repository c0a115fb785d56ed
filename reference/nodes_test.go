package reference_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"countersign/reference/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// Two servers on one Postgres are one server to whoever comes to either.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	options := fmt.Sprintf("[Database]\nProvider = Postgres\n[Postgres]\nURL = %q\n", pgtest.URL(t))
	one, log, _ := start(t, t.TempDir(), options)
	two, _, _ := start(t, t.TempDir(), options)

	// Of those who come first, at either, one is the administrator.
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
	first, second := user(t, one, "X-Auth-Username: alice"), user(t, two, "X-Auth-Username: alice")
	if first["guid"] == nil || first["guid"] != second["guid"] {
		t.Errorf("alice is %v at one node and %v at the other", first["guid"], second["guid"])
	}
	if strings.Contains(log.String(), "countersign@") {
		t.Error("the log has the password of the database")
	}
}
