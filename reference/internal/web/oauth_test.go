package web_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/content"
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
	// The change keeps the secret: a login, which needs it, succeeds.
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
		{"GET", "__oauth__/integrations/" + guid + "/login", "", 401, 403, 403, 24, 95, 95, 403},
		{"GET", "__oauth__/integrations/" + guid + "/logout", "", 401, 403, 403, 24, 95, 95, 403},
		{"GET", "__oauth__/integrations/callback?state=x&code=y", "", 401, 403, 403, 24, 95, 95, 403},
		{"GET", "__oauth__/integrations/nothing/login", "", 401, 403, 403, 24, 95, 95, 403},
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
	// The headers are those of the documented curl command.
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

// publishedModes are the modes of the published table, and those that no client lists.
var publishedModes = []content.Mode{"api", "jupyter-voila", "python-api", "python-bokeh", "python-dash", "python-fastapi",
	"python-shiny", "python-streamlit", "quarto-shiny", "rmd-shiny", "shiny", "tensorflow-saved-model", "python-gradio",
	"python-panel", "nodejs", "rmd-static", "jupyter-static", "quarto-static", "static"}

// TestAssociationsByMode compares the server with the published table, for every mode (OI-111 to OI-113).
func TestAssociationsByMode(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	viewer, service := s.integrate("Viewer"), s.integrate("Service Account")
	unknown := s.create(`{}`)
	s.associate(unknown, viewer).want(400, 237)
	s.associate(unknown, service).want(400, 237)
	for _, mode := range publishedModes {
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
