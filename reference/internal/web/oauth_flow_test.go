package web_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/integration"
)

// TestViewerFlow covers visit, login, exchange, another user and logout.
func TestViewerFlow(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Viewer")
	item := s.running("python-api", "acl", nil)
	s.associate(item, in).want(204, 0)
	alice, bob := s.person("alice"), s.person("bob")
	s.permit(item, "alice")
	s.permit(item, "bob")
	path := "content/" + item + "/"
	s.exchange(alice.get(path).echo(), true).want(400, 220)

	alice.startLogin(in)
	var sessions []map[string]any
	read := func() {
		t.Helper()
		sessions = nil
		if err := json.Unmarshal([]byte(alice.get("__api__/v1/oauth/sessions").want(200, 0).Body), &sessions); err != nil || len(sessions) != 1 {
			t.Fatalf("sessions: %v, %v", sessions, err)
		}
	}
	read()
	if first := sessions[0]; first["has_refresh_token"] != false || first["user_guid"] != s.guids["alice"] || first["oauth_integration_guid"] != in {
		t.Errorf("session after /login: %v", first)
	}
	s.exchange(alice.get(path).echo(), true).want(400, 220)

	back := alice.login(in, "alice", "?redirect="+url.QueryEscape(s.url+"content/"+item+"/?a=b")).want(302, 0)
	if to := back.Header.Get("Location"); to != s.url+path+"?a=b" {
		t.Errorf("back to %s", to)
	}
	read()
	if sessions[0]["has_refresh_token"] != true {
		t.Errorf("session after the login: %v", sessions[0])
	}
	e := alice.get(path).echo()
	got := s.exchange(e, true).want(200, 0)
	o := got.object()
	if !strings.HasPrefix(o["access_token"].(string), "at_alice_") || o["token_type"] != "Bearer" || o["issued_token_type"] != integration.AccessTokenType || o["expires_in"] != 3600.0 {
		t.Errorf("exchange: %v", o)
	}
	if got.Header.Get("Cache-Control") != "no-store" || strings.Contains(got.Body, "rt_") || len(o) != 4 {
		t.Errorf("exchange: %v %s", got.Header, got.Body)
	}
	if again := s.exchange(alice.get(path).echo(), true).object(); again["access_token"] != o["access_token"] {
		t.Error("another token before the first expired")
	}
	s.exchange(bob.get(path).echo(), true).want(400, 220)
	bob.login(in, "bob").want(302, 0)
	if token := s.exchange(bob.get(path).echo(), true).object()["access_token"].(string); !strings.HasPrefix(token, "at_bob_") {
		t.Errorf("bob's visit: %s", token)
	}
	// The visits share one process, and the token of alice is still hers.
	if token := s.exchange(alice.get(path).echo(), true).object()["access_token"]; token != o["access_token"] {
		t.Errorf("alice's visit after bob's: %s", token)
	}
	if to := alice.get("__oauth__/integrations/"+in+"/logout").want(302, 0).Header.Get("Location"); to != s.url+"connect/" {
		t.Errorf("after the logout to %s", to)
	}
	s.exchange(alice.get(path).echo(), true).want(400, 220)
	s.exchange(bob.get(path).echo(), true).want(200, 0)
	if strings.Contains(s.log.String(), "at_") || strings.Contains(s.log.String(), "rt_") || strings.Contains(s.log.String(), "cs_") {
		t.Errorf("a secret is in the log:\n%s", s.log)
	}
}

