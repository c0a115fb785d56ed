package web_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/account"
)

func TestSignInByHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.user("ada")
	first := ada.get("__api__/v1/user").want(200, 0)
	if first.str("username") != "ada" || first.str("user_role") != "administrator" {
		t.Errorf("the first user is %s", first.Body)
	}
	for _, c := range first.Header["Set-Cookie"] {
		if !strings.Contains(c, "Path=/;") || !strings.Contains(c, "SameSite=Lax") || strings.Contains(c, "Secure") ||
			strings.HasPrefix(c, "rsconnect=") != strings.Contains(c, "HttpOnly") {
			t.Errorf("cookie %s", c)
		}
	}
	again := ada.get("__api__/v1/user").want(200, 0)
	if len(again.Header["Set-Cookie"]) != 0 || again.Body != first.Body {
		t.Errorf("the second request made a session again: %v", again.Header)
	}
	if role := s.signIn("bob").get("__api__/v1/user").str("user_role"); role != "viewer" {
		t.Errorf("the second user is a %s", role)
	}
	if got := s.usernames(); got != "ada bob" {
		t.Errorf("users %q", got)
	}
}

func TestPublicCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t, "[Server]\nAddress = https://example.com/rsconnect\n"+proxied)
	for _, c := range s.user("ada").get("__api__/v1/user").want(200, 0).Header["Set-Cookie"] {
		if !strings.Contains(c, "Path=/rsconnect/;") || !strings.Contains(c, "Secure") {
			t.Errorf("cookie %s", c)
		}
	}
}

// Each request is authenticated separately.
func TestIdentityPerRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada, bob := s.signIn("ada"), s.signIn("bob")
	key := ada.key()
	adasCookie := "Cookie: rsconnect=" + ada.cookie("rsconnect")
	tests := []struct {
		name   string
		lines  []string
		status int
		want   string // username, or error code
	}{
		{"nothing", nil, 401, "24"},
		{"cookie without the header", []string{adasCookie}, 401, "24"},
		{"header beats cookie", []string{adasCookie, "X-Auth-Username: bob"}, 200, "bob"},
		{"a made-up cookie", []string{"Cookie: rsconnect=x", "X-Auth-Username: bob"}, 200, "bob"},
		{"key", []string{"Authorization: Key " + key}, 200, "ada"},
		{"key beats header", []string{"Authorization: Key " + key, "X-Auth-Username: bob"}, 200, "ada"},
		{"scheme in small letters", []string{"Authorization: key " + key}, 200, "ada"},
		{"wrong key", []string{"Authorization: Key x"}, 401, "30"},
		{"wrong key does not fall back", []string{"Authorization: Key x", "X-Auth-Username: bob"}, 401, "30"},
		{"empty key", []string{"Authorization: Key "}, 401, "30"},
		{"another scheme is the proxy's", []string{"Authorization: Basic YTpi", "X-Auth-Username: bob"}, 200, "bob"},
		{"another scheme alone", []string{"Authorization: Bearer Key " + key}, 401, "24"},
		{"two Authorization lines", []string{"Authorization: Key " + key, "Authorization: Key " + key}, 401, "30"},
		{"X-RSC-Authorization", []string{"X-RSC-Authorization: Key " + key}, 200, "ada"},
		{"X-RSC-Authorization, bare", []string{"X-RSC-Authorization: " + key}, 200, "ada"},
		{"X-RSC-Authorization wins", []string{"X-RSC-Authorization: Key " + key, "Authorization: Basic x"}, 200, "ada"},
		{"X-RSC-Authorization wins when wrong", []string{"X-RSC-Authorization: Key x", "Authorization: Key " + key}, 401, "30"},
		{"X-RSC-Authorization wins when empty", []string{"X-RSC-Authorization: ", "Authorization: Key " + key}, 401, "30"},
		{"two X-RSC-Authorization lines", []string{"X-RSC-Authorization: Key " + key, "X-Rsc-authorization: Key " + key}, 401, "30"},
		{"an unknown deployment token", []string{"X-Auth-Token: T0", "X-Auth-Username: bob"}, 401, "30"},
		{"no deployment token yet", []string{"X-Auth-Token: anonymous-access"}, 401, "24"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := s.visitor().get("__api__/v1/user", tt.lines...)
			got := fmt.Sprint(r.object()["username"])
			if r.Status != 200 {
				got = fmt.Sprint(r.object()["code"])
			}
			if r.Status != tt.status || got != tt.want {
				t.Errorf("got %d %s, want %d %s", r.Status, got, tt.status, tt.want)
			}
			if strings.Contains(tt.name, "key") && len(r.Header["Set-Cookie"]) > 0 {
				t.Error("a request by key got a session")
			}
		})
	}
	if strings.Contains(s.log.String(), key) {
		t.Error("the key is in the log")
	}
	bob.get("__api__/v1/user").want(200, 0)
	if got := s.usernames(); got != "ada bob" {
		t.Errorf("users %q", got)
	}
}

