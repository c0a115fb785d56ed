package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/proxies"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

// runSeat runs the command countersign run with a proxy under test.
func runSeat(t *testing.T, flags ...string) *report.Report {
	t.Helper()
	return runReport(t, 3*time.Minute, flags...)
}

// requireProxy skips the test if this machine cannot run the proxy.
func requireProxy(t *testing.T, kind string) {
	t.Helper()
	if _, _, err := proxies.Usable(t.Context(), proxies.Kind(kind), proxies.RunnerAuto, installation()); err != nil {
		skipUnavailable(t, err)
	}
}

// broken returns the rules that a report has as broken or against advice, and the reasons of scenarios
// without a verdict.
func broken(rep *report.Report) (rules, others []string) {
	for _, r := range rep.Rules {
		for _, c := range r.Fronts {
			if c.Outcome == verdict.Fail || c.Outcome == verdict.Advice {
				rules = append(rules, r.ID)
			}
		}
	}
	for _, r := range rep.Results {
		if r.Outcome == verdict.Blocked || r.Outcome == verdict.Error || r.Outcome == verdict.NotRun {
			others = append(others, r.Scenario+": "+r.Reason)
		}
	}
	return rules, others
}

// knownDefects are the rules that the flavours of the proxies of this project break: documented as
// measured for the printed examples, and careless because it keeps the lines of the client.
var knownDefects = map[string]map[string]string{
	"nginx": {
		proxies.Hardened:   "",
		proxies.Careless:   "PA-032 PA-330 PA-331 PA-332 PA-333 PA-334 SEC-011 SEC-068",
		proxies.Documented: "PA-048 SEC-011 SEC-048 SEC-051 SEC-052 SEC-053 SEC-054 SEC-055 SEC-056 SEC-057 SEC-058 SEC-060 SEC-061 SEC-062 SEC-063 SEC-068",
	},
	"apache": {
		proxies.Hardened:   "",
		proxies.Careless:   "PA-032 PA-330 PA-331 PA-332 PA-333 PA-334 SEC-011 SEC-049 SEC-068",
		proxies.Documented: "PA-022 SEC-011 SEC-048 SEC-049 SEC-050 SEC-051 SEC-052 SEC-053 SEC-054 SEC-055 SEC-056 SEC-057 SEC-058 SEC-059 SEC-060 SEC-061 SEC-062 SEC-066 SEC-068",
	},
}

// TestWholeRunsOfOwnProxies runs the scenarios about a proxy against each flavour of the proxies of this
// project. Hardened passes all of them; the others break the rules that they are known to break.
func TestWholeRunsOfOwnProxies(t *testing.T) {
	wholeRuns(t)
	for kind, flavours := range knownDefects {
		for flavour, want := range flavours {
			t.Run(kind+"/"+flavour, func(t *testing.T) {
				t.Parallel()
				requireProxy(t, kind)
				rep := runSeat(t, "--seat", "proxy", "--proxy", kind, "--flavour", flavour)
				rules, others := broken(rep)
				if got := strings.Join(rules, " "); got != want {
					t.Errorf("broken rules %s, want %s", got, want)
				}
				if len(others) > 0 {
					t.Errorf("without a verdict: %s", strings.Join(others, "\n"))
				}
				if exit := map[bool]int{true: report.ExitViolated, false: report.ExitConforms}[strings.Contains(want, "PA-")]; rep.Exit != exit {
					t.Errorf("exit %d (%s), want %d", rep.Exit, rep.Verdict, exit)
				}
				if rep.Target.Seat != "proxy" || !slices.ContainsFunc(rep.Notes, func(n string) bool { return strings.Contains(n, "about a server") }) {
					t.Errorf("seat %s, notes %q", rep.Target.Seat, rep.Notes)
				}
			})
		}
	}
}
