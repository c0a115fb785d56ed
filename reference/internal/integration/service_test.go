package integration_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/store"
	"countersign/reference/internal/vault"
)

// provider is a small token endpoint: it issues, rotates refresh tokens and takes a second use of one for theft, which
// ends everything that came of the same login.
type provider struct {
	*httptest.Server

	mu        sync.Mutex
	n         int
	family    map[string]int // refresh token -> login
	used      map[string]bool
	dead      map[int]bool
	refreshes int
	theft     bool
	lifetime  int                                               // seconds; 0: not said
	answer    func(w http.ResponseWriter, r *http.Request) bool // true: it answered
	noRefresh bool
}

func newProvider(t *testing.T) *provider {
	p := &provider{family: map[string]int{}, used: map[string]bool{}, dead: map[int]bool{}, lifetime: 3600}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	login := p.n
	switch r.FormValue("grant_type") {
	case "refresh_token":
		p.refreshes++
		old := r.FormValue("refresh_token")
		known := false
		if login, known = p.family[old]; !known || p.used[old] || p.dead[login] {
			if p.used[old] {
				p.theft, p.dead[login] = true, true
			}
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		p.used[old] = true
	case "authorization_code":
		if r.FormValue("code") == "" || r.FormValue("code_verifier") == "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_request"}`)
			return
		}
	}
	p.n++
	reply := map[string]any{"access_token": fmt.Sprintf("access-%d", p.n), "token_type": "Bearer"}
	if p.lifetime > 0 {
		reply["expires_in"] = p.lifetime
	}
	if !p.noRefresh && r.FormValue("grant_type") != "client_credentials" {
		token := fmt.Sprintf("refresh-%d", p.n)
		reply["refresh_token"], p.family[token] = token, login
	}
	json.NewEncoder(w).Encode(reply) //nolint:errcheck // a test
}

// node is a service over a database. Several nodes may share one, as they would Postgres.
type node struct {
	*integration.Service
	t  *testing.T
	db *store.DB
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func openDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newNode(t *testing.T, db *store.DB, c *clock) *node {
	t.Helper()
	keys, err := vault.FromSecret(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := integration.New(integration.Options{Store: db.Integrations(), Vault: keys, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return &node{s, t, db}
}

func newSingle(t *testing.T) (*node, *provider, *clock) {
	c := &clock{now: time.Now()}
	return newNode(t, openDB(t), c), newProvider(t), c
}

func (n *node) user(name string) string {
	n.t.Helper()
	u := account.User{GUID: uuid.NewString(), UniqueID: name, Username: name, Role: account.Viewer, Created: time.Now()}
	if err := n.db.Update(n.t.Context(), func(tx account.Tx) error { return tx.InsertUser(n.t.Context(), &u) }); err != nil {
		n.t.Fatalf("insert user: %v", err)
	}
	return u.GUID
}

func (n *node) integration(p *provider, change ...func(*integration.Config)) *integration.Integration {
	n.t.Helper()
	guid := uuid.NewString()
	in := &integration.Integration{GUID: guid, Template: "custom", CreatedTime: time.Now(), UpdatedTime: time.Now(), Config: integration.Config{
		AuthMode: "Confidential", AuthType: integration.Viewer, ClientID: "id", Scopes: "openid offline_access", EndpointAuth: "client_secret_basic",
		AuthorizationURI: p.URL + "/authorize", TokenURI: p.URL + "/token", UsePKCE: true,
	}, Secret: n.SealSecret(guid, "secret")}
	for _, c := range change {
		c(&in.Config)
	}
	if err := n.Store.CreateIntegration(n.t.Context(), in); err != nil {
		n.t.Fatalf("create integration: %v", err)
	}
	return in
}

const redirectURI = "https://connect.example/__oauth__/integrations/callback"

func (n *node) begin(in *integration.Integration, user string) integration.Started {
	n.t.Helper()
	s, err := n.BeginLogin(n.t.Context(), in, user, redirectURI, "/content/x/")
	if err != nil {
		n.t.Fatalf("BeginLogin: %v", err)
	}
	return s
}

func (n *node) finish(s integration.Started, user string, change ...func(*integration.Callback)) (string, error) {
	back := integration.Callback{User: user, Browser: s.Browser, Query: url.Values{"state": {s.State}, "code": {"code"}}}
	for _, c := range change {
		c(&back)
	}
	return n.FinishLogin(n.t.Context(), back)
}

func (n *node) login(in *integration.Integration, user string) {
	n.t.Helper()
	if to, err := n.finish(n.begin(in, user), user); err != nil || to != "/content/x/" {
		n.t.Fatalf("FinishLogin = %q, %v", to, err)
	}
}

func (n *node) session(in *integration.Integration, user string) *integration.Session {
	n.t.Helper()
	s, err := n.Store.SessionOf(n.t.Context(), user, in.GUID)
	if err != nil {
		n.t.Fatalf("SessionOf: %v", err)
	}
	return s
}

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

// A state works once, for the user and the browser that started the login, in time.
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
		{"state twice", alice, func(b *integration.Callback) { b.Query.Add("state", b.Query.Get("state")) }},
		{"another user", bob, func(*integration.Callback) {}},
		{"nobody", "", func(*integration.Callback) {}},
		{"another browser", alice, func(b *integration.Callback) { b.Browser = "other" }},
		{"no browser", alice, func(b *integration.Callback) { b.Browser = "" }},
	}
	for _, test := range tests {
		started := n.begin(in, alice)
		_, err := n.finish(started, test.user, test.change)
		var refused *integration.LoginError
		if !errors.As(err, &refused) || refused.Reason != integration.LoginState {
			t.Errorf("%s: %v, want a state error", test.name, err)
		}
		if _, err := n.finish(started, alice); err != nil {
			t.Errorf("%s: it used up the state of the right one: %v", test.name, err)
		}
		if _, err := n.finish(started, alice); !errors.As(err, &refused) || refused.Reason != integration.LoginState {
			t.Errorf("%s: a replay gives %v", test.name, err)
		}
	}
	if sessions, _ := n.Store.Sessions(t.Context(), bob); len(sessions) != 0 {
		t.Errorf("bob got a session out of alice's login")
	}
	started := n.begin(in, alice)
	c.advance(integration.LoginLifetime + time.Second)
	var refused *integration.LoginError
	if _, err := n.finish(started, alice); !errors.As(err, &refused) || refused.Reason != integration.LoginState {
		t.Errorf("an expired state gives %v", err)
	}
	started = n.begin(in, alice)
	if err := n.Store.DeleteSessionOf(t.Context(), alice, in.GUID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.finish(started, alice); !errors.As(err, &refused) || refused.Reason != integration.LoginState {
		t.Errorf("a callback after the logout gives %v", err)
	}
}

func TestLoginThatFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(*provider)
		change  func(*integration.Callback)
		reason  integration.LoginReason
		text    string
	}{
		{"denied", nil, func(b *integration.Callback) {
			b.Query = url.Values{"state": b.Query["state"], "error": {"access_denied"}}
		}, integration.LoginRefused, "access_denied"},
		{"denied, beside a code", nil, func(b *integration.Callback) { b.Query.Set("error", "access_denied") }, integration.LoginRefused, "access_denied"},
		{"an error that nobody knows", nil, func(b *integration.Callback) { b.Query.Set("error", "<script>") }, integration.LoginRefused, "refused the login."},
		{"no code", nil, func(b *integration.Callback) { b.Query.Del("code") }, integration.LoginProvider, "no authorization code"},
		{"code twice", nil, func(b *integration.Callback) { b.Query.Add("code", "x") }, integration.LoginProvider, "no authorization code"},
		{"another issuer", nil, func(b *integration.Callback) { b.Query.Set("iss", "https://evil.example") }, integration.LoginIssuer, "another OAuth provider"},
		{"no refresh token", func(p *provider) { p.noRefresh = true }, func(*integration.Callback) {}, integration.LoginRefresh, "No refresh token found in response. Refresh tokens are required"},
		{"token endpoint fails", func(p *provider) {
			p.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }
		}, func(*integration.Callback) {}, integration.LoginProvider, "unexpected status (status 500)"},
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
			var failed *integration.LoginError
			if !errors.As(err, &failed) || failed.Reason != test.reason || !strings.Contains(failed.Text, test.text) || strings.Contains(failed.Text, "<") {
				t.Fatalf("FinishLogin = %v; want %s with %q", err, test.reason, test.text)
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
	in := n.integration(p, func(c *integration.Config) { c.AuthType = integration.ServiceAccount })
	var failed *integration.LoginError
	if _, err := n.BeginLogin(t.Context(), in, n.user("alice"), redirectURI, "/"); !errors.As(err, &failed) || failed.Reason != integration.LoginType {
		t.Errorf("BeginLogin = %v", err)
	}
	if sessions, _ := n.Store.Sessions(t.Context(), ""); len(sessions) != 0 {
		t.Error("a session was made")
	}
}

// Twenty logins at once, over two nodes: all succeed, one session is left, and its user is logged in (readings.md O23).
func TestTwentyLoginsAtOnce(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	db := openDB(t)
	nodes := []*node{newNode(t, db, c), newNode(t, db, c)}
	p := newProvider(t)
	in, alice := nodes[0].integration(p), nodes[0].user("alice")
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 20 {
		wg.Go(func() {
			<-start
			n := nodes[i%2]
			started, err := n.BeginLogin(t.Context(), in, alice, redirectURI, "/")
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
	sessions, err := nodes[0].Store.Sessions(t.Context(), alice)
	if err != nil || len(sessions) != 1 || !sessions[0].LoggedIn() {
		t.Fatalf("sessions: %+v, %v; want one, logged in", sessions, err)
	}
	if _, err := nodes[1].ViewerToken(t.Context(), in, alice); err != nil {
		t.Errorf("ViewerToken: %v", err)
	}
}

// However many ask for an expired token at once, on two nodes that share the database: one refresh.
func TestOneRefreshForAll(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	db := openDB(t)
	nodes := []*node{newNode(t, db, c), newNode(t, db, c)}
	p := newProvider(t)
	in, alice := nodes[0].integration(p), nodes[0].user("alice")
	nodes[0].login(in, alice)
	for round := range 3 {
		c.advance(2 * time.Hour)
		var wg sync.WaitGroup
		tokens := make([]string, 40)
		for i := range tokens {
			wg.Go(func() {
				token, err := nodes[i%2].ViewerToken(t.Context(), in, alice)
				if err != nil {
					t.Errorf("ViewerToken: %v", err)
				}
				tokens[i] = token.Value
			})
		}
		wg.Wait()
		for _, token := range tokens {
			if token != tokens[0] {
				t.Fatalf("round %d: different tokens %v", round, tokens)
			}
		}
		if p.refreshes != round+1 || p.theft {
			t.Fatalf("round %d: %d refreshes, theft %v", round, p.refreshes, p.theft)
		}
	}
}

// The first caller of a refresh goes away: the others get their token all the same.
func TestRefreshOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	arrived, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.mu.Lock()
	p.answer = func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() { close(arrived) })
		<-release
		return false
	}
	p.mu.Unlock()
	first, cancel := context.WithCancel(t.Context())
	gaveUp, got := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := n.ViewerToken(first, in, alice)
		gaveUp <- err
	}()
	<-arrived
	go func() {
		_, err := n.ViewerToken(t.Context(), in, alice)
		got <- err
	}()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller got %v", err)
	}
	close(release)
	if err := <-got; err != nil {
		t.Errorf("the second caller got %v", err)
	}
	if p.refreshes != 1 {
		t.Errorf("%d refreshes", p.refreshes)
	}
}

func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	p.dead[0] = true // the provider ended the grant
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrRefreshFailed) {
		t.Errorf("ViewerToken = %v, want ErrRefreshFailed", err)
	}
	if n.session(in, alice).LoggedIn() {
		t.Error("the user counts as logged in after a refused refresh")
	}
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrNotLoggedIn) {
		t.Errorf("ViewerToken after that = %v, want ErrNotLoggedIn", err)
	}
	if p.refreshes != 1 {
		t.Errorf("%d refreshes: a dead token was tried again", p.refreshes)
	}
}

// A provider that is down does not cost the session: the next exchange tries again.
func TestRefreshSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	p.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true }
	var fault *integration.Fault
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.As(err, &fault) || fault.Status != 503 {
		t.Errorf("ViewerToken = %v, want the fault", err)
	}
	if !n.session(in, alice).LoggedIn() {
		t.Fatal("an outage logged the user out")
	}
	p.mu.Lock()
	p.answer = nil
	p.mu.Unlock()
	if _, err := n.ViewerToken(t.Context(), in, alice); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

// A logout while a refresh is under way wins.
func TestLogoutDuringRefresh(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	p.answer = func(http.ResponseWriter, *http.Request) bool {
		if err := n.Store.DeleteSessionOf(context.Background(), alice, in.GUID); err != nil {
			t.Error(err)
		}
		return false
	}
	if token, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrNotLoggedIn) {
		t.Errorf("ViewerToken = %+v, %v", token, err)
	}
	if sessions, _ := n.Store.Sessions(t.Context(), alice); len(sessions) != 0 {
		t.Error("the refresh brought the session back")
	}
}

func TestTokenWithoutExpiryIsKept(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	p.lifetime = 0
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(1000 * time.Hour)
	token, err := n.ViewerToken(t.Context(), in, alice)
	if err != nil || !token.Expires.IsZero() || p.refreshes != 0 {
		t.Errorf("ViewerToken = %+v, %v after %d refreshes", token, err, p.refreshes)
	}
}

func TestServiceTokenIsFreshEachTime(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in := n.integration(p, func(c *integration.Config) { c.AuthType = integration.ServiceAccount })
	seen := map[string]bool{}
	for range 3 {
		token, err := n.ServiceToken(t.Context(), in)
		if err != nil || seen[token.Value] {
			t.Errorf("ServiceToken = %+v, %v", token, err)
		}
		seen[token.Value] = true
	}
}

func TestAnotherProviderEndsTheSessions(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	pending := n.begin(in, alice)
	change := func(set func(*integration.Config)) {
		t.Helper()
		if _, err := n.Store.UpdateIntegration(t.Context(), in.GUID, func(i *integration.Integration) error { set(&i.Config); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(c *integration.Config) { c.Scopes = "openid" })
	if !n.session(in, alice).LoggedIn() {
		t.Fatal("a change of scopes ended the session")
	}
	change(func(c *integration.Config) { c.TokenURI = "https://evil.example/token" })
	if sessions, _ := n.Store.Sessions(t.Context(), ""); len(sessions) != 0 {
		t.Error("a refresh token would now be sent to another provider")
	}
	if _, err := n.finish(pending, alice); err == nil {
		t.Error("a code would now be sent to another provider")
	}
}
