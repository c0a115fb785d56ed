package driver_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"countersign/steps/driver"
)

// server that gives its visitors a session and an XSRF cookie, and keeps what it was sent.
func sessions(t *testing.T, xsrf bool, seen *[]*http.Request) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of " + r.Header.Get("X-Auth-Username"), Path: "/"})
		if xsrf {
			http.SetCookie(w, &http.Cookie{Name: "RSC-XSRF", Value: "own", Path: "/"})
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"guid": "g"})
	})
}

func TestABrowserWithTwoXSRFCookies(t *testing.T) {
	t.Parallel()
	var seen []*http.Request
	p := alice(subjectAt(t, sessions(t, true, &seen)), nil)
	if _, err := p.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, matching := range []bool{true, false} {
		if _, err := p.CreateKeyAmong(t.Context(), "g", "k", matching); err != nil {
			t.Fatal(err)
		}
		r := seen[len(seen)-1]
		cookies := r.CookiesNamed("RSC-XSRF")
		if len(cookies) != 2 || cookies[0].Value == "own" || cookies[1].Value != "own" {
			t.Errorf("cookies %v, want another server's and its own", cookies)
		}
		echoed := r.Header.Get("X-Rsc-Xsrf")
		if matching != (echoed == "own") || echoed == cookies[0].Value {
			t.Errorf("X-Rsc-Xsrf %q, want the server's own: %v", echoed, matching)
		}
	}
	bare := alice(subjectAt(t, sessions(t, false, &seen)), nil)
	if _, err := bare.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reply, err := bare.CreateKeyAmong(t.Context(), "g", "k", true); reply != nil || err != nil {
		t.Errorf("without such a cookie: %v, %v, want neither", reply, err)
	}
}

func TestSignInAsKeepsTheCookies(t *testing.T) {
	t.Parallel()
	var seen []*http.Request
	p := alice(subjectAt(t, sessions(t, true, &seen)), nil)
	if _, err := p.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.SignInAs(t.Context(), driver.Identity{Username: "bob-bcd"}, driver.HeaderLine{Name: "X-Custom", Value: "blue"}); err != nil {
		t.Fatal(err)
	}
	r := seen[len(seen)-1]
	cookie, err := r.Cookie("session")
	if err != nil || cookie.Value != "of alice-bcd" || r.Header.Get("X-Auth-Username") != "bob-bcd" || r.Header.Get("X-Custom") != "blue" {
		t.Errorf("sent %v with %v, want the identity of bob and the cookie of alice", r.Header, cookie)
	}
	if p.Identity.Username != "alice-bcd" {
		t.Error("the persona is another one now")
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		body   string
		n      int
		listed bool
	}{
		{`[]`, 0, true}, {`[1,2]`, 2, true}, {`{"results":[],"total":0}`, 0, true}, {`{"results":[{}]}`, 1, true},
		{`{}`, 0, false}, {`null`, 0, false}, {`{"results":null}`, 0, false}, {`x`, 0, false},
	}
	for _, c := range cases {
		if n, listed := (&driver.Reply{Status: 200, Body: []byte(c.body)}).Entries(); n != c.n || listed != c.listed {
			t.Errorf("%s holds %d, %v, want %d, %v", c.body, n, listed, c.n, c.listed)
		}
		if _, listed := (&driver.Reply{Status: 404, Body: []byte(c.body)}).Entries(); listed {
			t.Errorf("a refusal with %s is a listing", c.body)
		}
	}
}
