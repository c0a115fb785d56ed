package integration_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/store"
	"countersign/reference/internal/store/storetest"
	"countersign/reference/internal/vault"
)

// provider is a token endpoint that rotates refresh tokens. It treats a second use of one as theft and ends all
// tokens of the same login.
type provider struct {
	*httptest.Server

	mu        sync.Mutex
	n         int
	family    map[string]int // refresh token -> login
	used      map[string]bool
	dead      map[int]bool
	refreshes int
	theft     bool
	lifetime  int                                               // in seconds; 0 means that it is not sent
	answer    func(w http.ResponseWriter, r *http.Request) bool // returns true if it has replied
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

// node is a service with a database. Several nodes may share one, as with Postgres.
type node struct {
	*integration.Service
	t     *testing.T
	db    *store.DB
	stage *stage // the content of the service
}

// clock is a clock that a test sets.
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

func newNode(t *testing.T, db *store.DB, c *clock) *node {
	t.Helper()
	keys, err := vault.New([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	content := &stage{}
	s, err := integration.New(integration.Options{Store: db.Integrations(), Vault: keys, Content: content, Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return &node{s, t, db, content}
}

func newSingle(t *testing.T) (*node, *provider, *clock) {
	c := &clock{now: time.Now()}
	return newNode(t, storetest.Open(t), c), newProvider(t), c
}

func (n *node) user(name string) string {
	n.t.Helper()
	u := account.User{GUID: uuid.NewString(), UniqueID: name, Username: name, Role: account.Viewer, Created: time.Now()}
	if err := n.db.Accounts().Update(n.t.Context(), func(tx account.Tx) error { return tx.InsertUser(n.t.Context(), &u) }); err != nil {
		n.t.Fatalf("insert user: %v", err)
	}
	return u.GUID
}

// integration creates a Viewer integration with the provider and with further keys of its configuration.
func (n *node) integration(p *provider, config ...map[string]any) *integration.Integration {
	n.t.Helper()
	given := map[string]any{
		"client_id": "id", "client_secret": "secret", "scopes": "openid offline_access",
		"authorization_uri": p.URL + "/authorize", "token_uri": p.URL + "/token",
	}
	for _, more := range config {
		maps.Copy(given, more)
	}
	in, err := n.Create(n.t.Context(), integration.Change{Template: integration.TemplateCustom, Config: given})
	if err != nil {
		n.t.Fatalf("create integration: %v", err)
	}
	return in
}

// serviceAccount is the key of a configuration that makes an integration one of a service account.
var serviceAccount = map[string]any{"auth_type": "Service Account"}

const redirectURI = "https://connect.example/__oauth__/integrations/callback"

func (n *node) begin(in *integration.Integration, user string) integration.Started {
	n.t.Helper()
	s, err := n.BeginLogin(n.t.Context(), in.GUID, user, redirectURI, "/content/x/")
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
	s, err := n.db.Integrations().SessionOf(n.t.Context(), user, in.GUID)
	if err != nil {
		n.t.Fatalf("SessionOf: %v", err)
	}
	return s
}

// sessions returns the sessions of a user.
func (n *node) sessions(user string) []*integration.Session {
	n.t.Helper()
	list, err := n.Sessions(n.t.Context(), account.Actor{User: account.User{GUID: user}}, false)
	if err != nil {
		n.t.Fatalf("Sessions: %v", err)
	}
	return list
}

func (n *node) logout(user string, in *integration.Integration) {
	n.t.Helper()
	if err := n.Logout(n.t.Context(), user, in.GUID); err != nil {
		n.t.Fatalf("Logout: %v", err)
	}
}
