package report

import (
	"testing"

	"countersign/steps/verdict"
)

// TestOneCauseIsOneRoot checks that names that differ between scenarios do not separate roots.
func TestOneCauseIsOneRoot(t *testing.T) {
	blocked := func(reason string) Result {
		return Result{Outcome: verdict.Blocked, BySubject: true, Reason: reason}
	}
	got := roots(nil, []Result{
		blocked("signing in as alice-bcdfghj was not granted: 500"),
		blocked("signing in as alice-zxwvtsr was not granted: 500"),
		blocked("visiting 0b0f6ed5-5e0f-4c6b-8d43-6f1d6e9a2b11 at 127.0.0.1:20001 gave no answer"),
		blocked("visiting 1c0f6ed5-5e0f-4c6b-8d43-6f1d6e9a2b12 at 127.0.0.1:20002 gave no answer"),
		blocked("i01: configuration 0a1b2c3d at direct: it ended before it answered"),
		blocked("i17: configuration 9f8e7d6c at nginx (hardened): it ended before it answered"),
		blocked("signing in as bob was not granted: 500"),
	})
	if len(got) != 4 {
		t.Fatalf("%d roots %+v, want 4", len(got), got)
	}
	if got[0].Scenarios != 2 || got[0].Reason != "signing in as alice-bcdfghj was not granted: 500" {
		t.Errorf("the first root is %+v, want the first reason with 2 scenarios", got[0])
	}
}
