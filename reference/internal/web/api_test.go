package web_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	anyone := s.visitor()
	anyone.get("__api__/v1/nope").want(404, 2)
	anyone.do("PATCH", "__api__/v1/user", "{}").want(404, 2)
	anyone.get("nope").want(404, 2)
	if got := s.visitor("Accept: text/html").get("nope").want(404, 0); !strings.Contains(got.Body, "<h1>404</h1>") {
		t.Errorf("page %s", got.Body)
	}
	if got := anyone.get("__ping__").want(200, 0).Body; got != "{}" {
		t.Errorf("ping %s", got)
	}
}

func TestCorrelationID(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for sent, echoed := range map[string]bool{"mine-1": true, "": false, "a b": false, strings.Repeat("x", 129): false} {
		got := s.visitor().get("__ping__", "X-Correlation-Id: "+sent).Header.Get("X-Correlation-ID")
		if (got == sent) != echoed || !echoed && !uuid.MatchString(got) {
			t.Errorf("sent %q, got %q", sent, got)
		}
	}
}

func TestServerSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	settings := s.visitor().get("__api__/server_settings").want(200, 0).object()
	if settings["version"] != "2026.01.0" || settings["oauth_integrations_enabled"] != true || len(settings["prohibited_usernames"].([]any)) != 20 {
		t.Errorf("settings %v", settings)
	}
}

// An invalid body gets an error 400 in the form of the API, and nothing is stored.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.signIn("ada")
	admin := s.byKey(ada.key())
	guid := ada.get("__api__/v1/user").str("guid")
	for _, target := range []struct{ method, path, good string }{
		{"POST", "__api__/v1/users", `"username":"bad"`},
		{"PUT", "__api__/v1/users/" + guid, `"first_name":"bad"`},
		{"POST", "__api__/v1/users/" + guid + "/keys", `"name":"bad"`},
		{"POST", "__api__/v1/users/" + guid + "/lock", `"locked":true`},
		{"POST", "__api__/v1/groups", `"name":"bad"`},
	} {
		for name, body := range map[string]string{
			"empty":         "",
			"null":          " null ",
			"array":         "[]",
			"string":        `"x"`,
			"unknown field": `{` + target.good + `,"nope":1}`,
			"wrong type":    `{` + strings.Split(target.good, ":")[0] + `:[1]}`,
			"trailing data": `{` + target.good + `} {}`,
			"trailing text": `{` + target.good + `}x`,
			"cut":           `{` + target.good,
			"not UTF-8":     "{\"\xff",
			"too large":     `{` + target.good + `}` + strings.Repeat(" ", 1<<20),
			"deep":          strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19),
			"form":          "username=bad&name=bad",
		} {
			r := admin.do(target.method, target.path, body)
			if r.Status != 400 {
				t.Errorf("%s, %s: status %d: %s", r.what, name, r.Status, r.Body)
				continue
			}
			r.want(400, 121)
		}
	}
	if got := s.usernames(); got != "ada" {
		t.Errorf("users %q", got)
	}
	if me := admin.get("__api__/v1/user").object(); me["first_name"] != "" || me["locked"] != false {
		t.Errorf("the user has changed: %v", me)
	}
	if keys := admin.get("__api__/v1/users/" + guid + "/keys").Body; strings.Contains(keys, "bad") {
		t.Errorf("keys %s", keys)
	}
	if groups := admin.get("__api__/v1/groups").object(); groups["total"] != 0.0 {
		t.Errorf("groups %v", groups)
	}
	// The content type is ignored, because the documented curl command sends that of a form.
	admin.do("POST", "__api__/v1/users", `{"username":"good"}`, "Content-Type: application/x-www-form-urlencoded").want(200, 0)
}

