package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/content/execution"
)

func TestWhoMayVisit(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	vera, rita := s.person("vera"), s.person("rita")
	viewer, stranger := s.byKey(vera.key()), s.byKey(rita.key())
	for access, want := range map[string]struct{ nobody, stranger, viewer int }{
		"acl": {401, 403, 200}, "logged_in": {401, 200, 200}, "all": {200, 200, 200},
	} {
		guid := s.running("static", access, map[string]string{"index.html": "hello"})
		s.permit(guid, "vera")
		for who, visit := range map[string]struct {
			p    *persona
			want int
		}{"nobody": {s.visitor(), want.nobody}, "stranger": {stranger, want.stranger}, "stranger's browser": {rita, want.stranger},
			"viewer": {viewer, want.viewer}, "viewer's browser": {vera, want.viewer}, "owner": {s.publisher, 200}} {
			code := map[int]int{401: 24, 403: 19}[visit.want]
			if got := visit.p.get("content/"+guid+"/").want(visit.want, code); code != 0 && strings.Contains(got.Body, "hello") {
				t.Errorf("%s, %s: the refusal shows the content", access, who)
			}
		}
	}
	s.visitor().get("content/nothing/").want(404, 4)
	guid := s.create(`{"access_type":"all"}`)
	s.visitor().get("content/"+guid+"/").want(404, 4) // not deployed
	if to := s.visitor().get("content/"+guid+"?a=b").want(307, 0).Header.Get("Location"); to != s.url+"content/"+guid+"/?a=b" {
		t.Errorf("without the slash: to %s", to)
	}
}

func TestVisitAnonymousWithLoginURL(t *testing.T) {
	t.Parallel()
	s := newContentSite(t, "LoginURL = https://login.example/in?a=b")
	guid := s.running("static", "acl", map[string]string{"index.html": "hello"})
	if to := s.visitor("Accept: text/html").get("content/"+guid+"/").want(302, 0).Header.Get("Location"); to != "https://login.example/in?a=b" {
		t.Errorf("sent to %q", to)
	}
	s.visitor().get("__api__/v1/content/"+guid).want(401, 24)
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.running("static", "all", map[string]string{"index.html": "<h1>hello</h1>", "sub/a b.txt": "text"})
	v := s.visitor()
	if got := v.get("content/"+guid+"/").want(200, 0); got.Body != "<h1>hello</h1>" || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		t.Errorf("page: %s, %s", got.Body, got.Header.Get("Content-Type"))
	}
	if got := v.get("content/"+guid+"/sub/a%20b.txt").want(200, 0).Body; got != "text" {
		t.Errorf("file: %s", got)
	}
	for _, path := range []string{"manifest.json", "sub/", "sub", "nothing", "%2e%2e/vault.key", "..%2f..%2f..%2fvault.key"} {
		if got := v.get("content/" + guid + "/" + path); got.Status != 404 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	v.do("POST", "content/"+guid+"/", "x").want(404, 2)
	if live := s.executions(); live != 0 {
		t.Errorf("static content started %d processes", live)
	}
}

// A visit of rendered content serves the last render and does not execute the content.
func TestRenderedContent(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.running("quarto-static", "all", nil)
	first, again := s.visitor().get("content/"+guid+"/"), s.visitor().get("content/"+guid+"/")
	if first.echo().PID != again.echo().PID || first.Header.Get("Content-Type") != "application/json" {
		t.Errorf("two visits show different renders, %s", first.Header.Get("Content-Type"))
	}
	if strings.Contains(first.Body, userToken) {
		t.Error("a render was given a user session token")
	}
	s.deploy(guid, "quarto-static", nil)
	if s.visitor().get("content/"+guid+"/").echo().PID == first.echo().PID {
		t.Error("a deployment did not render")
	}
}

