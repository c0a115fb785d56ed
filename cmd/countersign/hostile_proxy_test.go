package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// TestProxiesThatTurnHostile requires a verdict within a bounded time for proxies that pass requests with
// credentials on, so that all scenarios begin, and treat the other requests badly. No scenario passes.
func TestProxiesThatTurnHostile(t *testing.T) {
	for name, behaviour := range hostileProxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			behind := freeAddress(t)
			pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: behind})
			pass.ErrorLog = log.New(io.Discard, "", 0)
			s := serveBadProxy(t, func(w http.ResponseWriter, r *http.Request) {
				// The request with which the suite checks that it reaches the recording server.
				if strings.HasSuffix(r.URL.Path, "/passage") && strings.HasPrefix(r.Header.Get("Authorization"), "Key ") {
					pass.ServeHTTP(w, r)
					return
				}
				behaviour(w, r)
			})
			file := filepath.Join(t.TempDir(), "proxy.yaml")
			text := fmt.Sprintf("name: hostile\nseat: proxy\nproxy:\n  url: %s/rsconnect/\n  upstream: %s\n  sign_in: {headers: {Cookie: 'verified-user={username}'}, identity_cookie: verified-user}\n", s.URL, behind)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			rep := runSeat(t, "--target", file)
			if took := time.Since(began); took > 150*time.Second {
				t.Errorf("the run took %s", took)
			}
			if rep.Exit != report.ExitViolated {
				t.Errorf("exit %d (%s), want %d", rep.Exit, rep.Verdict, report.ExitViolated)
			}
			if rep.Totals[verdict.Error]+rep.Totals[verdict.NotRun] > 0 {
				t.Errorf("scenarios without a verdict: %v", rep.Totals)
			}
			if passed := rep.Totals[verdict.Pass]; passed > 0 {
				t.Errorf("%d scenarios passed", passed)
			}
			t.Logf("%s: %s, %d causes", time.Since(began).Round(time.Second), rep.Verdict, len(rep.Roots))
		})
	}
}
