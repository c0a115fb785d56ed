package web_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/integration"
)

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

// /login and /logout return to a path of this server for every parameter.
func TestReturnTo(t *testing.T) {
	t.Parallel()
	s := newContentSite(t, "[Server]", "Address = https://connect.example:8443/rsconnect/")
	const base = "https://connect.example:8443/rsconnect/"
	in := s.integrate("Viewer")
	alice := s.person("alice")
	for asked, want := range map[string]string{
		"": "connect/", base + "content/x/": "content/x/", base + "content/x/?a=b&c=/../d": "content/x/?a=b&c=/../d", base + "content/%20x": "content/%20x",
		base + "content/%zz": "connect/", base + "connect/": "connect/", base + "__oauth__/integrations/x/logout": "connect/", base: "connect/",
		base + "content/../x": "connect/", base + "content/%2e%2e/%2e%2e/evil": "connect/", base + "content//evil.example": "connect/",
		"/content/x/": "connect/", "//evil.example": "connect/", "///evil.example": "connect/", "https://evil.example/content/": "connect/",
		"https:evil.example": "connect/", `/\\evil.example`: "connect/", "https://connect.example:8443@evil.example/": "connect/",
		"https://connect.example/rsconnect/content/": "connect/", "http://connect.example:8443/rsconnect/content/": "connect/",
		"javascript:alert(1)": "connect/", "evil.example": "connect/", "https://connect.example:8443.evil.example/": "connect/",
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

// A page of another site cannot cause a logout or a login without the user's knowledge, and content cannot do so for
// its owner.
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
	for _, end := range []string{"/login", "/logout"} {
		alice.get(path+end, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document").want(302, 0)
	}
	key := s.visitor().get("content/" + item + "/").echo().Env["CONNECT_API_KEY"]
	s.byKey(key).get("__api__/v1/user").want(200, 0)
	s.byKey(key).get(path+"/login").want(403, 95)
	s.byKey(key).get(path+"/logout").want(403, 95)
}

// Twenty concurrent logins in one browser all succeed and result in one session (OI-084).
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