// Only the server sets the headers about a visitor, regardless of the headers of the client.
func TestVisitHeaders(t *testing.T) {
	t.Parallel()
	s := newContentSite(t, "GroupsHeader = X-Auth-Groups", "GroupsAutoProvision = true", "EmailHeader = X-Auth-Email")
	guid := s.running("python-api", "logged_in", nil)
	alice := s.visitor("X-Auth-Username: alice", "X-Auth-Groups: Ärzte", "X-Auth-Email: alice@example.org")
	alice.get("__api__/v1/user").want(200, 0)
	forged := []string{
		"posit-connect-user-session-token: forged", "Posit_Connect_User_Session_Token: forged", "RStudio-Connect-Credentials: {\"user\":\"forged\"}",
		"Shiny-Server-Credentials: forged", "Rstudio-Connect-App-Base-Url: forged", "X_Auth_Username: forged", "X_Auth_Groups: forged",
		"X-RSC-Request: forged", "Connection: Posit-Connect-User-Session-Token, RStudio-Connect-Credentials",
		"Cookie: mine=1; RSC-XSRF-legacy=forged; rsconnect-oauth-abc=forged; rsconnect-share=forged; theirs=2",
		"X-Custom: kept", "Referer: " + s.url + "content/" + guid + "/?share=forged&a=b",
	}
	e := alice.get("content/"+guid+"/sub/a%2Fb?x=1&share=forged&y=%20", forged...).echo()
	if e.Path != "/sub/a%2Fb" || e.Query != "x=1&y=%20" || e.Method != "GET" {
		t.Errorf("content sees %s %s?%s", e.Method, e.Path, e.Query)
	}
	if text := fmt.Sprint(e.Headers); strings.Contains(text, "forged") || strings.Contains(text, "alice@example.org") || strings.Contains(text, "rsconnect=") {
		t.Errorf("content sees what is not for it: %v", e.Headers)
	}
	if got := e.Headers.Get("Rstudio-Connect-Credentials"); got != `{"user":"alice","groups":["\u00c4rzte"]}` {
		t.Errorf("credentials %s", got)
	}
	if token := e.Headers[userToken]; len(token) != 1 || len(strings.Split(token[0], ".")) != 3 {
		t.Errorf("user session token %q", token)
	}
	if e.Headers.Get("X-Custom") != "kept" || e.Headers.Get("Cookie") != "mine=1; theirs=2" || e.Headers.Get("Referer") != s.url+"content/"+guid+"/?a=b" {
		t.Errorf("the client's own headers: %v", e.Headers)
	}
	// An API key is not passed to content, but another scheme is.
	key := alice.key()
	e = s.byKey(key).get("content/" + guid + "/").echo()
	if e.Headers.Get("Authorization") != "" || e.Headers.Get(userToken) == "" {
		t.Errorf("by key: %v", e.Headers)
	}
	e = s.visitor("X-RSC-Authorization: Key "+key, "Authorization: Basic YTpi").get("content/" + guid + "/").echo()
	if e.Headers.Get("X-Rsc-Authorization") != "" || e.Headers.Get("Authorization") != "Basic YTpi" {
		t.Errorf("by the other header: %v", e.Headers)
	}
	body := s.byKey(key).do("POST", "content/"+guid+"/", "a body").echo()
	if body.Method != "POST" || body.Body != "a body" {
		t.Errorf("content got %s %q", body.Method, body.Body)
	}
}

// Only signed-in visitors of interactive content that is not open to all visitors get a user session token.
func TestWhoGetsAUserToken(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	alice := s.person("alice")
	acl, all := s.running("python-api", "acl", nil), s.running("python-api", "all", nil)
	s.permit(acl, "alice")
	link := s.publisher.do("POST", "__api__/v1/content/"+acl+"/share_links", "").want(200, 0).str("url")
	query := link[strings.Index(link, "?"):]
	own := alice.get("content/" + acl + "/").echo()
	if own.Headers.Get(userToken) == "" {
		t.Fatal("the granted twin got none")
	}
	tests := map[string]*reply{
		"anonymous on all":                     s.visitor().get("content/" + all + "/"),
		"signed in on all":                     alice.get("content/" + all + "/"),
		"anonymous by share link":              s.visitor().get("content/" + acl + "/" + query),
		"signed in by share link":              s.person("carol").get("content/" + acl + "/" + query),
		"permitted, by share link":             alice.get("content/" + acl + "/" + query),
		"the content itself, with its own key": s.byKey(own.Env["CONNECT_API_KEY"]).get("content/" + acl + "/"),
	}
	for name, r := range tests {
		if token, got := r.echo().Headers[userToken]; got {
			t.Errorf("%s: %s", name, token)
		}
	}
	if e := tests["permitted, by share link"].echo(); e.Headers.Get("Rstudio-Connect-Credentials") != "" {
		t.Error("a share link carries an identity")
	}
	if e := tests["anonymous on all"].echo(); e.Headers.Get("Rstudio-Connect-Credentials") != "" {
		t.Error("an anonymous visitor has credentials")
	}
}

