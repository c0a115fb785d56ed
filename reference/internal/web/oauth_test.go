package web_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/content"
	"countersign/reference/internal/integration"
)

func TestIntegrationsAPI(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.integrate("Viewer")
	second := s.integrate("Service Account")
	path := "__api__/v1/oauth/integrations"
	get := s.publisher.get(path+"/"+guid).want(200, 0)
	var list []json.RawMessage
	all := s.publisher.get(path).want(200, 0).Body
	if err := json.Unmarshal([]byte(all), &list); err != nil || len(list) != 2 || string(list[0]) != get.Body {
		t.Errorf("list and get differ: %s\n%s", all, get.Body)
	}
	o := get.object()
	if o["auth_type"] != "Viewer" || o["template"] != "custom" || o["name"] != "n" || o["description"] != nil || o["config"].(map[string]any)["auth_type"] != "Viewer" {
		t.Errorf("integration: %v", o)
	}
	if _, isString := o["id"].(string); !isString {
		t.Errorf("id is a %T", o["id"])
	}
	s.clock.pass(time.Minute)
	changed := s.admin.do("PATCH", path+"/"+guid, `{"description":"d","config":{"scopes":"openid"}}`).want(200, 0)
	c := changed.object()
	config := c["config"].(map[string]any)
	if c["name"] != "n" || c["description"] != "d" || config["scopes"] != "openid" || config["client_id"] != "client" || c["created_time"] != o["created_time"] || c["updated_time"] == o["updated_time"] {
		t.Errorf("changed: %v", c)
	}
	if again := s.publisher.get(path + "/" + guid).Body; again != changed.Body {
		t.Errorf("change and get differ:\n%s\n%s", changed.Body, again)
	}
	for _, body := range []string{all, get.Body, changed.Body} {
		if strings.Contains(body, "cs_secret") {
			t.Errorf("the client secret is in %s", body)
		}
	}
	// The secret survived the change: the provider is asked with it (a login works).
	alice := s.person("alice")
	alice.login(guid, "alice").want(302, 0)
	s.admin.do("POST", path+"/"+second+"/verify", "").want(200, 0)
	s.admin.do("POST", path+"/"+guid+"/verify", "").want(400, 240)
	s.admin.do("DELETE", path+"/"+guid, "").want(204, 0)
	s.admin.do("DELETE", path+"/"+guid, "").want(404, 4)
	if got := alice.get("__api__/v1/oauth/sessions").want(200, 0).Body; got != "[]" {
		t.Errorf("sessions of a deleted integration: %s", got)
	}
}

func TestIntegrationsBadBodies(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	path := "__api__/v1/oauth/integrations"
	good := `"config":{"client_id":"c","client_secret":"s","authorization_uri":"https://i/a","token_uri":"https://i/t"}`
	for _, test := range []struct {
		body         string
		status, code int
	}{
		{`{"template":"custom"}`, 400, 228},
		{`{"template":"github",` + good + `}`, 404, 227},
		{`{` + good + `}`, 404, 227},
		{`{"template":"custom","name":5,` + good + `}`, 400, 121},
		{`{"template":"custom","name":"` + strings.Repeat("n", 257) + `",` + good + `}`, 400, 225},
		{`{"template":"custom","description":"` + strings.Repeat("n", 4097) + `",` + good + `}`, 400, 226},
		{`{"template":"custom","unknown":1,` + good + `}`, 400, 121},
		{`{"template":"custom",` + good + `}x`, 400, 121},
		{`{"template":"custom","permissions":[{"user_guid":"x"}],` + good + `}`, 400, 25},
		{`{"template":"custom","config":{"max_role":"Viewer"}}`, 400, 228},
		{``, 400, 121},
	} {
		s.admin.do("POST", path, test.body).want(test.status, test.code)
	}
	if got := s.admin.get(path).Body; got != "[]" {
		t.Errorf("a refused integration was stored: %s", got)
	}
	guid := s.integrate("Viewer")
	s.admin.do("PATCH", path+"/"+guid, `{"template":"github"}`).want(400, 229)
	s.admin.do("PATCH", path+"/"+guid, `{"name":"x","config":{"token_uri":null}}`).want(400, 228)
	s.admin.do("PATCH", path+"/"+guid, `{"config":{"client_secret":null}}`).want(400, 228)
	if got := s.admin.get(path + "/" + guid).object(); got["name"] != "n" {
		t.Errorf("half a change was stored")
	}
}