// All refusals of identity headers have the same reply, create no account and no session.
func TestRefusedHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"FirstNameHeader = X-First\nRoleHeader = X-Role\nEmailHeader = X-Email\n")
	key := s.signIn("ada").key()
	tests := []struct {
		name     string
		lines    []string
		insecure bool // the document's log line
	}{
		{"two values", []string{"X-Auth-Username: mallory", "X-Auth-Username: ada"}, true},
		{"equal values", []string{"X-Auth-Username: mallory", "X-Auth-Username: mallory"}, true},
		{"other letter case", []string{"X-Auth-Username: mallory", "x-auth-username: mallory"}, true},
		{"first name", []string{"X-Auth-Username: mallory", "X-First: a", "X-First: a"}, true},
		{"role", []string{"X-Auth-Username: mallory", "X-Role: viewer", "X-Role: viewer"}, true},
		{"with a key", []string{"Authorization: Key " + key, "X-Auth-Username: mallory", "X-Auth-Username: mallory"}, true},
		{"with a token", []string{"X-Auth-Token: anonymous-access", "X-Auth-Username: mallory", "X-Auth-Username: mallory"}, true},
		{"joined", []string{"X-Auth-Username: mallory, ada"}, false},
		{"empty", []string{"X-Auth-Username: "}, false},
		{"not UTF-8", []string{"X-Auth-Username: mallor\xe9"}, false},
		{"long", []string{"X-Auth-Username: " + strings.Repeat("m", 256)}, false},
		{"prohibited", []string{"X-Auth-Username: connect"}, false},
	}
	var body string
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := strings.Count(s.log.String(), "Rejected insecure proxied authentication attempt")
			r := s.visitor().get("__api__/v1/user", tt.lines...).want(401, 30)
			if body == "" {
				body = r.Body
			}
			if r.Body != body {
				t.Errorf("this refusal tells itself apart: %s, not %s", r.Body, body)
			}
			if len(r.Header["Set-Cookie"]) != 0 {
				t.Error("a refused request got a cookie")
			}
			after := strings.Count(s.log.String(), "Rejected insecure proxied authentication attempt")
			if (after > before) != tt.insecure {
				t.Errorf("log line written: %v, want %v", after > before, tt.insecure)
			}
			s.visitor().get("content/x/", tt.lines...).want(401, 30)
		})
	}
	if got := s.usernames(); got != "ada" {
		t.Errorf("users %q", got)
	}
	if strings.Contains(s.log.String(), "mallory") {
		t.Error("a refused value is in the log")
	}
	s.visitor("X-Auth-Username: mallory", "X-Auth-Username: mallory").get("__ping__").want(200, 0)
}

