package driver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"countersign/steps/driver"
)

// sessions starts a server that sets a session cookie and an XSRF cookie, and appends the requests
// to seen.
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
			t.Errorf("cookies %v, want the cookie of another server before that of the server", cookies)
		}
		echoed := r.Header.Get("X-Rsc-Xsrf")
		if matching != (echoed == "own") || echoed == cookies[0].Value {
			t.Errorf("X-Rsc-Xsrf %q, want the value of the server's cookie: %v", echoed, matching)
		}
	}
	bare := alice(subjectAt(t, sessions(t, false, &seen)), nil)
	if _, err := bare.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reply, err := bare.CreateKeyAmong(t.Context(), "g", "k", true); reply != nil || err != nil {
		t.Errorf("without an XSRF cookie: reply %v, error %v; want neither", reply, err)
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
		t.Error("SignInAs changed the identity of the persona")
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
			t.Errorf("Entries of %s = %d, %v; want %d, %v", c.body, n, listed, c.n, c.listed)
		}
		if _, listed := (&driver.Reply{Status: 404, Body: []byte(c.body)}).Entries(); listed {
			t.Errorf("Entries reports a reply 404 with the body %s as a listing", c.body)
		}
	}
}

// TestFollowTellsTheSite checks Sec-Fetch-Site: it is cross-site for the request to the provider and
// for every request after it.
func TestFollowTellsTheSite(t *testing.T) {
	t.Parallel()
	var sites []string
	note := func(r *http.Request) { sites = append(sites, r.URL.Path+" "+r.Header.Get("Sec-Fetch-Site")) }
	var subject string
	provider := serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		http.Redirect(w, r, subject+"back", http.StatusFound)
	})
	subject = serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/start":
			http.Redirect(w, r, "/on", http.StatusFound)
		case "/on":
			http.Redirect(w, r, provider+"authorize", http.StatusFound)
		case "/back":
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	})
	p := alice(subjectAt(t, subject), nil)
	first, err := p.Call(t.Context(), "GET", "start", nil, driver.HeaderLine{Name: "Sec-Fetch-Site", Value: "none"})
	if err != nil {
		t.Fatal(err)
	}
	also, err := url.Parse(provider)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Follow(t.Context(), first, also); err != nil {
		t.Fatal(err)
	}
	want := []string{"/start none", "/on none", "/authorize cross-site", "/back cross-site", "/end cross-site"}
	if !slices.Equal(sites, want) {
		t.Errorf("requests %q, want %q", sites, want)
	}
}

// TestRequestsForAnotherSite checks that requests from pages of another site have the corresponding
// Sec-Fetch-Site and Origin lines and no XSRF header.
func TestRequestsForAnotherSite(t *testing.T) {
	t.Parallel()
	var seen []*http.Request
	p := alice(subjectAt(t, sessions(t, true, &seen)), nil)
	if _, err := p.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		send                  func() error
		site, origin, session string
	}{
		"a form of its own":  {func() error { _, err := p.SubmitForm(t.Context(), "g", false); return err }, "same-origin", "own", "of alice-bcd"},
		"a foreign form":     {func() error { _, err := p.SubmitForm(t.Context(), "g", true); return err }, "cross-site", "foreign", "of alice-bcd"},
		"a foreign image":    {func() error { _, err := p.LoadLogout(t.Context(), "g"); return err }, "cross-site", "", "of alice-bcd"},
		"a foreign script":   {func() error { _, err := p.ForgeKeyWithoutCookies(t.Context(), "g", "k", false); return err }, "cross-site", "foreign", ""},
		"an old browser":     {func() error { _, err := p.ForgeKeyWithoutCookies(t.Context(), "g", "k", true); return err }, "", "foreign", ""},
		"a frame of its own": {func() error { _, err := p.OpenFrame(t.Context(), "g"); return err }, "same-origin", "", "of alice-bcd"},
	} {
		if err := c.send(); err != nil {
			t.Fatal(err)
		}
		r := seen[len(seen)-1]
		session := ""
		if cookie, err := r.Cookie("session"); err == nil {
			session = cookie.Value
		}
		origin := map[string]string{"http://" + r.Host: "own", "": ""}[r.Header.Get("Origin")]
		if o := r.Header.Get("Origin"); o != "" && o != "http://"+r.Host {
			origin = "foreign"
		}
		if r.Header.Get("Sec-Fetch-Site") != c.site || origin != c.origin || session != c.session || r.Header.Get("X-Rsc-Xsrf") != "" || r.Header.Get("X-Auth-Username") != "alice-bcd" {
			t.Errorf("%s: %s %v", name, r.Method, r.Header)
		}
	}
}

func TestIsJSON(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "Application/Problem+JSON": true,
		"text/plain": false, "text/json+x": false, "application/jsonx": false, "": false,
	} {
		if got := (&driver.Reply{Header: http.Header{"Content-Type": {kind}}}).IsJSON(); got != want {
			t.Errorf("%q: %v, want %v", kind, got, want)
		}
	}
}

func TestRefusesForeignFrames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy, option string
		want           bool
	}{
		{"default-src 'none'; frame-ancestors 'none'", "", true}, {"frame-ancestors 'self'", "", true}, {"", "DENY", true}, {"", "SameOrigin", true},
		{"frame-ancestors 'self' https://elsewhere.example.com", "DENY", false}, {"default-src 'none'", "", false}, {"frame-ancestors *", "", false},
		{"", "ALLOW-FROM https://elsewhere.example.com", false}, {"", "", false},
	} {
		h := http.Header{}
		if c.policy != "" {
			h.Set("Content-Security-Policy", c.policy)
		}
		if c.option != "" {
			h.Set("X-Frame-Options", c.option)
		}
		if got := (&driver.Reply{Header: h}).RefusesForeignFrames(); got != c.want {
			t.Errorf("%v: %v, want %v", h, got, c.want)
		}
	}
}
