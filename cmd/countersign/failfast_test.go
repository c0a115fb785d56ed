package main

import (
	"strings"
	"testing"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// TestFailFast checks that a run with --fail-fast starts no scenario after the first
// violation, and that the exit code reports the violation.
func TestFailFast(t *testing.T) {
	server, probe := buildPrograms(t)
	environment := map[string]string{shamKind: "401 to all", shamRelay: server, shamProbe: probe}
	rep := runSham(t, environment, "--rule", "PA-034,PA-040,PA-123..PA-142", "--fail-fast", "--parallel", "1")
	if rep.Exit != report.ExitViolated {
		t.Errorf("exit %d (%s), want %d", rep.Exit, rep.Verdict, report.ExitViolated)
	}
	ended, skipped := 0, 0
	for _, r := range rep.Results {
		switch {
		case r.Outcome == verdict.Fail || r.Outcome == verdict.Blocked:
			ended++
		case r.Outcome == verdict.Skipped && strings.Contains(r.Reason, "--fail-fast"):
			skipped++
		case r.Outcome != verdict.Skipped:
			t.Errorf("%s: %s (%s)", r.ID, r.Outcome, r.Reason)
		}
	}
	if ended != 1 || skipped < 5 {
		t.Errorf("%d scenarios failed or were blocked, %d were skipped after that; want 1 and at least 5", ended, skipped)
	}
	if !rep.Selection.FailFast {
		t.Error("selection.fail_fast is false in the report, want true")
	}
}
