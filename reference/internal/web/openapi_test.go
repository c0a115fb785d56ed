package web_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"countersign/reference/internal/config"
	"countersign/reference/internal/content/contenttest"
	"countersign/reference/internal/web"
)

func mustLoadContract(t *testing.T) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	got := newSite(t, proxied).visitor().get("__api__/openapi.yaml").want(200, 0)
	if got.Body != string(want) || got.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%s, %d bytes, want those of %s", got.Header.Get("Content-Type"), len(got.Body), documentFile)
	}
}

// The routes of the server and the operations of the document are the same and require the same roles.
func TestDocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	c := mustLoadContract(t)
	cfg, err := config.Parse("test.gcfg", []byte(proxied), nil)
	if err != nil {
		t.Fatal(err)
	}
	routes := web.New(web.Options{Config: cfg, Base: "http://localhost/"}).Routes()
	for pattern, role := range routes {
		if op := c.operations[pattern]; op == nil {
			t.Errorf("the document has no operation for the route %q", pattern)
		} else if op.Operation.Extensions["x-role"] != role {
			t.Errorf("%s requires %s, the document says %v", pattern, role, op.Operation.Extensions["x-role"])
		}
	}
	for pattern, op := range c.operations {
		if _, served := routes[pattern]; !served {
			t.Errorf("no route for the operation %q", pattern)
		}
		anyMethod, _ := op.Operation.Extensions["x-any-method"].(bool)
		if anyMethod == strings.Contains(pattern, " ") {
			t.Errorf("%s: x-any-method is %t", pattern, anyMethod)
		}
		if !slices.Contains([]any{"connect", "documented", "invention"}, op.Operation.Extensions["x-origin"]) {
			t.Errorf("%s: x-origin is %v", pattern, op.Operation.Extensions["x-origin"])
		}
	}
}

// The codes of the document are those of codes.go, and the statuses of the errors of an operation are those of its
// codes.
func TestDocumentedErrors(t *testing.T) {
	t.Parallel()
	c := mustLoadContract(t)
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]int{}
	for _, m := range regexp.MustCompile(`connectError\((\d+), (\d+),`).FindAllStringSubmatch(string(source), -1) {
		code, _ := strconv.Atoi(m[1])
		want[code], _ = strconv.Atoi(m[2])
	}
	if len(want) < 50 || !maps.Equal(c.statuses, want) {
		t.Errorf("x-error-codes has %v, codes.go has %v", c.statuses, want)
	}
	used := map[int]bool{47: true} // a refusal at the sign-in that the server does not disclose to clients
	for pattern, op := range c.operations {
		allowed := map[string]bool{}
		for _, code := range op.codes {
			used[code] = true
			if c.statuses[code] == 0 {
				t.Errorf("%s: code %d is not in x-error-codes", pattern, code)
			}
			allowed[strconv.Itoa(c.statuses[code])] = true
		}
		if slices.Contains(op.codes, 1) {
			allowed["503"] = true // code 1 as well
		}
		if op.Operation.Responses.Default() != nil {
			allowed["502"] = true // likewise, if content fails
		}
		documented := map[string]bool{}
		for _, status := range op.Operation.Responses.Keys() {
			if status >= "400" && status != "default" {
				documented[status] = true
			}
		}
		if !maps.Equal(documented, allowed) {
			t.Errorf("%s: statuses of errors %v, by its codes %v", pattern, slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(allowed)))
		}
	}
	for code := range want {
		if !used[code] {
			t.Errorf("no operation has code %d", code)
		}
	}
}

