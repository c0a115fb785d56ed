package runner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"countersign/steps/plan"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// A wait that the suite itself has ended is no evidence against the subject.
func TestNothingIsAViolationAfterTheRunWasEnded(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for name, ctx := range map[string]context.Context{"interrupted": ended, "out of time": late} {
		w := &World{run: &run{ctx: ctx}, step: &godog.Step{}}
		for _, err := range []error{fail("a server that starts", "none"), &verdict.Block{Reason: "no answer", BySubject: true}} {
			got := w.blame(err)
			outcome, _ := verdict.Judge([]error{got}, rules.Must)
			if _, broken := asViolation(got); broken || outcome != verdict.Error || verdict.BySubject([]error{got}) {
				t.Errorf("%s: %v became %v (%s), want trouble that blames nobody", name, err, got, outcome)
			}
		}
	}
}

// silent is a process of the subject that neither answers nor ends.
type silentProcess struct{ Instance }

func (silentProcess) Exited() <-chan struct{} { return nil }

func TestTheFirstAnswerIsNotMissedWhereTheRunEnds(t *testing.T) {
	i := &instance{process: silentProcess{}, Instance: &plan.Instance{ID: "i01", Front: plan.Direct, Listen: "127.0.0.1:1"}, dir: t.TempDir()}
	if err := i.prepare(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var trouble *verdict.Trouble
	if err := i.ready(ctx, readyTimeout); !errors.As(err, &trouble) || verdict.BySubject([]error{err}) {
		t.Errorf("ready() = %v in a run that has ended, want trouble", err)
	}
}
