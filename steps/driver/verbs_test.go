package driver_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/transcript"
)

// received is a request that a server received.
type received struct {
	Method, URI string
	Header      http.Header
	Body        string
}

// journal records requests and passes them to a handler.
type journal struct {
	mu  sync.Mutex
	all []received
}

func (j *journal) handle(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		j.mu.Lock()
		j.all = append(j.all, received{r.Method, r.RequestURI, r.Header, string(body)})
		j.mu.Unlock()
		answer(w, r)
	}
}

func (j *journal) last() received { return j.all[len(j.all)-1] }

func (j *journal) lines() []string {
	var lines []string
	for _, a := range j.all {
		lines = append(lines, a.Method+" "+a.URI)
	}
	return lines
}

func TestSignInDirect(t *testing.T) {
	t.Parallel()
	var j journal
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "rsconnect", Value: "session", Path: "/", HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "RSC-XSRF", Value: "echo=me", Path: "/__api__/"})
		answerJSON(w, 200, map[string]any{"guid": "u-1", "username": "alice-bcd", "key": "secret-key", "id": 7})
	})))
	p := alice(s, nil)
	reply, err := p.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if reply.Text("username") != "alice-bcd" || reply.Text("id") != "7" || reply.SetCookies()["rsconnect"] != "session" {
		t.Errorf("got %s %v", reply.Body, reply.SetCookies())
	}
	first := j.last()
	if diff := cmp.Diff([]string{"g1", "g2"}, first.Header["X-Auth-Groups"]); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if first.Header.Get("X-Auth-Username") != "alice-bcd" || first.Header.Get("X-Auth-Id") != "id-1" || first.Header.Get("Cookie") != "" || first.Header.Get("X-Rsc-Xsrf") != "" {
		t.Errorf("got %v", first.Header)
	}
	if _, err := p.CreateKey(t.Context(), "u-1", "name"); err != nil {
		t.Fatal(err)
	}
	unsafe := j.last()
	if unsafe.URI != "/__api__/v1/users/u-1/keys" || unsafe.Header.Get("X-Rsc-Xsrf") != "echo=me" || unsafe.Header.Get("X-Auth-Username") != "alice-bcd" || !strings.Contains(unsafe.Header.Get("Cookie"), "rsconnect=session") {
		t.Errorf("got %+v", unsafe)
	}
	if !p.HasKey() {
		t.Error("the key was not kept")
	}
	for name, program := range map[string]*driver.Persona{
		"Authorization: Key secret-key": p.WithKey(),
	} {
		if _, err := program.SetRole(t.Context(), "u/2", "publisher"); err != nil {
			t.Fatal(err)
		}
		header, value, _ := strings.Cut(name, ": ")
		got := j.last()
		if got.Header.Get(header) != value || got.Header.Get("Cookie") != "" || got.Header.Get("X-Auth-Username") != "" || got.Header.Get("X-Rsc-Xsrf") != "" {
			t.Errorf("%s: got %v", name, got.Header)
		}
		if got.URI != "/__api__/v1/users/u%2F2" {
			t.Errorf("got %s: a guid is not escaped", got.URI)
		}
	}
	if _, err := p.Anonymous(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := j.last().Header; got.Get("X-Auth-Username") != "" || got.Get("Cookie") == "" {
		t.Errorf("anonymous: got %v", got)
	}
	if _, err := p.WithoutIdentity().Whoami(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := j.last().Header; got.Get("X-Auth-Username") != "" || got.Get("Cookie") != "" {
		t.Errorf("without identity: got %v", got)
	}
	if _, err := p.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := j.last().Header.Get("Cookie"); got != "" {
		t.Errorf("signing in again: got cookie %q, want an empty jar", got)
	}
}

// TestCookiesOfAServerBehindAPrefix checks the cookies of requests that bypass the proxy: the
// server scopes its cookies to the path that browsers see.
func TestCookiesOfAServerBehindAPrefix(t *testing.T) {
	t.Parallel()
	var j journal
	at := serve(t, j.handle(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "RSC-XSRF", Value: "x", Path: "/rsconnect/"})
		answerJSON(w, 200, map[string]string{"guid": "u"})
	}))
	s, err := driver.NewSubject(at+"rsconnect/", at, "nginx")
	if err != nil {
		t.Fatal(err)
	}
	p := alice(s.WithoutProxy(), nil)
	if _, err := p.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.CreateKey(t.Context(), "u", "k"); err != nil {
		t.Fatal(err)
	}
	if got := j.last(); got.Header.Get("X-Rsc-Xsrf") != "x" || got.Header.Get("Cookie") != "RSC-XSRF=x" || got.URI != "/__api__/v1/users/u/keys" {
		t.Errorf("got %+v", got)
	}
}

