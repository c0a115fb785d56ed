package main

import (
	"bytes"
	"context"
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

// A sham is a server that keeps no rule at all. The suite is worth trusting
// if none of them passes a single must rule, and that is what is tested here:
// the four simplest, and each behind a relay that hands to the real server all
// that prepares a scenario, so that only what is judged is a sham.
var shams = map[string]http.HandlerFunc{
	"200 to all": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	},
	"401 to all": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	"404 to all": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
	"hangs":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
}

// dies is no sham but a real server that ends at a person's second sign-in.
const dies = "dies"

// The environment by which this test program is told to be a sham.
const (
	shamKind  = "SHAM_KIND"
	shamRelay = "SHAM_RELAY" // the program of the real server, "" for none
	shamProbe = "SHAM_PROBE"
)

// beSham serves as the subject of a run: this program, config, listen, log.
func beSham(args []string) error {
	config, listen, log := args[0], args[1], args[2]
	if os.Getenv(shamKind) == choosing {
		made, err := madeChoices(os.Getenv(shamChoices))
		if err != nil {
			return err
		}
		return serveChoices(made, os.Getenv(shamRelay), config, listen, log)
	}
	sham := http.Handler(shams[os.Getenv(shamKind)])
	altered, isAltered := alterations[os.Getenv(shamKind)]
	if server := os.Getenv(shamRelay); server != "" {
		relay, real, err := startReal(server, config, listen, log)
		if err != nil {
			return err
		}
		endWith(real)
		junk := shams[os.Getenv(shamKind)]
		if os.Getenv(shamKind) == dies {
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

// startReal starts the real server behind an address, and returns a relay to it. The
// relay answers 502 while the real server does not answer.
func startReal(server, config, listen, log string) (*httputil.ReverseProxy, *exec.Cmd, error) {
	_, port, _ := strings.Cut(listen, ":")
	behind := "127.0.0.3:" + port
	real := exec.Command(server, "serve", "--config", config, "--listen", behind, "--log-file", log, "--runtime", os.Getenv(shamProbe))
	real.Stdout, real.Stderr = os.Stdout, os.Stderr
	if err := real.Start(); err != nil {
		return nil, nil, err
	}
	relay := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: behind})
	relay.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	return relay, real, nil
}

// endWith ends this process on SIGTERM when the real server has ended, which writes
// to the folder of the run until then.
func endWith(real *exec.Cmd) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		_ = real.Process.Signal(syscall.SIGTERM)
		_ = real.Wait()
		os.Exit(0)
	}()
}

// prepares says whether a request belongs to what makes a scenario ready: the
// operator, the publisher, users, content and integrations.
func prepares(r *http.Request) bool {
	path := r.URL.Path
	if path == "/__ping__" {
		return true
	}
	if strings.HasSuffix(path, "/oauth/integrations/credentials") || strings.Contains(path, "/oauth/sessions") {
		return false
	}
	user := r.Header.Get("X-Auth-Username")
	who := r.Header.Get("Authorization") != "" || user == "operator" || strings.HasPrefix(user, "paula")
	return who && strings.HasPrefix(path, "/__api__/")
}

// headlines are the rules of the groups that every sham is held to. Rules about
// the API itself are left out: behind a relay that hands the API on, the real
// server answers for them.
func headlines(t *testing.T) string {
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
				rep := runSham(t, map[string]string{shamKind: kind, shamRelay: relay, shamProbe: probe}, "--rule", headlines(t))
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
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, program), "countersign/cmd/"+program).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", program, err, out)
		}
	}
	return filepath.Join(dir, serverProgram), filepath.Join(dir, probeProgram)
}

// runSham runs the suite, as a person would, against this program as a sham.
func runSham(t *testing.T, environment map[string]string, flags ...string) *report.Report {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "sham.yaml")
	writeSham(t, file, environment, invented)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	folder := filepath.Join(dir, "report")
	var out bytes.Buffer
	args := []string{"run", "--target", file, "--front", "direct", "--parallel", "64", "--report", folder}
	execute(ctx, append(args, flags...), &out, &out)
	written, err := os.Open(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatalf("no report: %v\n%s", err, out.String())
	}
	defer written.Close()
	rep, err := report.ReadJSON(written)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// shamTarget describes this program as a sham.
func shamTarget(t *testing.T, environment map[string]string) target.Target {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sham.yaml")
	writeSham(t, file, environment, invented)
	described, err := target.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return described
}

// invented and known are what raises the log level of shams: an option that a relay
// translates, and that of the real server.
const (
	invented = "Verbosity = high"
	known    = "ServiceLogLevel = DEBUG"
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
