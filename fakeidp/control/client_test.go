package control_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/fakeidp/control"
)

// TestClientReadsStrictly checks that an unexpected reply is an error that names the call.
func TestClientReadsStrictly(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   string // a part of the error; "" means none
	}{
		{"good", 200, `{"entries":[{"seq":1,"time":"2026-11-22T01:00:00Z","endpoint":"token","outcome":"ok","status":200,"remote_addr":""}],"dropped":0}`, ""},
		{"unknown member", 200, `{"entries":[],"dropped":0,"more":1}`, "more"},
		{"trailing data", 200, `{"entries":[],"dropped":0}{}`, "after"},
		{"no JSON", 200, `hello`, "the reply"},
		{"entries lost", 200, `{"entries":[],"dropped":2}`, "lost its oldest 2"},
		{"refusal", 404, `{"error":"no such issuer"}`, "status 404: no such issuer"},
		{"refusal in prose", 502, `Bad Gateway`, "status 502: Bad Gateway"},
		{"endless refusal", 500, strings.Repeat("x", 5000), "status 500: xxx"},
		{"endless reply", 200, strings.Repeat(" ", 17<<20), "longer than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.EscapedPath() != "/issuers/a%2Fb/journal" {
					t.Errorf("path %q", r.URL.EscapedPath())
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			}))
			t.Cleanup(srv.Close)
			entries, err := control.Client{Base: srv.URL, HTTP: srv.Client()}.Journal(t.Context(), "a/b")
			if tc.want == "" {
				if err != nil || len(entries) != 1 {
					t.Errorf("got %v, %v", entries, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || len(err.Error()) > 400 {
				t.Fatalf("got %v, want %q in it", err, tc.want)
			}
			var e *control.Error
			if errors.As(err, &e) != (tc.status != 200) || (e != nil && e.Status != tc.status) {
				t.Errorf("error %#v for status %d", err, tc.status)
			}
		})
	}
}

func TestClientWithoutProvider(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	err := control.Client{Base: srv.URL}.DeleteIssuer(t.Context(), "blue")
	if err == nil || !strings.Contains(err.Error(), "DELETE /issuers/blue") {
		t.Errorf("got %v", err)
	}
}