// proxy starts a proxy with a login server. gate says whether it redirects anonymous requests to
// the login page.
func proxy(t *testing.T, j *journal, gate bool) driver.Subject {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/login", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<form>") })
	mux.HandleFunc("POST /auth/login", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("username"), " ") {
			http.Error(w, "not a cookie", http.StatusBadRequest)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "verified-user", Value: r.FormValue("username"), Path: "/"})
		http.Redirect(w, r, r.FormValue("url"), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /auth/logout", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "verified-user", Path: "/", MaxAge: -1})
	})
	mux.HandleFunc("/rsconnect/", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("verified-user"); err == nil {
			answerJSON(w, 200, map[string]string{"username": c.Value})
		} else if gate {
			http.Redirect(w, r, "/auth/login?url="+url.QueryEscape(r.RequestURI), http.StatusTemporaryRedirect)
		} else {
			answerJSON(w, 401, map[string]any{"code": 24, "error": "x"})
		}
	})
	server := httptest.NewServer(j.handle(mux.ServeHTTP))
	t.Cleanup(server.Close)
	s, err := driver.NewSubject(server.URL+"/rsconnect/", server.URL, "nginx")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignInBehindAProxy(t *testing.T) {
	t.Parallel()
	for _, gate := range []bool{true, false} {
		var j journal
		p := alice(proxy(t, &j, gate), nil)
		reply, err := p.SignInWith(t.Context(), driver.HeaderLine{Name: "x-auth-username", Value: "bob"})
		if err != nil {
			t.Fatal(err)
		}
		if reply.Text("username") != "alice-bcd" {
			t.Errorf("got %s", reply.Body)
		}
		login := "/auth/login?url=%2Frsconnect%2F__api__%2Fv1%2Fuser"
		want := []string{"GET /rsconnect/__api__/v1/user", "GET " + login, "POST " + login, "GET /rsconnect/__api__/v1/user"}
		if diff := cmp.Diff(want, j.lines()); diff != "" {
			t.Errorf("gate %v (-want +got):\n%s", gate, diff)
		}
		for i, a := range j.all {
			wanted := []string(nil)
			if i == 3 {
				wanted = []string{"bob"}
			}
			if diff := cmp.Diff(wanted, a.Header["X-Auth-Username"]); diff != "" {
				t.Errorf("identity headers of request %d (-want +got):\n%s", i, diff)
			}
		}
		form, _ := url.ParseQuery(j.all[2].Body)
		if diff := cmp.Diff(url.Values{"username": {"alice-bcd"}, "unique_id": {"id-1"}, "email": {"a@example.com"}, "groups": {"g1", "g2"}}, form); diff != "" {
			t.Errorf("form (-want +got):\n%s", diff)
		}
		anonymous, err := p.Anonymous(t.Context())
		if err != nil || anonymous.Is(2) {
			t.Errorf("anonymous: got %s %v", anonymous.Summary(), err)
		}
		p.Identity.Username = "a b"
		var refused *driver.LoginRefused
		if _, err := p.SignIn(t.Context()); !errors.As(err, &refused) || refused.Status != 400 {
			t.Errorf("got %v, want LoginRefused", err)
		}
	}
}