func TestOAuthAuthority(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.integrate("Viewer")
	alice := s.person("alice")
	viewer, nobody := s.byKey(alice.key()), s.visitor()
	path := "__api__/v1/oauth/integrations"
	for _, c := range []struct {
		method, path, body                string
		nobody, viewer, publisher         int
		nobodyC, viewerC, publisherC, adm int
	}{
		{"GET", path, "", 401, 403, 200, 24, 22, 0, 200},
		{"GET", path + "/" + guid, "", 401, 403, 200, 24, 22, 0, 200},
		{"POST", path, "{}", 401, 403, 403, 24, 22, 22, 404},
		{"PATCH", path + "/" + guid, "{}", 401, 403, 403, 24, 22, 22, 200},
		{"GET", path + "/" + guid + "/associations", "", 401, 403, 403, 24, 22, 22, 200},
		{"GET", "__api__/v1/oauth/sessions", "", 401, 200, 200, 24, 0, 0, 200},
		{"POST", path + "/credentials", "x=y", 401, 403, 400, 24, 22, 210, 400},
		{"GET", "__oauth__/integrations/" + guid + "/login", "", 401, 302, 302, 24, 0, 0, 302},
		{"GET", "__oauth__/integrations/" + guid + "/logout", "", 401, 302, 302, 24, 0, 0, 302},
		{"GET", "__oauth__/integrations/callback?state=x&code=y", "", 401, 400, 400, 24, 218, 218, 400},
		{"GET", "__oauth__/integrations/nothing/login", "", 401, 404, 404, 24, 4, 4, 404},
		{"DELETE", path + "/" + guid, "", 401, 403, 403, 24, 22, 22, 204},
	} {
		nobody.do(c.method, c.path, c.body).want(c.nobody, c.nobodyC)
		viewer.do(c.method, c.path, c.body).want(c.viewer, c.viewerC)
		s.publisher.do(c.method, c.path, c.body).want(c.publisher, c.publisherC)
		s.admin.do(c.method, c.path, c.body).want(c.adm, 0)
	}
}

func TestAssociations(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	viewer, service := s.integrate("Viewer"), s.integrate("Service Account")
	path := func(item string) string { return "__api__/v1/content/" + item + "/oauth/integrations/associations" }
	guids := func(item string) string {
		var list []map[string]any
		if err := json.Unmarshal([]byte(s.publisher.get(path(item)).want(200, 0).Body), &list); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, a := range list {
			if a["app_guid"] != item || a["content_guid"] != item || a["oauth_integration_auth_type"] == "" || a["created_time"] == nil {
				t.Errorf("association %v", a)
			}
			all = append(all, a["oauth_integration_guid"].(string))
		}
		return strings.Join(all, " ")
	}
	item := s.running("python-api", "acl", nil)
	// As the documented curl command sends it.
	s.publisher.do("PUT", path(item), `[
{"oauth_integration_guid": "`+viewer+`"}
]`, "Content-Type: application/x-www-form-urlencoded").want(204, 0)
	if got := guids(item); got != viewer {
		t.Errorf("associations %q", got)
	}
	s.associate(item, service).want(204, 0)
	if got := guids(item); got != service {
		t.Errorf("a second PUT does not replace: %q", got)
	}
	s.associate(item, viewer, service).want(204, 0)
	for _, bad := range []struct {
		body string
		code int
	}{
		{`[{"oauth_integration_guid":"nothing"}]`, 207}, {`[{}]`, 207}, {`null`, 121},
		{`[{"oauth_integration_guid":"` + viewer + `"},{"oauth_integration_guid":"` + viewer + `"}]`, 258},
		{`{"oauth_integration_guid":"` + viewer + `"}`, 121}, {`[{"guid":"x"}]`, 121}, {``, 121}, {`[] []`, 121},
	} {
		s.publisher.do("PUT", path(item), bad.body).want(400, bad.code)
	}
	if got := guids(item); got != viewer+" "+service {
		t.Errorf("a refused PUT changed the associations: %q", got)
	}
	if got := s.admin.get("__api__/v1/oauth/integrations/"+viewer+"/associations").want(200, 0).Body; !strings.Contains(got, item) {
		t.Errorf("associations of the integration: %s", got)
	}
	s.associate(item).want(204, 0)
	if got := guids(item); got != "" {
		t.Errorf("the empty array does not clear: %q", got)
	}
	s.publisher.do("PUT", path("nothing"), "[]").want(404, 4)
}

