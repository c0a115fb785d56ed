package target

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const myProxy = `name: my-proxy
seat: proxy
proxy:
  command: [haproxy, -f, "{folder}/haproxy.cfg"]
  environment: {LISTEN: "{listen}", UPSTREAM: "{upstream}", LOGIN: "{login}"}
  server: {ProxyAuth.UsernameHeader: X-User, ProxyAuth.GroupsHeader: X-Groups}
  sign_in:
    headers: {Cookie: "verified-user={username}"}
    identity_cookie: verified-user
`

func loadText(t *testing.T, text string) (Target, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(file, os.LookupEnv)
}

func TestLoadProxy(t *testing.T) {
	t.Parallel()
	target, err := loadText(t, myProxy)
	if err != nil {
		t.Fatal(err)
	}
	p := target.Proxy
	c, err := p.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	if c.Headers.Username != "X-User" || c.Headers.Groups != "X-Groups" || !c.Gate() {
		t.Errorf("the configuration of the server has %+v, gate %v", c.Headers, c.Gate())
	}
	if got := p.Address("127.0.0.1:1234"); got != "http://127.0.0.1:1234/rsconnect/" {
		t.Errorf("Address = %s", got)
	}
	if !filepath.IsAbs(p.Folder) || !p.IsLocal(noLookup) || p.IsOwn() {
		t.Errorf("%+v", p)
	}
}

// noLookup finds no address.
func noLookup(string) ([]net.IP, error) { return nil, errors.New("not found") }

func TestAProxyMayServeTheServerWithoutAPrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"": "http://127.0.0.1:1/rsconnect/", "/": "http://127.0.0.1:1/", "/a": "http://127.0.0.1:1/a/"} {
		p := Proxy{Prefix: prefix}
		if got := p.Address("127.0.0.1:1"); got != want {
			t.Errorf("prefix %q: address %s, want %s", prefix, got, want)
		}
	}
	if _, err := loadText(t, strings.Replace(myProxy, "  server:", "  prefix: /\n  server:", 1)); err != nil {
		t.Error(err)
	}
}

func TestUsersOfAProxy(t *testing.T) {
	t.Parallel()
	text := strings.Replace(myProxy, `    headers: {Cookie: "verified-user={username}"}`, `    users: [{username: ada, password: "${PROXY_PASSWORD}"}, {unique_id: u2}]
    headers: {Authorization: "Basic {basic}"}`, 1)
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file, func(name string) (string, bool) { return "s3cret", name == "PROXY_PASSWORD" })
	if err != nil {
		t.Fatal(err)
	}
	if u := got.Proxy.SignIn.Users[0]; u.Basic() != "YWRhOnMzY3JldA==" {
		t.Errorf("the credentials of %+v are %s", u, u.Basic())
	}
	if _, err := Load(file, func(string) (string, bool) { return "", false }); err == nil || !strings.Contains(err.Error(), "proxy.sign_in.users[0].password: PROXY_PASSWORD is not set") {
		t.Errorf("without the variable: %v", err)
	}
}

func TestARunningProxyHasItsOwnAddress(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://connect.example.com/base/", "http://127.0.0.1:8080/base", "http://localhost/base"} {
		p := Proxy{URL: url}
		if got, want := p.Address(""), strings.TrimSuffix(url, "/")+"/"; got != want {
			t.Errorf("%s: address %s, want %s", url, got, want)
		}
	}
}

// TestIsLocal requires that only addresses of the loopback interface are local, whatever a name looks like.
func TestIsLocal(t *testing.T) {
	t.Parallel()
	resolve := func(ips ...string) func(string) ([]net.IP, error) {
		return func(string) ([]net.IP, error) {
			var all []net.IP
			for _, ip := range ips {
				all = append(all, net.ParseIP(ip))
			}
			return all, nil
		}
	}
	for _, test := range []struct {
		url    string
		lookup func(string) ([]net.IP, error)
		want   bool
	}{
		{"http://127.0.0.1:8080/", noLookup, true},
		{"http://127.9.9.9/", noLookup, true},
		{"http://[::1]:8080/", noLookup, true},
		{"http://localhost/", resolve("127.0.0.1", "::1"), true},
		{"http://localhost/", resolve("127.0.0.1", "192.0.2.1"), false},
		{"http://localhost/", resolve("192.0.2.1"), false},
		{"http://localhost/", noLookup, false},
		{"http://connect.example.com/", resolve("127.0.0.1"), false},
		{"http://localhost.example.com/", resolve("127.0.0.1"), false},
		{"http://127.0.0.1.example.com/", resolve("127.0.0.1"), false},
		{"http://127.0.0.1@connect.example.com/", resolve("127.0.0.1"), false},
		{"http://0.0.0.0/", noLookup, false},
		{"http://10.0.0.1/", noLookup, false},
		{"http://2130706433/", noLookup, false},
		{"http://%zz/", noLookup, false},
		{"", noLookup, true}, // the suite starts the proxy
	} {
		if got := (&Proxy{URL: test.url}).IsLocal(test.lookup); got != test.want {
			t.Errorf("%s: local %v, want %v", test.url, got, test.want)
		}
	}
}

