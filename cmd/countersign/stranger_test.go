package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/proxies"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

// TestStrangersInTheSeat runs the scenarios about a proxy against haproxy, Caddy, and nginx with basic
// authentication, which their target files describe. All follow every must rule; the departures from
// advice are known.
func TestStrangersInTheSeat(t *testing.T) {
	for name, want := range map[string]string{
		"haproxy":     "SEC-049",         // it passes trailers on
		"caddy":       "SEC-050 SEC-054", // it removes what Connection names, and joins slashes
		"nginx-basic": "",
	} {
		t.Run(name, func(t *testing.T) {
			program, _, _ := strings.Cut(name, "-")
			if _, err := exec.LookPath(program); err != nil {
				skipUnavailable(t, err)
			}
			rep := runSeat(t, "--target", filepath.Join("..", "..", "proxies", "strangers", name+".yaml"))
			rules, others := broken(rep)
			if got := strings.Join(rules, " "); got != want || len(others) > 0 || rep.Exit != report.ExitConforms {
				t.Errorf("broken rules %q, want %q; exit %d (%s); without a verdict: %q", got, want, rep.Exit, rep.Verdict, others)
			}
		})
	}
}

// TestAConfigurationFileOfAnInstallation runs a configuration file for nginx as it would be used in an
// installation, with its addresses replaced, and one with a mistake.
func TestAConfigurationFileOfAnInstallation(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		skipUnavailable(t, err)
	}
	dir := t.TempDir()
	names := proxies.HeaderNames{Username: "X-Forwarded-User", Groups: "X-Forwarded-Groups"}
	text, err := proxies.Render(proxies.Nginx, []proxies.Listener{{Listen: "127.0.0.1:8080", Prefix: "/connect", Upstream: "http://127.0.0.1:3939", Headers: names, Gate: true}},
		proxies.RenderOptions{Dir: dir, User: "root"})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		text = []byte(strings.Replace(string(text), "user root;", "", 1))
	}
	target := fmt.Sprintf(`name: my-nginx
seat: proxy
proxy:
  command: [%s, -c, "{config}", -p, "{data}"]
  config: my.conf
  replace: { "127.0.0.1:8080": "{listen}", "127.0.0.1:3939": "{upstream}", "127.0.0.1:8081": "{login}" }
  prefix: /connect
  server: { ProxyAuth.UsernameHeader: X-Forwarded-User, ProxyAuth.GroupsHeader: X-Forwarded-Groups }
  sign_in: { page: /auth/login, identity_cookie: verified-user, form: { username: "{username}", groups: "{group1}\n{group2}" } }
`, nginx)
	for name, content := range map[string]string{"my.conf": string(text), "my.yaml": target} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rep := runSeat(t, "--target", filepath.Join(dir, "my.yaml"))
	if rules, others := broken(rep); rep.Exit != report.ExitConforms || len(rules)+len(others) > 0 {
		t.Errorf("exit %d (%s), broken rules %q, without a verdict %q", rep.Exit, rep.Verdict, rules, others)
	}

	if err := os.WriteFile(filepath.Join(dir, "my.conf"), append(text, "frobnicate on;\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := execute(t.Context(), []string{"run", "--target", filepath.Join(dir, "my.yaml")}, &out, &out); code != exitNotStarted {
		t.Errorf("exit %d, want %d", code, exitNotStarted)
	}
	if !strings.Contains(out.String(), "frobnicate") || !strings.Contains(out.String(), "my.conf:") {
		t.Errorf("the output does not contain nginx's own message with file and line: %s", out.String())
	}
}

// hostileProxies are proxies with which no scenario can begin.
var hostileProxies = map[string]http.HandlerFunc{
	"200 to all": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "welcome") },
	"502 to all": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	"redirects in a circle": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	},
	"hangs": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"resets": func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	},
	"floods": func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 64<<10); r.Context().Err() == nil; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	},
}

// serveBadProxy starts a hostile proxy until the end of the test. The contexts of its requests end then: net/http
// does not notice that a client is gone if the client has sent more than one request.
func serveBadProxy(t *testing.T, behaviour http.HandlerFunc) *httptest.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := httptest.NewUnstartedServer(behaviour)
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(func() {
		cancel()
		s.Close()
	})
	return s
}

// TestHostileProxies checks that a proxy with which no scenario can begin gets a verdict within a bounded
// time, with one cause for all scenarios.
func TestHostileProxies(t *testing.T) {
	for name, behaviour := range hostileProxies {
		t.Run(name, func(t *testing.T) {
			s := serveBadProxy(t, behaviour)
			file := filepath.Join(t.TempDir(), "proxy.yaml")
			text := "name: hostile\nseat: proxy\nproxy:\n  url: " + s.URL + "/rsconnect/\n  upstream: 127.0.0.1:0\n  sign_in: {form: {username: '{username}'}}\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			rep := runSeat(t, "--target", file)
			if took := time.Since(began); took > time.Minute {
				t.Errorf("the run took %s", took)
			}
			if rep.Exit != report.ExitViolated || len(rep.Roots) != 1 {
				t.Errorf("exit %d (%s) with %d causes, want %d and one cause: %+v", rep.Exit, rep.Verdict, len(rep.Roots), report.ExitViolated, rep.Roots)
			}
			if passed := rep.Totals[verdict.Pass]; passed > 0 {
				t.Errorf("%d scenarios passed", passed)
			}
		})
	}
}
