package runner

import (
	"testing"

	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// TestWithStanding holds what a secret in a log makes of a scenario that has ended.
func TestWithStanding(t *testing.T) {
	advice := verdict.Violation{Rule: "SEC-007", Wanted: "no client secret", Got: "one", Class: rules.Advice, Standing: true}
	must := verdict.Violation{Rule: "OI-083", Wanted: "no refresh token", Got: "one", Class: rules.Must, Standing: true}
	tests := []struct {
		name           string
		before         report.Result
		found          verdict.Violation
		outcome, cited verdict.Outcome
		bySubject      bool
	}{
		{"advice after a pass", report.Result{Outcome: verdict.Pass}, advice, verdict.Advice, verdict.Pass, false},
		{"a must rule after a pass", report.Result{Outcome: verdict.Pass}, must, verdict.Fail, verdict.Pass, false},
		{"a must rule after standing advice", report.Result{Outcome: verdict.Advice, Cited: verdict.Pass}, must, verdict.Fail, verdict.Pass, false},
		{"advice after a block", report.Result{Outcome: verdict.Blocked, BySubject: true, Reason: "died"}, advice, verdict.Blocked, "", true},
		{"a must rule after a block", report.Result{Outcome: verdict.Blocked, BySubject: true, Reason: "died"}, must, verdict.Fail, verdict.Blocked, false},
		{"after an error", report.Result{Outcome: verdict.Error, Reason: "panic"}, must, verdict.Error, "", false},
	}
	for _, tt := range tests {
		got := withStanding(tt.before, &tt.found)
		if got.Outcome != tt.outcome || got.Cited != tt.cited || got.BySubject != tt.bySubject || len(got.Violations) != 1 {
			t.Errorf("%s: %q, cited %q, by the subject %t, %d violations; want %q, %q, %t and one", tt.name,
				got.Outcome, got.Cited, got.BySubject, len(got.Violations), tt.outcome, tt.cited, tt.bySubject)
		}
	}
}