// Changes have an effect on the next exchange: expiry, permission, access type, association, a lock, a stopped
// process.
func TestExchangeNow(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Viewer")
	item := s.running("python-api", "acl", nil)
	s.associate(item, in).want(204, 0)
	alice := s.person("alice")
	s.permit(item, "alice")
	alice.login(in, "alice").want(302, 0)
	path := "content/" + item + "/"
	e := alice.get(path).echo()
	granted := func() {
		t.Helper()
		s.exchange(e, true).want(200, 0)
	}
	change := func(method, path, body string) {
		t.Helper()
		if r := s.admin.do(method, path, body); r.Status/100 != 2 {
			t.Fatalf("%s: %d %s", r.what, r.Status, r.Body)
		}
	}
	granted()
	permission := s.publisher.get("__api__/v1/content/" + item + "/permissions").Body
	var list []map[string]any
	if err := json.Unmarshal([]byte(permission), &list); err != nil {
		t.Fatal(err)
	}
	change("DELETE", "__api__/v1/content/"+item+"/permissions/"+list[0]["id"].(string), "")
	s.exchange(e, true).want(403, 19)
	s.permit(item, "alice")
	granted()
	change("PATCH", "__api__/v1/content/"+item, `{"access_type":"all"}`)
	s.exchange(e, true).want(400, 237)
	change("PATCH", "__api__/v1/content/"+item, `{"access_type":"acl"}`)
	granted()
	s.associate(item).want(204, 0)
	s.exchange(e, true).want(400, 212)
	s.associate(item, in).want(204, 0)
	granted()
	change("POST", "__api__/v1/users/"+s.guids["alice"]+"/lock", `{"locked":true}`)
	s.exchange(e, true).want(403, 19)
	change("POST", "__api__/v1/users/"+s.guids["alice"]+"/lock", `{"locked":false}`)
	granted()
	// The token of this visit expires, and the next visit has a new one. The access token is refreshed when it
	// expires.
	s.clock.pass(integration.UserTokenLifetime + time.Second)
	s.exchange(e, true).want(400, 215)
	e = alice.get(path).echo()
	before := s.exchange(e, true).object()["access_token"]
	s.clock.pass(2 * time.Hour)
	e = alice.get(path).echo()
	if after := s.exchange(e, true).object()["access_token"]; after == before || !strings.HasPrefix(after.(string), "at_alice_") {
		t.Errorf("after it expired: %v", after)
	}
	s.clock.pass(2 * time.Hour)
	s.provider.set(func(p *webProvider) { p.fail = true })
	e = alice.get(path).echo()
	if r := s.exchange(e, true).want(400, 219); strings.Contains(r.Body, "rt_") {
		t.Errorf("the refusal repeats the provider: %s", r.Body)
	}
	s.exchange(e, true).want(400, 220)
	s.provider.set(func(p *webProvider) { p.fail = false })
	// The same for another item, and for the same item after its process was replaced.
	other := s.running("python-api", "logged_in", nil)
	s.associate(other, in).want(204, 0)
	alice.login(in, "alice").want(302, 0)
	e = alice.get(path).echo()
	o := alice.get("content/" + other + "/").echo()
	s.exchange(o, true).want(200, 0)
	o.Headers = e.Headers
	s.exchange(o, true).want(400, 215) // the key of the other item with the token of this item
	granted()
	s.deploy(item, "python-api", nil)
	deadline := time.Now().Add(8 * time.Second)
	for s.exchange(e, true).Status == 200 {
		if time.Now().After(deadline) {
			t.Fatal("the replaced process can still exchange")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestServiceAccountFlow(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Service Account")
	item, rendered := s.running("python-api", "all", nil), s.running("quarto-static", "all", nil)
	s.associate(item, in).want(204, 0)
	s.associate(rendered, in).want(204, 0)
	if got := s.provider.requests(); len(got) != 0 {
		t.Errorf("association alone asked the provider: %v", got)
	}
	alice := s.person("alice")
	seen := map[string]bool{}
	for _, p := range []*persona{s.visitor(), alice, s.visitor()} {
		token := s.exchange(p.get("content/"+item+"/", "Sec-Fetch-Dest: document").echo(), false).want(200, 0).str("access_token")
		if !strings.HasPrefix(token, "at_service_") || seen[token] {
			t.Errorf("token %s is not a fresh one of the service account", token)
		}
		seen[token] = true
	}
	if got := s.provider.requests(); len(got) != 3 || slices.Contains(got, "authorization_code") {
		t.Errorf("requests %v", got)
	}
	if got := s.admin.get("__api__/v1/oauth/sessions?all=true").want(200, 0).Body; got != "[]" {
		t.Errorf("sessions: %s", got)
	}
	alice.get("__oauth__/integrations/"+in+"/login").want(400, 230)
	if got := s.admin.get("__api__/v1/oauth/sessions?all=true").want(200, 0).Body; got != "[]" {
		t.Errorf("sessions after /login of a Service Account integration: %s", got)
	}
	// A finished render is no longer executed, so its secrets are invalid.
	e := s.visitor().get("content/" + rendered + "/").echo()
	s.exchange(e, false).want(401, 30)
	form := func(v url.Values) { v.Set("subject_token", e.Env["CONNECT_CONTENT_SESSION_TOKEN"]) }
	s.exchange(s.visitor().get("content/"+item+"/").echo(), false, form).want(400, 236)
	if got := s.provider.requests(); len(got) != 3 {
		t.Errorf("refused exchanges asked the provider: %v", got)
	}
}

func TestExchangeForm(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Service Account")
	item := s.running("python-api", "all", nil)
	s.associate(item, in).want(204, 0)
	e := s.visitor().get("content/" + item + "/").echo()
	set := func(name string, values ...string) func(url.Values) {
		return func(v url.Values) { v[name] = values }
	}
	for _, test := range []struct {
		name         string
		change       func(url.Values)
		status, code int
	}{
		{"as clients send it", set("requested_token_type", integration.AccessTokenType), 200, 0},
		{"audience", set("audience", in), 200, 0},
		{"members of RFC 8693 without a meaning here", set("resource", "https://a", "https://b"), 200, 0},
		{"no grant type", set("grant_type"), 400, 213},
		{"the misprint", set("grant_type", "urn:eitf:params:oauth:grant-type:token-exchange"), 400, 213},
		{"grant type twice", set("grant_type", integration.GrantTokenExchange, integration.GrantTokenExchange), 400, 211},
		{"subject type", set("subject_token_type", "x"), 400, 214},
		{"subject", set("subject_token", "x"), 400, 236},
		{"subject twice", set("subject_token", "x", "y"), 400, 211},
		{"requested type", set("requested_token_type", "urn:posit:connect:api-key"), 400, 242},
		{"audience that is none", set("audience", "x"), 400, 256},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := s.exchange(e, false, test.change)
			r.t = t
			r.want(test.status, test.code)
			if r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", r.Header.Get("Cache-Control"))
			}
		})
	}
	path := "__api__/v1/oauth/integrations/credentials"
	form := url.Values{"grant_type": {integration.GrantTokenExchange}, "subject_token_type": {integration.ContentSessionToken}, "subject_token": {e.Env["CONNECT_CONTENT_SESSION_TOKEN"]}}.Encode()
	kind := "Content-Type: application/x-www-form-urlencoded"
	c := s.byKey(e.Env["CONNECT_API_KEY"])
	c.do("POST", path, form, kind+"; charset=utf-8").want(200, 0)
	c.do("POST", path, form).want(400, 210)
	c.do("POST", path, "", kind).want(400, 210)
	c.do("POST", path, `{"grant_type":"x"}`, "Content-Type: application/json").want(400, 210)
	c.do("POST", path+"?"+form, "x=y", kind).want(400, 213) // parameters in a query are ignored
	c.do("POST", path, "%zz", kind).want(400, 211)
	c.do("POST", path, strings.Repeat("x", 70<<10), kind).want(400, 211)
	s.publisher.do("POST", path, form, kind).want(200, 0) // the key of the owner
	s.admin.do("POST", path, form, kind).want(403, 22)    // an administrator who does not own the content
	s.visitor().do("POST", path, form, kind).want(401, 24)
	paula := s.signIn("paula")
	paula.post(path, form, kind).want(403, 95) // a browser
	both := s.integrate("Viewer")
	s.associate(item, in, both).want(204, 0)
	c.do("POST", path, form, kind).want(400, 257)
	s.exchange(e, false, set("audience", in)).want(200, 0)
	s.exchange(e, false, set("audience", both)).want(400, 238)
}