// An unusable value of the profile or group is left out: the user is signed in, and the log names the header.
func TestUnusableProfile(t *testing.T) {
	t.Parallel()
	const options = proxied + "FirstNameHeader = X-First\nLastNameHeader = X-Last\nEmailHeader = X-Email\nGroupsHeader = X-Groups\nGroupsAutoProvision = true\n"
	for _, tt := range []struct{ name, header, value, reason string }{
		{"Latin-1 first name", "X-First", "Jos\xe9", "not UTF-8"},
		{"long last name", "X-Last", strings.Repeat("q", 256), "value too long"},
		{"tab in the last name", "X-Last", "q\tq", "control or invisible characters"},
		{"email joined by a comma", "X-Email", "qa@x,qb@x", "several values joined by a proxy"},
		{"email joined by a semicolon", "X-Email", "qa@x;qb@x", "several values joined by a proxy"},
		{"long group", "X-Groups", strings.Repeat("q", 260), "value too long"},
		{"Latin-1 group", "X-Groups", "q\xe9", "not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, options)
			good := map[string]string{"X-First": "Ada", "X-Last": "Lovelace", "X-Email": "ada@x", "X-Groups": "engineers"}
			lines := []string{"X-Auth-Username: ada"}
			for name, value := range good {
				if name != tt.header {
					lines = append(lines, name+": "+value)
				}
			}
			p := s.visitor(append(lines, tt.header+": "+tt.value)...)
			got := p.get("__api__/v1/user").want(200, 0)
			for member, name := range map[string]string{"first_name": "X-First", "last_name": "X-Last", "email": "X-Email"} {
				if want := good[name]; name != tt.header && got.str(member) != want || name == tt.header && got.str(member) != "" {
					t.Errorf("%s is %q", member, got.str(member))
				}
			}
			if groups := p.get("__api__/v1/groups").want(200, 0).Body; strings.Contains(groups, "engineers") != (tt.header != "X-Groups") || strings.Contains(groups, "qq") {
				t.Errorf("groups %s", groups)
			}
			p.get("__api__/v1/user").want(200, 0)
			log := s.log.String()
			if n := strings.Count(log, "Left out a value"); n != 1 || !strings.Contains(log, `reason="`+tt.reason+`" header=`+tt.header) {
				t.Errorf("%d lines in the log, want one that names %s and %q:\n%s", n, tt.header, tt.reason, log)
			}
			if strings.Contains(log, "insecure") || strings.Contains(log, "qa@x") || strings.Contains(log, "qq") {
				t.Errorf("the log calls the attempt insecure or repeats the value:\n%s", log)
			}
		})
	}
}

// A proxy that identifies users by e-mail address has one header for the username and the e-mail address.
func TestOneHeaderForUsernameAndEmail(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"UsernameHeader = X-Forwarded-Email\nEmailHeader = X-Forwarded-Email\n")
	got := s.visitor("X-Forwarded-Email: ada@x.org").get("__api__/v1/user").want(200, 0)
	if got.str("username") != "ada@x.org" || got.str("email") != "ada@x.org" {
		t.Errorf("got %s", got.Body)
	}
	s.visitor("X-Forwarded-Email: ada@x.org", "X-Forwarded-Email: ada@x.org").get("__api__/v1/user").want(401, 30)
}

// An identity can sign in if and only if it can be provisioned in advance.
func TestProvisionedUsernamesAreThoseThatSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	admin := s.byKey(s.signIn("ada").key())
	unfilled := []string{"(null)", "${user}", "{http.auth.user.id}", "%{REMOTE_USER}", "%{REMOTE_USER}e", "%{REMOTE_USER}s"}
	for _, name := range append(unfilled, "a,b", "a\u200bb", "\u00a0", "a\u00a0", strings.Repeat("x", 256), "connect") {
		s.user(name).get("__api__/v1/user").want(401, 30)
		code := 7
		if name == "connect" {
			code = 107
		}
		admin.post("__api__/v1/users", `{"username":"`+name+`"}`).want(400, code)
	}
	for _, name := range []string{"a;b", "a b", "null", "{", "(null)x", "x{y}", "ö", strings.Repeat("x", 255)} {
		admin.post("__api__/v1/users", `{"username":"`+name+`"}`).want(200, 0)
		s.user(name).get("__api__/v1/user").want(200, 0)
	}
	if got, want := s.usernames(), "ada a;b a b null { (null)x x{y} ö "+strings.Repeat("x", 255); got != want {
		t.Errorf("users %q, want %q", got, want)
	}
}

