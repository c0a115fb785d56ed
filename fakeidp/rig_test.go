package fakeidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/fakeidp"
	"countersign/fakeidp/control"
)

const (
	callback  = "http://client.example/callback"
	callbackQ = "http://client.example/callback?tenant=a%20b"
	verifier  = "dBjftJeZ4CVP-mBGFOaIZSjb1yJMYoIYGz7pq5Ck0lM"
	awkward   = "a:b c+d%2F" // needs form-urlencoding inside Basic
)

// A clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A rig is a provider on a socket with one issuer, blue.
type rig struct {
	t     testing.TB
	base  string // of the protocol
	iss   string
	mgmt  control.Client
	clock *clock
	made  control.Issuer
	http  *http.Client // does not follow redirects
}

// blue returns an issuer with one client of each kind.
func blue() control.Issuer {
	code := []string{control.GrantAuthorizationCode, control.GrantRefreshToken}
	uris := []string{callback, callbackQ}
	return control.Issuer{
		Name: "blue",
		Clients: []control.ClientSpec{
			{ID: "web", Secret: "web secret:" + awkward, GrantTypes: code, RedirectURIs: uris, Scopes: []string{"openid", "profile", "offline_access", "read", "write"}},
			{ID: "post", Secret: "post secret", GrantTypes: code, RedirectURIs: uris, TokenEndpointAuthMethod: control.AuthPost},
			{ID: "spa", Public: true, GrantTypes: code, RedirectURIs: uris},
			{ID: "strict", Secret: "s", GrantTypes: code, RedirectURIs: uris},
			{ID: "relaxed", Secret: "s", OptionalPKCE: true, GrantTypes: code, RedirectURIs: uris},
			{ID: "once", Secret: "s", GrantTypes: code[:1], RedirectURIs: uris},
			{ID: "machine", Secret: "m", GrantTypes: []string{control.GrantClientCredentials}, ServiceAccount: "robot", Scopes: []string{"read", "write", "offline_access", "openid"}},
			{ID: "guard", Secret: "g", ResourceServer: true},
		},
		Accounts:       []control.Account{{Name: "alice", Rows: []string{"r1", "r2"}}, {Name: "bob"}, {Name: "robot", Rows: []string{"r9"}}},
		DefaultAccount: "alice",
	}
}

func newRig(t testing.TB, spec control.Issuer) *rig {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	protocol := httptest.NewUnstartedServer(nil)
	p := fakeidp.New(fakeidp.Options{BaseURL: "http://" + protocol.Listener.Addr().String(), Now: c.Now})
	protocol.Config.Handler = p
	protocol.Start()
	management := httptest.NewServer(p.Management())
	t.Cleanup(protocol.Close)
	t.Cleanup(management.Close)
	r := &rig{
		t: t, base: protocol.URL, iss: protocol.URL + "/" + spec.Name, clock: c,
		mgmt: control.Client{Base: management.URL, HTTP: management.Client()},
		http: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       time.Minute,
		},
	}
	t.Cleanup(r.http.CloseIdleConnections)
	var err error
	if r.made, err = r.mgmt.CreateIssuer(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	return r
}

// in returns the rig for a subtest.
func (r *rig) in(t testing.TB) *rig {
	copied := *r
	copied.t = t
	return &copied
}

func (r *rig) secret(id string) string {
	for _, c := range r.made.Clients {
		if c.ID == id {
			return c.Secret
		}
	}
	r.t.Fatalf("no client %q", id)
	return ""
}

// A got is a complete reply.
type got struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (g got) str(name string) string { s, _ := g.body[name].(string); return s }

func (r *rig) do(req *http.Request) got {
	r.t.Helper()
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	g := got{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && len(text) > 0 {
		if err := json.Unmarshal(text, &g.body); err != nil {
			r.t.Fatalf("reply %q: %v", text, err)
		}
	}
	return g
}

func (r *rig) get(path string, edit ...func(*http.Request)) got {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.iss+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range edit {
		e(req)
	}
	return r.do(req)
}

func bearer(token string) func(*http.Request) {
	return func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+token) }
}

