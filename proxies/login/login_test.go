package login_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/proxies/login"
)

func post(t *testing.T, target string, form url.Values, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	login.New(login.Options{}).ServeHTTP(w, r)
	return w.Result()
}

func cookieLines(resp *http.Response) string {
	return strings.Join(resp.Header.Values("Set-Cookie"), "\n")
}

func TestLoginSetsCookies(t *testing.T) {
	t.Parallel()
	form := url.Values{"username": {"o'brien=1%20"}, "unique_id": {"id"}, "first_name": {"A"}, "last_name": {"L"}, "email": {"a@b"},
		"role": {"viewer"}, "groups": {"g1", "", "g2"}}
	resp := post(t, "/auth/login?url=%2Frsconnect%2Fa%252Fb%3Fx%3D1%26y", form, nil)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/rsconnect/a%2Fb?x=1&y" {
		t.Fatalf("got %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	want := "verified-user=o'brien=1%20; Path=/; HttpOnly\nproxyauth-as-id=id; Path=/; HttpOnly\nproxyauth-as-first=A; Path=/; HttpOnly\n" +
		"proxyauth-as-last=L; Path=/; HttpOnly\nproxyauth-as-email=a@b; Path=/; HttpOnly\nproxyauth-as-role=viewer; Path=/; HttpOnly\n" +
		"proxyauth-as-group-1=g1; Path=/; HttpOnly\nproxyauth-as-group-2=g2; Path=/; HttpOnly"
	if got := cookieLines(resp); got != want {
		t.Errorf("got cookies\n%s\nwant\n%s", got, want)
	}
}

func TestSchemeOfTheApacheExample(t *testing.T) {
	t.Parallel()
	resp := post(t, "/auth/login?url=/", url.Values{"username": {"alice"}, "unique_id": {"id-1"}}, http.Header{login.HeaderScheme: {login.SchemeIDFirst}})
	if got, want := cookieLines(resp), "proxyauth-as-user=alice; Path=/; HttpOnly\nverified-user=id-1; Path=/; HttpOnly"; got != want {
		t.Errorf("got cookies\n%s\nwant\n%s", got, want)
	}
}

func TestLoginExpiresWhatItDoesNotSet(t *testing.T) {
	t.Parallel()
	before := http.Header{"Cookie": {"verified-user=bob; proxyauth-as-role=administrator; proxyauth-as-group-8=g; other=1"}}
	resp := post(t, "/auth/login?url=/", url.Values{"username": {"alice"}}, before)
	got := cookieLines(resp)
	for _, want := range []string{"verified-user=alice; Path", "proxyauth-as-role=; Path=/; HttpOnly; Max-Age=0", "proxyauth-as-group-8=; Path=/; HttpOnly; Max-Age=0"} {
		if !strings.Contains(got, want) {
			t.Errorf("got cookies\n%s\nwant %s", got, want)
		}
	}
	if strings.Contains(got, "other") || strings.Contains(got, "email") {
		t.Errorf("got cookies\n%s\nwant only cookies of the login server that are in the request", got)
	}
	resp = post(t, "/auth/logout", nil, before)
	if got := cookieLines(resp); resp.StatusCode != 200 || !strings.Contains(got, "verified-user=; ") || strings.Contains(got, "other") {
		t.Errorf("logout: %d with cookies\n%s", resp.StatusCode, got)
	}
}

func TestLoginRefuses(t *testing.T) {
	t.Parallel()
	nine := url.Values{"username": {"a"}, "groups": strings.Split("1,2,3,4,5,6,7,8,9", ",")}
	tests := []struct {
		name, target string
		form         url.Values
		want         string
	}{
		{"no identity", "/auth/login?url=/", url.Values{"role": {"viewer"}}, "neither username nor unique_id"},
		{"nine groups", "/auth/login?url=/", nine, "more than 8 groups"},
		{"blank in the name", "/auth/login?url=/", url.Values{"username": {"a b"}}, "username: octet 2 (0x20)"},
		{"UTF-8 in the name", "/auth/login?url=/", url.Values{"username": {"é"}}, "0xc3"},
		{"semicolon", "/auth/login?url=/", url.Values{"username": {"a"}, "email": {"a;b"}}, "email: octet 2"},
		{"quote", "/auth/login?url=/", url.Values{"username": {`"a"`}}, "0x22"},
		{"backslash", "/auth/login?url=/", url.Values{"username": {`a\b`}}, "0x5c"},
		{"comma in a group", "/auth/login?url=/", url.Values{"username": {"a"}, "groups": {"a,b"}}, "groups: octet 2"},
		{"line end", "/auth/login?url=/", url.Values{"username": {"a\r\nSet-Cookie: x=1"}}, "0x0d"},
		{"two names", "/auth/login?url=/", url.Values{"username": {"a", "b"}}, "given 2 times"},
		{"unknown field", "/auth/login?url=/", url.Values{"username": {"a"}, "user": {"b"}}, `unknown field "user"`},
		{"another site", "/auth/login?url=https://evil.example/", url.Values{"username": {"a"}}, "must be a path"},
		{"another site without scheme", "/auth/login?url=//evil.example/", url.Values{"username": {"a"}}, "two slashes"},
		{"another site for browsers", `/auth/login?url=/\evil.example/`, url.Values{"username": {"a"}}, "two slashes"},
		{"line end in the target", "/auth/login?url=/x%0d%0aSet-Cookie:x", url.Values{"username": {"a"}}, "octet 3"},
		{"empty target", "/auth/login?url=", url.Values{"username": {"a"}}, "must be a path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resp := post(t, test.target, test.form, nil)
			var body strings.Builder
			_ = resp.Write(&body)
			if resp.StatusCode != 400 || !strings.Contains(body.String(), test.want) || len(resp.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("got %s\nwant 400 with %q and no cookie", body.String(), test.want)
			}
		})
	}
}