// The published table, cell by cell, for every mode: refused at once where it says no (readings.md O1).
func TestAssociationsByMode(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	viewer, service := s.integrate("Viewer"), s.integrate("Service Account")
	unknown := s.create(`{}`)
	s.associate(unknown, viewer).want(400, 237)
	s.associate(unknown, service).want(400, 237)
	for _, mode := range content.Modes() {
		class := mode.Class()
		item := s.running(string(mode), "acl", map[string]string{"index.html": "x"})
		for guid, yes := range map[string]bool{viewer: class == content.ClassInteractive, service: class != content.ClassStatic} {
			if yes {
				s.associate(item, guid).want(204, 0)
			} else {
				s.associate(item, guid).want(400, 237)
			}
		}
	}
}

// The whole way: visit, login, exchange, another user, logout.
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

	back := alice.login(in, "alice", "?redirect="+url.QueryEscape("/content/"+item+"/?a=b")).want(302, 0)
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
	// One after the other, on the same process: alice's is still hers.
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

// What takes effect on the next exchange: expiry, permission, access type, association, a lock, a stopped process.
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
	// The token of this visit ends; the visit after it brings a new one. The access token is refreshed when it expires.
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
	// Another item, and the same item after its process was replaced.
	other := s.running("python-api", "logged_in", nil)
	s.associate(other, in).want(204, 0)
	alice.login(in, "alice").want(302, 0)
	e = alice.get(path).echo()
	o := alice.get("content/" + other + "/").echo()
	s.exchange(o, true).want(200, 0)
	o.Headers = e.Headers
	s.exchange(o, true).want(400, 215) // the other item's key with this item's token
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
	// A finished render executes no more: its secrets are worth nothing.
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
	c.do("POST", path+"?"+form, "x=y", kind).want(400, 213) // a query is no body
	c.do("POST", path, "%zz", kind).want(400, 211)
	c.do("POST", path, strings.Repeat("x", 70<<10), kind).want(400, 211)
	s.publisher.do("POST", path, form, kind).want(200, 0) // the owner's own key
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

// Top-level navigations of viewers who are not logged in are sent to the login; everything else reaches the content
// (readings.md O20).
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
	want := s.url + "__oauth__/integrations/" + in + "/login?redirect=" + url.QueryEscape("/"+path)
	for name, r := range map[string]*reply{
		"document":        alice.get(path, document),
		"document, html":  alice.get(path, document, html),
		"html":            alice.get(path, html),
		"HEAD":            alice.do("HEAD", path, "", document),
		"odd letter case": alice.get(path, "Accept: TEXT/HTML"),
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
	alice.startLogin(in) // a session alone is not "logged in"
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

func TestCallback(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Viewer")
	alice, bob := s.person("alice"), s.person("bob")
	callback := func(p *persona, q url.Values, more ...string) *reply {
		t.Helper()
		return p.get("__oauth__/integrations/callback?"+q.Encode(), more...)
	}
	good := func() url.Values { return url.Values{"state": alice.startLogin(in)["state"], "code": {"alice"}} }
	loggedIn := func() bool {
		t.Helper()
		return strings.Contains(alice.get("__api__/v1/oauth/sessions").Body, `"has_refresh_token":true`)
	}
	q := good()
	callback(bob, q).want(400, 218)
	callback(s.user("alice"), q).want(400, 218) // alice in another browser
	callback(alice, url.Values{"code": {"alice"}}).want(400, 218)
	callback(alice, url.Values{"state": {""}, "code": {"alice"}}).want(400, 218)
	callback(alice, url.Values{"state": {"x"}, "code": {"alice"}}).want(400, 218)
	alice.do("HEAD", "__oauth__/integrations/callback?"+q.Encode(), "").want(404, 0)
	if loggedIn() {
		t.Fatal("logged in by a callback that was refused")
	}
	r := callback(alice, q).want(302, 0)
	if r.Header.Get("Location") != s.url+"connect/" || r.Header.Get("Referrer-Policy") != "no-referrer" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("back to %s, %v", r.Header.Get("Location"), r.Header)
	}
	callback(alice, q).want(400, 218) // a replay
	alice.get("__oauth__/integrations/"+in+"/logout").want(302, 0)

	denied := good()
	denied.Del("code")
	denied.Set("error", "access_denied")
	denied.Set("error_description", "<script>evil</script>")
	page := callback(alice, denied, "Accept: text/html")
	if page.Status != 400 || !strings.Contains(page.Body, "access_denied") || strings.Contains(page.Body, "evil") || page.Header.Get("Location") != "" {
		t.Errorf("denied: %d %s", page.Status, page.Body)
	}
	other := good()
	other.Set("iss", "https://evil.example")
	callback(alice, other).want(400, 230)
	late := good()
	s.clock.pass(integration.LoginLifetime + time.Second)
	callback(alice, late).want(400, 218)
	if loggedIn() {
		t.Error("logged in though every login failed")
	}
	for _, grant := range s.provider.requests()[1:] {
		t.Errorf("a refused callback asked the provider: %s", grant)
	}
}

