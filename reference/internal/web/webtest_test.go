package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
	"countersign/reference/internal/framing"
	"countersign/reference/internal/policy"
	"countersign/reference/internal/store"
	"countersign/reference/internal/web"
)

// site is a server under test with its URL and its log.
type site struct {
	t        testing.TB
	url      string // with a trailing slash
	store    *store.DB
	path     string // of the store's file
	accounts *account.Service
	log      *logBuffer
	clock    *clock
}

// logBuffer is a log that several goroutines may write.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// proxied is the shortest configuration with proxied authentication. Options of [ProxyAuth] may follow it.
const proxied = "[Authentication]\nProvider = proxy\n[ProxyAuth]\n"

// newSite starts a server with an empty store and the given configuration. change may change its options.
func newSite(t testing.TB, text string, change ...func(*web.Options, *store.DB)) *site {
	t.Helper()
	cfg, err := config.Parse("test.gcfg", []byte(text), nil)
	if err != nil {
		t.Fatalf("configuration: %v", err)
	}
	db, path := newStore(t)
	s := &site{t: t, store: db, path: path, log: &logBuffer{}, clock: &clock{t: time.Now().Truncate(time.Second)}}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.accounts = account.New(account.Options{
		Store: db.Accounts(), Policy: policy.Accounts(cfg), Now: s.clock.now, Log: logger, PasswordRounds: 10,
		SessionLifetime: cfg.Authentication.Lifetime,
	})
	var handler http.Handler
	server := serveFramed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	s.url = server.URL + "/"
	document, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	o := web.Options{Config: cfg, Log: logger, Now: s.clock.now, Base: s.url, Accounts: s.accounts, Document: document}
	if cfg.Server.Address != "" {
		o.Base = cfg.Server.Address
	}
	for _, f := range change {
		f(&o, db)
	}
	handler = web.New(o)
	return s
}

// serveFramed serves a handler with the listener of the reference server.
func serveFramed(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	l, err := framing.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, ConnState: framing.ConnState}}
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// newStore opens an empty store.
func newStore(t testing.TB) (db *store.DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.db")
	var err error
	db, err = store.OpenSQLite(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the folder goes next
	return db, path
}

// persona is a cookie jar with the headers that a proxy adds for one user.
type persona struct {
	site   *site
	client *http.Client
	header http.Header
}

// visitor returns a persona with headers of the form "Name: value".
func (s *site) visitor(lines ...string) *persona {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &persona{site: s, header: http.Header{}, client: &http.Client{
		Transport:     checkedTransport{s.t.Errorf, http.DefaultTransport},
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		p.header.Add(name, value)
	}
	return p
}

// user returns a visitor whom the proxy names in the default header.
func (s *site) user(name string) *persona { return s.visitor("X-Auth-Username: " + name) }

// signIn returns a user with a session and its XSRF token.
func (s *site) signIn(name string) *persona {
	s.t.Helper()
	p := s.user(name)
	p.get("__api__/v1/user").want(200, 0)
	return p
}

// byKey returns a visitor with an API key.
func (s *site) byKey(key string) *persona { return s.visitor("Authorization: Key " + key) }

// key creates an API key for a signed-in persona.
func (p *persona) key() string {
	p.site.t.Helper()
	guid := p.get("__api__/v1/user").want(200, 0).str("guid")
	return p.post("__api__/v1/users/"+guid+"/keys", `{"name":"test"}`).want(200, 0).str("key")
}

// cookie returns the value of a cookie of the persona, or "".
func (p *persona) cookie(name string) string {
	u, err := url.Parse(p.site.url)
	if err != nil {
		p.site.t.Fatal(err)
	}
	for _, c := range p.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// reply is a complete reply.
type reply struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   string
}

func (p *persona) get(path string, lines ...string) *reply { return p.do("GET", path, "", lines...) }

// post sends JSON with the XSRF token, like a script in a browser.
func (p *persona) post(path, body string, lines ...string) *reply {
	return p.do("POST", path, body, append(lines, p.xsrf()...)...)
}

func (p *persona) xsrf() []string {
	if token := p.cookie("RSC-XSRF"); token != "" {
		return []string{"X-Rsc-Xsrf: " + token}
	}
	return nil
}

// do sends one request with the headers of the persona and further ones.
func (p *persona) do(method, path, body string, lines ...string) *reply {
	p.site.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, p.site.url+strings.TrimPrefix(path, "/"), r)
	if err != nil {
		p.site.t.Fatal(err)
	}
	req.Header = p.header.Clone()
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		req.Header[name] = append(req.Header[name], value) // as spelled
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.site.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		p.site.t.Fatalf("%s %s: %v", method, path, err)
	}
	return &reply{p.site.t, method + " " + path, res.StatusCode, res.Header, string(text)}
}

// want checks status and, unless it is 0, the API's error code; an error must have the
// API's shape.
func (r *reply) want(status, code int) *reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s: status %d, want %d: %s", r.what, r.Status, status, r.Body)
	}
	if code != 0 {
		var e apiError
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil || e.Code != code || e.Error == "" || e.Payload == nil {
			r.t.Fatalf("%s: got %s, want an error with code %d", r.what, r.Body, code)
		}
	}
	return r
}

// object is the reply as a JSON object.
func (r *reply) object() map[string]any {
	r.t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.Body), &v); err != nil {
		r.t.Fatalf("%s: %v in %s", r.what, err, r.Body)
	}
	return v
}

func (r *reply) str(member string) string {
	r.t.Helper()
	return fmt.Sprint(r.object()[member])
}

// usernames lists all users, in order of their creation.
func (s *site) usernames() string {
	s.t.Helper()
	users, _, err := s.store.Accounts().Users(context.Background(), account.UserQuery{Sort: "created_time", Limit: 500})
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, u := range users {
		names = append(names, u.Username)
	}
	return strings.Join(names, " ")
}
