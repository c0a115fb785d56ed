package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/reference"
)

// served runs a server with a configuration until stop is called.
func served(t *testing.T, config string) (url string, stop func()) {
	t.Helper()
	s, err := reference.New(t.Context(), reference.Config{File: config})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s.Base(), func() {
		t.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the server does not stop")
		}
	}
}

// signIn sends one request with the header lines "Name: value".
func signIn(t *testing.T, url string, lines ...string) {
	t.Helper()
	req, err := http.NewRequest("GET", url+"__api__/v1/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		req.Header.Add(name, value)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("status %d for %q", res.StatusCode, lines)
	}
}

func manager(args ...string) (code int, output string) {
	var out strings.Builder
	code = run(context.Background(), append([]string{"usermanager"}, args...), &out, &out)
	return code, out.String()
}

func TestUsermanager(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "connect.gcfg")
	text := fmt.Sprintf("[Server]\nDataDir = %q\n[HTTP]\nListen = 127.0.0.1:0\n[Authentication]\nProvider = proxy\n[ProxyAuth]\nGroupsHeader = X-G\nGroupsAutoProvision = on\n[Logging]\nServiceLogLevel = ERROR\n",
		filepath.Join(dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := manager("--config", config, "list"); code != 1 || !strings.Contains(out, "no database") {
		t.Errorf("without a database: exit %d, %q", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("list created a data folder")
	}
	url, stop := served(t, config)
	signIn(t, url, "X-Auth-Username: ada")
	signIn(t, url, "X-Auth-Username: bob", "X-G: engineers")
	for _, args := range [][]string{{"list"}, {"alter", "-username", "bob", "-new-role", "publisher"}} {
		if code, out := manager(append([]string{"--config", config}, args...)...); code != 1 || !strings.Contains(out, "in use") {
			t.Errorf("while the server runs: exit %d, %q", code, out)
		}
	}
	if s, err := reference.New(t.Context(), reference.Config{File: config}); err == nil {
		t.Errorf("a second server started with the data of the first: %v", s.Base())
	}
	stop()
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"list"}, 0, "\tbob\t\t\t\tviewer\tno\n"},
		{[]string{"--groups", "list"}, 0, "\tengineers\t\n"},
		{[]string{"alter", "-username", "bob", "-new-role", "publisher"}, 0, `role "viewer" -> "publisher"`},
		{[]string{"--users", "alter", "--user-id=2", "--role=viewer"}, 0, `role "publisher" -> "viewer"`},
		{[]string{"alter", "--groups", "--group-name", "engineers", "--new-owner", "ada"}, 0, "owner"},
		{[]string{"--groups", "--normalize-ids"}, 0, "changed: 0"},
		{[]string{"alter", "--groups", "--normalize-ids"}, 0, "changed: 0"},
		{[]string{"alter", "--username", "bob", "--new-username", "apps"}, 1, "user bob: username is prohibited"},
		{[]string{"alter", "--username", "bob", "--new-unique-id", "x"}, 2, "Base64"},
		{[]string{"alter", "--username", "bob", "--username", "ada", "--lock"}, 2, "given twice"},
		{[]string{"alter", "--username", "bob", "--lock=false"}, 2, "takes no value"},
		{[]string{"alter", "--username"}, 2, "needs an argument"},
		{[]string{"--users", "--groups", "list"}, 2, "one of --users and --groups"},
		{[]string{"alter", "--username", "bob", "--role", "viewer", "--new-role", "viewer"}, 2, "older name"},
		{[]string{"alter", "--user-id", "-2", "--lock"}, 2, "not the id of a user"},
		{[]string{"list", "x"}, 2, `unexpected argument "x"`},
		{[]string{"audit"}, 2, `unknown command "audit"`},
		{[]string{"--nope"}, 2, "not defined"},
		{[]string{"delete", "--username", "bob"}, 0, "deleted user bob"},
		{[]string{"delete", "--username", "bob"}, 1, "user not found"},
		{[]string{"list", "-h"}, 0, "those marked"},
		{[]string{"help"}, 0, "--normalize-ids"},
	} {
		if code, out := manager(append([]string{"--config", config}, tt.args...)...); code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%q: exit %d, want %d, and %q in:\n%s", tt.args, code, tt.code, tt.want, out)
		}
	}
	if code, out := manager("--config", filepath.Join(dir, "absent"), "list"); code != 2 || !strings.Contains(out, "no such file") {
		t.Errorf("without a configuration: exit %d, %q", code, out)
	}
}
