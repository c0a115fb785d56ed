package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/rules"
	. "countersign/steps/verdict"
)

var (
	violation = &Violation{Rule: "PA-034", Wanted: "a refusal", Got: "200"}
	advice    = &Violation{Rule: "PA-037", Wanted: "a refusal", Got: "200", Class: rules.Advice}
	leak      = &Violation{Rule: "OI-083", Wanted: "no refresh token", Got: "one in a cookie", Class: rules.Must}
	trouble   = &Trouble{Op: "start nginx", Err: errors.New("no image")}
	died      = &Block{Reason: "the server died", BySubject: true}
	noPort    = &Block{Reason: "no port"}
	noDash    = &Inapplicable{Reason: "no dashboard is declared"}
)

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		errs   []error
		class  rules.Class
		want   Outcome
		reason string
	}{
		{"nothing wrong", nil, rules.Must, Pass, ""},
		{"nil errors are none", []error{nil, nil}, rules.Must, Pass, ""},
		{"a violation of a must rule", []error{violation}, rules.Must, Fail, "PA-034: wanted a refusal, got 200"},
		{"a violation of an advice rule", []error{violation}, rules.Advice, Advice, "PA-034: wanted a refusal, got 200"},
		{"a standing must rule in an advice scenario", []error{leak}, rules.Advice, Fail, "OI-083: wanted no refresh token, got one in a cookie"},
		{"a standing advice rule in a must scenario", []error{advice}, rules.Must, Advice, "PA-037: wanted a refusal, got 200"},
		{"trouble", []error{trouble}, rules.Must, Error, "start nginx: no image"},
		{"blocked", []error{died}, rules.Must, Blocked, "the server died"},
		{"not applicable", []error{noDash}, rules.Must, NotApplicable, "no dashboard is declared"},
		{"an unknown error is an error of the suite", []error{errors.New("nil pointer")}, rules.Must, Error, "nil pointer"},
		{"a deadline is an error of the suite", []error{context.DeadlineExceeded}, rules.Must, Error, "context deadline exceeded"},
		{"a wrapped violation", []error{fmt.Errorf("step 3: %w", violation)}, rules.Must, Fail, "step 3: PA-034: wanted a refusal, got 200"},
		{"a violation wrapped by trouble", []error{&Trouble{Op: "compare", Err: violation}}, rules.Must, Error, "compare: PA-034: wanted a refusal, got 200"},
		{"error beats fail", []error{violation, trouble}, rules.Must, Error, "start nginx: no image"},
		{"fail beats blocked", []error{died, violation}, rules.Must, Fail, "PA-034: wanted a refusal, got 200"},
		{"blocked beats advice", []error{advice, died}, rules.Must, Blocked, "the server died"},
		{"advice beats not applicable", []error{noDash, advice}, rules.Must, Advice, "PA-037: wanted a refusal, got 200"},
		{"joined errors are judged separately", []error{errors.Join(noDash, violation)}, rules.Must, Fail, "PA-034: wanted a refusal, got 200"},
		{"a wrapped join", []error{fmt.Errorf("scenario: %w", errors.Join(noDash, errors.Join(violation)))}, rules.Must, Fail, "PA-034: wanted a refusal, got 200"},
		{"reasons of the same outcome are joined without duplicates", []error{died, noPort, died}, rules.Must, Blocked, "the server died; no port"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, reason := Judge(tt.errs, tt.class)
			if got != tt.want || reason != tt.reason {
				t.Errorf("Judge = %q, %q; want %q, %q", got, reason, tt.want, tt.reason)
			}
		})
	}
}

// TestJudgeCited checks that violations of standing checks do not affect the rules that the scenario
// cites.
func TestJudgeCited(t *testing.T) {
	t.Parallel()
	standing := *leak
	standing.Standing = true
	tests := []struct {
		name string
		errs []error
		want Outcome
	}{
		{"a standing check alone", []error{&standing}, Pass},
		{"beside a violation", []error{&standing, violation}, Fail},
		{"beside a block", []error{fmt.Errorf("step: %w", &standing), died}, Blocked},
		{"joined with a block", []error{errors.Join(&standing, died)}, Blocked},
		{"in the course of trouble", []error{&Trouble{Op: "compare", Err: &standing}}, Error},
		{"a violation that is no standing one", []error{leak}, Fail},
	}
	for _, tt := range tests {
		if got := JudgeCited(tt.errs, rules.Must); got != tt.want {
			t.Errorf("%s: JudgeCited = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestViolations(t *testing.T) {
	t.Parallel()
	got := Violations([]error{trouble, errors.Join(violation, fmt.Errorf("again: %w", violation)), nil, leak})
	if diff := cmp.Diff([]Violation{*violation, *leak}, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestBySubject(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		errs []error
		want bool
	}{
		{"no block", []error{violation}, false},
		{"the subject alone", []error{fmt.Errorf("sign in: %w", died), nil}, true},
		{"the harness alone", []error{noPort}, false},
		{"both", []error{died, noPort}, false},
		{"joined", []error{errors.Join(noDash, died)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := BySubject(tt.errs); got != tt.want {
				t.Errorf("BySubject = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		all  []Outcome
		want Outcome
	}{
		{nil, NotRun},
		{[]Outcome{Pass}, Pass},
		{[]Outcome{Pass, NotApplicable}, NotApplicable},
		{[]Outcome{Pass, Skipped, NotApplicable}, Skipped},
		{[]Outcome{Skipped, Advice, Pass}, Advice},
		{[]Outcome{Advice, NotRun}, NotRun},
		{[]Outcome{NotRun, Blocked}, Blocked},
		{[]Outcome{Blocked, Fail}, Fail},
		{[]Outcome{Fail, Error, Pass}, Error},
		{[]Outcome{Pass, "passed"}, Error},
	}
	for _, tt := range tests {
		if got := Worst(tt.all...); got != tt.want {
			t.Errorf("Worst(%q) = %q, want %q", tt.all, got, tt.want)
		}
	}
}

// TestKinds checks that errors.As and errors.Is find the errors in wrapped ones.
func TestKinds(t *testing.T) {
	t.Parallel()
	var v *Violation
	if !errors.As(fmt.Errorf("a: %w", fmt.Errorf("b: %w", violation)), &v) || v.Rule != "PA-034" {
		t.Errorf("errors.As found %v, want the violation", v)
	}
	cause := errors.New("cause")
	if !errors.Is(&Trouble{Op: "x", Err: cause}, cause) {
		t.Error("Trouble does not unwrap to its cause")
	}
}