// A username that is generated from an e-mail address must be a valid username.
func TestGeneratedUsernamesAreUsernames(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"UniqueIdHeader = X-Id\nEmailHeader = X-Email\n")
	s.visitor("X-Id: 1", "X-Email: ada@x.org").get("__api__/v1/user").want(200, 0)
	for i, local := range []string{"(null)", "${user}", "a\u200bb"} {
		s.visitor(fmt.Sprint("X-Id: ", 2+i), "X-Email: "+local+"@x.org").get("__api__/v1/user").want(401, 30)
	}
	if got := s.usernames(); got != "ada" {
		t.Errorf("users %q", got)
	}
}

func TestProhibitedUsernames(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	key := s.signIn("ada").key()
	admin := s.byKey(key)
	for _, name := range account.ProhibitedUsernames {
		s.user(name).get("__api__/v1/user").want(401, 30)
		admin.post("__api__/v1/users", `{"username":"`+name+`"}`).want(400, 107)
	}
	s.signIn("content1")
	s.signIn("Connect") // usernames are case-sensitive
	admin.post("__api__/v1/users", `{"username":"myapps"}`).want(200, 0)
	if got := s.usernames(); got != "ada content1 Connect myapps" {
		t.Errorf("users %q", got)
	}
}

// A request with a session of the same user and the same header values only reads. Every other request is a login
// attempt.
func TestLoginAttempts(t *testing.T) {
	t.Parallel()
	s := newSite(t, "[Authentication]\nProvider = proxy\nLifetime = 1h\n[ProxyAuth]\nEmailHeader = X-Email\n")
	ada := s.user("ada")
	attempt := func(want bool, lines ...string) {
		t.Helper()
		r := ada.get("__api__/v1/user", lines...).want(200, 0)
		if got := len(r.Header["Set-Cookie"]) == 2; got != want {
			t.Errorf("%v: login attempt %v, want %v", lines, got, want)
		}
	}
	attempt(true)
	attempt(false)
	attempt(true, "X-Email: a@x")
	attempt(false, "X-Email: a@x")
	if got := ada.get("__api__/v1/user", "X-Email: a@x").str("email"); got != "a@x" {
		t.Errorf("email %q", got)
	}
	attempt(true, "X-Email: b@x")
	attempt(true)
	if got := ada.get("__api__/v1/user").str("email"); got != "b@x" {
		t.Errorf("a header that is missing took the email: %q", got)
	}
	s.clock.pass(61 * time.Minute)
	attempt(true)
	attempt(false)
}

func TestRegisterOnFirstLoginOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	key := s.signIn("ada").key()
	s.accounts.Policy.RegisterOnFirstLogin = false
	refused := s.user("bob").get("__api__/v1/user").want(401, 30)
	if prohibited := s.user("apps").get("__api__/v1/user").want(401, 30); prohibited.Body != refused.Body {
		t.Errorf("an unknown user learns that they are unknown: %s, not %s", refused.Body, prohibited.Body)
	}
	made := s.byKey(key).post("__api__/v1/users", `{"username":"bob","user_role":"publisher"}`).want(200, 0)
	got := s.user("bob").get("__api__/v1/user").want(200, 0)
	if got.str("guid") != made.str("guid") || got.str("user_role") != "publisher" {
		t.Errorf("signed in as %s, made %s", got.Body, made.Body)
	}
	if got := s.usernames(); got != "ada bob" {
		t.Errorf("users %q", got)
	}
}

