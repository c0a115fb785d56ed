package web_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// A bodied route accepts JSON. good is an accepted body; each wrong body differs from it in one respect.
type bodied struct {
	handler string // the name of the handler, by which the test finds missing routes
	by      *persona
	method  string
	path    string
	good    string
	empty   bool     // may be empty
	free    []string // members that accept any value
}

// bodiedRoutes returns all such routes, on a site with the objects that they need.
func bodiedRoutes(t *testing.T) (*contentSite, []bodied) {
	s := newContentSite(t)
	user := s.admin.do("POST", "__api__/v1/users", `{"username":"bob"}`).want(200, 0).str("guid")
	self := "__api__/v1/users/" + s.admin.get("__api__/v1/user").str("guid")
	users, groups := "__api__/v1/users/"+user, "__api__/v1/groups/"+s.admin.do("POST", "__api__/v1/groups", `{"name":"eng"}`).want(200, 0).str("guid")
	guid := s.running("python-api", "acl", nil)
	item := "__api__/v1/content/" + guid
	permit := fmt.Sprintf(`{"principal_guid":%q,"principal_type":"user","role":"viewer"}`, user)
	permission := s.publisher.do("POST", item+"/permissions", permit).want(200, 0).str("id")
	made := s.integrate("Viewer")
	const config = `{"auth_type":"Viewer","client_id":"c","client_secret":"s","authorization_uri":"https://x/a","token_uri":"https://x/t"}`
	d := s.deployer()
	return s, []bodied{
		{"createUser", s.admin, "POST", "__api__/v1/users", `{"username":"eve","first_name":"E","last_name":"V","email":"e@x","user_role":"viewer","user_must_set_password":false}`, false, nil},
		{"updateUser", s.admin, "PUT", users, `{"email":"b@x","first_name":"B","last_name":"O","user_role":"publisher"}`, false, nil},
		{"lockUser", s.admin, "POST", users + "/lock", `{"locked":true}`, false, nil},
		{"createKey", s.admin, "POST", self + "/keys", `{"name":"k","user_role":"viewer"}`, false, nil},
		{"createGroup", s.admin, "POST", "__api__/v1/groups", `{"name":"ops"}`, false, nil},
		{"updateGroup", s.admin, "POST", groups, `{"name":"eng2"}`, false, nil},
		{"updateGroup", s.admin, "PATCH", groups, fmt.Sprintf(`{"name":"eng3","owner_guid":%q}`, user), false, nil},
		{"addMember", s.admin, "POST", groups + "/members", fmt.Sprintf(`{"user_guid":%q}`, user), false, nil},
		{"createContent", s.publisher, "POST", "__api__/v1/content", `{"name":"content-1","title":"Title","description":"d","access_type":"acl"}`, false, nil},
		{"changeContent", s.publisher, "PATCH", item, `{"title":"Other","description":"d"}`, false, nil},
		{"putPermission", s.admin, "POST", item + "/permissions", permit, false, nil},
		{"changePermission", s.publisher, "PUT", item + "/permissions/" + permission, `{"role":"viewer"}`, false, nil},
		{"deployContent", s.publisher, "POST", item + "/deploy", `{"bundle_id":null,"activate":true}`, true, []string{"bundle_id"}},
		{"createIntegration", s.admin, "POST", "__api__/v1/oauth/integrations", `{"name":"i","description":"d","template":"custom","config":` + config + `}`, false, nil},
		{"changeIntegration", s.admin, "PATCH", "__api__/v1/oauth/integrations/" + made, `{"name":"j","description":"d"}`, false, nil},
		{"setAssociations", s.publisher, "PUT", item + "/oauth/integrations/associations", fmt.Sprintf(`[{"oauth_integration_guid":%q}]`, made), false, nil},
		{"registerToken", d.persona, "POST", "__api__/tokens", fmt.Sprintf(`{"token":%q,"public_key":%q,"user_id":0}`, d.token, publicKey(t, d.key)), false, []string{"user_id"}},
	}
}