func TestPublishContent(t *testing.T) {
	t.Parallel()
	var j journal
	polls := 0
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/__api__/v1/content":
			answerJSON(w, 200, map[string]string{"guid": "c-1"})
		case strings.HasSuffix(r.URL.Path, "/bundles"):
			answerJSON(w, 200, map[string]any{"id": 12})
		case strings.HasSuffix(r.URL.Path, "/deploy"):
			answerJSON(w, 202, map[string]string{"task_id": "t"})
		default:
			polls++
			answerJSON(w, 200, map[string]any{"id": "t", "finished": polls == 3, "error": ""})
		}
	})))
	actions := []probe.Action{driver.ExchangeAction("{header.Posit-Connect-User-Session-Token}", driver.UserSessionToken)}
	guid, reply, err := alice(s, nil).PublishContent(t.Context(), "name", "python-api", actions)
	if err != nil || guid != "c-1" || !reply.Is(2) {
		t.Fatalf("got %q %v %v", guid, reply.Summary(), err)
	}
	want := []string{
		"POST /__api__/v1/content", "POST /__api__/v1/content/c-1/bundles", "POST /__api__/v1/content/c-1/deploy",
		"GET /__api__/v1/tasks/t?wait=1", "GET /__api__/v1/tasks/t?wait=1", "GET /__api__/v1/tasks/t?wait=1",
	}
	if diff := cmp.Diff(want, j.lines()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := j.all[2].Body; got != `{"bundle_id":"12"}` {
		t.Errorf("deploy: got %s", got)
	}
	files := unpack(t, j.all[1].Body)
	var manifest struct {
		Version  int
		Metadata struct{ Appmode string }
		Files    map[string]any
	}
	if err := json.Unmarshal([]byte(files["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Version != 1 || manifest.Metadata.Appmode != "python-api" || len(manifest.Files) != 2 {
		t.Errorf("got %+v", manifest)
	}
	var script probe.Script
	if err := json.Unmarshal([]byte(files["probe.json"]), &script); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(actions, script.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func unpack(t *testing.T, bundle string) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(strings.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	archive := tar.NewReader(zip)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(archive)
		files[h.Name] = string(data)
	}
}

func TestAwaitTaskIsBounded(t *testing.T) {
	t.Parallel()
	for name, task := range map[string]map[string]any{
		"never finishes": {"id": "t", "finished": false},
		"fails":          {"id": "t", "finished": true, "code": 1, "error": "bundle is damaged"},
	} {
		s := subjectAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/tasks/") {
				answerJSON(w, 200, task)
				return
			}
			answerJSON(w, 200, map[string]string{"guid": "c", "id": "1", "task_id": "t"})
		}))
		s.Limits.Poll = 100 * 1e6
		guid, _, err := alice(s, nil).PublishContent(t.Context(), "n", "shiny", nil)
		var noAnswer *driver.NoAnswer
		if guid != "" || !errors.As(err, &noAnswer) || !noAnswer.BySubject {
			t.Errorf("%s: got %q %v", name, guid, err)
		}
	}
}

func TestFindUser(t *testing.T) {
	t.Parallel()
	user := func(name string) map[string]any { return map[string]any{"username": name, "guid": "g-" + name} }
	for _, c := range []struct {
		name    string
		prefix  map[string]any
		pages   []map[string]any
		found   bool
		wantErr bool
		calls   int
	}{
		{"by prefix", map[string]any{"results": []any{user("ana"), user("an")}, "total": 2}, nil, true, false, 1},
		{"absent", map[string]any{"results": []any{user("ana")}, "total": 1}, nil, false, false, 1},
		{"none at all", map[string]any{"results": []any{}, "total": 0}, nil, false, false, 1},
		{"on the second page", map[string]any{"results": []any{user("ana")}, "total": 9}, []map[string]any{
			{"results": []any{user("ana")}, "total": 2}, {"results": []any{user("an")}, "total": 2},
		}, true, false, 3},
		{"absent after paging", map[string]any{"results": []any{user("ana")}, "total": 9}, []map[string]any{
			{"results": []any{user("ana")}, "total": 9}, {"results": []any{}, "total": 9},
		}, false, false, 3},
		{"no list", map[string]any{"code": 22}, nil, false, true, 1},
	} {
		calls := 0
		s := subjectAt(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls++
			if r.URL.Query().Get("prefix") != "" {
				answerJSON(w, 200, c.prefix)
				return
			}
			answerJSON(w, 200, c.pages[min(calls-2, len(c.pages)-1)])
		}))
		got, found, err := alice(s, nil).FindUser(t.Context(), "an")
		if found != c.found || (err != nil) != c.wantErr || found && got.GUID != "g-an" || calls != c.calls {
			t.Errorf("%s: got %+v %v %v after %d calls", c.name, got, found, err, calls)
		}
	}
}