func TestCreateUsers(t *testing.T) {
	t.Parallel()
	plain := newSite(t, proxied)
	unique := newSite(t, proxied+"UniqueIdHeader = X-ID\nUsernameHeader = X-Auth-Username\n")
	generated := newSite(t, proxied+"UniqueIdHeader = X-ID\nEmailHeader = X-Email\n")
	admins := map[*site]*persona{
		plain:     plain.byKey(plain.signIn("ada").key()),
		unique:    unique.byKey(unique.visitor("X-ID: 0", "X-Auth-Username: ada").key()),
		generated: generated.byKey(generated.visitor("X-ID: 0", "X-Email: ada@x").key()),
	}
	for _, tt := range []struct {
		name, body   string
		site         *site
		status, code int
	}{
		{"plain", `{"username":"bob","first_name":"B","last_name":"O","email":"b@x","user_role":"publisher"}`, plain, 200, 0},
		{"taken", `{"username":"bob"}`, plain, 409, 8},
		{"no username", `{}`, plain, 400, 7},
		{"blank username", `{"username":" "}`, plain, 400, 7},
		{"joined username", `{"username":"a,b"}`, plain, 400, 7},
		{"invisible character", `{"username":"a\u200bb"}`, plain, 400, 7},
		{"long username", `{"username":"` + strings.Repeat("x", 256) + `"}`, plain, 400, 7},
		{"prohibited", `{"username":"tokens"}`, plain, 400, 107},
		{"role", `{"username":"c","user_role":"admin"}`, plain, 400, 112},
		{"unique id not configured", `{"username":"c","unique_id":"1"}`, plain, 400, 25},
		{"password", `{"username":"c","password":"longenough"}`, plain, 400, 25},
		{"control character in a name", `{"username":"c","first_name":"a\nb"}`, plain, 400, 25},
		{"unique id", `{"username":"sam","unique_id":"1"}`, unique, 200, 0},
		{"external id, same username", `{"username":"sam","external_id":"2"}`, unique, 200, 0},
		{"no unique id", `{"username":"kim"}`, unique, 400, 129},
		{"blank unique id", `{"username":"kim","external_id":" "}`, unique, 400, 129},
		{"taken unique id", `{"username":"kim","external_id":"2"}`, unique, 400, 76},
		{"generated", `{"external_id":"1","email":"ada@y"}`, generated, 200, 0},
		{"nothing to generate from", `{"external_id":"2"}`, generated, 400, 91},
		{"taken username", `{"external_id":"2","username":"ada"}`, generated, 409, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			admins[tt.site].post("__api__/v1/users", tt.body).want(tt.status, tt.code)
		})
	}
	for s, want := range map[*site]string{plain: "ada bob", unique: "ada sam sam", generated: "ada ada1"} {
		if got := s.usernames(); got != want {
			t.Errorf("users %q, want %q", got, want)
		}
	}
	made := admins[plain].get("__api__/v1/users?prefix=bo").object()["results"].([]any)[0].(map[string]any)
	if made["active_time"] != nil || made["confirmed"] != true || made["user_role"] != "publisher" {
		t.Errorf("made %v", made)
	}
	if _, ok := made["external_id"]; ok {
		t.Error("external_id is shown where unique ids are not used")
	}
	plain.signIn("carol").post("__api__/v1/users", `{"username":"x"}`).want(403, 22)
	plain.visitor().post("__api__/v1/users", `{"username":"x"}`).want(401, 24)
	newSite(t, proxied).visitor().post("__api__/v1/users", `{"username":"x"}`).want(401, 24)
	admins[plain].do("PUT", "__api__/v1/users", `{"temp_ticket":"x"}`).want(400, 119)
	admins[plain].get("__api__/v1/users/remote?prefix=a").want(400, 132)
}

