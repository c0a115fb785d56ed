package driver_test

import (
	"net/http"
	"strings"
	"testing"

	"countersign/steps/driver"
)

// TestForgeKey checks that the forged request has the cookies and the identity but no XSRF
// header: a page of another site cannot add that header.
func TestForgeKey(t *testing.T) {
	t.Parallel()
	var j journal
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "rsconnect", Value: "session", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "RSC-XSRF", Value: "echo", Path: "/"})
		answerJSON(w, 200, map[string]any{"guid": "u-1", "username": "alice-bcd", "key": "secret-key"})
	})))
	p := alice(s, nil)
	if _, err := p.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ForgeKey(t.Context(), "u-1", "name"); err != nil {
		t.Fatal(err)
	}
	got := j.last()
	if got.Method != http.MethodPost || got.URI != "/__api__/v1/users/u-1/keys" || got.Body != `{"name":"name"}` {
		t.Errorf("got %+v", got)
	}
	if got.Header.Get("X-Rsc-Xsrf") != "" || !strings.Contains(got.Header.Get("Cookie"), "rsconnect=session") || got.Header.Get("X-Auth-Username") == "" {
		t.Errorf("got %v", got.Header)
	}
	if p.HasKey() {
		t.Error("ForgeKey stored the key")
	}
}

// TestSendInstead checks that only the named line is replaced.
func TestSendInstead(t *testing.T) {
	t.Parallel()
	var j journal
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 200, map[string]any{}) })))
	p := alice(s, nil)
	if _, err := p.SendInstead(t.Context(), p.Headers.UniqueID, driver.HeaderLine{Name: p.Headers.UniqueID, Value: ""}); err != nil {
		t.Fatal(err)
	}
	got := j.last().Header
	if ids := got["X-Auth-Id"]; len(ids) != 1 || ids[0] != "" || got.Get("X-Auth-Username") != "alice-bcd" {
		t.Errorf("got %v", got)
	}
}

func TestVisitWith(t *testing.T) {
	t.Parallel()
	var j journal
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 200, map[string]any{}) })))
	for range 2 { // the second request must not repeat lines of the first
		p := alice(s, nil)
		if _, err := p.VisitWith(t.Context(), "c-1", driver.HeaderLine{Name: "X-Further", Value: "1"}); err != nil {
			t.Fatal(err)
		}
		got := j.last()
		if got.URI != "/content/c-1/" || len(got.Header["X-Further"]) != 1 || got.Header.Get("Sec-Fetch-Dest") != "empty" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestCountUsers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, page string
		want       int
		fails      bool
	}{
		{"none", `{"results":[],"total":0}`, 0, false},
		{"exact ones", `{"results":[{"username":"sam"},{"username":"sam"},{"username":"sam1"},{"username":"Sam"}],"total":4}`, 2, false},
		{"on each of two pages", `{"results":[{"username":"sam"}],"total":2}`, 2, false},
		{"no list", `{}`, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := subjectAt(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tt.page)) }))
			got, err := alice(s, nil).CountUsers(t.Context(), "sam")
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}