// A reply that is not as in the document is reported.
func TestContractRejects(t *testing.T) {
	t.Parallel()
	const key = `{"id":"1","name":"n","key":"k","user_role":"viewer","created_time":"2026-01-02T03:04:05Z","active_time":null,"expires_at":null`
	const path = "/__api__/v1/users/u/keys/1"
	for _, tt := range []struct {
		name, method, path, media string
		status                    int
		body, want                string
	}{
		{"as documented", "GET", path, "application/json; charset=utf-8", 200, key + "}", ""},
		{"unknown member", "GET", path, "application/json", 200, key + `,"more":1}`, `"more"`},
		{"missing member", "GET", path, "application/json", 200, `{"id":"1"}`, `"name"`},
		{"wrong type", "GET", path, "application/json", 200, strings.Replace(key, `"1"`, "1", 1) + "}", "string"},
		{"wrong time", "GET", path, "application/json", 200, strings.Replace(key, "05Z", "05.5Z", 1) + "}", "pattern"},
		{"member of a page", "GET", "/__api__/v1/users", "application/json", 200, `{"results":[],"current_page":1,"total":0,"next":2}`, `"next"`},
		{"media type", "GET", path, "text/plain", 200, key + "}", "Content-Type"},
		{"unknown status", "GET", path, "application/json", 201, key + "}", "no status 201"},
		{"error", "GET", path, "application/json", 403, `{"code":22,"error":"x","payload":null}`, ""},
		{"unknown code", "GET", path, "application/json", 403, `{"code":9999,"error":"x","payload":null}`, "no code 9999"},
		{"code of other operations", "GET", path, "application/json", 400, `{"code":228,"error":"x","payload":null}`, "no code 228"},
		{"status of another code", "GET", path, "application/json", 403, `{"code":24,"error":"x","payload":null}`, "code 24 has status 401"},
		{"error without payload", "GET", path, "application/json", 403, `{"code":22,"error":"x"}`, `"payload"`},
		{"error as a page of the API", "GET", path, "text/html", 403, "<p>no</p>", "not JSON"},
		{"error as a page", "GET", "/__claim__/t", "text/html; charset=utf-8", 404, "<p>no</p>", ""},
		{"body of a redirect", "GET", "/__logout__", "text/plain", 302, "x", "has a body"},
		{"code of no operation", "GET", "/nowhere", "application/json", 404, `{"code":4,"error":"x","payload":null}`, "no code 4"},
		{"redirect without a target", "GET", "/__logout__", "", 302, "", "Location"},
		{"reply of content", "GET", "/content/g/x", "text/x", 418, "tea", ""},
		{"refused visit", "GET", "/content/g/x", "application/json", 403, `{"code":22,"error":"x","payload":null}`, ""},
		{"refused visit with another code", "GET", "/content/g/x", "application/json", 400, `{"code":3,"error":"x","payload":null}`, "no code 3"},
		{"no identifier", "GET", path, "", 200, key + "}", "X-Correlation-Id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.name != "no identifier" {
					w.Header().Set("X-Correlation-Id", "x")
				}
				w.Header()["Content-Type"] = []string{tt.media}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body) //nolint:errcheck // a test
			}))
			defer server.Close()
			checkOne(t, server.URL+tt.path, tt.method, tt.want)
		})
	}
}

// checkOne makes a request and compares the reports of checkedTransport with the wanted text; "" means none.
func checkOne(t *testing.T, url, method, want string) {
	t.Helper()
	var reported []string
	client := http.Client{
		Transport:     checkedTransport{func(_ string, args ...any) { reported = append(reported, args[3].(error).Error()) }, http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequest(method, url, nil) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	got := strings.Join(reported, "\n")
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("reported %q, want %q", got, want)
	}
}

// pathParam is a parameter in the path of an operation.
var pathParam = regexp.MustCompile(`\{\w+\}`)

// request returns the method and a path for an operation.
func (o *operation) request() (method, path string) {
	method = o.Method
	if o.Operation.Extensions["x-any-method"] == true {
		method = http.MethodPost
	}
	return method, pathParam.ReplaceAllString(o.Path, "1")
}

// Every operation refuses callers without its role, and changes without the XSRF token, as documented.
func TestDocumentedRoles(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	visitor, viewer, admin := s.visitor(), s.byKey(s.person("vera").key()), s.signIn("ada")
	for pattern, op := range mustLoadContract(t).operations {
		method, path := op.request()
		role := op.Operation.Extensions["x-role"]
		if role != "anyone" {
			visitor.do(method, path, "").want(http.StatusUnauthorized, 24)
		}
		if role == "publisher" || role == "administrator" {
			viewer.do(method, path, "").want(http.StatusForbidden, 22)
		}
		if role == "administrator" {
			s.publisher.do(method, path, "").want(http.StatusForbidden, 22)
		}
		unsafe := method != http.MethodGet
		if slices.Contains(op.codes, 92) != unsafe {
			t.Errorf("%s: code 92 is documented: %t", pattern, !unsafe)
		}
		if unsafe {
			admin.do(method, path, "", "Sec-Fetch-Site: cross-site").want(http.StatusForbidden, 92)
		}
	}
}

// Operations that no other test calls with success.
func TestDocumentedReads(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	ada := s.signIn("ada")
	ada.get("__api__/v1/server_settings/python").want(200, 0)
	ada.get("__api__/v1/server_settings/cobol").want(404, 2)
	ada.get("__api__/me").want(200, 0)
	group := ada.post("__api__/v1/groups", `{"name":"crew"}`).want(200, 0).str("guid")
	ada.get("__api__/v1/groups/"+group).want(200, 0)
	item := s.create(`{}`)
	bundles := "__api__/v1/content/" + item + "/bundles"
	bundle := s.publisher.do("POST", bundles, string(contenttest.Bundle(t, "static", nil))).want(200, 0).str("id")
	s.publisher.get(bundles+"/"+bundle).want(200, 0)
	s.publisher.get(bundles+"/x").want(400, 3)
	s.publisher.get(bundles+"/99").want(404, 4)
}