func TestEditUsers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, config, who, target, body string
		status, code                    int
	}{
		{"self", "", "bob", "bob", `{"first_name":"B","last_name":"O","email":"b@x"}`, 200, 0},
		{"administrator", "", "ada", "bob", `{"first_name":"B"}`, 200, 0},
		{"another user", "", "bob", "eve", `{"first_name":"B"}`, 403, 22},
		{"self, by administrators only", "[Authorization]\nUserInfoEditableBy = Admin\n", "bob", "bob", `{"first_name":"B"}`, 403, 22},
		{"administrator, by administrators only", "[Authorization]\nUserInfoEditableBy = Admin\n", "ada", "bob", `{"first_name":"B"}`, 200, 0},
		{"first name from the proxy", "FirstNameHeader = X-F\n", "ada", "bob", `{"first_name":"B"}`, 400, 46},
		{"last name from the proxy", "LastNameHeader = X-F\n", "bob", "bob", `{"last_name":"B"}`, 400, 46},
		{"email from the proxy", "EmailHeader = X-F\n", "ada", "bob", `{"email":"B"}`, 400, 46},
		{"no change is no edit", "FirstNameHeader = X-F\n", "bob", "bob", `{"first_name":"","username":"bob","user_role":"viewer"}`, 200, 0},
		{"username", "", "ada", "bob", `{"username":"rob"}`, 400, 36},
		{"username from the proxy", "UniqueIdHeader = X-Auth-Username\nUsernameHeader = X-U\n", "ada", "bob", `{"username":"rob"}`, 400, 36},
		{"role", "", "ada", "bob", `{"user_role":"publisher"}`, 200, 0},
		{"own role", "", "bob", "bob", `{"user_role":"administrator"}`, 403, 22},
		{"role from the proxy", "RoleHeader = X-R\n", "ada", "bob", `{"user_role":"publisher"}`, 400, 46},
		{"role from groups", "GroupsHeader = X-R\n[Authorization]\nUserRoleGroupMapping = on\n", "ada", "bob", `{"user_role":"publisher"}`, 400, 46},
		{"unknown role", "", "ada", "bob", `{"user_role":"Viewer"}`, 400, 112},
		{"last administrator", "", "ada", "ada", `{"user_role":"viewer"}`, 400, 61},
		{"nobody", "", "ada", "-", `{"first_name":"B"}`, 404, 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, proxied+tt.config)
			guids, people := map[string]string{"-": "x"}, map[string]*persona{}
			for _, name := range []string{"ada", "bob", "eve"} {
				p := s.user(name)
				if strings.Contains(tt.config, "X-U\n") {
					p.header.Set("X-U", name)
				}
				people[name] = p
				guids[name] = p.get("__api__/v1/user").want(200, 0).str("guid")
			}
			target := "__api__/v1/users/" + guids[tt.target]
			before := people["ada"].get(target).Body
			who := people[tt.who]
			r := who.do("PUT", target, tt.body, who.xsrf()...).want(tt.status, tt.code)
			after := people["ada"].get(target).Body
			if tt.status != 200 && before != after {
				t.Errorf("refused, but changed:\n%s\n%s", before, after)
			}
			if tt.status == 200 && len(r.object()) != 6 {
				t.Errorf("reply %s", r.Body)
			}
		})
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada := s.signIn("ada")
	for i := range 25 {
		s.signIn(fmt.Sprintf("user%02d", i))
	}
	r := ada.get("__api__/v1/users").want(200, 0).object()
	if len(r) != 3 || r["total"] != 26.0 || r["current_page"] != 1.0 || len(r["results"].([]any)) != 20 {
		t.Errorf("first page: %d members, total %v", len(r), r["total"])
	}
	if r = ada.get("__api__/v1/users?page_number=2&page_size=20").object(); len(r["results"].([]any)) != 6 {
		t.Errorf("second page: %v", r)
	}
	for _, query := range []string{"page_number=0", "page_size=501", "page_size=x", "sort=password", "asc_order=maybe", "account_status=odd"} {
		ada.get("__api__/v1/users?"+query).want(400, 25)
	}
	ada.get("__api__/v1/users?user_role=root").want(400, 112)
	if r = ada.get("__api__/v1/users?user_role=administrator|publisher&sort=username").object(); r["total"] != 1.0 {
		t.Errorf("administrators and publishers: %v", r)
	}
	ada.get("__api__/v1/users/nobody").want(404, 9)

	closed := newSite(t, proxied+"[Authorization]\nViewersCanOnlySeeThemselves = true\n")
	guid := closed.signIn("ada").get("__api__/v1/user").str("guid")
	bob := closed.signIn("bob")
	if r := bob.get("__api__/v1/users").object(); r["total"] != 1.0 {
		t.Errorf("bob sees %v", r)
	}
	bob.get("__api__/v1/users/"+guid).want(404, 9)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	ada, bob := s.signIn("ada"), s.signIn("bob")
	adas, bobs := ada.get("__api__/v1/user").str("guid"), bob.get("__api__/v1/user").str("guid")
	made := bob.post("__api__/v1/users/"+bobs+"/keys", `{"name":" mine "}`).want(200, 0)
	key, id := made.str("key"), made.str("id")
	if len(key) < 40 || made.str("name") != "mine" || made.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("made %s", made.Body)
	}
	path := "__api__/v1/users/" + bobs + "/keys/" + id
	for _, r := range []*reply{bob.get("__api__/v1/users/" + bobs + "/keys"), bob.get(path)} {
		if r.want(200, 0); strings.Contains(r.Body, key) || !strings.Contains(r.Body, `"key":"`+key[len(key)-4:]+`"`) {
			t.Errorf("%s shows %s", r.what, r.Body)
		}
	}
	bob.post("__api__/v1/users/"+adas+"/keys", `{"name":"x"}`).want(403, 22)
	ada.get(path).want(403, 22)
	ada.do("DELETE", path, "", ada.xsrf()...).want(403, 22)
	bob.post("__api__/v1/users/"+bobs+"/keys", `{"name":" "}`).want(400, 62)
	bob.post("__api__/v1/users/"+bobs+"/keys", `{"name":"x","user_role":"publisher"}`).want(400, 234)
	bob.post("__api__/v1/users/"+bobs+"/keys", `{"name":"x","user_role":"boss"}`).want(400, 112)
	bob.post("__api__/v1/users/"+bobs+"/keys", `{"name":"x","expires_at":"tomorrow"}`).want(400, 25)

	// A key with a lower role acts with that role, and cannot create a key with a higher role.
	weak := s.byKey(ada.post("__api__/v1/users/"+adas+"/keys", `{"name":"weak","user_role":"viewer"}`).want(200, 0).str("key"))
	weak.get("__api__/v1/user").want(200, 0)
	weak.post("__api__/v1/users", `{"username":"x"}`).want(403, 22)
	if got := weak.post("__api__/v1/users/"+adas+"/keys", `{"name":"y"}`).want(200, 0).str("user_role"); got != "viewer" {
		t.Errorf("a viewer's key made one of a %s", got)
	}
	weak.post("__api__/v1/users/"+adas+"/keys", `{"name":"y","user_role":"administrator"}`).want(400, 234)

	s.byKey(key).get("__api__/v1/user").want(200, 0)
	if used := bob.get(path).str("active_time"); used == "<nil>" {
		t.Error("the time of use is not kept")
	}
	bob.do("DELETE", path, "", bob.xsrf()...).want(204, 0)
	s.byKey(key).get("__api__/v1/user").want(401, 30)
	bob.do("DELETE", path, "", bob.xsrf()...).want(404, 4)
	bob.do("DELETE", "__api__/v1/users/"+bobs+"/keys/x", "", bob.xsrf()...).want(400, 3)
}

