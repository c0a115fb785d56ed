package steps

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/steps/driver"
)

func TestLinksOfTheDashboard(t *testing.T) {
	t.Parallel()
	w := &World{}
	if err := w.dashboardHasLink("Log Out", false); err == nil {
		t.Error("a dashboard that nobody has opened has no link")
	}
	w.dashboard.page = &driver.Reply{Status: 200, Body: []byte(`<a href="/out">Log Out</a>`)}
	for _, c := range []struct {
		label        string
		wanted, good bool
	}{{"Log Out", true, true}, {"Log Out", false, false}, {"Log In", true, false}, {"Log In", false, true}} {
		_, violation := asViolation(w.dashboardHasLink(c.label, c.wanted))
		if violation == c.good {
			t.Errorf("%s, wanted %v: a violation %v", c.label, c.wanted, violation)
		}
	}
}

func TestStaysAt(t *testing.T) {
	t.Parallel()
	var server string
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", strings.ReplaceAll(to, "<server>", server))
			w.WriteHeader(http.StatusFound)
			return
		}
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(h.Close)
	server = h.URL + "/"
	subject, err := driver.NewSubject(server, "", driver.Direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(subject.Close)
	p := driver.NewPersona(subject, "alice", driver.Identity{}, driver.HeaderNames{}, nil)
	get := func(path string) *driver.Reply {
		reply, err := p.Get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	to := func(address string) string { return "?to=" + url.QueryEscape(address) }
	for n, c := range []struct {
		paths []string
		good  bool
	}{
		{[]string{to("<server>x"), "x"}, true},
		{[]string{to("/x"), "x"}, true},
		{[]string{to("https://provider.example/authorize"), "x"}, true},
		{[]string{to("https://elsewhere.example.com/")}, false},
		{[]string{to("//elsewhere.example.com/"), "x"}, false},
		{[]string{"x", "broken"}, false},
	} {
		var chain []*driver.Reply
		for _, path := range c.paths {
			chain = append(chain, get(path))
		}
		if _, violation := asViolation(staysAt(chain, server, "https://provider.example/")); violation == c.good {
			t.Error(fmt.Sprint(n), c.paths, "a violation:", violation)
		}
	}
	if staysAt(nil, server, "https://provider.example/") == nil {
		t.Error("no login has not left the server")
	}
}
