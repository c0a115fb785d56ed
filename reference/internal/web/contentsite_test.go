package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/content"
	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/store"
	"countersign/reference/internal/vault"
	"countersign/reference/internal/web"
)

func TestMain(m *testing.M) {
	contenttest.Main() // this binary is the content program
	os.Exit(m.Run())
}

// contentSite is a site with content, integrations, an administrator and a publisher, each with a key.
type contentSite struct {
	*site
	content          *content.Service
	dir              string // the data folder
	provider         *webProvider
	admin, publisher *persona
	guids            map[string]string // of users, by name
}

func newContentSite(t *testing.T, options ...string) *contentSite {
	t.Helper()
	return newContentSiteWith(t, func(*web.Options) {}, options...)
}

// newContentSiteWith is newContentSite with a change of the options of the server.
func newContentSiteWith(t *testing.T, change func(*web.Options), options ...string) *contentSite {
	t.Helper()
	s := &contentSite{provider: newWebProvider(t), guids: map[string]string{}}
	dir := t.TempDir()
	s.dir = dir
	s.site = newSite(t, proxied+strings.Join(options, "\n"), func(o *web.Options, db *store.DB) {
		items, err := content.New(t.Context(), content.Options{
			Store: db.Content(), Accounts: o.Accounts, DataDir: dir, Node: "n", Server: o.Base,
			Command: contenttest.Command(), Log: o.Log,
		})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := vault.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		integrations, err := integration.New(integration.Options{
			Store: db.Integrations(), Vault: keys, Now: o.Now, Log: o.Log, Content: items,
		})
		if err != nil {
			t.Fatal(err)
		}
		o.Content, o.Integrations = items, integrations
		s.content = items
		change(o)
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.content.Close(ctx); err != nil {
			t.Errorf("close content: %v", err)
		}
	})
	ada := s.person("ada") // the first user is the administrator
	s.admin = s.byKey(ada.key())
	paula := s.person("paula")
	s.admin.do("PUT", "__api__/v1/users/"+s.guids["paula"], `{"user_role":"publisher"}`).want(200, 0)
	s.publisher = s.byKey(paula.key())
	return s
}