// wrongBodies returns bodies that differ from a good one in one respect, by that respect.
func wrongBodies(t *testing.T, r bodied) map[string]string {
	t.Helper()
	wrong := map[string]string{
		"data behind it": r.good + " {}", "a word behind it": r.good + "x", "cut off": r.good[:len(r.good)-1],
		"null": "null", "number": "1", "text": `"x"`, "no JSON": "name=x&user_role=viewer",
		"1 MiB of arrays": strings.Repeat("[", 1<<20), "1 MiB of objects": strings.Repeat(`{"a":`, 1<<20/5),
		"longer than 1 MiB": r.good + strings.Repeat(" ", 1<<20),
	}
	if !r.empty {
		wrong["empty"] = ""
	}
	var one map[string]json.RawMessage
	whole := func(b []byte) string { return string(b) }
	if array := []json.RawMessage{}; json.Unmarshal([]byte(r.good), &array) == nil {
		wrong["object for an array"] = string(array[0])
		whole = func(b []byte) string { return "[" + string(b) + "]" }
		if err := json.Unmarshal(array[0], &one); err != nil {
			t.Fatal(err)
		}
	} else {
		wrong["array for an object"] = "[" + r.good + "]"
		if err := json.Unmarshal([]byte(r.good), &one); err != nil {
			t.Fatal(err)
		}
	}
	with := func(member, value string) string {
		changed := map[string]json.RawMessage{}
		for name, v := range one {
			changed[name] = v
		}
		changed[member] = json.RawMessage(value)
		b, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		return whole(b)
	}
	wrong["unknown member"] = with("nope", "1")
	for member, value := range one {
		deep := with(member, "0")
		wrong["nested "+member] = strings.Replace(deep, fmt.Sprintf("%q:0", member), fmt.Sprintf("%q:%s", member, strings.Repeat("[", 1<<20-len(deep))), 1)
		if slices.Contains(r.free, member) {
			continue
		}
		if kindOf(string(value)) == `"` {
			wrong["U+0000 in "+member] = strings.Replace(deep, fmt.Sprintf("%q:0", member), fmt.Sprintf(`%q:"x\\\u0000"`, member), 1)
			wrong["Latin-1 in "+member] = strings.Replace(deep, fmt.Sprintf("%q:0", member), fmt.Sprintf("%q:\"x\xe9\"", member), 1)
		}
		for _, other := range []string{`"x"`, "1", "1e999", "true", "[]", "{}", `["x"]`} {
			if kindOf(other) != kindOf(string(value)) {
				wrong[other+" for "+member] = with(member, other)
			}
		}
	}
	return wrong
}

// kindOf returns the type of a JSON value, which its first character determines.
func kindOf(value string) string {
	switch value[0] {
	case '"', '[', '{':
		return value[:1]
	case 't', 'f':
		return "boolean"
	}
	return "number"
}

// Every route that accepts JSON refuses every wrong body with 400 in the form of the API and stores nothing. It
// accepts the good body, so that the difference is the reason of the refusal.
func TestWrongBodies(t *testing.T) {
	t.Parallel()
	s, routes := bodiedRoutes(t)
	for _, r := range routes {
		before := dump(t, s.path)
		for what, body := range wrongBodies(t, r) {
			reply := r.by.do(r.method, r.path, body)
			var e struct {
				Code    int              `json:"code"`
				Error   string           `json:"error"`
				Payload *json.RawMessage `json:"payload"`
			}
			if err := json.Unmarshal([]byte(reply.Body), &e); reply.Status != 400 || err != nil || e.Code == 0 || e.Error == "" || !strings.Contains(reply.Body, `"payload":`) {
				t.Errorf("%s %s, %s: status %d: %.200s", r.method, r.path, what, reply.Status, reply.Body)
			}
			if len(reply.Body) > 500 {
				t.Errorf("%s %s, %s: a refusal of %d bytes", r.method, r.path, what, len(reply.Body))
			}
		}
		if after := dump(t, s.path); after != before {
			t.Errorf("%s %s: refused, and yet stored:\n%s", r.method, r.path, changed(before, after))
		}
		reply := r.by.do(r.method, r.path, r.good)
		if reply.Status/100 != 2 {
			t.Errorf("%s %s: the good body %s: status %d: %s", r.method, r.path, r.good, reply.Status, reply.Body)
		} else if r.handler == "deployContent" { // otherwise a change at the end of the deployment is attributed to the next refusal
			r.by.get("__api__/v1/tasks/"+reply.str("task_id")+"?wait=8&first=1000").want(200, 0)
		}
	}
	if strings.Contains(s.log.String(), "Panic") {
		t.Errorf("a handler panicked:\n%s", s.log)
	}
}

