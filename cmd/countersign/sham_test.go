package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

// shams are servers that follow no rule: none of them may pass a must rule. Each is
// tested alone, and behind a relay that passes the requests that prepare a scenario to
// the real server, so that the sham answers only the requests under test.
var shams = map[string]http.HandlerFunc{
	"200 to all": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	},
	"401 to all": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	"404 to all": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
	"hangs":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
}

// diesKind is the real server that exits at the second sign-in of a user.
const diesKind = "dies"

// Environment variables that make this test program serve as a sham.
const (
	shamKind  = "SHAM_KIND"
	shamRelay = "SHAM_RELAY" // path of the real server, "" for none
	shamProbe = "SHAM_PROBE"
)

// serveSham serves as the server under test. Its arguments are config, listen and log.
func serveSham(args []string) error {
	config, listen, log := args[0], args[1], args[2]
	if os.Getenv(shamKind) == choiceKind {
		choices, err := findChoices(os.Getenv(shamChoices))
		if err != nil {
			return err
		}
		return serveChoices(choices, os.Getenv(shamRelay), config, listen, log)
	}
	sham := http.Handler(shams[os.Getenv(shamKind)])
	altered, isAltered := alterations[os.Getenv(shamKind)]
	if server := os.Getenv(shamRelay); server != "" {
		relay, real, err := startReal(server, config, listen, log)
		if err != nil {
			return err
		}
		exitAfter(real)
		junk := shams[os.Getenv(shamKind)]
		if os.Getenv(shamKind) == diesKind {
			var signIns atomic.Int32
			junk = func(w http.ResponseWriter, r *http.Request) {
				if signIns.Add(1) == 2 {
					_ = real.Process.Kill()
					os.Exit(1)
				}
				relay.ServeHTTP(w, r)
			}
		}
		sham = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if prepares(r) {
				relay.ServeHTTP(w, r)
				return
			}
			junk.ServeHTTP(w, r)
		})
		if isAltered {
			sham = altered.of(relay)
		}
	}
	return (&http.Server{Addr: listen, Handler: sham, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: altered.maxHead}).ListenAndServe()
}

// startReal starts the real server on another loopback address with the port of listen,
// and returns a relay to it. The relay replies 502 while the server does not answer.
func startReal(server, config, listen, log string) (*httputil.ReverseProxy, *exec.Cmd, error) {
	_, port, _ := strings.Cut(listen, ":")
	backend := "127.0.0.3:" + port
	real := exec.Command(server, "serve", "--config", config, "--listen", backend, "--log-file", log, "--runtime", os.Getenv(shamProbe))
	real.Stdout, real.Stderr = os.Stdout, os.Stderr
	if err := real.Start(); err != nil {
		return nil, nil, err
	}
	relay := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	relay.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	return relay, real, nil
}

// exitAfter exits on SIGTERM when the real server has exited, because the server writes
// to the folder of the run until then.
func exitAfter(real *exec.Cmd) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		_ = real.Process.Signal(syscall.SIGTERM)
		_ = real.Wait()
		os.Exit(0)
	}()
}

// prepares reports whether a request prepares a scenario: it creates the operator, the
// publisher, users, content or integrations.
func prepares(r *http.Request) bool {
	path := r.URL.Path
	if path == "/__ping__" {
		return true
	}
	if strings.HasSuffix(path, "/oauth/integrations/credentials") || strings.Contains(path, "/oauth/sessions") {
		return false
	}
	user := r.Header.Get("X-Auth-Username")
	byManager := r.Header.Get("Authorization") != "" || user == "operator" || strings.HasPrefix(user, "paula")
	return byManager && strings.HasPrefix(path, "/__api__/")
}

// shamRules returns the ids of the rules that the shams are tested with. It leaves out
// rules about the API itself, because the real server behind a relay answers those
// requests.
func shamRules(t *testing.T) string {
	t.Helper()
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	cited := map[string]bool{}
	for _, d := range documents {
		oauth := strings.HasPrefix(d.Path, "oauth/") && d.Path != "oauth/associations.feature" // which is about the API itself
		if !oauth && d.Path != "proxied/duplicate_headers.feature" && d.Path != "proxied/prohibited_usernames.feature" {
			continue
		}
		for _, s := range d.Scenarios {
			for _, id := range s.Rules {
				cited[id] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(cited)), ",")
}

func TestWholeRunsOfShams(t *testing.T) {
	wholeRuns(t)
	server, probe := buildPrograms(t)
	for kind := range shams {
		for _, relay := range []string{"", server} {
			name := kind
			if relay != "" {
				name += " behind a relay"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				rep := runSham(t, map[string]string{shamKind: kind, shamRelay: relay, shamProbe: probe}, "--rule", shamRules(t))
				if rep.Exit != report.ExitViolated {
					t.Errorf("exit %d (%s), want %d", rep.Exit, rep.Verdict, report.ExitViolated)
				}
				for _, row := range rep.Rules {
					for front, cell := range row.Fronts {
						if row.Class == rules.Must && cell.Outcome == verdict.Pass {
							t.Errorf("%s passed at %s", row.ID, front)
						}
					}
				}
				t.Logf("%d results in %s: %s", len(rep.Results), rep.Usage.Wall.Round(time.Millisecond), rep.Verdict)
			})
		}
	}
}

// buildPrograms builds the real server and the probe.
func buildPrograms(t *testing.T) (server, probe string) {
	t.Helper()
	dir := t.TempDir()
	for _, program := range []string{serverProgram, probeProgram} {
		buildProgram(t, dir, program)
	}
	return filepath.Join(dir, serverProgram), filepath.Join(dir, probeProgram)
}

// buildProgram builds a program of this module into dir.
func buildProgram(t *testing.T, dir, program string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, program), "countersign/cmd/"+program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in the Makefile, whose builds are reused
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, out)
	}
}

// runSham runs the command countersign run with this program as a sham.
func runSham(t *testing.T, environment map[string]string, flags ...string) *report.Report {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "sham.yaml")
	writeSham(t, file, environment, inventedOption)
	return runReport(t, 8*time.Minute, append([]string{"--target", file, "--front", "direct", "--parallel", "64"}, flags...)...)
}

// shamTarget returns a target that describes this program as a sham.
func shamTarget(t *testing.T, environment map[string]string) target.Target {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sham.yaml")
	writeSham(t, file, environment, inventedOption)
	described, err := target.Load(file, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return described
}

// Options that raise the log level.
const (
	inventedOption = "Verbosity = high"        // unknown to the real server; serveChoices translates it
	realOption     = "ServiceLogLevel = DEBUG" // of the real server
)

func writeSham(t *testing.T, file string, environment map[string]string, debugLog string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for name, value := range environment {
		lines = append(lines, fmt.Sprintf("    %s: %q", name, value))
	}
	description := fmt.Sprintf("name: sham\nversion: \"1\"\nseat: server\nlaunch:\n  command: [%q, \"{config}\", \"{listen}\", \"{log}\"]\n  environment:\n%s\ncapabilities: [log, share-links]\nendpoints:\n  share_links: v1/content/{content}/share_links\ndebug_log: |\n  [Logging]\n  %s\n",
		self, strings.Join(lines, "\n"), debugLog)
	if err := os.WriteFile(file, []byte(description), 0o600); err != nil {
		t.Fatal(err)
	}
}