// post sends a form to an endpoint. edit may change the request.
func (r *rig) post(path, form string, edit ...func(*http.Request)) got {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.iss+path, strings.NewReader(form))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(req)
	}
	return r.do(req)
}

// form returns a body with names and values.
func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func basicAuth(id, secret string) func(*http.Request) {
	return func(req *http.Request) { req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
}

// as authenticates a client with the method for which it is registered.
func (r *rig) as(id string) func(*http.Request) {
	for _, c := range r.made.Clients {
		if c.ID != id {
			continue
		}
		switch c.TokenEndpointAuthMethod {
		case control.AuthBasic:
			return basicAuth(id, c.Secret)
		case control.AuthPost:
			return appendForm("client_id", id, "client_secret", c.Secret)
		default:
			return appendForm("client_id", id)
		}
	}
	r.t.Fatalf("no client %q", id)
	return nil
}

func appendForm(pairs ...string) func(*http.Request) {
	return func(req *http.Request) {
		old, _ := io.ReadAll(req.Body)
		text := strings.TrimPrefix(string(old)+"&"+form(pairs...), "&")
		req.Body = io.NopCloser(strings.NewReader(text))
		req.ContentLength = int64(len(text))
	}
}

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// query returns a valid authorization request with changes; the value "-" removes a parameter.
func query(id string, pairs ...string) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {callback}, "state": {"s 1"},
		"scope": {"openid profile offline_access"}, "nonce": {"n1"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// back returns the parameters of the redirect to the client.
func (r *rig) back(g got) url.Values {
	r.t.Helper()
	if g.status != http.StatusSeeOther {
		r.t.Fatalf("authorization: status %d: %s", g.status, g.text)
	}
	u, err := url.Parse(g.header.Get("Location"))
	if err != nil || !strings.HasPrefix(u.String(), callback) {
		r.t.Fatalf("authorization: location %q: %v", g.header.Get("Location"), err)
	}
	return u.Query()
}

// code performs a successful authorization and returns its code.
func (r *rig) code(id string, pairs ...string) string {
	r.t.Helper()
	code := r.back(r.get("/authorize?" + query(id, pairs...).Encode())).Get("code")
	if code == "" {
		r.t.Fatal("no code")
	}
	return code
}

func redemption(code string, pairs ...string) string {
	v := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v.Encode()
}

// redeem performs an authorization and redeems its code.
func (r *rig) redeem(id string, pairs ...string) got {
	r.t.Helper()
	g := r.post("/token", redemption(r.code(id, pairs...)), r.as(id))
	r.granted(g)
	return g
}

func (r *rig) refresh(id, token string, pairs ...string) got {
	r.t.Helper()
	return r.post("/token", form(append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...), r.as(id))
}

func (r *rig) granted(g got) {
	r.t.Helper()
	if g.status != http.StatusOK {
		r.t.Fatalf("want it granted, got %d: %s", g.status, g.text)
	}
}

// refused checks an error in the form of RFC 6749, section 5.2.
func (r *rig) refused(g got, status int, code string) {
	r.t.Helper()
	if g.status != status || g.str("error") != code {
		r.t.Errorf("want %d %s, got %d: %s", status, code, g.status, g.text)
	}
	if strings.ContainsAny(g.str("error_description"), "\"\\") {
		r.t.Errorf("error_description %q holds what RFC 6749 section 5.2 forbids", g.str("error_description"))
	}
	if status == http.StatusUnauthorized && g.header.Get("WWW-Authenticate") == "" {
		r.t.Error("401 without WWW-Authenticate")
	}
	noStore(r.t, g)
}

func noStore(t testing.TB, g got) {
	t.Helper()
	if g.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q, want no-store", g.header.Get("Cache-Control"))
	}
}

// opens reports whether an access token is valid for the resource.
func (r *rig) opens(token string) bool {
	r.t.Helper()
	return r.get("/resource", bearer(token)).status == http.StatusOK
}

func (r *rig) journal() []control.Entry {
	r.t.Helper()
	entries, err := r.mgmt.Journal(r.t.Context(), r.made.Name)
	if err != nil {
		r.t.Fatal(err)
	}
	return entries
}

func (r *rig) last() control.Entry {
	r.t.Helper()
	entries := r.journal()
	return entries[len(entries)-1]
}

func sha(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
