package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/features"
	"countersign/proxies"
	"countersign/steps/report"
	"countersign/steps/rules"
)

// printProxy returns the output of countersign proxy print.
func printProxy(t *testing.T, args ...string) string {
	t.Helper()
	var out, stderr bytes.Buffer
	if code := execute(t.Context(), append([]string{"proxy", "print"}, args...), &out, &stderr); code != exitOK {
		t.Fatalf("proxy print %q: exit %d: %s", args, code, stderr.String())
	}
	return out.String()
}

// writeProxyConfig writes a configuration file and returns its path.
func writeProxyConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "my.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// printed are flags of proxy print, and those that the run of the printed configuration needs.
var printed = map[string]struct{ print, run []string }{
	"as it is":       {nil, nil},
	"at the root":    {[]string{"--prefix", ""}, nil},
	"other names":    {[]string{"--username-header", "X-Remote-User", "--email-header", "X-Remote-Mail", "--role-header", "X-Remote-Role", "--groups-header", "X-Remote-Groups", "--prefix", "/data/connect"}, nil},
	"unique id":      {[]string{"--unique-id-header", "X-Auth-Uniqueid", "--first-name-header", "X-Auth-Firstname", "--last-name-header", "X-Auth-Lastname"}, nil},
	"without TLS":    {[]string{"--origin", "http://data.example.org:8000", "--upstream", "http://10.0.0.5:3939"}, nil},
	"without a gate": {[]string{"--no-gate"}, []string{"--no-gate"}},
	"joined groups":  {[]string{"--groups-header", "X-Auth-Groups", "--groups-separator", "|"}, []string{"--groups-separator", "|"}},
}

// TestWholeRunsOfPrintedConfigurations requires that what proxy print prints passes all rules, run as the file
// of an installation.
func TestWholeRunsOfPrintedConfigurations(t *testing.T) {
	wholeRuns(t)
	for _, kind := range proxyKinds {
		for name, tt := range printed {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				requireProxy(t, kind)
				file := writeProxyConfig(t, printProxy(t, append([]string{kind}, tt.print...)...))
				rep := runSeat(t, append([]string{"--proxy-config", file, "--strict"}, tt.run...)...)
				if rules, others := broken(rep); rep.Exit != report.ExitConforms || len(rules)+len(others) > 0 {
					t.Errorf("exit %d (%s), broken rules %q, without a verdict %q", rep.Exit, rep.Verdict, rules, others)
				}
			})
		}
	}
}

var ruleID = regexp.MustCompile(`\b[A-Z]{2,3}-\d{3}\b`)

// TestPrintedConfigurationsNameRules requires that a printed configuration names rules of the catalogue in
// its comments, in each part of it, and nothing of a test.
func TestPrintedConfigurationsNameRules(t *testing.T) {
	t.Parallel()
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range proxyKinds {
		text := printProxy(t, kind, "--groups-header", "X-Auth-Groups", "--unique-id-header", "X-Auth-Uniqueid")
		for _, id := range ruleID.FindAllString(text, -1) {
			if r, known := catalogue.Rule(id); !known || r.Role != "proxy" {
				t.Errorf("%s: %s is not a rule about a proxy", kind, id)
			}
		}
		for _, foreign := range []string{"/tmp", "Countersign-", "127.0.0.1:8081", "pid ", "PidFile", "daemon", ".sock"} {
			if strings.Contains(text, foreign) {
				t.Errorf("%s: the configuration contains %q, which belongs to a test", kind, foreign)
			}
		}
		for _, part := range strings.Split(text, "\n\n") {
			directives := regexp.MustCompile(`(?m)^\s*(?:map|proxy_\w+|location|RequestHeader|RewriteRule|ProxyPass\w*|SetEnvIf\w*)\s`).FindString(part)
			if directives != "" && !ruleID.MatchString(part) {
				t.Errorf("%s: no comment says for which rule these lines are there:\n%s", kind, part)
			}
		}
		for _, name := range []string{"X-Auth-RSC-Role", "X-Auth-Custom-Username", "X-Auth-ID", "X-Auth-First-Name"} {
			if !strings.Contains(text, name) {
				t.Errorf("%s: the header %s, which the server does not read, is not deleted", kind, name)
			}
		}
	}
}

// TestPrintedExamplesBehaveAsTheFlavour requires that the printed flavour documented, run as the file of an
// installation, breaks the must rules that the flavour breaks.
func TestPrintedExamplesBehaveAsTheFlavour(t *testing.T) {
	for kind, want := range map[string]string{"nginx": "PA-048", "apache": "PA-022"} {
		t.Run(kind, func(t *testing.T) {
			requireProxy(t, kind)
			rep := runSeat(t, "--proxy-config", writeProxyConfig(t, printProxy(t, kind, "--flavour", "documented", "--email-header", "X-Auth-Email")))
			found, others := broken(rep)
			if got := strings.Join(found, " "); !strings.HasPrefix(got, want+" SEC-") || len(others) > 0 {
				t.Errorf("broken rules %s, want %s and advice; without a verdict %q", got, want, others)
			}
		})
	}
}

// installations are configurations as administrators write them, with the must rules that they break.
var installations = map[string]string{
	"whole.conf": "", "variables.conf": "PA-048", "site.conf": "", "directives.conf": "",
	// It asks its login application about requests with a key or a token too.
	"asks.conf": "PA-025 PA-048 PA-049 PA-050 PA-051 PA-052 PA-053 PA-056 PA-057 PA-337 PA-338 PA-339",
}