// executions returns the number of programs that are running. Each has a folder of its own.
func (s *contentSite) executions() int {
	s.t.Helper()
	folders, err := os.ReadDir(filepath.Join(s.dir, "run"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return len(folders)
}

// person returns a signed-in user in a browser.
func (s *contentSite) person(name string) *persona {
	s.t.Helper()
	p := s.signIn(name)
	s.guids[name] = p.get("__api__/v1/user").want(200, 0).str("guid")
	return p
}

// create creates an item that has not been deployed.
func (s *contentSite) create(body string) string {
	s.t.Helper()
	return s.publisher.do("POST", "__api__/v1/content", body).want(200, 0).str("guid")
}

// deploy deploys a bundle and waits for the task to succeed.
func (s *contentSite) deploy(guid, mode string, files map[string]string) {
	s.t.Helper()
	task := s.deployed(guid, string(contenttest.Bundle(s.t.(*testing.T), mode, files)))
	if task["error"] != "" || task["code"] != 0.0 {
		s.t.Fatalf("deployment: %v", task)
	}
}

func (s *contentSite) deployed(guid, archive string) map[string]any {
	s.t.Helper()
	bundle := s.publisher.do("POST", "__api__/v1/content/"+guid+"/bundles", archive).want(200, 0).str("id")
	id := s.publisher.do("POST", "__api__/v1/content/"+guid+"/deploy", `{"bundle_id":"`+bundle+`"}`).want(202, 0).str("task_id")
	task := s.publisher.get("__api__/v1/tasks/"+id+"?wait=8&first=1000").want(200, 0).object()
	if task["finished"] != true {
		s.t.Fatalf("task is not finished: %v", task)
	}
	return task
}

// running returns a deployed item with a mode and access type.
func (s *contentSite) running(mode, access string, files map[string]string) string {
	s.t.Helper()
	guid := s.create(`{"access_type":"` + access + `"}`)
	s.deploy(guid, mode, files)
	return guid
}

// permit gives a user a permission to view an item.
func (s *contentSite) permit(guid, user string) {
	s.t.Helper()
	s.publisher.do("POST", "__api__/v1/content/"+guid+"/permissions",
		`{"principal_guid":"`+s.guids[user]+`","principal_type":"user","role":"viewer"}`).want(200, 0)
}

// echo returns the data that the content program reports about a visit.
func (r *reply) echo() contenttest.Echo {
	r.t.Helper()
	var e contenttest.Echo
	if err := json.Unmarshal([]byte(r.want(200, 0).Body), &e); err != nil || e.PID == 0 {
		r.t.Fatalf("%s: not an answer of content: %v in %s", r.what, err, r.Body)
	}
	return e
}

const userToken = "Posit-Connect-User-Session-Token"

// integrate creates an integration.
func (s *contentSite) integrate(kind string, more ...string) string {
	s.t.Helper()
	config := fmt.Sprintf(`{"auth_type":%q,"client_id":"client","client_secret":"cs_secret_of_the_client","authorization_uri":%q,"token_uri":%q,"scopes":"openid offline_access"%s}`,
		kind, s.provider.URL+"/authorize", s.provider.URL+"/token", strings.Join(more, ""))
	return s.admin.do("POST", "__api__/v1/oauth/integrations", `{"name":"n","description":null,"template":"custom","config":`+config+`}`).want(200, 0).str("guid")
}

func (s *contentSite) associate(item string, integrations ...string) *reply {
	s.t.Helper()
	entries := []string{}
	for _, guid := range integrations {
		entries = append(entries, `{"oauth_integration_guid":"`+guid+`"}`)
	}
	return s.publisher.do("PUT", "__api__/v1/content/"+item+"/oauth/integrations/associations", "["+strings.Join(entries, ",")+"]")
}

// startLogin visits /login and returns the parameters of the authorization request.
func (p *persona) startLogin(in string, query ...string) url.Values {
	p.site.t.Helper()
	r := p.get("__oauth__/integrations/"+in+"/login"+strings.Join(query, "")).want(302, 0)
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || u.Path != "/authorize" {
		p.site.t.Fatalf("login leads to %q", r.Header.Get("Location"))
	}
	return u.Query()
}

// login completes a login; the provider then knows the user by name.
func (p *persona) login(in, name string, query ...string) *reply {
	p.site.t.Helper()
	q := p.startLogin(in, query...)
	return p.get("__oauth__/integrations/callback?" + url.Values{"state": q["state"], "code": {name}}.Encode())
}

// exchange requests an access token like content.
func (s *contentSite) exchange(e contenttest.Echo, viewer bool, change ...func(url.Values)) *reply {
	s.t.Helper()
	form := url.Values{"grant_type": {integration.GrantTokenExchange}}
	if viewer {
		form.Set("subject_token_type", integration.UserSessionToken)
		form.Set("subject_token", e.Headers.Get(userToken))
	} else {
		form.Set("subject_token_type", integration.ContentSessionToken)
		form.Set("subject_token", e.Env["CONNECT_CONTENT_SESSION_TOKEN"])
	}
	for _, c := range change {
		c(form)
	}
	return s.byKey(e.Env["CONNECT_API_KEY"]).do("POST", "__api__/v1/oauth/integrations/credentials", form.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

// webProvider is a token endpoint whose tokens contain the name in the code: at_alice_1, rt_alice_1.
type webProvider struct {
	*httptest.Server
	mu        sync.Mutex
	n         int
	grants    []string
	noRefresh bool
	lifetime  int
	fail      bool
}

func newWebProvider(t *testing.T) *webProvider {
	p := &webProvider{lifetime: 3600}
	p.Server = httptest.NewServer(http.HandlerFunc(p.token))
	t.Cleanup(p.Close)
	return p
}

func (p *webProvider) set(change func(*webProvider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *webProvider) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.grants...)
}

func (p *webProvider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	kind := r.FormValue("grant_type")
	p.grants = append(p.grants, kind)
	w.Header().Set("Content-Type", "application/json")
	if p.fail {
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"rt_echoed_by_the_provider"}`)
		return
	}
	name := r.FormValue("code")
	switch kind {
	case "client_credentials":
		name = "service"
	case "refresh_token":
		name = strings.Split(r.FormValue("refresh_token"), "_")[1]
	}
	reply := map[string]any{"access_token": fmt.Sprintf("at_%s_%d", name, p.n), "token_type": "Bearer", "expires_in": p.lifetime}
	if !p.noRefresh && kind != "client_credentials" {
		reply["refresh_token"] = fmt.Sprintf("rt_%s_%d", name, p.n)
	}
	json.NewEncoder(w).Encode(reply) //nolint:errcheck // a test
}