// Where /login and /logout lead back to is on this server, whatever is asked for.
func TestReturnTo(t *testing.T) {
	t.Parallel()
	s := newContentSite(t, "[Server]", "Address = https://connect.example:8443/rsconnect/")
	const base = "https://connect.example:8443/rsconnect/"
	in := s.integrate("Viewer")
	alice := s.person("alice")
	for asked, want := range map[string]string{
		"": "connect/", "/content/x/": "content/x/", "/content/x/?a=b&c": "content/x/?a=b&c", "/rsconnect/content/x/": "content/x/",
		"https://connect.example:8443/rsconnect/content/x/": "content/x/", "HTTPS://CONNECT.example:8443/content/": "content/",
		"/connect/#/apps/1": "connect/#/apps/1", "/a%2F..%2Fb": "connect/", "/content/%20x": "content/%20x",
		"//evil.example": "connect/", "///evil.example": "connect/", "https://evil.example/": "connect/", "https:evil.example": "connect/",
		"https:/evil.example": "connect/", `/\evil.example`: "connect/", `\\evil.example`: "connect/", "/\tevil": "connect/", "/ /evil.example": "connect/",
		"https://connect.example:8443@evil.example/": "connect/", "https://connect.example/": "connect/", "http://connect.example:8443/": "connect/",
		"javascript:alert(1)": "connect/", "evil.example": "connect/", "/../evil": "connect/", "/rsconnect//evil.example": "connect/",
		"/content/%2e%2e/%2e%2e/evil": "connect/", "/a\r\nX: y": "connect/", "https://connect.example:8443.evil.example/": "connect/",
		"/" + strings.Repeat("x", 5000): "connect/",
	} {
		r := alice.get("__oauth__/integrations/"+in+"/logout?redirect="+url.QueryEscape(asked)).want(302, 0)
		if got := r.Header.Get("Location"); got != base+want {
			t.Errorf("%q leads to %q, want %q", asked, got, base+want)
		}
	}
	for referer, want := range map[string]string{base + "content/x/?a": "content/x/?a", base + "__oauth__/integrations/x/logout": "connect/", "https://evil.example/content/": "connect/"} {
		if got := alice.get("__oauth__/integrations/"+in+"/logout", "Referer: "+referer).want(302, 0).Header.Get("Location"); got != base+want {
			t.Errorf("from %s to %s, want %s", referer, got, want)
		}
	}
	r := alice.get("__oauth__/integrations/"+in+"/login").want(302, 0)
	to, err := url.Parse(r.Header.Get("Location"))
	if err != nil || to.Query().Get("redirect_uri") != base+"__oauth__/integrations/callback" {
		t.Errorf("redirect_uri of %s", r.Header.Get("Location"))
	}
	cookies := r.Header["Set-Cookie"]
	cookie := cookies[len(cookies)-1]
	for _, part := range []string{"rsconnect-oauth-", "Path=/rsconnect/__oauth__/integrations/callback", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q has no %s", cookie, part)
		}
	}
}