// TestConfigurationsOfInstallations runs configurations with names, paths and addresses of their own.
func TestConfigurationsOfInstallations(t *testing.T) {
	for name, want := range installations {
		t.Run(name, func(t *testing.T) {
			kind := map[bool]string{true: "apache", false: "nginx"}[name == "site.conf" || name == "directives.conf"]
			requireProxy(t, kind)
			rep := runSeat(t, "--proxy-config", filepath.Join("..", "..", "proxies", "installed", "testdata", name))
			found, _ := broken(rep)
			var must []string
			for _, id := range found {
				if strings.HasPrefix(id, "PA-") && !advice(rep, id) {
					must = append(must, id)
				}
			}
			if got := strings.Join(must, " "); got != want {
				t.Errorf("broken must rules %q, want %q (%s)", got, want, rep.Verdict)
			}
		})
	}
}

// advice reports whether a rule is of the class advice.
func advice(rep *report.Report, id string) bool {
	for _, r := range rep.Rules {
		if r.ID == id {
			return r.Class == "advice"
		}
	}
	return false
}

// TestAConfigurationThatTheProxyRefuses requires the message of the proxy with the file and the line of the
// user.
func TestAConfigurationThatTheProxyRefuses(t *testing.T) {
	for kind, mistake := range map[string][2]string{
		"nginx":  {"    absolute_redirect off;\n", "    frobnicate on;\n"},
		"apache": {"  TraceEnable off\n", "  Frobnicate off\n"},
	} {
		t.Run(kind, func(t *testing.T) {
			requireProxy(t, kind)
			text := strings.Replace(printProxy(t, kind), mistake[0], mistake[1], 1)
			line := 1 + strings.Count(text[:strings.Index(text, mistake[1])], "\n")
			file := writeProxyConfig(t, text)
			var out bytes.Buffer
			if code := execute(t.Context(), []string{"run", "--proxy-config", file, "--quiet"}, &out, &out); code != exitNotStarted {
				t.Errorf("exit %d, want %d", code, exitNotStarted)
			}
			want := map[string]string{"nginx": fmt.Sprintf("in %s:%d", file, line), "apache": fmt.Sprintf("line %d of %s", line, file)}[kind]
			if !strings.Contains(out.String(), want) || !strings.Contains(strings.ToLower(out.String()), "frobnicate") {
				t.Errorf("the output does not contain the message of the proxy with %q: %s", want, out.String())
			}
		})
	}
}

// TestNothingElseIsContacted requires that a run sends nothing to the other addresses in a configuration.
func TestNothingElseIsContacted(t *testing.T) {
	requireProxy(t, "nginx")
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	log, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	contacts := make(chan string, 100)
	go func() {
		for {
			c, err := other.Accept()
			if err != nil {
				return
			}
			contacts <- "a connection"
			_ = c.Close() // nothing is read
		}
	}()
	go func() {
		for b := make([]byte, 2000); ; {
			n, _, err := log.ReadFrom(b)
			if err != nil {
				return
			}
			contacts <- fmt.Sprintf("a datagram %q", b[:n])
		}
	}()
	text := strings.NewReplacer("OTHER", other.Addr().String(), "LOG", log.LocalAddr().String()).Replace(`
access_log syslog:server=LOG;
error_log syslog:server=LOG debug;
resolver LOG;
upstream mirror { server OTHER; }
server {
  listen 80;
  location = /copy { internal; proxy_pass http://mirror; }
  location /authors { proxy_pass http://OTHER; }
  location /auth/ { proxy_pass http://OTHER; }
  location /rsconnect/ {
    mirror /copy;
    set $known $cookie_who$http_x_auth_token$http_authorization;
    if ($known = "") { return 302 /auth/login?url=$request_uri; }
    proxy_pass http://OTHER2;
    proxy_set_header X-Auth-Username $cookie_who;
    proxy_set_header X-RSC-Request http://$host$request_uri;
  }
}
`)
	text = strings.ReplaceAll(text, other.Addr().String()+"2", "connect.invalid:3939")
	rep := runSeat(t, "--proxy-config", writeProxyConfig(t, text))
	if rep.Totals["pass"] == 0 {
		t.Errorf("no scenario passed: %s", rep.Verdict)
	}
	select {
	case what := <-contacts:
		t.Errorf("another server of the configuration received %s", what)
	case <-time.After(50 * time.Millisecond): // what was sent before the end of the run has arrived
	}
}

// TestATargetWithAConfiguration runs a configuration that a target file names, with what the file says.
func TestATargetWithAConfiguration(t *testing.T) {
	requireProxy(t, string(proxies.Nginx))
	file := writeProxyConfig(t, printProxy(t, "nginx"))
	target := filepath.Join(filepath.Dir(file), "target.yaml")
	if err := os.WriteFile(target, []byte("name: mine\nseat: proxy\nproxy: {config: my.conf}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rep := runSeat(t, "--target", target, "--rule", "PA-024,PA-032")
	if rep.Exit != report.ExitConforms || rep.Target.Name != "mine" {
		t.Errorf("exit %d (%s), target %s", rep.Exit, rep.Verdict, rep.Target.Name)
	}
}