// Signing in with a password requires JSON as well.
func TestWrongPasswordBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, "[Authentication]\nProvider = password\n")
	p := s.visitor()
	p.post("__api__/v1/users", `{"username":"ada","password":"correct horse"}`).want(200, 0)
	route := bodied{"passwordLogin", p, "POST", "__login__", `{"username":"ada","password":"correct horse"}`, false, nil}
	before := dump(t, s.path)
	for what, body := range wrongBodies(t, route) {
		if reply := p.do(route.method, route.path, body); reply.Status != 400 || !strings.Contains(reply.Body, `"code":121`) {
			t.Errorf("%s: status %d: %.200s", what, reply.Status, reply.Body)
		}
	}
	if after := dump(t, s.path); after != before {
		t.Errorf("refused, and yet stored:\n%s", changed(before, after))
	}
	p.do(route.method, route.path, route.good).want(200, 0)
}

// dump returns every row of a database, table by table.
func dump(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out strings.Builder
	for _, table := range column(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`) {
		names := column(t, db, `SELECT name FROM pragma_table_info('`+table+`')`)
		for _, row := range column(t, db, `SELECT quote("`+strings.Join(names, `") || ' ' || quote("`)+`") FROM "`+table+`" ORDER BY 1`) {
			fmt.Fprintf(&out, "%s: %s\n", table, row)
		}
	}
	return out.String()
}

func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// changed returns the lines that differ between two dumps.
func changed(before, after string) string {
	var out bytes.Buffer
	for line := range strings.Lines(after) {
		if !strings.Contains(before, line) {
			out.WriteString("+ " + line)
		}
	}
	for line := range strings.Lines(before) {
		if !strings.Contains(after, line) {
			out.WriteString("- " + line)
		}
	}
	return out.String()
}

// The table contains every route whose handler reads JSON.
func TestEveryBodiedRouteIsInTheTable(t *testing.T) {
	t.Parallel()
	readers := map[string]bool{} // functions that decode, directly or through another
	registered := map[string]int{}
	var functions []*ast.FuncDecl
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				functions = append(functions, f)
			}
		}
	}
	readers["decode"] = true
	for grown := true; grown; {
		grown = false
		for _, f := range functions {
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && readers[called(call)] && !readers[f.Name.Name] {
					readers[f.Name.Name], grown = true, true
				}
				return true
			})
		}
	}
	for _, f := range functions {
		ast.Inspect(f, func(n ast.Node) bool {
			var registration []ast.Expr // pattern, role, handler
			switch n := n.(type) {
			case *ast.CallExpr:
				if name := called(n); name == "api" || name == "page" {
					registration = n.Args
				}
			case *ast.CompositeLit:
				registration = n.Elts
			}
			if len(registration) == 3 {
				if h, ok := registration[2].(*ast.SelectorExpr); ok && readers[h.Sel.Name] {
					registered[h.Sel.Name]++
				}
			}
			return true
		})
	}
	_, routes := bodiedRoutes(t)
	tested := map[string]int{"passwordLogin": 1}
	for _, r := range routes {
		tested[r.handler]++
	}
	if len(registered) < 10 {
		t.Errorf("only %d handlers were found", len(registered))
	}
	for name, n := range registered {
		if tested[name] != n {
			t.Errorf("%s is registered %d times and tested %d times", name, n, tested[name])
		}
	}
}

// called returns the name of the called function or method.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