func TestUniqueID(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"UniqueIdHeader = X-ID\nUsernameHeader = X-Auth-Username\n")
	key := s.visitor("X-ID: 1", "X-Auth-Username: sam").get("__api__/v1/user").want(200, 0)
	s.user("sam").get("__api__/v1/user").want(401, 24)
	second := s.visitor("X-ID: 2", "X-Auth-Username: sam").get("__api__/v1/user").want(200, 0)
	if second.str("guid") == key.str("guid") || second.str("username") != "sam" {
		t.Errorf("ids 1 and 2 are %s and %s", key.Body, second.Body)
	}
	renamed := s.visitor("X-ID: 2", "X-Auth-Username: kim").get("__api__/v1/user").want(200, 0)
	if renamed.str("guid") != second.str("guid") || renamed.str("username") != "kim" || renamed.str("external_id") != "2" {
		t.Errorf("renamed: %s", renamed.Body)
	}
	s.visitor("X-ID: 2", "X-Auth-Username: apps").get("__api__/v1/user").want(401, 30)

	admin := s.byKey(s.visitor("X-ID: 1", "X-Auth-Username: sam").key())
	for _, id := range []string{" 5", "5 ", "5,6", `5\u200b`, `5\u0001`, strings.Repeat("5", 256)} { // a proxy cannot send these values
		admin.post("__api__/v1/users", `{"username":"lee","unique_id":"`+id+`"}`).want(400, 25)
	}
	admin.post("__api__/v1/users", `{"username":"lee"}`).want(400, 129)
	admin.post("__api__/v1/users", `{"username":"lee","unique_id":"2"}`).want(400, 76)
	lee := admin.post("__api__/v1/users", `{"username":"lee","external_id":"5"}`).want(200, 0)
	if got := s.visitor("X-ID: 5", "X-Auth-Username: kim").get("__api__/v1/user").want(200, 0); got.str("guid") != lee.str("guid") {
		t.Errorf("signed in as %s, made %s", got.Body, lee.Body)
	}
}

func TestGeneratedUsernames(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"UniqueIdHeader = X-ID\nEmailHeader = X-Email\n")
	for _, tt := range []struct{ id, email, want string }{
		{"1", "jane.roe@a.org", "jane.roe"}, {"2", "jane.roe@b.org", "jane.roe1"}, {"3", "jane.roe@c.org", "jane.roe2"},
		{"1", "other@a.org", "jane.roe"}, {"4", "apps@x.org", "apps1"},
	} {
		got := s.visitor("X-ID: "+tt.id, "X-Email: "+tt.email).get("__api__/v1/user").want(200, 0).str("username")
		if got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.id, tt.email, got, tt.want)
		}
	}
	names := map[string]bool{}
	for n := range 40 {
		who := s.visitor(fmt.Sprintf("X-ID: info-%d", n), "X-Email: info@x.org")
		names[who.get("__api__/v1/user").want(200, 0).str("username")] = true
	}
	if len(names) != 40 || !names["info"] || !names["info1"] {
		t.Errorf("of 40 generated usernames %d differ: %v", len(names), names)
	}
	for name := range names {
		if !regexp.MustCompile(`^info[0-9]*$`).MatchString(name) {
			t.Errorf("generated %q", name)
		}
	}
	s.visitor("X-ID: 5").get("__api__/v1/user").want(401, 30)
	s.visitor("X-ID: 5", "X-Email: @x.org").get("__api__/v1/user").want(401, 30)

	jane := s.visitor("X-ID: 2", "X-Email: jane.roe@b.org")
	guid := jane.get("__api__/v1/user").str("guid")
	put := func(name string) *reply {
		return jane.do("PUT", "__api__/v1/users/"+guid, `{"username":"`+name+`"}`, jane.xsrf()...)
	}
	put("jane.roe").want(409, 8)
	put("content").want(400, 107)
	put("").want(400, 7)
	put("jane").want(200, 0)
	if got := s.visitor("X-ID: 2", "X-Email: jane.roe@b.org").get("__api__/v1/user").str("username"); got != "jane" {
		t.Errorf("after the next login: %q", got)
	}
}

