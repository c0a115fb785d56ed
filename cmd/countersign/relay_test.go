package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"testing"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// An alteration is one difference of a relay from the real server behind it.
type alteration struct {
	refuses func(*http.Request) int // returns the status of the refusal, or 0
	changes func(*http.Response)
	maxHead int // limit of the request header in octets, 0 for the default
}

var alterations = map[string]alteration{
	"shows a client secret": {changes: func(r *http.Response) {
		r.Header.Set("X-Debug", "cs_csn_q0ZbX-7uT_hn3mPzLkWcVyRd5eGaSf1J")
	}},
	"refuses to log in": {refuses: func(r *http.Request) int {
		if strings.HasPrefix(r.URL.Path, "/__oauth__/") {
			return http.StatusForbidden
		}
		return 0
	}},
	"refuses signatures with 400": {changes: func(r *http.Response) { answerSigned(r, http.StatusBadRequest, `{"code":104,"error":"bad signature"}`) }},
	"accepts any signature":       {changes: func(r *http.Response) { answerSigned(r, http.StatusOK, `{"guid":"1","username":"someuser"}`) }},
	"does not implement TRACE": {refuses: func(r *http.Request) int {
		if r.Method == http.MethodTrace {
			return http.StatusNotImplemented
		}
		return 0
	}},
	"refuses large heads": {maxHead: 8 << 10},
}

// answerSigned replaces the refusal of a signed request.
func answerSigned(r *http.Response, status int, body string) {
	if r.Request.Header.Get("X-Auth-Token") == "" || r.StatusCode != http.StatusUnauthorized {
		return
	}
	r.Body.Close()
	r.StatusCode, r.Status = status, ""
	r.Body, r.ContentLength = io.NopCloser(bytes.NewBufferString(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Header.Set("Content-Type", "application/json")
}

// of returns the relay with the alteration.
func (a alteration) of(relay *httputil.ReverseProxy) http.Handler {
	if a.changes != nil {
		relay.ModifyResponse = func(r *http.Response) error { a.changes(r); return nil }
	}
	if a.refuses == nil {
		return relay
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := a.refuses(r); status != 0 {
			w.WriteHeader(status)
			return
		}
		relay.ServeHTTP(w, r)
	})
}

// TestWholeRunsOfAlteredServers checks the exit code and the verdict for servers that
// differ from the real server in one respect. None of them breaks a must rule. A departure
// from advice changes the exit code with --strict only, and does not affect other rules.
func TestWholeRunsOfAlteredServers(t *testing.T) {
	wholeRuns(t)
	server, probe := buildPrograms(t)
	tests := []struct {
		kind, rules       string
		must              int // number of must rules that pass
		against           string
		blocked           int
		verdict, inStrict string
	}{
		{"shows a client secret", "OI-017,OI-020,OI-083", 3, "SEC-007", 0, "3 must rules passed, 0 advice rules passed, 1 rule against advice", "DOES NOT CONFORM: 1 rule against advice under --strict"},
		{"refuses to log in", "OI-009,OI-118", 1, "", 2, "2 blocked by the subject, all of advice", "DOES NOT CONFORM: 2 blocked by the subject"},
		{"refuses signatures with 400", "SEC-012", 0, "", 0, "1 advice rule passed", ""},
		{"accepts any signature", "SEC-012", 0, "SEC-012", 0, "1 rule against advice", "DOES NOT CONFORM: 1 rule against advice under --strict"},
		{"does not implement TRACE", "SEC-010", 0, "", 0, "1 advice rule passed", ""},
		{"refuses large heads", "SEC-019", 0, "", 0, "1 advice rule passed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			environment := map[string]string{shamKind: tt.kind, shamRelay: server, shamProbe: probe}
			rep := runSham(t, environment, "--rule", tt.rules, "--parallel", "8")
			if rep.Exit != report.ExitConforms || !strings.Contains(rep.Verdict, tt.verdict) {
				t.Errorf("exit %d, %q, want 0 and %q", rep.Exit, rep.Verdict, tt.verdict)
			}
			if rep.RuleTotals.MustPassed != tt.must || rep.Totals[verdict.Blocked] != tt.blocked {
				t.Errorf("%d must rules passed and %d scenarios were blocked, want %d and %d", rep.RuleTotals.MustPassed, rep.Totals[verdict.Blocked], tt.must, tt.blocked)
			}
			for _, row := range rep.Rules {
				if against := row.Fronts["direct"].Outcome == verdict.Advice; against != (row.ID == tt.against) {
					t.Errorf("%s is %s", row.ID, row.Fronts["direct"].Outcome)
				}
			}
			for _, r := range rep.Results {
				if r.Outcome == verdict.Blocked || r.Outcome == verdict.Error {
					t.Logf("%s: %s", r.ID, r.Reason)
				}
			}
			if tt.inStrict == "" {
				return
			}
			strict := runSham(t, environment, "--rule", tt.rules, "--parallel", "8", "--strict")
			if strict.Exit != report.ExitViolated || strict.Verdict != tt.inStrict {
				t.Errorf("with --strict exit %d, %q, want 1 and %q", strict.Exit, strict.Verdict, tt.inStrict)
			}
		})
	}
}