// A foreign page cannot make a browser log out or start logins behind its user's back, and content cannot do so for its owner.
func TestLoginIsThePersonsOwn(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Viewer")
	alice := s.person("alice")
	item := s.running("python-api", "all", nil)
	path := "__oauth__/integrations/" + in
	image := []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}
	alice.get(path+"/login", image...).want(403, 22)
	alice.login(in, "alice").want(302, 0)
	alice.get(path+"/logout", image...).want(403, 22)
	alice.get(path+"/logout", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document").want(403, 22)
	alice.get(path+"/login", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document").want(302, 0)
	key := s.visitor().get("content/" + item + "/").echo().Env["CONNECT_API_KEY"]
	s.byKey(key).get("__api__/v1/user").want(200, 0)
	s.byKey(key).get(path+"/login").want(403, 95)
	s.byKey(key).get(path+"/logout").want(403, 95)
}

func TestSessionsAPI(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	one, two := s.integrate("Viewer"), s.integrate("Viewer")
	alice, bob := s.person("alice"), s.person("bob")
	alice.login(one, "alice").want(302, 0)
	alice.login(two, "alice").want(302, 0)
	alice.login(one, "alice").want(302, 0) // again: the same session
	bob.login(one, "bob").want(302, 0)
	list := func(p *persona, query string) []map[string]any {
		t.Helper()
		r := p.get("__api__/v1/oauth/sessions"+query).want(200, 0)
		if strings.Contains(r.Body, "at_") || strings.Contains(r.Body, "rt_") {
			t.Errorf("tokens in %s", r.Body)
		}
		var all []map[string]any
		if err := json.Unmarshal([]byte(r.Body), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	own := list(alice, "")
	if len(own) != 2 || len(list(alice, "?all=true")) != 2 || len(list(s.admin, "")) != 0 || len(list(s.admin, "?all=True")) != 3 || len(list(s.admin, "?all=false")) != 0 {
		t.Errorf("sessions of alice: %v", own)
	}
	alice.get("__api__/v1/oauth/sessions?all=yes").want(400, 25)
	path := func(session map[string]any) string { return "__api__/v1/oauth/sessions/" + session["guid"].(string) }
	theirs := list(bob, "")[0]
	alice.get(path(theirs)).want(404, 4)
	alice.do("DELETE", path(theirs), "", alice.xsrf()...).want(404, 4)
	bob.get(path(theirs)).want(200, 0)
	s.admin.get(path(theirs)).want(200, 0)
	alice.do("DELETE", path(own[0]), "", alice.xsrf()...).want(204, 0)
	s.admin.do("DELETE", path(theirs), "").want(204, 0)
	if len(list(alice, "")) != 1 || len(list(bob, "")) != 0 {
		t.Error("deleted sessions are listed")
	}
	alice.do("DELETE", path(own[0]), "", alice.xsrf()...).want(404, 4)
}

// Twenty logins at once in one browser: all succeed and one session is left (readings.md O23).
func TestTwentyLogins(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	in := s.integrate("Viewer")
	alice := s.person("alice")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r := alice.get("__oauth__/integrations/" + in + "/login")
			u, err := url.Parse(r.Header.Get("Location"))
			if err != nil || r.Status != 302 {
				t.Errorf("login: %d, %v", r.Status, err)
				return
			}
			back := alice.get("__oauth__/integrations/callback?" + url.Values{"state": u.Query()["state"], "code": {"alice"}}.Encode())
			if back.Status != 302 {
				t.Errorf("callback: %d %s", back.Status, back.Body)
			}
		})
	}
	wg.Wait()
	if got := alice.get("__api__/v1/oauth/sessions").Body; strings.Count(got, "guid\":") != 3 || !strings.Contains(got, `"has_refresh_token":true`) {
		t.Errorf("sessions: %s", got)
	}
}