func TestGroups(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	admin := s.byKey(s.signIn("ada").key())
	bob := s.signIn("bob")
	bobs := bob.get("__api__/v1/user").str("guid")
	group := admin.post("__api__/v1/groups", `{"name":"Eng"}`).want(200, 0)
	path := "__api__/v1/groups/" + group.str("guid")
	if group.object()["owner_guid"] == nil {
		t.Error("a group made by API has no owner")
	}
	admin.post("__api__/v1/groups", `{"name":"Eng"}`).want(409, 15)
	admin.post("__api__/v1/groups", `{"name":" "}`).want(400, 14)
	admin.post("__api__/v1/groups", `{"name":"x","unique_id":"1"}`).want(400, 25)
	bob.post("__api__/v1/groups", `{"name":"x"}`).want(403, 22)
	admin.post(path+"/members", `{"user_guid":"`+bobs+`"}`).want(204, 0)
	admin.post(path+"/members", `{"user_guid":"`+bobs+`"}`).want(409, 16)
	admin.post(path+"/members", `{"user_guid":"x"}`).want(404, 9)
	if r := bob.get(path+"/members").want(200, 0).object(); r["total"] != 1.0 {
		t.Errorf("members %v", r)
	}
	bob.get("__api__/v1/groups/x").want(404, 153)
	bob.do("PATCH", path, `{"name":"mine"}`, bob.xsrf()...).want(403, 22)
	if got := admin.do("PATCH", path, `{"name":"Engineering"}`).want(200, 0).str("name"); got != "Engineering" {
		t.Errorf("renamed to %s", got)
	}
	bob.do("DELETE", path+"/members/"+bobs, "", bob.xsrf()...).want(204, 0) // every user may leave a group
	admin.do("DELETE", path+"/members/"+bobs, "").want(404, 17)
	bob.do("DELETE", path, "", bob.xsrf()...).want(403, 22)
	admin.do("DELETE", path, "").want(204, 0)
	admin.get(path).want(404, 153)

	sent := newSite(t, proxied+"GroupsHeader = X-G\nGroupsByUniqueId = on\n")
	admin = sent.byKey(sent.signIn("ada").key())
	admin.post("__api__/v1/groups", `{"name":"x"}`).want(400, 130)
	path = "__api__/v1/groups/" + admin.post("__api__/v1/groups", `{"name":"x","unique_id":"1"}`).want(200, 0).str("guid")
	admin.post("__api__/v1/groups", `{"name":"x","unique_id":"2"}`).want(200, 0)
	admin.post("__api__/v1/groups", `{"name":"y","unique_id":"1"}`).want(400, 131)
	guid := sent.user("bob").get("__api__/v1/user", "X-G: 1", "X-G: x").want(200, 0).str("guid")
	if r := admin.get(path + "/members").object(); r["total"] != 1.0 {
		t.Errorf("members by unique id %v", r)
	}
	admin.do("DELETE", path+"/members/"+guid, "").want(403, 95)

	off := newSite(t, proxied+"[Authorization]\nUserGroups = false\n")
	off.signIn("ada").get("__api__/v1/groups").want(400, 132)
}

func TestPasswordProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t, "[Authentication]\nProvider = password\n")
	s.user("ada").get("__api__/v1/user").want(401, 24) // identity headers are ignored
	anyone := s.visitor()
	anyone.post("__api__/v1/users", `{"username":"ada","password":"short"}`).want(400, 6)
	first := anyone.post("__api__/v1/users", `{"username":"ada","password":"correct horse","user_role":"viewer"}`).want(200, 0)
	if first.str("user_role") != "administrator" {
		t.Errorf("the first user is a %s", first.str("user_role"))
	}
	anyone.post("__api__/v1/users", `{"username":"eve","password":"correct horse"}`).want(401, 24)
	ada := s.visitor()
	ada.post("__login__", `{"username":"ada","password":"wrong"}`).want(401, 30)
	ada.post("__login__", `{"username":"nobody","password":"wrong"}`).want(401, 30)
	ada.post("__login__", `{"username":"ada","password":"correct horse"}`, "Origin: https://evil.example").want(403, 92)
	ada.post("__login__", `{"username":"ada","password":"correct horse"}`).want(200, 0)
	if got := ada.get("__api__/v1/user").want(200, 0).str("username"); got != "ada" {
		t.Errorf("signed in as %s", got)
	}
	ada.do("POST", "__api__/v1/users", `{"username":"bob","password":"correct horse"}`).want(403, 92)
	ada.post("__api__/v1/users", `{"username":"bob","password":"correct horse"}`).want(200, 0)
	ada.post("__api__/v1/users", `{"username":"bob","password":"correct horse"}`).want(409, 8)
	cookie := "Cookie: rsconnect=" + ada.cookie("rsconnect")
	s.visitor().get("__api__/v1/user", cookie).want(200, 0)
	ada.get("__logout__").want(302, 0)
	s.visitor().get("__api__/v1/user", cookie).want(401, 24)
	if log := s.log.String(); strings.Contains(log, "horse") {
		t.Errorf("a password is in the log: %s", log)
	}
	newSite(t, proxied).visitor().post("__login__", `{"username":"a","password":"b"}`).want(403, 95)
}