// Twenty concurrent browsers of a new user create one account, which is the first user.
func TestConcurrentFirstLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	var wg sync.WaitGroup
	guids := make(chan string, 40)
	for i := range cap(guids) {
		wg.Go(func() { guids <- s.user([]string{"ada", "bob"}[i%2]).get("__api__/v1/user").want(200, 0).str("guid") })
	}
	wg.Wait()
	close(guids)
	different := map[string]bool{}
	for g := range guids {
		different[g] = true
	}
	if len(different) != 2 {
		t.Errorf("%d accounts, want 2", len(different))
	}
	if n, err := s.store.Accounts().CountActiveAdministrators(t.Context()); err != nil || n != 1 {
		t.Errorf("%d administrators, %v", n, err)
	}
}

func TestLockedUser(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada, bob := s.signIn("ada"), s.signIn("bob")
	adasKey, bobsKey := ada.key(), bob.key()
	guid := bob.get("__api__/v1/user").str("guid")
	s.byKey(adasKey).post("__api__/v1/users/"+guid+"/lock", `{"locked":true}`).want(200, 0)
	bob.get("__api__/v1/user").want(403, 50)
	s.user("bob").get("__api__/v1/user").want(403, 50)
	s.byKey(bobsKey).get("__api__/v1/user").want(403, 50)
	s.byKey(adasKey).post("__api__/v1/users/"+guid+"/lock", `{"locked":false}`).want(200, 0)
	bob.get("__api__/v1/user").want(200, 0)
	self := ada.get("__api__/v1/user").str("guid")
	ada.post("__api__/v1/users/"+self+"/lock", `{"locked":true}`).want(400, 61)
}

func TestForeignWebSocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	r := s.signIn("ada").get("content/x/ws", "Upgrade: websocket", "Connection: Upgrade", "Origin: https://evil.example")
	r.want(403, 22)
}

func TestLoginURL(t *testing.T) {
	t.Parallel()
	const login, logout = "https://Proxy.example/auth/login?a=b&c=%2F#x", "https://Proxy.example/logout/?a=%2f'b'"
	s := newSite(t, proxied+"LoginURL = \""+login+"\"\nLogoutURL = \""+logout+"\"\n")
	anyone := s.visitor("Accept: text/html")
	if got := anyone.get("__login__").want(302, 0).Header.Get("Location"); got != login {
		t.Errorf("Location %q, want %q", got, login)
	}
	anyone.get("__api__/v1/user").want(401, 24)
	s.visitor("Authorization: Key x").get("__api__/v1/user").want(401, 30)
	page := anyone.get("connect/").want(200, 0).Body
	if !strings.Contains(page, "Log In") || strings.Contains(page, "ada") {
		t.Errorf("the page of an anonymous visitor: %s", page)
	}
	ada := s.signIn("ada")
	if page := ada.get("connect/").want(200, 0).Body; !strings.Contains(html.UnescapeString(page), `href="`+logout+`"`) {
		t.Errorf("the Log Out link is not %q: %s", logout, page)
	}
	before := ada.cookie("rsconnect")
	if got := ada.get("__logout__").want(302, 0).Header.Get("Location"); got != login {
		t.Errorf("Location %q, want %q", got, login)
	}
	r := s.visitor("X-Auth-Username: ada", "Cookie: rsconnect="+before).get("__api__/v1/user").want(200, 0)
	if len(r.Header["Set-Cookie"]) != 2 {
		t.Error("the session outlived the logout")
	}
	newSite(t, proxied).visitor().get("__login__").want(404, 2)
}

func TestProxyAuthLogging(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"Logging = true\n")
	s.visitor("X-Auth-Username: ada", "X-Foo: a\tb=\"", "X-Rsc-Request: http://x/", "Cookie: theirs=secret; none=; rsconnect=mine").get("__api__/v1/user").want(200, 0)
	log := s.log.String()
	for _, want := range []string{"headers.X-Auth-Username=ada", `headers.X-Foo="a\tb=\""`, "headers.X-Rsc-Request=<internal>",
		"cookies.theirs=<redacted>", "cookies.none=<empty>", "cookies.rsconnect=<internal>"} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log:\n%s", want, log)
		}
	}
	if strings.Contains(log, "secret") || strings.Contains(log, "mine") {
		t.Errorf("a cookie's value is in the log:\n%s", log)
	}
}
