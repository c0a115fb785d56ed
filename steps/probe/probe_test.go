package probe_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/probe"
)

// subject replies to the probe's calls and records the requests.
type subject struct {
	*httptest.Server
	forms   []url.Values
	headers []http.Header
}

const exchangePath = "/__api__/v1/oauth/integrations/credentials"

func newSubject(t *testing.T, reply func(w http.ResponseWriter, r *http.Request)) *subject {
	t.Helper()
	s := &subject{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.forms = append(s.forms, r.PostForm)
		s.headers = append(s.headers, r.Header)
		reply(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *subject) environ(more ...string) []string {
	return append([]string{"CONNECT_SERVER=" + s.URL + "/", "CONNECT_API_KEY=key-value", "PLAIN=shown"}, more...)
}

func exchange(subjectToken string) probe.Action {
	return probe.Action{
		Do: probe.DoCall, Method: "POST", As: probe.AsExchange,
		URL:     "{env.CONNECT_SERVER}__api__/v1/oauth/integrations/credentials",
		Headers: map[string]string{"Authorization": "Key {env.CONNECT_API_KEY}"},
		Form:    map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": subjectToken},
	}
}

func visit(t *testing.T, environ []string, header http.Header, actions ...probe.Action) (probe.Report, string) {
	t.Helper()
	text, err := json.Marshal(actions)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/a/b?x=1&probe="+base64.URLEncoding.EncodeToString(text)+"&y=%20", nil)
	for name, values := range header {
		r.Header[name] = values
	}
	return do(t, environ, r)
}

func do(t *testing.T, environ []string, r *http.Request) (probe.Report, string) {
	t.Helper()
	w := httptest.NewRecorder()
	probe.Handler(environ).ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s %s, want 200 application/json", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	var report probe.Report
	if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	return report, w.Body.String()
}

func TestExchangeThenResource(t *testing.T) {
	t.Parallel()
	token := marks[probe.AccessToken]
	s := newSubject(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == exchangePath {
			fmt.Fprintf(w, `{"token_type":"Bearer","issued_token_type":"urn:x","expires_in":3600, "access_token" : "%s"}`, token)
			return
		}
		fmt.Fprint(w, `{"account":"alice","rows":["r1"]}`)
	})
	report, text := visit(t, s.environ(), http.Header{"Posit-Connect-User-Session-Token": {"session"}},
		exchange("{header.Posit-Connect-User-Session-Token}"),
		probe.Action{Do: "call", URL: s.URL + "/resource", Headers: map[string]string{"Authorization": "Bearer {token}"}},
	)
	if got := s.forms[0].Get("subject_token"); got != "session" {
		t.Errorf("subject_token: got %q, want session", got)
	}
	if got := s.headers[0].Get("Authorization"); got != "Key key-value" {
		t.Errorf("Authorization of exchange: got %q", got)
	}
	if got := s.headers[1].Get("Authorization"); got != "Bearer "+token {
		t.Errorf("Authorization of resource: got %q", got)
	}
	got := report.Results[0]
	if got.Status != 200 || got.Token != probe.Digest(token) || got.TokenType != "Bearer" || got.IssuedTokenType != "urn:x" || *got.ExpiresIn != 3600 || got.Body != "" {
		t.Errorf("exchange: got %+v", got)
	}
	if diff := cmp.Diff([]string{"access_token", "expires_in", "issued_token_type", "token_type"}, got.Members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if got := report.Results[1].Body; got != `{"account":"alice","rows":["r1"]}` {
		t.Errorf("resource: got %q", got)
	}
	if len(report.Sightings) != 0 {
		t.Errorf("sightings: got %+v, want none", report.Sightings)
	}
	for _, secret := range []string{token, "key-value", "\"session\""} {
		if strings.Contains(text, secret) {
			t.Errorf("the report holds %q", secret)
		}
	}
}

func TestReportDescribesTheVisit(t *testing.T) {
	t.Parallel()
	report, _ := visit(t, []string{"CONNECT_API_KEY=k", "PLAIN=shown", "EMPTY="}, http.Header{
		"Cookie": {"a=b"}, "X-Auth-Username": {"alice", "bob"},
	})
	r := report.Request
	if report.Probe != "probe/1" || report.Mode != "serve" || report.PID != os.Getpid() {
		t.Errorf("got %+v", report)
	}
	if r.Method != "GET" || r.Path != "/a/b" || r.Query != "x=1&y=%20" {
		t.Errorf("request: got %+v", r)
	}
	want := map[string][]string{
		"Cookie": {"sha256:" + probe.Digest("a=b")}, "X-Auth-Username": {"alice", "bob"}, "Host": {"example.com"},
	}
	if diff := cmp.Diff(want, r.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	environment := map[string]string{"CONNECT_API_KEY": "sha256:" + probe.Digest("k"), "PLAIN": "shown", "EMPTY": ""}
	if diff := cmp.Diff(environment, report.Environment); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("  first \nsecond\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"A=1", "F=" + file, "EMPTY=", "GONE=" + file + ".gone"}
	for _, c := range []struct{ in, want, err string }{
		{"plain", "plain", ""},
		{"{env.A}{env.A}-{file.F}", "11-first", ""},
		{`{"a":{"b":"{header.X-H}"}}`, `{"a":{"b":"h"}}`, ""},
		{"{unknown} {} { {env.} {tokens} }", "{unknown} {} { {env.} {tokens} }", ""},
		{"{{env.A}}", "{1}", ""},
		{"{env.B}", "", "no value for {env.B}"},
		{"{env.EMPTY}", "", "no value for {env.EMPTY}"},
		{"{header.Y}", "", "no value for {header.Y}"},
		{"{token}", "", "no value for {token}"},
		{"{opened}", "", "no value for {opened}"},
		{"{opened.x} {open}", "{opened.x} {open}", ""},
		{"{file.NONE}", "", "no value for {file.NONE}"},
		{"{file.GONE}", "", "no value for {file.GONE}: no such file or directory"},
	} {
		s := newSubject(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
		})
		report, _ := visit(t, environ, http.Header{"X-H": {"h"}}, probe.Action{Do: "call", Method: "POST", URL: s.URL, Body: c.in})
		got := report.Results[0]
		if got.Body != c.want || got.Error != c.err {
			t.Errorf("%s: got body %q error %q, want %q %q", c.in, got.Body, got.Error, c.want, c.err)
		}
		if calls := len(s.forms); (calls == 0) != (c.err != "") {
			t.Errorf("%s: %d calls made", c.in, calls)
		}
	}
}

func TestSightings(t *testing.T) {
	t.Parallel()
	refresh, access, secret := marks[probe.RefreshToken], marks[probe.AccessToken], marks[probe.ClientSecret]
	good := `"access_token":"` + access + `"`
	for _, c := range []struct {
		name  string
		reply func(w http.ResponseWriter)
		want  []string // kind at where
	}{
		{"none", func(w http.ResponseWriter) { io.WriteString(w, "{"+good+"}") }, nil},
		{"header", func(w http.ResponseWriter) {
			w.Header().Set("X-Foo", refresh)
			io.WriteString(w, "{"+good+"}")
		}, []string{"refresh_token at header X-Foo of result 0"}},
		{"cookie", func(w http.ResponseWriter) {
			w.Header().Set("Set-Cookie", "a="+base64.StdEncoding.EncodeToString([]byte(refresh)))
			io.WriteString(w, "{"+good+"}")
		}, []string{"refresh_token at header Set-Cookie of result 0"}},
		{"interim reply", func(w http.ResponseWriter) {
			w.Header().Set("Link", secret)
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
			io.WriteString(w, "{"+good+"}")
		}, []string{"client_secret at header Link of result 0"}},
		{"trailer", func(w http.ResponseWriter) {
			w.Header().Set("Trailer", "X-End")
			io.WriteString(w, "{"+good+"}")
			w.(http.Flusher).Flush()
			w.Header().Set("X-End", refresh)
		}, []string{"refresh_token at header X-End of result 0"}},
		{"another member", func(w http.ResponseWriter) {
			io.WriteString(w, `{"refresh_token":"`+refresh+`",`+good+`}`)
		}, []string{"refresh_token at body of result 0"}},
		{"twice", func(w http.ResponseWriter) {
			io.WriteString(w, "{"+good+`,"again":"`+access+`"}`)
		}, []string{"access_token at body of result 0"}},
		{"refresh as access", func(w http.ResponseWriter) {
			io.WriteString(w, `{"access_token":"`+refresh+`"}`)
		}, []string{"refresh_token at access_token of result 0"}},
		{"member name", func(w http.ResponseWriter) {
			io.WriteString(w, "{"+good+`,"`+refresh+`":1}`)
		}, []string{"refresh_token at body of result 0"}},
		{"error body", func(w http.ResponseWriter) {
			w.WriteHeader(400)
			io.WriteString(w, `{"code":219,"error":"`+refresh+`"}`)
		}, []string{"refresh_token at body of result 0"}},
		{"not JSON", func(w http.ResponseWriter) {
			io.WriteString(w, access)
		}, []string{"access_token at body of result 0"}},
	} {
		s := newSubject(t, func(w http.ResponseWriter, _ *http.Request) { c.reply(w) })
		report, text := visit(t, s.environ(), http.Header{"X-T": {"t"}}, exchange("{header.X-T}"))
		var got []string
		for _, s := range report.Sightings {
			got = append(got, s.Kind+" at "+s.Where)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if strings.Contains(text, random) {
			t.Errorf("%s: the report holds a secret: %s", c.name, text)
		}
	}
}

func TestSightingsOfEnvironmentAndRequest(t *testing.T) {
	t.Parallel()
	report, text := visit(t, []string{"X=" + marks[probe.ClientSecret]}, http.Header{"X-Y": {marks[probe.AccessToken]}})
	want := []probe.Sighting{
		{Kind: "client_secret", Where: "environment X", Encoding: "raw"},
		{Kind: "access_token", Where: "header X-Y of the visit's request", Encoding: "raw"},
	}
	if diff := cmp.Diff(want, report.Sightings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(text, random) {
		t.Errorf("the report holds a secret: %s", text)
	}
}

func TestCallsToBadServers(t *testing.T) {
	t.Parallel()
	raw := func(text string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096))
				_, _ = io.WriteString(c, text)
				c.Close()
			}
		}()
		return "http://" + l.Addr().String()
	}
	for _, c := range []struct{ name, url, status, err string }{
		{"refused", "http://127.0.0.1:1/", "0", "connection refused"},
		{"junk", raw("junk\r\n\r\n"), "0", "malformed HTTP"},
		{"junk with mark", raw(marks[probe.RefreshToken] + "\r\n\r\n"), "0", "contains a mark"},
		{"cut", raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"), "200", "unexpected EOF"},
		{"flood", raw("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1<<20+10)), "200", "exceeds"},
		{"redirect", raw("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), "302", ""},
		{"bad url", "http://a b/", "0", "invalid character"},
		{"nesting", raw("HTTP/1.1 200 OK\r\n\r\n{\"access_token\":" + strings.Repeat("[", 100000)), "200", ""},
	} {
		report, text := visit(t, nil, nil, probe.Action{Do: "call", URL: c.url, As: "exchange"})
		got := report.Results[0]
		if fmt.Sprint(got.Status) != c.status || !strings.Contains(got.Error, c.err) || (c.err == "") != (got.Error == "") {
			t.Errorf("%s: got status %d error %q, want %s %q", c.name, got.Status, got.Error, c.status, c.err)
		}
		if marked := strings.HasSuffix(c.name, "with mark"); marked != (len(report.Sightings) == 1) {
			t.Errorf("%s: got sightings %+v", c.name, report.Sightings)
		}
		if strings.Contains(text, random) {
			t.Errorf("%s: the report holds a secret", c.name)
		}
	}
}

func TestActionsInBodyAndBadActions(t *testing.T) {
	t.Parallel()
	s := newSubject(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	report, _ := do(t, nil, httptest.NewRequest("POST", "/", strings.NewReader(`{"actions":[{"do":"call","url":"`+s.URL+`"}]}`)))
	if got := report.Results[0].Body; got != "hello" {
		t.Errorf("got %q, want hello", got)
	}
	for _, body := range []string{"x", "[]", `{"actions":[{"do":"sleep"}]}`, `{"actions":[{"do":"call","uri":"x"}]}`, `{} {}`, `{"actions":[{"do":"call","as":"x"}]}`,
		`{"actions":[{"do":"call","url":"x","value":"x"}]}`, `{"actions":[{"do":"call","url":"x","key":"x"}]}`} {
		w := httptest.NewRecorder()
		probe.Handler(nil).ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%s: got %d %s, want 400", body, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	probe.Handler(nil).ServeHTTP(w, httptest.NewRequest("GET", "/?probe=!!", nil))
	if w.Code != http.StatusBadRequest {
		t.Errorf("query: got %d, want 400", w.Code)
	}
}

func TestSetCookie(t *testing.T) {
	t.Parallel()
	const actions = `{"actions":[{"do":"set-cookie","cookie":"colour=blue; Path=/"}]}`
	w := httptest.NewRecorder()
	probe.Handler(nil).ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(actions)))
	if got := w.Header()["Set-Cookie"]; !slices.Equal(got, []string{"colour=blue; Path=/"}) {
		t.Errorf("Set-Cookie: got %q", got)
	}
	var out bytes.Buffer
	if err := probe.Render(t.Context(), strings.NewReader(actions), nil, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "a render has no reply") {
		t.Errorf("a render reports %s, want an error", out.String())
	}
}

func TestRenderReportsWithoutRequest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	script := `{"actions":[{"do":"call","url":"http://127.0.0.1:1/","headers":{"X":"{header.Posit-Connect-User-Session-Token}"}}]}`
	if err := probe.Render(t.Context(), strings.NewReader(script), []string{"A=b"}, &out); err != nil {
		t.Fatal(err)
	}
	var report probe.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.Mode != "render" || report.Request != nil || report.Environment["A"] != "b" {
		t.Errorf("got %+v", report)
	}
	if got, want := report.Results[0].Error, "no value for {header.Posit-Connect-User-Session-Token}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFirstSourceThatHasAValueCounts checks placeholders with several sources: servers give content
// its session token in the environment, in a file, or both.
func TestFirstSourceThatHasAValueCounts(t *testing.T) {
	t.Parallel()
	s := newSubject(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("of the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		environ []string
		want    string
		failed  bool
	}{
		{[]string{"TOKEN=of the environment", "TOKEN_FILE=" + file}, "of the environment", false},
		{[]string{"TOKEN_FILE=" + file}, "of the file", false},
		{[]string{"TOKEN=", "TOKEN_FILE=" + file}, "of the file", false},
		{[]string{"TOKEN_FILE=" + file + ".none"}, "", true},
		{nil, "", true},
	}
	for _, c := range cases {
		before := len(s.forms)
		report, _ := visit(t, s.environ(c.environ...), nil, exchange("{env.TOKEN|file.TOKEN_FILE}"))
		if failed := report.Results[0].Error != ""; failed != c.failed {
			t.Errorf("%q: error %q, want an error: %v", c.environ, report.Results[0].Error, c.failed)
		}
		if !c.failed && s.forms[before].Get("subject_token") != c.want {
			t.Errorf("%q: subject_token %q, want %q", c.environ, s.forms[before].Get("subject_token"), c.want)
		}
	}
	report, _ := visit(t, s.environ("A=x"), nil, probe.Action{Do: "call", Method: "POST", URL: s.URL, Body: `{"a|b":"{env.A|b}"}`})
	if report.Results[0].Error != "" {
		t.Errorf("braces with a bar that name no source give the error: %s", report.Results[0].Error)
	}
}
