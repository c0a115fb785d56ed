package runner

import (
	"context"
	"testing"
	"time"

	"countersign/steps/plan"
	"countersign/steps/rules"
	"countersign/steps/verdict"
	"countersign/steps/vocabulary"
)

// A wait that the suite itself has ended is no evidence against the server under test.
func TestNothingIsAViolationAfterTheRunWasEnded(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for name, ctx := range map[string]context.Context{"interrupted": ended, "out of time": late} {
		e := &execution{run: &run{ctx: ctx}, call: &vocabulary.Call{}}
		for _, err := range []error{verdict.Broken("a server that starts", "none"), &verdict.Block{Reason: "no answer", BySubject: true}} {
			got := e.blame(err)
			outcome, _ := verdict.Judge([]error{got}, rules.Must)
			if _, broken := verdict.AsViolation(got); broken || outcome != verdict.Error || verdict.BySubject([]error{got}) {
				t.Errorf("%s: %v became %v (%s), want trouble that blames no server", name, err, got, outcome)
			}
		}
	}
}

// TestJudge checks what the error of a step means below each keyword.
func TestJudge(t *testing.T) {
	t.Parallel()
	broken := verdict.Broken("a refusal", "200")
	trouble := &verdict.Trouble{Op: "reach the provider"}
	tests := []struct {
		name     string
		keyword  plan.Keyword
		err      error
		outcome  verdict.Outcome
		asserted int
	}{
		{"a check that holds", plan.Then, nil, verdict.Pass, 2},
		{"a violation below Then", plan.Then, broken, verdict.Fail, 2},
		{"a violation below Given", plan.Given, broken, verdict.Blocked, 0},
		{"a violation below When", plan.When, broken, verdict.Blocked, 0},
		{"trouble below Then", plan.Then, trouble, verdict.Error, 2},
		{"trouble below When", plan.When, trouble, verdict.Error, 0},
	}
	for _, tt := range tests {
		call := &vocabulary.Call{Text: "the request is refused", Keyword: tt.keyword, Line: 12}
		if tt.keyword == plan.Then {
			call.Rules = []string{"PA-001", "PA-002"}
		}
		e := &execution{call: call, asserted: map[string]bool{}}
		if err := e.judge(tt.err); err != nil {
			e.errs = append(e.errs, err)
		}
		outcome, reason := verdict.Judge(e.errs, rules.Must)
		if outcome != tt.outcome || len(e.asserted) != tt.asserted {
			t.Errorf("%s: %s (%s), %d rules asserted; want %s and %d", tt.name, outcome, reason, len(e.asserted), tt.outcome, tt.asserted)
		}
		for _, v := range verdict.Violations(e.errs) {
			if v.Step != call.Text || v.StepLine != 12 {
				t.Errorf("%s: the violation of %s is in the step %q at line %d", tt.name, v.Rule, v.Step, v.StepLine)
			}
		}
		if tt.outcome == verdict.Fail && len(verdict.Violations(e.errs)) != 2 {
			t.Errorf("%s: %v, want a violation of each rule", tt.name, e.errs)
		}
	}
}

// A scenario proves nothing about a rule that no executed step has checked.
func TestACitedRuleThatNothingChecks(t *testing.T) {
	t.Parallel()
	e := &execution{job: &plan.Job{Scenario: &plan.Scenario{Rules: []string{"PA-001", "PA-002"}}}, asserted: map[string]bool{"PA-001": true}}
	e.checkAsserted()
	if outcome, reason := verdict.Judge(e.errs, rules.Must); outcome != verdict.Error || reason != "no assertion checked the cited rule PA-002" {
		t.Errorf("%s: %s, want an error about PA-002", outcome, reason)
	}
}

// A block is not the result of a scenario that has found a violation before: what the step builds on
// is what the violation says was not granted.
func TestABlockAfterAViolation(t *testing.T) {
	t.Parallel()
	block := &verdict.Block{Reason: "nothing was granted", BySubject: true}
	violation := &verdict.Violation{Rule: "SEC-031", Wanted: "a", Got: "b"}
	for _, tt := range []struct {
		name string
		errs []error
		err  error
		want bool
	}{
		{"a block after a violation", []error{violation}, block, true},
		{"a block alone", nil, block, false},
		{"a block of the harness after a violation", []error{violation}, &verdict.Block{Reason: "x"}, false},
		{"trouble after a violation", []error{violation}, &verdict.Trouble{Op: "x"}, false},
	} {
		e := &execution{errs: tt.errs}
		if got := e.followsViolation(tt.err); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