// Top-level navigations of viewers who are not logged in are redirected to the login; all other requests reach the
// content (OI-049).
func TestOpenSolo(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in, service := s.integrate("Viewer"), s.integrate("Service Account")
	item, free, shared, plain := s.running("python-api", "acl", nil), s.running("python-api", "all", nil), s.running("python-api", "acl", nil), s.running("python-api", "acl", nil)
	for _, guid := range []string{item, free, shared} {
		s.associate(guid, in).want(204, 0)
	}
	s.associate(plain, service).want(204, 0)
	alice := s.person("alice")
	for _, guid := range []string{item, free, shared, plain} {
		s.permit(guid, "alice")
	}
	link := s.publisher.do("POST", "__api__/v1/content/"+shared+"/share_links", "").str("url")
	path := "content/" + item + "/sub/page?a=b&c=%20"
	html, document := "Accept: text/html,*/*", "Sec-Fetch-Dest: document"
	want := s.url + "__oauth__/integrations/" + in + "/login?redirect=" + url.QueryEscape(s.url+path)
	for name, r := range map[string]*reply{
		"document":       alice.get(path, document),
		"document, html": alice.get(path, document, html),
		"html":           alice.get(path, html),
		"HEAD":           alice.do("HEAD", path, "", document),
	} {
		if r.Status != 302 || r.Header.Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q", name, r.Status, r.Header.Get("Location"), want)
		}
	}
	key := alice.key()
	for name, r := range map[string]*reply{
		"a script's call":       alice.get(path, "Sec-Fetch-Dest: empty", html),
		"the dashboard's frame": alice.get(path, "Sec-Fetch-Dest: iframe", html),
		"no browser":            alice.get(path),
		"any kind":              alice.get(path, "Accept: */*"),
		"a form":                alice.do("POST", path, "x", document, html, "Origin: "+strings.TrimSuffix(s.url, "/")),
		"by key":                s.byKey(key).get(path, document, html),
		"for anyone":            alice.get("content/"+free+"/", document, html),
		"for anyone, anonymous": s.visitor().get("content/"+free+"/", document, html),
		"by share link":         alice.get(strings.TrimPrefix(link, s.url), document, html),
		"by share link, nobody": s.visitor().get(strings.TrimPrefix(link, s.url), document, html),
		"Service Account":       alice.get("content/"+plain+"/", document, html),
	} {
		if r.Status != 200 {
			t.Errorf("%s: %d to %q, want the content", name, r.Status, r.Header.Get("Location"))
		}
	}
	alice.startLogin(in) // a session alone does not mean "logged in"
	alice.get(path, document).want(302, 0)
	alice.login(in, "alice").want(302, 0)
	alice.get(path, document).want(200, 0)
	alice.get("__oauth__/integrations/"+in+"/logout").want(302, 0)
	alice.get(path, document).want(302, 0)
	s.provider.set(func(p *webProvider) { p.noRefresh = true })
	r := alice.login(in, "alice").want(400, 235)
	if !strings.Contains(r.Body, "Are you missing the offline_access scope in the OAuth integration configuration?") {
		t.Errorf("without a refresh token: %s", r.Body)
	}
	alice.get(path, document).want(302, 0)
	s.exchange(alice.get(path).echo(), true).want(400, 220)
}