func TestShareLinks(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid, other := s.running("python-api", "acl", nil), s.running("python-api", "acl", nil)
	made := s.publisher.do("POST", "__api__/v1/content/"+guid+"/share_links", "").want(200, 0)
	link := made.str("url")
	if !strings.HasPrefix(link, s.url+"content/"+guid+"/?share=") {
		t.Fatalf("link %s", link)
	}
	query := link[strings.Index(link, "?"):]
	token := strings.TrimPrefix(query, "?share=")
	guest := s.visitor()
	if e := guest.get("content/" + guid + "/" + query + "&a=b").echo(); e.Query != "a=b" {
		t.Errorf("content sees the query %q", e.Query)
	}
	e := guest.get("content/"+guid+"/sub", "Referer: "+link).echo() // by the cookie
	if text := fmt.Sprint(e.Headers, e.Query); strings.Contains(text, token) {
		t.Errorf("the token reached the content: %s", text)
	}
	guest.get("content/"+other+"/").want(401, 24)
	guest.get("content/"+other+"/"+query).want(401, 24)
	guest.get("__api__/v1/content/"+guid).want(401, 24)
	s.visitor().get("content/"+guid+"/?share=made-up").want(401, 24)
	if list := s.publisher.get("__api__/v1/content/"+guid+"/share_links").want(200, 0).Body; strings.Contains(list, token) || !strings.Contains(list, made.str("guid")) {
		t.Errorf("list: %s", list)
	}
	s.publisher.do("DELETE", "__api__/v1/content/"+guid+"/share_links/"+made.str("guid"), "").want(204, 0)
	guest.get("content/"+guid+"/").want(401, 24)
	guest.get("content/"+guid+"/"+query).want(401, 24)
	// A visitor with a permission who opens the item without the link is identified.
	again := s.publisher.do("POST", "__api__/v1/content/"+guid+"/share_links", "").str("url")
	alice := s.person("alice")
	s.permit(guid, "alice")
	if e := alice.get("content/" + guid + "/" + again[strings.Index(again, "?"):]).echo(); e.Headers.Get(userToken) != "" {
		t.Error("by the link alice has an identity")
	}
	if e := alice.get("content/"+guid+"/", "Sec-Fetch-Dest: document").echo(); e.Headers.Get(userToken) == "" {
		t.Error("on her own alice has none")
	}
	if e := alice.get("content/"+guid+"/sub", "Sec-Fetch-Dest: empty").echo(); e.Headers.Get(userToken) == "" {
		t.Error("her page's own requests have none")
	}
}

func TestContentCannotSetTheServersCookies(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.running("python-api", "all", nil)
	for _, cookie := range s.visitor().get("content/"+guid+"/?do=cookies").want(200, 0).Header["Set-Cookie"] {
		if cookie != "app=1" {
			t.Errorf("content set %s", cookie)
		}
	}
}

func TestContentThatFails(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	broken := s.running("python-api", "all", map[string]string{"nostart": "x"})
	if r := s.visitor().get("content/"+broken+"/").want(502, 1); strings.Contains(r.Body, "boom") || strings.Contains(s.log.String(), "boom") {
		t.Errorf("what the program wrote went to the visitor or the log: %s", r.Body)
	}
	guid := s.running("python-api", "all", nil)
	s.visitor().get("content/"+guid+"/?do=exit").want(502, 1)
}

func TestContentIsDeletedWhileItRuns(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.running("python-api", "all", nil)
	e := s.visitor().get("content/" + guid + "/").echo()
	s.publisher.do("DELETE", "__api__/v1/content/"+guid, "").want(204, 0)
	s.visitor().get("content/"+guid+"/").want(404, 4)
	s.byKey(e.Env["CONNECT_API_KEY"]).get("__api__/v1/user").want(401, 30)
}

// Streams arrive as they are written, WebSockets pass in both directions, and no other protocol creates a tunnel.
func TestStreamAndUpgrade(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	guid := s.running("python-api", "all", nil)
	s.visitor().get("content/" + guid + "/").echo()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(head string) (net.Conn, *bufio.Reader, string) {
		t.Helper()
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // a TCP connection has one
		fmt.Fprintf(conn, "GET /content/%s/%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", guid, strings.Split(head, "|")[0], u.Host, strings.Split(head, "|")[1])
		r := bufio.NewReader(conn)
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v", head, err)
		}
		return conn, r, line
	}
	conn, r, line := dial("|Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n")
	if !strings.Contains(line, " 101 ") {
		t.Fatalf("WebSocket: %s", line)
	}
	for line != "\r\n" {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(conn, "hello")
	got := make([]byte, 5)
	if _, err := io.ReadFull(r, got); err != nil || string(got) != "hello" {
		t.Errorf("echo %q, %v", got, err)
	}
	if _, _, line := dial("|Connection: Upgrade\r\nUpgrade: h2c\r\n"); !strings.Contains(line, " 200 ") {
		t.Errorf("Upgrade: h2c: %s", line)
	}
	if _, _, line := dial("?do=hold|"); !strings.Contains(line, " 200 ") { // the head arrives while the body is open
		t.Errorf("stream: %s", line)
	}
}

// At most eight processes are alive, and all visits succeed.
func TestManyItems(t *testing.T) {
	t.Parallel()
	s := newContentSite(t)
	var guids []string
	for range execution.DefaultMaxRun + 2 {
		guids = append(guids, s.running("python-api", "all", nil))
	}
	for _, guid := range append(guids, guids...) {
		s.visitor().get("content/" + guid + "/").echo()
		if live := s.executions(); live > execution.DefaultMaxRun {
			t.Errorf("%d live", live)
		}
	}
}
