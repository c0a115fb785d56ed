package proxies

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// allListeners returns listeners with all combinations of flavours, examples, prefixes and
// separators.
func allListeners(first int) []Listener {
	full := HeaderNames{Username: "X-Auth-Username", UniqueID: "X-Auth-ID", FirstName: "X-Auth-First-Name", LastName: "X-Auth-Last-Name",
		Email: "X-Auth-Email", Role: "X-Auth-RSC-Role", Groups: "X-Auth-Groups"}
	profile := full
	profile.UniqueID = ""
	basic := HeaderNames{Username: "X-Auth-Username"}
	var ls []Listener
	for _, flavour := range []string{Documented, Hardened, Careless} {
		for _, headers := range []HeaderNames{basic, profile, full} {
			for _, prefix := range []string{"", "/rsconnect"} {
				for _, separator := range []string{"", `$1"\%{X}e, ;`} {
					l := Listener{ID: fmt.Sprint("l", len(ls)), Flavour: flavour, Prefix: prefix, Headers: headers, GroupsSeparator: separator,
						Listen: fmt.Sprint("127.0.0.1:", first+len(ls)), Upstream: "http://127.0.0.1:19999", Gate: len(ls)%3 != 0}
					if len(ls)%4 == 0 {
						l.HTTP2 = fmt.Sprint("127.0.0.1:", first+100+len(ls))
					}
					ls = append(ls, l)
				}
			}
		}
	}
	return ls
}

// TestRenderIsAccepted checks that the real programs accept the configurations.
func TestRenderIsAccepted(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Nginx, Apache} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			in := InstallationFrom(os.Getenv)
			program, err := in.findProgram(kind)
			if err != nil {
				skipUnavailable(t, err)
			}
			dir := t.TempDir()
			o := RenderOptions{User: runUser(kind)}
			if kind == Apache {
				if o.Modules, err = in.findModules(); err != nil {
					skipUnavailable(t, err)
				}
			}
			config, err := job{kind: kind, listeners: allListeners(21000), dir: dir, login: "127.0.0.1:19998"}.write(o)
			if err != nil {
				t.Fatal(err)
			}
			args := append(arguments(kind, dir, config), "-t")
			if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
				t.Errorf("%s -t: %v\n%s", kind, err, out)
			}
		})
	}
}

// skipUnavailable skips a test because of a missing program, and fails it in CI.
func skipUnavailable(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT TESTED, and CI must test it: %v", err)
	}
	t.Skipf("NOT TESTED: %v", err)
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	good := Listener{ID: "front", Listen: "127.0.0.1:21000", Prefix: "/rsconnect", Upstream: "http://127.0.0.1:19999", Headers: HeaderNames{Username: "X-Auth-Username"}}
	tests := []struct {
		name   string
		change func(*Listener)
		want   string
	}{
		{"flavour", func(l *Listener) { l.Flavour = "hard" }, "documented, hardened, careless"},
		{"listen", func(l *Listener) { l.Listen = "localhost:80" }, "not an IP address and a port"},
		{"prefix with a slash at its end", func(l *Listener) { l.Prefix = "/rsconnect/" }, "without a slash at its end"},
		{"prefix that breaks the configuration", func(l *Listener) { l.Prefix = "/a b;{" }, "prefix"},
		{"prefix of the login server", func(l *Listener) { l.Prefix = "/auth/x" }, "belongs to the login server"},
		{"upstream with a path", func(l *Listener) { l.Upstream = "http://127.0.0.1:1/x" }, "upstream"},
		{"upstream over TLS", func(l *Listener) { l.Upstream = "https://127.0.0.1:1" }, "upstream"},
		{"header with a blank", func(l *Listener) { l.Headers.Email = "X Email" }, "not a header name"},
		{"header of the protocol", func(l *Listener) { l.Headers.Role = "Connection" }, "reserved"},
		{"separator with a line end", func(l *Listener) { l.GroupsSeparator = "\n" }, "printable ASCII"},
		{"origin with a path", func(l *Listener) { l.Origin = "https://example.com/x" }, "origin"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := good
			test.change(&l)
			_, err := Render(Nginx, []Listener{l}, RenderOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "front") {
				t.Errorf("got error %v, want one that names the listener and contains %q", err, test.want)
			}
		})
	}
	t.Run("all problems at once", func(t *testing.T) {
		t.Parallel()
		bad := good
		bad.Upstream, bad.Prefix = "", "rsconnect"
		_, err := Render("haproxy", []Listener{bad, good}, RenderOptions{})
		for _, want := range []string{"haproxy", "upstream", "prefix", "same address"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want it to contain %q", err, want)
			}
		}
	})
}

func TestListenersAtOneAddressAreRefused(t *testing.T) {
	t.Parallel()
	l := Listener{Listen: "127.0.0.1:21000", Upstream: "http://127.0.0.1:19999", Headers: HeaderNames{Username: "X-Auth-Username"}}
	l.HTTP2 = l.Listen
	if _, err := Render(Nginx, []Listener{l}, RenderOptions{}); err == nil || !strings.Contains(err.Error(), "the same address 127.0.0.1:21000") {
		t.Errorf("the error is %v", err)
	}
	l.HTTP2 = "here"
	if _, err := Render(Nginx, []Listener{l}, RenderOptions{}); err == nil || !strings.Contains(err.Error(), `"here" is not an IP address and a port`) {
		t.Errorf("the error is %v", err)
	}
}