func TestReturnTarget(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ target, home, want string }{
		{"/auth/login", "", "/"},
		{"/auth/login", "/rsconnect/", "/rsconnect/"},
		{"/auth/login?url=/x", "/rsconnect/", "/x"},
		{"/auth/login?url=/rsconnect/x?a=1&b=2", "", "/rsconnect/x?a=1"}, // as nginx's example sends it
		{"/auth/login?url=/%C3%A9", "", "/%C3%A9"},                       // as Apache's example sends /%25C3%25A9
	} {
		header := http.Header{}
		if test.home != "" {
			header.Set(login.HeaderHome, test.home)
		}
		resp := post(t, test.target, url.Values{"username": {"a"}}, header)
		if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != test.want {
			t.Errorf("%s: got %d to %q, want 303 to %q", test.target, resp.StatusCode, got, test.want)
		}
	}
}

func TestALoginWithoutATargetReturnsToTheVisitedPage(t *testing.T) {
	t.Parallel()
	const origin = "https://connect.example.com"
	for referer, want := range map[string]string{
		origin + "/rsconnect/a%2Fb?x=1&y": "/rsconnect/a%2Fb?x=1&y",
		origin + "/auth/login":            "/home",
		origin + ".evil.example/x":        "/home",
		"https://evil.example/x":          "/home",
		"":                                "/home",
	} {
		header := http.Header{login.HeaderOrigin: {origin}, login.HeaderHome: {"/home"}, "Referer": {referer}}
		if got := post(t, "/auth/login", url.Values{"username": {"a"}}, header).Header.Get("Location"); got != want {
			t.Errorf("from %q: returns to %q, want %q", referer, got, want)
		}
	}
	header := http.Header{login.HeaderOrigin: {origin}, "Referer": {origin + "//evil.example/x"}}
	if resp := post(t, "/auth/login", url.Values{"username": {"a"}}, header); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a page with two slashes: %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestFormKeepsTheTarget(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	target := `/x?a=1&b="><script>`
	login.New(login.Options{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/auth/login?url="+url.QueryEscape(target), nil))
	_, rest, _ := strings.Cut(w.Body.String(), `action="`)
	action, _, _ := strings.Cut(rest, `"`)
	u, err := url.Parse(action)
	if err != nil || u.Path != "/auth/login" || u.Query().Get("url") != target {
		t.Errorf("the action of the form is %q with the target %q, want %q", action, u.Query().Get("url"), target)
	}
	if strings.Contains(w.Body.String(), "<script>") {
		t.Error("the page contains the target without escaping")
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/auth/gate", nil)
	r.Header.Set(login.HeaderOrigin, "https://connect.example.com")
	r.Header.Set(login.HeaderTarget, "/rsconnect/a%2Fb?x=1&y=%26+")
	w := httptest.NewRecorder()
	login.New(login.Options{}).ServeHTTP(w, r)
	want := "https://connect.example.com/auth/login?url=%2Frsconnect%2Fa%252Fb%3Fx%3D1%26y%3D%2526%2B"
	if got := w.Header().Get("Location"); w.Code != 307 || got != want {
		t.Errorf("got %d to %q, want 307 to %q", w.Code, got, want)
	}
}

func TestBoundedForm(t *testing.T) {
	t.Parallel()
	resp := post(t, "/auth/login?url=/", url.Values{"username": {strings.Repeat("a", 1<<20)}}, nil)
	if resp.StatusCode != 400 || len(resp.Header.Values("Set-Cookie")) > 0 {
		t.Errorf("a form of 1 MiB: got %d", resp.StatusCode)
	}
}

// own returns a login server with cookies of its own.
func own(t *testing.T) http.Handler {
	t.Helper()
	return login.New(login.Options{
		Cookies: map[string]string{"username": "who", "email": "mail"}, GroupCookies: []string{"g1", "g2"}, Parameter: "back", Origin: "https://data.example.org",
		CheckPath: "/check", CheckHeaders: map[string]string{"username": "X-Who", "email": "X-Mail", "groups": "X-Group"},
	})
}

// TestOwnCookies requires that the login server can set the cookies that a proxy reads, at any path.
func TestOwnCookies(t *testing.T) {
	t.Parallel()
	form := url.Values{"username": {"alice"}, "email": {"a@example.org"}, "role": {"viewer"}, "groups": {"a", "b", "c"}}
	r := httptest.NewRequest(http.MethodPost, "/sso/start?back="+url.QueryEscape("https://data.example.org/x?a=1&b=2"), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	own(t).ServeHTTP(w, r)
	var cookies []string
	for _, c := range w.Result().Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	// The proxy reads no role and two groups.
	if got, want := strings.Join(cookies, " "), "who=alice mail=a@example.org g1=a g2=b"; got != want {
		t.Errorf("cookies %s, want %s", got, want)
	}
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/x?a=1&b=2" {
		t.Errorf("status %d to %q, want 303 to the target", w.Code, got)
	}
	w = httptest.NewRecorder()
	own(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/any/path?back=/x", nil))
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "/any/path?back=") {
		t.Errorf("status %d, body %s, want a form that leads to its own path", w.Code, body)
	}
}

// TestCheck requires that the login server tells a proxy who has signed in.
func TestCheck(t *testing.T) {
	t.Parallel()
	for cookies, want := range map[string]string{
		"":                          "401  ",
		"who=":                      "401  ",
		"mail=a@example.org":        "401  a@example.org",
		"who=alice; mail=a@b; g2=b": "204 alice a@b",
	} {
		r := httptest.NewRequest(http.MethodGet, "/check", nil)
		if cookies != "" {
			r.Header.Set("Cookie", cookies)
		}
		w := httptest.NewRecorder()
		own(t).ServeHTTP(w, r)
		if got := fmt.Sprint(w.Code, " ", w.Header().Get("X-Who"), " ", w.Header().Get("X-Mail")); got != want {
			t.Errorf("%q: %q, want %q", cookies, got, want)
		}
		if got := w.Header().Get("X-Group"); strings.Contains(cookies, "g2=b") != (got == "b") {
			t.Errorf("%q: group %q", cookies, got)
		}
	}
}