func TestCompleteLogin(t *testing.T) {
	t.Parallel()
	var j, other journal
	provider := httptest.NewServer(other.handle(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/iss/signin":
			http.SetCookie(w, &http.Cookie{Name: "account", Value: r.URL.Query().Get("account"), Path: "/iss"})
			w.WriteHeader(204)
		case "/iss/authorize":
			http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?code=ac&state=s", http.StatusFound)
		}
	}))
	t.Cleanup(provider.Close)
	// The provider has another host name than the server under test, as a real one has.
	issuer := strings.Replace(provider.URL, "127.0.0.1", "localhost", 1) + "/iss"
	loops := false
	at := ""
	at = serve(t, j.handle(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/__oauth__/integrations/i-1/login":
			http.SetCookie(w, &http.Cookie{Name: "rsconnect", Value: "s", Path: "/"})
			http.Redirect(w, r, issuer+"/authorize?redirect_uri="+url.QueryEscape(at+"__oauth__/integrations/callback"), http.StatusFound)
		case "/__oauth__/integrations/callback":
			http.Redirect(w, r, "/connect/", http.StatusFound)
		case "/connect/":
			if loops {
				http.Redirect(w, r, "/connect/", http.StatusFound)
				return
			}
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		}
	}))
	rec := transcript.New(transcript.Options{Provider: []string{issuer}})
	p := alice(subjectAt(t, at), rec)
	chain, err := p.LoginChain(t.Context(), "i-1", issuer, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if got := chain[len(chain)-1]; len(chain) != 4 || got.Location() != "http://evil.example/" || got.URL() != at+"connect/" {
		t.Errorf("got %d hops, last %s", len(chain), got.Summary())
	}
	for _, a := range other.all {
		if a.Header.Get("X-Auth-Username") != "" || strings.Contains(a.Header.Get("Cookie"), "rsconnect") {
			t.Errorf("the provider received headers for the server under test: %v", a.Header)
		}
	}
	if got := other.last().Header.Get("Cookie"); got != "account=alice" {
		t.Errorf("provider's cookie: got %q", got)
	}
	for _, a := range j.all {
		if a.Header.Get("X-Auth-Username") != "alice-bcd" || strings.Contains(a.Header.Get("Cookie"), "account") {
			t.Errorf("subject: got %v", a.Header)
		}
	}
	other.all, j.all = nil, nil
	back, err := p.Authorize(t.Context(), "i-1", issuer, "alice")
	if err != nil || back.String() != at+"__oauth__/integrations/callback?code=ac&state=s" {
		t.Errorf("Authorize returned %v, %v", back, err)
	}
	if len(j.all) != 1 {
		t.Errorf("the browser made %d requests to the subject, want only the login request", len(j.all))
	}
	if reply, err := p.ComeBack(t.Context(), back); err != nil || reply.Location() != at+"connect/" {
		t.Errorf("ComeBack: %v, %v", reply, err)
	}
	loops = true
	var noAnswer *driver.NoAnswer
	if _, err := p.CompleteLogin(t.Context(), "i-1", issuer, "alice"); !errors.As(err, &noAnswer) || !noAnswer.BySubject {
		t.Errorf("loop: got %v", err)
	}
}

func TestVisit(t *testing.T) {
	t.Parallel()
	var j journal
	s := subjectAt(t, serve(t, j.handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("share") {
			http.SetCookie(w, &http.Cookie{Name: "share", Value: "1", Path: "/content/c/"})
			http.Redirect(w, r, "/content/c/?probe="+r.URL.Query().Get("probe"), http.StatusFound)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/static/") {
			_, _ = io.WriteString(w, "<html>")
			return
		}
		answerJSON(w, 200, map[string]any{
			"probe": "probe/1", "pid": 7, "results": []any{map[string]any{"status": 200}},
			"sightings": []any{map[string]string{"kind": "refresh_token", "where": "header X of result 0"}},
		})
	})))
	rec := transcript.New(transcript.Options{})
	p := alice(s, rec)
	actions := []probe.Action{{Do: "call", URL: "http://x/"}}
	visit, err := p.Visit(t.Context(), "c", actions)
	if err != nil || visit.Report == nil || visit.Report.PID != 7 {
		t.Fatalf("got %+v %v", visit, err)
	}
	got := j.last()
	u, _ := url.ParseRequestURI(got.URI)
	script, _ := base64.RawURLEncoding.DecodeString(u.Query().Get("probe"))
	if u.Path != "/content/c/" || !strings.Contains(string(script), `"url":"http://x/"`) || got.Header.Get("Sec-Fetch-Dest") != "empty" || got.Header.Get("Accept") != "application/json" {
		t.Errorf("got %+v", got)
	}
	if leaks := rec.Leaks(); len(leaks) != 1 || !strings.Contains(leaks[0].String(), "the content's report: header X of result 0") {
		t.Errorf("leaks: %v", leaks)
	}
	if visit, err = p.Navigate(t.Context(), "static"); err != nil || visit.Report != nil {
		t.Errorf("got %+v %v", visit, err)
	}
	if got := j.last().Header; got.Get("Sec-Fetch-Dest") != "document" || got.Get("Accept") != "text/html" {
		t.Errorf("got %v", got)
	}
	visit, err = p.WithoutIdentity().VisitURL(t.Context(), s.Public.String()+"content/c/?share=tok", actions)
	if err != nil || visit.Report == nil {
		t.Fatalf("share link: got %+v %v", visit, err)
	}
	if got := j.last(); got.Header.Get("Cookie") != "share=1" || !strings.Contains(got.URI, "probe=") || strings.Contains(got.URI, "share=") {
		t.Errorf("share link: got %+v", got)
	}
	if _, err := p.VisitURL(t.Context(), "http://evil.example/content/c/", nil); err == nil {
		t.Error("VisitURL opened a link to another site")
	}
}
