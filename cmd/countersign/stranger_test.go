package main

import (
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

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// TestStrangersInTheSeat runs the scenarios about a proxy against haproxy and Caddy, which their target
// files describe. Both follow every must rule; the departures from advice are known.
func TestStrangersInTheSeat(t *testing.T) {
	for program, want := range map[string]string{
		"haproxy": "SEC-047",         // it passes trailers on
		"caddy":   "SEC-048 SEC-052", // it removes what Connection names, and joins slashes
	} {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatalf("NOT TESTED, and CI must test it: %v", err)
				}
				t.Skipf("NOT TESTED: %v", err)
			}
			rep := runSeat(t, "--target", filepath.Join("..", "..", "proxies", "strangers", program+".yaml"))
			rules, others := broken(rep)
			if got := strings.Join(rules, " "); got != want || len(others) > 0 || rep.Exit != report.ExitConforms {
				t.Errorf("broken rules %q, want %q; exit %d (%s); without a verdict: %q", got, want, rep.Exit, rep.Verdict, others)
			}
		})
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

// TestHostileProxies checks that a proxy with which no scenario can begin gets a verdict within a bounded
// time, with one cause for all scenarios.
func TestHostileProxies(t *testing.T) {
	for name, behaviour := range hostileProxies {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(behaviour)
			defer s.Close()
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
