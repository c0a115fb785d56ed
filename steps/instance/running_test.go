package instance

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/steps/target"
)

// TestCheckRunning checks the errors for running servers that cannot be tested.
func TestCheckRunning(t *testing.T) {
	const key = "the-key-of-an-administrator"
	user := func(w http.ResponseWriter, name string) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"guid": "0b0f6ed5-5e0f-4c6b-8d43-6f1d6e9a2b11", "username": name})
	}
	// server accepts the key, and replaces the identity header by the result of arrives.
	server := func(arrives func(string) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch name := arrives(r.Header.Get("X-Auth-Username")); {
			case r.Header.Get("Authorization") == "Key "+key:
				user(w, "operator")
			case name != "":
				user(w, name)
			default:
				w.WriteHeader(http.StatusUnauthorized)
			}
		}
	}
	unchanged := func(name string) string { return name }
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		key     string
		want    []string // parts of the error; empty means no error
	}{
		{"a server", server(unchanged), key, nil},
		{"a proxy that removes the header", server(func(string) string { return "" }), key, []string{"X-Auth-Username does not arrive", "401", "running.direct", "seat: proxy"}},
		{"a proxy that replaces the header", server(func(string) string { return "other" }), key, []string{"X-Auth-Username does not arrive", "running.config"}},
		{"a proxy that redirects to its login page", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/auth/login", http.StatusTemporaryRedirect)
		}, key, []string{"307", "seat: proxy"}},
		{"another key", server(unchanged), "wrong", []string{"running.key", "401"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(test.handler)
			defer s.Close()
			config := filepath.Join(t.TempDir(), "server.gcfg")
			if err := os.WriteFile(config, []byte("[Authentication]\nProvider = proxy\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := CheckRunning(t.Context(), target.Running{URL: s.URL, Config: config, Key: test.key}, 1)
			if len(test.want) == 0 && err != nil {
				t.Fatalf("CheckRunning: %v, want no error", err)
			}
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("CheckRunning: %v, want an error with %q", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), test.key) {
				t.Errorf("the error contains the key: %v", err)
			}
		})
	}
	err := CheckRunning(t.Context(), target.Running{URL: "http://127.0.0.1:1", Config: os.DevNull, Key: key}, 1)
	if err == nil || !strings.Contains(err.Error(), "gives no answer") {
		t.Errorf("CheckRunning of an address without a listener: %v, want an error", err)
	}
}