// TestTheRootIsAPrefix requires that a proxy can serve the server at the root.
func TestTheRootIsAPrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"/": "http://127.0.0.1:1/", "/a/b": "http://127.0.0.1:1/a/b/", "": "http://127.0.0.1:1/rsconnect/"} {
		if got := (&Proxy{Prefix: prefix}).Address("127.0.0.1:1"); got != want {
			t.Errorf("prefix %q: address %s, want %s", prefix, got, want)
		}
	}
}

// TestAConfigurationAlone requires that a target with a configuration file needs nothing else.
func TestAConfigurationAlone(t *testing.T) {
	t.Parallel()
	target, err := loadText(t, "name: x\nseat: proxy\nproxy: {config: my.conf}\n")
	if err != nil || !target.Proxy.IsAdapted() {
		t.Errorf("%+v, %v", target.Proxy, err)
	}
	_, err = loadText(t, "name: x\nseat: proxy\nproxy: {config: my.conf, replace: {a: b}}\n")
	if err == nil || !strings.Contains(err.Error(), "proxy.replace: it belongs to proxy.command") {
		t.Errorf("error %v, want one about replace", err)
	}
}

func TestLoadProxyErrors(t *testing.T) {
	t.Parallel()
	const head = "name: x\nseat: proxy\nproxy:\n  sign_in: {headers: {Cookie: c}}\n"
	for _, test := range []struct{ name, text, want string }{
		{"no proxy", "name: x\nseat: proxy\n", "proxy: missing"},
		{"settings of a server", "name: x\nseat: proxy\nlaunch: {command: [x]}\n", "remove the settings of a server"},
		{"a proxy in the other seat", "name: x\nseat: server\nlaunch: {command: [x]}\nproxy: {command: [x]}\n", "proxy: it describes a target with seat: proxy"},
		{"config without its placeholder", head + "  command: [x]\n  config: my.conf\n", "write {config}"},
		{"placeholder without a config", head + "  command: [x, '{config}']\n", "proxy.config: missing"},
		{"unknown placeholder in a replacement", head + "  command: [x, '{config}']\n  config: my.conf\n  replace: {'127.0.0.1:1': '{server}'}\n", "{server} is not known here"},
		{"neither command nor url", head, "exactly one of command"},
		{"both", head + "  command: [x]\n  url: http://127.0.0.1/\n  upstream: 127.0.0.1:1\n", "exactly one of command"},
		{"unknown placeholder", head + "  command: [x, '{id}']\n", "proxy.command[1]: {id} is not known here"},
		{"url without upstream", head + "  url: http://127.0.0.1/\n", "proxy.upstream: \"\" is not an address"},
		{"upstream of a command", head + "  command: [x]\n  upstream: 127.0.0.1:1\n", "use {upstream}"},
		{"relative url", head + "  url: /here\n  upstream: 127.0.0.1:1\n", "proxy.url"},
		{"prefix with a slash at its end", head + "  command: [x]\n  prefix: /a/\n", "proxy.prefix"},
		{"unknown option", head + "  command: [x]\n  server: {ProxyAuth.UsernameHeadr: X}\n", "did you mean \"ProxyAuth.UsernameHeader\""},
		{"no sign-in", "name: x\nseat: proxy\nproxy: {command: [x]}\n", "proxy.sign_in: missing"},
		{"two sign-ins", "name: x\nseat: proxy\nproxy:\n  command: [x]\n  sign_in: {headers: {A: b}, form: {a: b}}\n", "exactly one of form and headers"},
		{"credentials of no user", "name: x\nseat: proxy\nproxy:\n  command: [x]\n  sign_in: {headers: {A: '{basic}'}}\n", "{basic} is not known here"},
		{"a user without a name", "name: x\nseat: proxy\nproxy:\n  command: [x]\n  sign_in: {users: [{password: p}], headers: {A: '{basic}'}}\n", "proxy.sign_in.users[0]: missing username"},
		{"unknown attribute", "name: x\nseat: proxy\nproxy:\n  command: [x]\n  sign_in: {headers: {A: '{user}'}}\n", "{user} is not known here"},
	} {
		if _, err := loadText(t, test.text); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "mine.yaml") {
			t.Errorf("%s: error %v, want the file and %q", test.name, err, test.want)
		}
	}
}
