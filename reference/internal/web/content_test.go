package web_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/reference/internal/content/contenttest"
)

func TestContentLife(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	made := s.publisher.do("POST", "__api__/v1/content", `{"name":"my-app","title":"My App"}`).want(200, 0)
	item := made.object()
	guid := item["guid"].(string)
	for name, want := range map[string]any{
		"name": "my-app", "title": "My App", "description": "", "access_type": "acl", "app_mode": "unknown", "app_role": "owner", "bundle_id": nil,
		"owner_guid": s.guids["paula"], "content_url": s.url + "content/" + guid + "/", "dashboard_url": s.url + "connect/#/apps/" + guid,
		"last_deployed_time": nil, "connection_timeout": nil, "run_as_current_user": false,
	} {
		if diff := cmp.Diff(want, item[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, isString := item["id"].(string); !isString {
		t.Errorf("id is %T, want a string of digits", item["id"])
	}
	// Clients compare the replies of create, get and list.
	get := s.publisher.get("__api__/v1/content/"+guid).want(200, 0)
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(s.publisher.get("__api__/v1/content").want(200, 0).Body), &list); err != nil || len(list) != 1 {
		t.Fatalf("list: %v", err)
	}
	if get.Body != made.Body || string(list[0]) != made.Body {
		t.Errorf("create, get and list differ:\n%s\n%s\n%s", made.Body, get.Body, list[0])
	}
	full := s.publisher.get("__api__/v1/content/"+guid+"?include=owner,tags,vanity_url").want(200, 0).object()
	if owner, ok := full["owner"].(map[string]any); !ok || owner["username"] != "paula" {
		t.Errorf("owner: %v", full["owner"])
	}
	if _, there := full["tags"]; there {
		t.Error("tags are there though there are none")
	}
	changed := s.publisher.do("PATCH", "__api__/v1/content/"+guid, `{"title":null,"name":null,"access_type":"logged_in","max_processes":3}`).want(200, 0).object()
	if changed["title"] != made.object()["title"] || changed["access_type"] != "logged_in" || changed["max_processes"] != 3.0 || changed["name"] != "my-app" {
		t.Errorf("changed: %v", changed)
	}
	s.publisher.do("DELETE", "__api__/v1/content/"+guid, "").want(204, 0)
	s.publisher.get("__api__/v1/content/"+guid).want(404, 4)
	s.publisher.do("POST", "__api__/v1/content", `{}`).want(200, 0) // a client may omit the name
}

func TestContentBadBodies(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.create(`{"name":"taken"}`)
	tests := []struct {
		name, body   string
		status, code int
	}{
		{"name taken", `{"name":"taken"}`, 409, 26},
		{"bad name", `{"name":"a b c"}`, 400, 5},
		{"short title", `{"title":"ab"}`, 400, 122},
		{"long description", `{"description":"` + strings.Repeat("x", 4097) + `"}`, 400, 123},
		{"access type", `{"access_type":"public"}`, 400, 117},
		{"wrong type", `{"name":5}`, 400, 121},
		{"wrong type of a setting", `{"max_processes":"3"}`, 400, 121},
		{"unknown field", `{"nmae":"x"}`, 400, 121},
		{"read-only field", `{"guid":"x"}`, 400, 121},
		{"trailing data", `{} {}`, 400, 121},
		{"not JSON", `name=x`, 400, 121},
		{"array", `[]`, 400, 121},
		{"empty", ``, 400, 121},
		{"another owner", `{"owner_guid":"x"}`, 403, 21},
	}
	for _, test := range tests {
		s.publisher.do("POST", "__api__/v1/content", test.body).want(test.status, test.code)
	}
	var list []any
	if err := json.Unmarshal([]byte(s.publisher.get("__api__/v1/content").Body), &list); err != nil || len(list) != 1 {
		t.Errorf("%d items, %v: a refused one was stored", len(list), err)
	}
	s.publisher.do("PATCH", "__api__/v1/content/"+guid, `{"name":"no","title":"New title"}`).want(400, 5)
	if got := s.publisher.get("__api__/v1/content/" + guid).object(); got["title"] != "" {
		t.Errorf("half a change was stored: %v", got["title"])
	}
	s.publisher.get("__api__/v1/content/"+guid+"?include=secrets").want(400, 161)
}

// TestContentAuthority checks the rights of anonymous visitors, unrelated users, viewers of the item, and
// administrators without a role on it.
func TestContentAuthority(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.create(`{}`)
	vera, rita := s.person("vera"), s.person("rita")
	s.permit(guid, "vera")
	viewer, stranger, nobody := s.byKey(vera.key()), s.byKey(rita.key()), s.visitor()
	path := "__api__/v1/content/" + guid
	calls := []struct {
		method, path, body                  string
		nobody, stranger, viewer, admin     int
		nobodyC, strangerC, viewerC, adminC int
	}{
		{"GET", path, "", 401, 403, 200, 200, 24, 19, 0, 0},
		{"PATCH", path, `{"description":"x"}`, 401, 403, 403, 200, 24, 22, 22, 0},
		{"GET", path + "/permissions", "", 401, 403, 200, 200, 24, 19, 0, 0},
		{"POST", path + "/permissions", `{}`, 401, 403, 403, 400, 24, 22, 22, 25},
		{"GET", path + "/bundles", "", 401, 403, 403, 200, 24, 22, 22, 0},
		{"POST", path + "/deploy", `{}`, 401, 403, 403, 404, 24, 22, 22, 28},
		{"POST", path + "/share_links", ``, 401, 403, 403, 200, 24, 22, 22, 0},
		{"GET", path + "/oauth/integrations/associations", "", 401, 403, 200, 200, 24, 19, 0, 0},
		{"PUT", path + "/oauth/integrations/associations", "[]", 401, 403, 403, 204, 24, 22, 22, 0},
		{"POST", "__api__/v1/content", `{}`, 401, 403, 403, 200, 24, 22, 22, 0},
		{"GET", "__api__/v1/tasks/ABCDEFGHIJKLMNOP", "", 401, 404, 404, 404, 24, 141, 141, 141},
		{"DELETE", path, "", 401, 403, 403, 204, 24, 22, 22, 0},
	}
	for _, c := range calls {
		nobody.do(c.method, c.path, c.body).want(c.nobody, c.nobodyC)
		stranger.do(c.method, c.path, c.body).want(c.stranger, c.strangerC)
		viewer.do(c.method, c.path, c.body).want(c.viewer, c.viewerC)
		s.admin.do(c.method, c.path, c.body).want(c.admin, c.adminC)
	}
	// Another publisher has no rights on the item either.
	other := s.create(`{}`)
	s.admin.do("PUT", "__api__/v1/users/"+s.guids["rita"], `{"user_role":"publisher"}`).want(200, 0)
	stranger = s.byKey(rita.key()) // the older key keeps the role viewer
	stranger.do("PATCH", "__api__/v1/content/"+other, `{"description":"x"}`).want(403, 19)
	stranger.do("PUT", "__api__/v1/content/"+other+"/oauth/integrations/associations", `[]`).want(403, 19)
	// An administrator changes the owner; the former owner then has no rights.
	s.publisher.do("PATCH", "__api__/v1/content/"+other, `{"owner_guid":"`+s.guids["rita"]+`"}`).want(403, 22)
	s.admin.do("PATCH", "__api__/v1/content/"+other, `{"owner_guid":"`+s.guids["vera"]+`"}`).want(403, 156)
	s.admin.do("PATCH", "__api__/v1/content/"+other, `{"owner_guid":"`+s.guids["rita"]+`"}`).want(200, 0)
	s.publisher.get("__api__/v1/content/"+other).want(403, 19)
}

func TestPermissionsAPI(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.create(`{}`)
	s.person("vera")
	path := "__api__/v1/content/" + guid + "/permissions"
	if got := s.publisher.get(path).want(200, 0).Body; got != "[]" {
		t.Errorf("permissions of a fresh item: %s", got)
	}
	body := func(principal, kind, role string) string {
		return `{"principal_guid":"` + principal + `","principal_type":"` + kind + `","role":"` + role + `"}`
	}
	vera := s.guids["vera"]
	made := s.publisher.do("POST", path, body(vera, "user", "viewer")).want(200, 0)
	id := made.str("id")
	if again := s.publisher.do("POST", path, body(vera, "user", "viewer")).want(200, 0); again.Body != made.Body {
		t.Errorf("the same permission again: %s, not %s", again.Body, made.Body)
	}
	s.publisher.get(path+"/"+id).want(200, 0)
	s.publisher.do("POST", path, body("nobody", "user", "viewer")).want(404, 9)
	s.publisher.do("POST", path, body("nothing", "group", "viewer")).want(404, 153)
	s.publisher.do("POST", path, body(vera, "robot", "viewer")).want(400, 152)
	s.publisher.do("POST", path, body(vera, "user", "editor")).want(400, 25)
	s.publisher.do("POST", path, body(vera, "user", "owner")).want(403, 33) // a viewer cannot collaborate
	s.publisher.do("POST", path, body(s.guids["paula"], "user", "viewer")).want(400, 34)
	s.publisher.do("PUT", path+"/"+id, `{"role":"viewer"}`).want(200, 0)
	s.publisher.do("PUT", path+"/"+id, body(s.guids["ada"], "user", "viewer")).want(400, 53)
	s.publisher.get(path+"/abc").want(400, 3)
	s.publisher.get(path+"/999").want(404, 4)
	s.publisher.do("DELETE", path+"/"+id, "").want(204, 0)
	s.publisher.do("DELETE", path+"/"+id, "").want(404, 4)
}

func TestBundlesAndTasks(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.create(`{}`)
	path := "__api__/v1/content/" + guid
	archive := string(contenttest.Bundle(t, "static", map[string]string{"index.html": "one"}))
	sum := md5.Sum([]byte(archive))
	s.publisher.do("POST", path+"/bundles", archive, "X-Content-Checksum: "+base64.StdEncoding.EncodeToString(make([]byte, 16))).want(400, 104)
	first := s.publisher.do("POST", path+"/bundles", archive, "Content-Type: application/gzip", "X-Content-Checksum: "+base64.StdEncoding.EncodeToString(sum[:])).want(200, 0).object()
	if first["content_guid"] != guid || first["active"] != false || first["size"] != float64(len(archive)) || first["created_by_name"] != "paula" {
		t.Errorf("bundle: %v", first)
	}
	form := "--b\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"x.tar.gz\"\r\n\r\n" + archive +
		"\r\n--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"source\":\"git\"}\r\n--b--\r\n"
	second := s.publisher.do("POST", path+"/bundles", form, "Content-Type: multipart/form-data; boundary=b").want(200, 0).object()
	if second["size"] != float64(len(archive)) || second["metadata"].(map[string]any)["source"] != "git" {
		t.Errorf("bundle of a form: %v", second)
	}
	if got := s.publisher.get(path+"/bundles/"+second["id"].(string)+"/download").want(200, 0); got.Body != archive || got.Header.Get("Content-Type") != "application/gzip" {
		t.Errorf("download differs, %s", got.Header.Get("Content-Type"))
	}
	s.publisher.do("POST", path+"/bundles", "--b--\r\n", "Content-Type: multipart/form-data; boundary=b").want(400, 12)
	for _, body := range []string{"", `{}`, `{"bundle_id":null}`, `{"bundle_id":"` + first["id"].(string) + `"}`, `{"bundle_id":` + first["id"].(string) + `}`} {
		id := s.publisher.do("POST", path+"/deploy", body).want(202, 0).str("task_id")
		if len(id) != 16 {
			t.Errorf("task id %q", id)
		}
		task := s.publisher.get("__api__/v1/tasks/"+id+"?wait=8&first=99").want(200, 0).object()
		if task["finished"] != true || task["code"] != 0.0 || task["error"] != "" || task["last"].(float64) < 2 || len(task["output"].([]any)) != 0 {
			t.Errorf("task: %v", task)
		}
		if all := s.publisher.get("__api__/v1/tasks/" + id).object()["output"].([]any); len(all) < 2 {
			t.Errorf("output: %v", all)
		}
	}
	s.publisher.do("POST", path+"/deploy", `{"bundle_id":"999"}`).want(404, 28)
	s.publisher.do("POST", path+"/deploy", `{"bundle_id":"x"}`).want(400, 121)
	s.publisher.do("POST", path+"/deploy", `{"bundle_id":"1","x":1}`).want(400, 121)
	s.publisher.do("DELETE", path+"/bundles/"+first["id"].(string), "").want(400, 75)
	s.publisher.do("DELETE", path+"/bundles/"+second["id"].(string), "").want(204, 0)
	if got := s.publisher.get(path).object(); got["app_mode"] != "static" || got["bundle_id"] != first["id"] || got["last_deployed_time"] == nil {
		t.Errorf("after deployment: %v", got)
	}
	s.publisher.get("__api__/v1/tasks/x?wait=-1").want(400, 25)
	empty := s.create(`{}`)
	s.publisher.do("POST", "__api__/v1/content/"+empty+"/deploy", `{}`).want(404, 28)
	for name, bad := range map[string]string{"empty": "", "damaged": archive[:20]} {
		if task := s.deployed(empty, bad); task["code"] == 0.0 || task["error"] == "" {
			t.Errorf("%s bundle: %v", name, task)
		}
	}
	s.publisher.get("content/"+empty+"/").want(404, 4)
}
