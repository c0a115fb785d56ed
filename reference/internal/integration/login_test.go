package integration_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/integration"
	"countersign/reference/internal/store/storetest"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	started := n.begin(in, alice)
	if s := n.session(in, alice); s.LoggedIn() || s.Tokens.Access != "" {
		t.Error("a session of a login that is not complete holds tokens")
	}
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrNotLoggedIn) {
		t.Errorf("ViewerToken before the login = %v", err)
	}
	u, err := url.Parse(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": "id", "redirect_uri": redirectURI,
		"scope": "openid offline_access", "state": started.State, "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("code_challenge")) != 43 || strings.Contains(started.URL, started.Browser) {
		t.Errorf("authorization request %s", started.URL)
	}
	if to, err := n.finish(started, alice); err != nil || to != "/content/x/" {
		t.Fatalf("FinishLogin = %q, %v", to, err)
	}
	s := n.session(in, alice)
	if !s.LoggedIn() || strings.Contains(string(s.Tokens.Access+s.Tokens.Refresh), "-1") {
		t.Errorf("tokens are not sealed: %+v", s.Tokens)
	}
	if token, err := n.ViewerToken(t.Context(), in, alice); err != nil || token.Value != "access-1" {
		t.Errorf("ViewerToken = %+v, %v", token, err)
	}
}

// A state is valid once, for the user and the browser that started the login, and for a limited time.
func TestLoginState(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice, bob := n.integration(p), n.user("alice"), n.user("bob")
	tests := []struct {
		name   string
		user   string
		change func(*integration.Callback)
	}{
		{"no state", alice, func(b *integration.Callback) { b.Query.Del("state") }},
		{"empty state", alice, func(b *integration.Callback) { b.Query.Set("state", "") }},
		{"made-up state", alice, func(b *integration.Callback) { b.Query.Set("state", "abc") }},
		{"two states", alice, func(b *integration.Callback) { b.Query.Add("state", "abc") }},
		{"two codes", alice, func(b *integration.Callback) { b.Query.Add("code", "abc") }},
		{"another user", bob, func(*integration.Callback) {}},
		{"nobody", "", func(*integration.Callback) {}},
		{"another browser", alice, func(b *integration.Callback) { b.Browser = "other" }},
		{"no browser", alice, func(b *integration.Callback) { b.Browser = "" }},
	}
	for _, test := range tests {
		started := n.begin(in, alice)
		_, err := n.finish(started, test.user, test.change)
		if !errors.Is(err, integration.ErrLoginState) {
			t.Errorf("%s: %v, want a state error", test.name, err)
		}
		if _, err := n.finish(started, alice); err != nil {
			t.Errorf("%s: it used up the state of the right one: %v", test.name, err)
		}
		if _, err := n.finish(started, alice); !errors.Is(err, integration.ErrLoginState) {
			t.Errorf("%s: a replay gives %v", test.name, err)
		}
	}
	if len(n.sessions(bob)) != 0 {
		t.Errorf("bob got a session out of alice's login")
	}
	started := n.begin(in, alice)
	c.advance(integration.LoginLifetime + time.Second)
	if _, err := n.finish(started, alice); !errors.Is(err, integration.ErrLoginState) {
		t.Errorf("an expired state gives %v", err)
	}
	started = n.begin(in, alice)
	n.logout(alice, in)
	if _, err := n.finish(started, alice); !errors.Is(err, integration.ErrLoginState) {
		t.Errorf("a callback after the logout gives %v", err)
	}
}

func TestLoginThatFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(*provider)
		change  func(*integration.Callback)
		want    error
		text    string
	}{
		{"denied", nil, func(b *integration.Callback) {
			b.Query = url.Values{"state": b.Query["state"], "error": {"access_denied"}}
		}, integration.ErrLoginRefused, "access_denied"},
		{"denied, beside a code", nil, func(b *integration.Callback) { b.Query.Set("error", "access_denied") }, integration.ErrLoginRefused, "access_denied"},
		{"an error that nobody knows", nil, func(b *integration.Callback) { b.Query.Set("error", "<script>") }, integration.ErrLoginRefused, "refused the login."},
		{"no code", nil, func(b *integration.Callback) { b.Query.Del("code") }, integration.ErrProvider, "no authorization code"},
		{"another issuer", nil, func(b *integration.Callback) { b.Query.Set("iss", "https://evil.example") }, integration.ErrLoginIssuer, "another OAuth provider"},
		{"no refresh token", func(p *provider) { p.noRefresh = true }, func(*integration.Callback) {}, integration.ErrNoRefreshToken, "No refresh token found in response. Refresh tokens are required"},
		{"token endpoint fails", func(p *provider) {
			p.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }
		}, func(*integration.Callback) {}, integration.ErrProvider, "answered with an error (status 500)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n, p, _ := newSingle(t)
			if test.prepare != nil {
				test.prepare(p)
			}
			in, alice := n.integration(p), n.user("alice")
			started := n.begin(in, alice)
			to, err := n.finish(started, alice, test.change)
			var failed *integration.Refusal
			if !errors.As(err, &failed) || failed.Err != test.want || !strings.Contains(failed.Text, test.text) || strings.Contains(failed.Text, "<") {
				t.Fatalf("FinishLogin = %v; want %q with %q", err, test.want, test.text)
			}
			if to != "/content/x/" {
				t.Errorf("returns to %q", to)
			}
			if s := n.session(in, alice); s.LoggedIn() || s.Tokens.Access != "" {
				t.Error("the session got tokens")
			}
		})
	}
}

func TestLoginWithoutRefreshTokenEndsAnEarlierOne(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	p.noRefresh = true
	if _, err := n.finish(n.begin(in, alice), alice); err == nil {
		t.Fatal("a login without refresh token succeeded")
	}
	if n.session(in, alice).LoggedIn() {
		t.Error("the user counts as logged in")
	}
}

func TestServiceAccountHasNoLogin(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in := n.integration(p, serviceAccount)
	if _, err := n.BeginLogin(t.Context(), in.GUID, n.user("alice"), redirectURI, "/"); !errors.Is(err, integration.ErrNoLogin) {
		t.Errorf("BeginLogin = %v", err)
	}
	if sessions, _ := n.db.Integrations().Sessions(t.Context()); len(sessions) != 0 {
		t.Error("a session was made")
	}
}

// Twenty concurrent logins on two nodes all succeed and result in one session, whose user is logged in (OI-084).
func TestTwentyLoginsAtOnce(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	db := storetest.Open(t)
	nodes := []*node{newNode(t, db, c), newNode(t, db, c)}
	p := newProvider(t)
	in, alice := nodes[0].integration(p), nodes[0].user("alice")
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 20 {
		wg.Go(func() {
			<-start
			n := nodes[i%2]
			started, err := n.BeginLogin(t.Context(), in.GUID, alice, redirectURI, "/")
			if err == nil {
				_, err = n.finish(started, alice)
			}
			if err != nil {
				t.Errorf("login %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
	if sessions := nodes[0].sessions(alice); len(sessions) != 1 || !sessions[0].LoggedIn() {
		t.Fatalf("sessions: %+v; want one, logged in", sessions)
	}
	if _, err := nodes[1].ViewerToken(t.Context(), in, alice); err != nil {
		t.Errorf("ViewerToken: %v", err)
	}
}

func TestAnotherProviderEndsTheSessions(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	pending := n.begin(in, alice)
	change := func(key, value string) {
		t.Helper()
		if _, err := n.Change(t.Context(), in.GUID, integration.Change{Config: map[string]any{key: value}}); err != nil {
			t.Fatal(err)
		}
	}
	change("scopes", "openid")
	if !n.session(in, alice).LoggedIn() {
		t.Fatal("a change of scopes ended the session")
	}
	change("token_uri", "https://evil.example/token")
	if sessions, _ := n.db.Integrations().Sessions(t.Context()); len(sessions) != 0 {
		t.Error("a refresh token would now be sent to another provider")
	}
	if _, err := n.finish(pending, alice); err == nil {
		t.Error("a code would now be sent to another provider")
	}
}
