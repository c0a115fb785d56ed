package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/verdict"
)

// An expectation is what a check should return.
type expectation int

const (
	holds expectation = iota
	violation
	blocked
	inapplicable
	trouble
)

func kindOf(err error) expectation {
	switch err.(type) {
	case nil:
		return holds
	case *verdict.Violation:
		return violation
	case *verdict.Block:
		return blocked
	case *verdict.Inapplicable:
		return inapplicable
	case *verdict.Trouble:
		return trouble
	}
	return -1
}

// A row is one call of a check, by name.
type row struct {
	check string
	case_ string
	err   error
	want  expectation
}

func reply(status int, body string, headers ...string) *driver.Reply {
	r := &driver.Reply{Status: status, Header: http.Header{}, Body: []byte(body)}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// A server answers GET <path>?to=<address> with a redirect, /broken with 500, anything else with
// 200. Its replies know where they came from.
type server struct {
	url string
	get func(path string) *driver.Reply
}

func newServer(t *testing.T) server {
	t.Helper()
	s := server{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", strings.ReplaceAll(to, "<server>", s.url))
			w.WriteHeader(http.StatusFound)
			return
		}
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(h.Close)
	s.url = h.URL + "/"
	subject, err := driver.NewSubject(s.url, "", plan.Direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(subject.Close)
	p := driver.NewPersona(subject, "alice", driver.Identity{}, plan.HeaderNames{}, nil)
	s.get = func(path string) *driver.Reply {
		r, err := p.Get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	return s
}

func (s server) to(address string) *driver.Reply { return s.get("?to=" + url.QueryEscape(address)) }

func (s server) chain(paths ...string) []*driver.Reply {
	var all []*driver.Reply
	for _, p := range paths {
		all = append(all, s.get(p))
	}
	return all
}

func run(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		if got := kindOf(r.err); got != r.want {
			t.Errorf("%s, %s: %v (kind %d), want kind %d", r.check, r.case_, r.err, got, r.want)
		}
	}
}

var (
	ok       = reply(200, `{"guid":"1","username":"alice"}`)
	refusal  = reply(403, `{"code":22,"error":"no"}`)
	failure  = reply(500, "")
	redirect = reply(302, "", "Location: https://login.example.com/")
	empty    = reply(200, `[]`)
	list     = reply(200, `[{"guid":"1"}]`)
)

func replyRows() []row {
	unauthorized := reply(401, `{"code":30,"error":"no"}`, "Content-Type: application/json")
	cookie := func(attributes string) *driver.Reply { return reply(200, "", "Set-Cookie: s=1"+attributes) }
	page := reply(200, `<a href="/out">Log Out</a>`)
	return []row{
		{"Success", "2xx", Success(ok), holds},
		{"Success", "4xx", Success(refusal), violation},
		{"Refused", "4xx after 2xx", Pair{Granted: ok, Tried: refusal}.Refused(), holds},
		{"Refused", "501 after 2xx", Pair{Granted: ok, Tried: reply(501, "")}.Refused(), holds},
		{"Refused", "2xx", Pair{Granted: ok, Tried: ok}.Refused(), violation},
		{"Refused", "5xx", Pair{Granted: ok, Tried: failure}.Refused(), violation},
		{"Refused", "nothing granted", Pair{Granted: nil, Tried: refusal}.Refused(), blocked},
		{"Refused", "a refusal as the granted one", Pair{Granted: refusal, Tried: refusal}.Refused(), blocked},
		{"Refused", "a WebSocket as the granted one", Pair{Granted: reply(101, ""), Tried: refusal}.Refused(), holds},
		{"Refused", "nothing tried", Pair{Granted: ok, Tried: nil}.Refused(), trouble},
		{"RefusedOrEmpty", "refused", Pair{Granted: list, Tried: refusal}.RefusedOrEmpty(), holds},
		{"RefusedOrEmpty", "empty", Pair{Granted: list, Tried: empty}.RefusedOrEmpty(), holds},
		{"RefusedOrEmpty", "empty before", Pair{Granted: empty, Tried: empty}.RefusedOrEmpty(), blocked},
		{"RefusedOrEmpty", "not empty", Pair{Granted: list, Tried: list}.RefusedOrEmpty(), violation},
		{"APIError", "401 with code and error", Pair{Granted: ok, Tried: unauthorized}.APIError(), holds},
		{"APIError", "another status", Pair{Granted: ok, Tried: refusal}.APIError(), violation},
		{"APIError", "not JSON", Pair{Granted: ok, Tried: reply(401, `{"code":30,"error":"no"}`)}.APIError(), violation},
		{"APIError", "without code", Pair{Granted: ok, Tried: reply(401, `{"error":"no"}`, "Content-Type: application/json")}.APIError(), violation},
		{"RefusedOrAskedToLogIn", "redirected", Pair{Granted: ok, Tried: redirect}.RefusedOrAskedToLogIn(false), holds},
		{"RefusedOrAskedToLogIn", "shown", Pair{Granted: ok, Tried: ok}.RefusedOrAskedToLogIn(true), violation},
		{"RefusedOrAskedToLogIn", "5xx", Pair{Granted: ok, Tried: failure}.RefusedOrAskedToLogIn(false), violation},
		{"RefusedOrAskedToLogIn", "nothing granted", Pair{Granted: nil, Tried: refusal}.RefusedOrAskedToLogIn(false), blocked},
		{"RefusedOrAskedToLogIn", "nothing tried", Pair{Granted: ok, Tried: nil}.RefusedOrAskedToLogIn(false), trouble},
		{"NoRedirect", "a page", NoRedirect([]*driver.Reply{redirect, ok}), holds},
		{"NoRedirect", "a redirect", NoRedirect([]*driver.Reply{ok, redirect}), violation},
		{"Anonymous", "no user", Anonymous(reply(200, `{}`)), holds},
		{"Anonymous", "refused", Anonymous(refusal), holds},
		{"Anonymous", "a user", Anonymous(ok), violation},
		{"Anonymous", "a guid only", Anonymous(reply(200, `{"guid":"1"}`)), violation},
		{"AnsweredTo", "the user", AnsweredTo(ok, "alice"), holds},
		{"AnsweredTo", "another user", AnsweredTo(ok, "bob"), violation},
		{"AnsweredTo", "a refusal that names the user", AnsweredTo(reply(403, `{"username":"alice"}`), "alice"), violation},
		{"NoMarkup", "another page", NoMarkup(reply(400, "<p>The login failed.", "Content-Type: text/html; charset=utf-8")), holds},
		{"NoMarkup", "escaped", NoMarkup(reply(400, html.EscapeString(ProviderMarkup), "Content-Type: text/html")), holds},
		{"NoMarkup", "in JSON", NoMarkup(reply(400, ProviderMarkup, "Content-Type: application/json")), holds},
		{"NoMarkup", "in a page", NoMarkup(reply(400, "<p>"+ProviderMarkup, "Content-Type: text/html")), violation},
		{"NoMarkup", "without a media type", NoMarkup(reply(400, ProviderMarkup)), violation},
		{"RepeatsNone", "generic", RepeatsNone(refusal, []string{"X-Auth", "mallory"}), holds},
		{"RepeatsNone", "a value in other letters", RepeatsNone(reply(403, "MALLORY"), []string{"mallory"}), violation},
		{"NoSessionCookie", "none", Pair{Granted: cookie(""), Tried: refusal}.NoSessionCookie(), holds},
		{"NoSessionCookie", "another cookie", Pair{Granted: cookie(""), Tried: reply(403, "", "Set-Cookie: colour=1")}.NoSessionCookie(), holds},
		{"NoSessionCookie", "the same cookie", Pair{Granted: cookie(""), Tried: reply(403, "", "Set-Cookie: s=2")}.NoSessionCookie(), violation},
		{"NoSessionCookie", "the same cookie, expired", Pair{Granted: cookie(""), Tried: reply(403, "", "Set-Cookie: s=; Max-Age=0")}.NoSessionCookie(), holds},
		{"NoSessionCookie", "any cookie where sign-ins set none", Pair{Granted: ok, Tried: cookie("")}.NoSessionCookie(), violation},
		{"Alike", "equal", Alike([]*driver.Reply{refusal, refusal}), holds},
		{"Alike", "one", Alike([]*driver.Reply{refusal}), trouble},
		{"Alike", "another status", Alike([]*driver.Reply{refusal, reply(401, `{"code":22,"error":"no"}`)}), violation},
		{"Alike", "another body", Alike([]*driver.Reply{refusal, reply(403, "no")}), violation},
		{"Alike", "another header", Alike([]*driver.Reply{refusal, reply(403, `{"code":22,"error":"no"}`, "X-Reason: x")}), violation},
		{"Alike", "no refusals", Alike([]*driver.Reply{ok, ok}), violation},
		{"Cookies", "HttpOnly", Cookies(cookie("; HttpOnly"), HiddenFromScripts), holds},
		{"Cookies", "not HttpOnly", Cookies(cookie(""), HiddenFromScripts), violation},
		{"Cookies", "SameSite=Lax", Cookies(cookie("; SameSite=Lax"), KeptFromOtherSites), holds},
		{"Cookies", "SameSite=None", Cookies(cookie("; SameSite=None"), KeptFromOtherSites), violation},
		{"Cookies", "Secure", Cookies(cookie("; Secure"), SentOverHTTPSOnly), holds},
		{"Cookies", "not Secure", Cookies(cookie(""), SentOverHTTPSOnly), violation},
		{"Cookies", "the XSRF cookie only", Cookies(reply(200, "", "Set-Cookie: RSC-XSRF=1"), HiddenFromScripts), inapplicable},
		{"NotInSharedCaches", "private", NotInSharedCaches(reply(200, "", "Cache-Control: max-age=3, Private")), holds},
		{"NotInSharedCaches", "public", NotInSharedCaches(reply(200, "", "Cache-Control: public")), violation},
		{"NotInSharedCaches", "no header", NotInSharedCaches(ok), violation},
		{"NotFramed", "DENY", NotFramed(reply(200, "", "X-Frame-Options: DENY")), holds},
		{"NotFramed", "no header", NotFramed(ok), violation},
		{"HoldsNo", "no value", HoldsNo([]*driver.Reply{ok, refusal}, "x", "secret"), holds},
		{"HoldsNo", "the value", HoldsNo([]*driver.Reply{ok, reply(200, "a secret")}, "x", "secret"), violation},
		{"HoldsNo", "5xx", HoldsNo([]*driver.Reply{failure}, "x", "secret"), violation},
		{"RedirectsTo", "the URL", RedirectsTo(redirect, "https://login.example.com/"), holds},
		{"RedirectsTo", "an equal URL", RedirectsTo(redirect, "https://login.example.com"), violation},
		{"RedirectsTo", "no redirect", RedirectsTo(ok, "https://login.example.com/"), violation},
		{"OwnAddresses", "own", OwnAddresses(ok, map[string]string{"a": "https://a.example/x"}, "https://a.example/"), holds},
		{"OwnAddresses", "none", OwnAddresses(ok, nil, "https://a.example/"), holds},
		{"OwnAddresses", "another's", OwnAddresses(ok, map[string]string{"a": "https://b.example/x"}, "https://a.example/"), violation},
		{"OwnAddresses", "5xx", OwnAddresses(failure, nil, "https://a.example/"), violation},
		{"HasLink", "a link", HasLink(page, "Log Out"), holds},
		{"HasLink", "none", HasLink(page, "Log In"), violation},
		{"HasNoLink", "none", HasNoLink(page, "Log In"), holds},
		{"HasNoLink", "a link", HasNoLink(page, "Log Out"), violation},
		{"LinkLeadsTo", "the URL", LinkLeadsTo("/out")(page, "Log Out"), holds},
		{"LinkLeadsTo", "another URL", LinkLeadsTo("/in")(page, "Log Out"), violation},
		{"LinkLeadsTo", "no link", LinkLeadsTo("/out")(page, "Log In"), violation},
		{"ExitCodeZero", "0", ExitCodeZero("x", 0, ""), holds},
		{"ExitCodeZero", "1", ExitCodeZero("x", 1, ""), violation},
		{"ExitCodeNotZero", "1 after 0", ExitCodeNotZero(true, 1, ""), holds},
		{"ExitCodeNotZero", "0 after 0", ExitCodeNotZero(true, 0, ""), violation},
		{"ExitCodeNotZero", "nothing before", ExitCodeNotZero(false, 1, ""), blocked},
	}
}

func loginRows(t *testing.T) []row {
	s := newServer(t)
	const provider = "https://provider.example/"
	authorize := s.to(provider + "authorize?client_id=c")
	return []row{
		{"StaysAtServer", "within", StaysAtServer([]*driver.Reply{s.to("<server>x"), s.get("x")}, s.url, provider), holds},
		{"StaysAtServer", "a relative redirect", StaysAtServer([]*driver.Reply{s.to("/x"), s.get("x")}, s.url, provider), holds},
		{"StaysAtServer", "by the provider", StaysAtServer([]*driver.Reply{authorize, s.get("x")}, s.url, provider), holds},
		{"StaysAtServer", "elsewhere", StaysAtServer([]*driver.Reply{s.to("https://elsewhere.example.com/")}, s.url, provider), violation},
		{"StaysAtServer", "a redirect without scheme", StaysAtServer([]*driver.Reply{s.to("//elsewhere.example.com/"), s.get("x")}, s.url, provider), violation},
		{"StaysAtServer", "5xx", StaysAtServer(s.chain("x", "broken"), s.url, provider), violation},
		{"StaysAtServer", "no login", StaysAtServer(nil, s.url, provider), trouble},
		{"LoginRefused", "refused", LoginRefused(redirect, refusal), holds},
		{"LoginRefused", "redirected", LoginRefused(redirect, redirect), violation},
		{"LoginRefused", "nothing begun", LoginRefused(ok, refusal), blocked},
		{"LoginEndsBefore", "an error page", LoginEndsBefore(redirect, []*driver.Reply{refusal}, provider), holds},
		{"LoginEndsBefore", "the provider", LoginEndsBefore(redirect, []*driver.Reply{authorize}, provider), violation},
		{"LoginEndsBefore", "5xx", LoginEndsBefore(redirect, []*driver.Reply{failure}, provider), violation},
		{"LoginEndsBefore", "nothing begun", LoginEndsBefore(refusal, []*driver.Reply{refusal}, provider), blocked},
		{"LeadsToProvider", "as the client", LeadsToProvider(authorize, provider+"authorize", "c"), holds},
		{"LeadsToProvider", "as another client", LeadsToProvider(authorize, provider+"authorize", "d"), violation},
		{"LeadsToProvider", "another endpoint", LeadsToProvider(authorize, provider+"token", "c"), violation},
		{"LeadsToProvider", "no redirect", LeadsToProvider(ok, provider+"authorize", "c"), violation},
		{"LeadsToLogin", "the endpoint", LeadsToLogin(s.to("/login?x=1"), s.url+"login"), holds},
		{"LeadsToLogin", "elsewhere", LeadsToLogin(authorize, s.url+"login"), violation},
		{"LeadsToLogin", "no redirect", LeadsToLogin(ok, s.url+"login"), violation},
		{"EndsAtServer", "a page", EndsAtServer(s.get("x"), s.url, s.url+"callback"), holds},
		{"EndsAtServer", "elsewhere", EndsAtServer(s.get("x"), "https://other.example/", ""), violation},
		{"EndsAtServer", "a callback that redirects within", EndsAtServer(s.get("callback?to=/x"), s.url, s.url+"callback"), holds},
		{"EndsAtServer", "a callback that redirects away", EndsAtServer(s.get("callback?to="+url.QueryEscape(provider)), s.url, s.url+"callback"), violation},
		{"EndsAtServer", "5xx", EndsAtServer(s.get("broken"), s.url, s.url+"callback"), violation},
	}
}

func sessionRows() []row {
	in := driver.Session{GUID: "1", UserGUID: "u", HasRefreshToken: true}
	out := driver.Session{GUID: "2", UserGUID: "u"}
	foreign := driver.Session{GUID: "3", UserGUID: "v"}
	_, one := OneSession([]driver.Session{in}, "x")
	_, none := OneSession(nil, "x")
	described := reply(200, `{"user_guid":"u","oauth_integration_guid":"i"}`)
	listed := []driver.Integration{{GUID: "i", AuthType: "Viewer"}}
	return []row{
		{"NumberOfSessions", "as wanted", NumberOfSessions([]driver.Session{in}, 1, "x"), holds},
		{"NumberOfSessions", "another number", NumberOfSessions([]driver.Session{in, out}, 1, "x"), violation},
		{"OneSession", "one", one, holds},
		{"OneSession", "none", none, violation},
		{"SomeLoggedIn", "one of two", SomeLoggedIn([]driver.Session{out, in}, ""), holds},
		{"SomeLoggedIn", "none", SomeLoggedIn([]driver.Session{out}, ""), violation},
		{"LoggedIn", "logged in", LoggedIn([]driver.Session{in}, true, "x"), holds},
		{"LoggedIn", "not logged in", LoggedIn([]driver.Session{out}, true, "x"), violation},
		{"LoggedIn", "two sessions", LoggedIn([]driver.Session{in, in}, true, "x"), violation},
		{"LoggedIn", "wanted not to be", LoggedIn([]driver.Session{in}, false, "x"), violation},
		{"NoneLoggedIn", "none", NoneLoggedIn([]driver.Session{out}), holds},
		{"NoneLoggedIn", "the second", NoneLoggedIn([]driver.Session{out, in}), violation},
		{"OwnSessions", "own", OwnSessions([]driver.Session{in, out}, "u"), holds},
		{"OwnSessions", "a foreign one", OwnSessions([]driver.Session{in, foreign}, "u"), violation},
		{"OwnSessions", "none", OwnSessions(nil, "u"), violation},
		{"SessionsOf", "of each", SessionsOf([]driver.Session{in, foreign}, "u", "v"), holds},
		{"SessionsOf", "of one", SessionsOf([]driver.Session{in}, "u", "v"), violation},
		{"DescribesSession", "the session", DescribesSession(described, "u", "i"), holds},
		{"DescribesSession", "of another user", DescribesSession(described, "v", "i"), violation},
		{"DescribesSession", "with another integration", DescribesSession(described, "u", "j"), violation},
		{"DescribesWithout", "without", DescribesWithout(described, "access_token"), holds},
		{"DescribesWithout", "with", DescribesWithout(reply(200, `{"oauth_integration_guid":"i","access_token":"x"}`), "access_token"), violation},
		{"DescribesWithout", "no description", DescribesWithout(reply(200, `{}`), "access_token"), violation},
		{"Associations", "these", Associations([]driver.Association{{IntegrationGUID: "b"}, {IntegrationGUID: "a"}}, []string{"a", "b"}, ok), holds},
		{"Associations", "none", Associations(nil, nil, ok), holds},
		{"Associations", "one more", Associations([]driver.Association{{IntegrationGUID: "a"}}, nil, ok), violation},
		{"Associations", "one less", Associations(nil, []string{"a"}, ok), violation},
		{"Listed", "as the type", Listed(listed, "i", "Viewer", ok), holds},
		{"Listed", "as another type", Listed(listed, "i", "Service Account", ok), violation},
		{"Listed", "not listed", Listed(listed, "j", "Viewer", ok), violation},
	}
}

func accountRows(t *testing.T) []row {
	subject, err := driver.NewSubject("http://127.0.0.1:1/", "", plan.Direct)
	if err != nil {
		t.Fatal(err)
	}
	alice := driver.NewPersona(subject, "alice", driver.Identity{Username: "alice"}, plan.HeaderNames{Username: "X-Auth-Username"}, nil)
	changed := Change{Name: "email", Before: "a", To: "b", After: "b", Reply: ok}
	kept := Change{Name: "email", Before: "a", To: "b", After: "a", Reply: refusal}
	unanswered := Change{Name: "email", Before: "a", To: "b", After: "a", Reply: failure}
	silent := Change{Name: "email", Before: "a", To: "b", After: "a", Reply: ok}
	members := []driver.User{{GUID: "u"}}
	group := reply(200, `{"guid":"g","name":"n","owner_guid":"u"}`)
	return []row{
		{"Value", "equal", Value("email", "a", "a"), holds},
		{"Value", "different", Value("email", "a", "A"), violation},
		{"Numbered", "a number", Numbered("username", "a", "a12"), holds},
		{"Numbered", "a number behind a separator", Numbered("username", "a", "a-12"), holds},
		{"Numbered", "no number", Numbered("username", "a", "a"), violation},
		{"Numbered", "letters", Numbered("username", "a", "a1b"), violation},
		{"Numbered", "another name", Numbered("username", "a", "b1"), violation},
		{"SameAccount", "same", SameAccount("1", "1"), holds},
		{"SameAccount", "different", SameAccount("1", "2"), violation},
		{"DifferentAccounts", "different", DifferentAccounts("1", "2"), holds},
		{"DifferentAccounts", "same", DifferentAccounts("1", "1"), violation},
		{"AccountsNamed", "as wanted", AccountsNamed("a", 2, 2), holds},
		{"AccountsNamed", "another number", AccountsNamed("a", 1, 2), violation},
		{"NoAccount", "none", NoAccount("a", driver.User{}, false), holds},
		{"NoAccount", "one", NoAccount("a", driver.User{GUID: "1"}, true), violation},
		{"AccountOf", "the account", AccountOf(ok, "1"), holds},
		{"AccountOf", "another account", AccountOf(ok, "2"), violation},
		{"AccountOf", "refused", AccountOf(reply(404, `{"guid":"1"}`), "1"), violation},
		{"SignedInAs", "the persona", SignedInAs(ok, alice), holds},
		{"SignedInAs", "another user", SignedInAs(reply(200, `{"guid":"2","username":"bob"}`), alice), violation},
		{"SignedInAs", "refused", SignedInAs(refusal, alice), violation},
		{"ShowsUser", "shown", ShowsUser(reply(200, "Hello alice"), "alice"), holds},
		{"ShowsUser", "a form", ShowsUser(reply(200, `alice <input type="password">`), "alice"), violation},
		{"ShowsUser", "no page", ShowsUser(refusal, "alice"), violation},
		{"ShowsUser", "another page", ShowsUser(reply(200, "<script>"), "alice"), inapplicable},
		{"Made", "made", changed.Made(), holds},
		{"Made", "kept", kept.Made(), violation},
		{"Refused", "kept", kept.Refused(true), holds},
		{"Refused", "kept with success", silent.Refused(true), holds},
		{"Refused", "made", changed.Refused(true), violation},
		{"Refused", "5xx", unanswered.Refused(true), violation},
		{"Refused", "nothing made before", kept.Refused(false), blocked},
		{"Member", "a member", Member(members, "u", "g", true), holds},
		{"Member", "no member", Member(members, "v", "g", true), violation},
		{"Member", "wanted not to be", Member(members, "u", "g", false), violation},
		{"GroupDescribed", "described", GroupDescribed(group, "g", "n"), holds},
		{"GroupDescribed", "another name", GroupDescribed(group, "g", "m"), violation},
		{"GroupListed", "listed", GroupListed([]driver.Group{{GUID: "g"}}, "g", "n"), holds},
		{"GroupListed", "another of the name", GroupListed([]driver.Group{{GUID: "h"}}, "g", "n"), violation},
		{"NoGroup", "none", NoGroup(nil, "n"), holds},
		{"NoGroup", "one", NoGroup([]driver.Group{{GUID: "g"}}, "n"), violation},
		{"GroupRemoved", "404", GroupRemoved(reply(404, ""), "g"), holds},
		{"GroupRemoved", "readable", GroupRemoved(group, "g"), violation},
		{"Owner", "the owner", Owner(group, "g", "u"), holds},
		{"Owner", "no owner", Owner(reply(200, `{"guid":"g","owner_guid":null}`), "g", nil), holds},
		{"Owner", "another owner", Owner(group, "g", "v"), violation},
		{"Owner", "an owner where none is wanted", Owner(group, "g", nil), violation},
		{"Owner", "not shown", Owner(reply(200, `{"guid":"g"}`), "g", nil), violation},
		{"OnAccessList", "listed", OnAccessList([]driver.Permission{{PrincipalGUID: "g", PrincipalType: "group"}}, "g", "n", true), holds},
		{"OnAccessList", "a user of the guid", OnAccessList([]driver.Permission{{PrincipalGUID: "g", PrincipalType: "user"}}, "g", "n", true), violation},
		{"OnAccessList", "wanted not to be", OnAccessList([]driver.Permission{{PrincipalGUID: "g", PrincipalType: "group"}}, "g", "n", false), violation},
		{"FewGroups", "half", FewGroups([]driver.Group{{GUID: "1"}, {GUID: "1"}, {GUID: "2"}}, 4), holds},
		{"FewGroups", "more than half", FewGroups([]driver.Group{{GUID: "1"}, {GUID: "2"}, {GUID: "3"}}, 4), violation},
	}
}

// TestChecks runs each check on observations that it accepts and on some that it does not accept.
func TestChecks(t *testing.T) {
	t.Parallel()
	rows := replyRows()
	rows = append(rows, loginRows(t)...)
	rows = append(rows, contentRows()...)
	rows = append(rows, sessionRows()...)
	rows = append(rows, accountRows(t)...)
	rows = append(rows, passageRows()...)
	run(t, rows)
	failed := map[string]bool{}
	for _, r := range rows {
		failed[r.check] = failed[r.check] || r.err != nil && (r.want == violation || r.want == blocked)
	}
	for _, name := range checks(t) {
		if !failed[name] {
			t.Errorf("no row of this test sees %s fail", name)
		}
	}
}

// checks returns the names of the exported functions of the package that return an error.
func checks(t *testing.T) []string {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), ".", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range packages["check"].Files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Name.IsExported() && returnsError(f.Type) && !strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

func returnsError(f *ast.FuncType) bool {
	if f.Results == nil {
		return false
	}
	last := f.Results.List[len(f.Results.List)-1].Type
	if inner, ok := last.(*ast.FuncType); ok {
		return returnsError(inner)
	}
	name, ok := last.(*ast.Ident)
	return ok && name.Name == "error"
}
