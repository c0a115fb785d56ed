package installed

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readTestdata reads a configuration of the folder testdata.
func readTestdata(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRead reads configurations with names, paths and login pages of all kinds.
func TestRead(t *testing.T) {
	for _, tt := range []struct {
		file, kind, backend, prefix, login, parameter, identity string
	}{
		{"whole.conf", Nginx, "connect_pool", "/connect", "/sso/start", "rd", "username X-Remote-User sso_user"},
		{"variables.conf", Nginx, "connect.svc.cluster.local", "", "/login", "next", "username X-Auth-Username corp_id"},
		{"asks.conf", Nginx, "connect.internal:3939", "", "/oauth2/sign_in", "rd", "username X-Auth-Username <x-auth-request-user, email X-Auth-Email <x-auth-request-email"},
		{"site.conf", Apache, "balancer://connect", "/analytics", "/portal/login", "back", "username X-Corp-Person corp.sso"},
		{"directives.conf", Apache, "connect.internal:3939", "", "/auth/login", "url", "username X-Auth-Username verified-user, email X-Auth-Email verified-mail"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			c, err := Read(filepath.Join("testdata", tt.file), readTestdata(t, tt.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var identity []string
			for _, i := range c.Identity {
				from := strings.Join(i.Cookies, "+")
				if i.Reply != "" {
					from = "<" + i.Reply
				}
				identity = append(identity, fmt.Sprint(i.Field, " ", i.Header, " ", from))
			}
			got := []string{c.Kind, c.Backend, c.Prefix, c.LoginPath, c.LoginParameter, strings.Join(identity, ", ")}
			want := []string{tt.kind, tt.backend, tt.prefix, tt.login, tt.parameter, tt.identity}
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// places are the addresses of an instance in tests.
func places(dir string) Addresses {
	return Addresses{Bind: "127.0.0.1:8001", Public: "127.0.0.1:8001", Upstream: "127.0.0.1:8002", Login: "127.0.0.1:8003", Dir: dir, Modules: "/modules"}
}

// foreign matches the hosts of the configurations in testdata.
var foreign = regexp.MustCompile(`[a-z0-9]+\.(internal|svc\.cluster\.local)|10\.0\.0\.53|127\.0\.0\.53|:4180|:9999|/var/log|/etc/ssl|rotatelogs`)

// TestCopyContactsNothingElse requires that the copy of each configuration names no server, log or
// certificate of the installation, and has the lines of the original.
func TestCopyContactsNothingElse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Read(name, text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := c.Write(places(dir)); err != nil {
			t.Fatal(err)
		}
		copied, err := os.ReadFile(filepath.Join(dir, c.files.all[0].copy))
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(copied), "\n") {
			code, _, _ := strings.Cut(line, "# ")
			// A variable that is defined and not used contacts nothing.
			if found := foreign.FindString(code); found != "" && !strings.HasPrefix(code, "Define ") {
				t.Errorf("%s: line %d of the copy contains %s: %s", name, n+1, found, code)
			}
		}
		if added := len(c.files.all[0].added); strings.Count(string(copied), "\n") != strings.Count(string(text), "\n")+added {
			t.Errorf("%s: the copy has other lines than the file", name)
		}
	}
}

// TestOptions requires that what the user says replaces what the file shows.
func TestOptions(t *testing.T) {
	text := "server { listen 80;\n location /a/ { proxy_pass http://one/; proxy_set_header X-Person $cookie_p; }\n location /b/ { proxy_pass http://two/; } }\n"
	c, err := Read("a.conf", []byte(text), Options{Backend: "two", Prefix: "/c/", Login: "/sign", Headers: map[string]string{"unique-id": "X-Id"}, Cookies: map[string]string{"unique-id": "sid"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Backend != "two" || c.Prefix != "/c" || c.LoginPath != "/sign" {
		t.Errorf("backend %s, prefix %s, login %s", c.Backend, c.Prefix, c.LoginPath)
	}
	at := slices.IndexFunc(c.Identity, func(i Identity) bool { return i.Field == "unique-id" })
	if at < 0 || c.Identity[at].Header != "X-Id" || !slices.Equal(c.Identity[at].Cookies, []string{"sid"}) {
		t.Errorf("identity %+v", c.Identity)
	}
}

// badConfigurations are configurations that the suite cannot run, with a part of the error.
var badConfigurations = map[string]struct{ text, want string }{
	"nothing":           {"", "neither an nginx nor an Apache configuration"},
	"another proxy":     {"frontend web\n  bind :80\n  default_backend b\n", "neither an nginx nor an Apache configuration"},
	"open quote":        {"server {\n  listen 80;\n  set $a \"b;\n}\n", "a.conf:3: a quoted text begins here"},
	"open block":        {"server {\n  location / {\n    proxy_pass http://a;\n}\n", "a.conf:1: the block \"server\" is not closed"},
	"extra brace":       {"server { listen 80; }\n}\n", "a.conf:2: a closing brace"},
	"no semicolon":      {"server {\n  listen 80\n}\n", "a.conf:2: the directive \"listen 80\" does not end with a semicolon"},
	"no server":         {"map $a $b { default 1; }\n", "has no server block"},
	"no proxy":          {"server {\n  root /srv;\n}\n", "a.conf:1: no server block passes requests on"},
	"missing include":   {"server {\n  include other.conf;\n  location / { proxy_pass http://a; }\n}\n", "a.conf:2: include other.conf: the file is not on this machine"},
	"two servers":       {"server { server_name one; location / { proxy_pass http://a; } }\nserver { server_name two; location / { proxy_pass http://a; } }\n", "--proxy-server"},
	"two backends":      {"server { location /a { proxy_pass http://a; proxy_set_header X-User $cookie_u; }\n location /b { proxy_pass http://b; proxy_set_header X-User $cookie_u; } }\n", "--proxy-upstream: a (line 1), b (line 2)"},
	"variable host":     {"server {\n location / {\n  proxy_pass http://$host;\n } }\n", "a.conf:3: proxy_pass http://$host"},
	"no identity":       {"server { location / {\n proxy_pass http://a; } }\n", "--identity-header"},
	"basic auth":        {"server { location / {\n proxy_pass http://a; proxy_set_header X-User $remote_user; } }\n", "a.conf:2: the header X-User may be the username, but its value is $remote_user"},
	"open section":      {"<VirtualHost *:80>\n  ProxyPass / http://a/\n", "a.conf:1: the section <VirtualHost *:80> is not closed"},
	"wrong section":     {"<VirtualHost *:80>\n  ProxyPass / http://a/\n</Location>\n", "a.conf:3: </Location> does not end the section"},
	"Apache, no proxy":  {"<VirtualHost *:80>\n  ServerName a\n</VirtualHost>\n", "no virtual host passes requests on"},
	"two virtual hosts": {"<VirtualHost *:80>\n ProxyPass / http://a/\n</VirtualHost>\n<VirtualHost *:81>\n ProxyPass / http://a/\n</VirtualHost>\n", "a.conf:4: <VirtualHost *:81>"},
	"Apache include":    {"Include other.conf\nProxyPass / http://a/\n", "a.conf:1: Include other.conf: the file is not on this machine"},
	"Apache login":      {"ProxyPass / http://a/\nRequestHeader set X-User %{REMOTE_USER}s\n", "a.conf:2: the header X-User may be the username, but its value is %{REMOTE_USER}"},
}

// TestBadConfigurations requires an error with file and line, or the flag that helps.
func TestBadConfigurations(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(badConfigurations)) {
		tt := badConfigurations[name]
		_, err := Read("a.conf", []byte(tt.text), Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

// TestReadText refuses what is not text.
func TestReadText(t *testing.T) {
	if _, err := ReadText("a.conf", strings.NewReader("server {\n\x00")); err == nil || !strings.Contains(err.Error(), "a.conf:2") {
		t.Errorf("error %v, want one about a NUL octet in line 2", err)
	}
	if _, err := ReadText("a.conf", strings.NewReader(strings.Repeat("#", maxFile+1))); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("error %v, want one about the size", err)
	}
}

// TestIncludes reads a configuration in several files, and finds the original name and line in a message.
func TestIncludes(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"conf.d/site.conf": "server {\n  server_name a;\n  location /x/ {\n    include headers.conf;\n    proxy_pass http://backend.internal:3939/;\n  }\n}\n",
		"headers.conf":     "proxy_set_header X-Auth-Username $cookie_who;\n",
		"loop.conf":        "include loop.conf;\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Read(filepath.Join(dir, "nginx.conf"), []byte("events {}\nhttp {\n include conf.d/*.conf;\n}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Prefix != "/x" || len(c.Identity) != 1 || c.Server.Place.File != filepath.Join(dir, "conf.d/site.conf") {
		t.Errorf("prefix %s, identity %v, server %v", c.Prefix, c.Identity, c.Server)
	}
	private := filepath.Join("/run", c.files.all[2].copy)
	if got := c.Restore("/run", `unknown directive "x" in `+private+":1"); got != `unknown directive "x" in `+filepath.Join(dir, "headers.conf")+":1" {
		t.Errorf("message %s", got)
	}
	if _, err := Read(filepath.Join(dir, "nginx.conf"), []byte("http { include loop.conf; server { location / { proxy_pass http://a; } } }"), Options{}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a file that includes itself: error %v", err)
	}
}

// TestRestoreCountsAddedLines requires that a message about a line after an added one names the line of
// the user.
func TestRestoreCountsAddedLines(t *testing.T) {
	text := "<VirtualHost *:80>\nProxyPass / http://a/\nRequestHeader set X-User %{WHO}e\nSetEnvIf Cookie who=(.+) WHO=$1\nRedirect /x http://%{HTTP_HOST}/auth/login?url=%{REQUEST_URI}\n</VirtualHost>\nWrong\n"
	c, err := Read("a.conf", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("/run", c.files.all[0].copy)
	for copied, original := range map[int]int{2: 2, 5: 5, 8: 7} {
		if got, want := c.Restore("/run", fmt.Sprintf("Syntax error on line %d of %s:", copied, path)), fmt.Sprintf("Syntax error on line %d of a.conf:", original); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestInsertionBeforeRemoval requires that a text inserted at the beginning of a file stays if its first
// directive is removed.
func TestInsertionBeforeRemoval(t *testing.T) {
	f := &file{text: []byte("user a;\nevents {}\n")}
	f.remove(0, 7)
	f.replace(0, 0, "daemon off; ")
	if got := string(f.changed()); got != "daemon off; \nevents {}\n" {
		t.Errorf("changed = %q", got)
	}
}

// TestModules names the modules that a configuration needs, with the line.
func TestModules(t *testing.T) {
	c, err := Read("a.conf", []byte("server {\n js_import a.js;\n location / {\n more_clear_input_headers X;\n proxy_pass http://a; proxy_set_header X-User $cookie_u; } }\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range c.Modules {
		got = append(got, fmt.Sprint(m.Name, " ", m.Needed.Line))
	}
	if want := []string{"ngx_http_js_module 2", "ngx_http_headers_more_filter_module 4"}; !slices.Equal(got, want) {
		t.Errorf("modules %q, want %q", got, want)
	}
	if c.HasModule(t.TempDir(), c.Modules[0]) {
		t.Error("an empty folder has a module")
	}
}

// FuzzRead requires that no text makes Read or Write panic.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.conf") // without them, the bad ones remain
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text))
		}
	}
	for _, bad := range badConfigurations {
		f.Add(bad.text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") { // it reads files of the machine
			return
		}
		raw, err := ReadText("a.conf", strings.NewReader(text))
		if err != nil {
			return
		}
		if c, err := Read("a.conf", raw, Options{}); err == nil {
			if _, err := c.Write(places(dir)); err != nil {
				t.Error(err)
			}
		}
	})
}
