package instance

import (
	"context"
	"errors"
	"testing"

	"countersign/steps/equipment"
	"countersign/steps/plan"
	"countersign/steps/verdict"
)

// A silentProcess neither replies nor ends.
type silentProcess struct{ equipment.Instance }

func (silentProcess) Exited() <-chan struct{} { return nil }

func TestAwaitReadyAfterTheEndOfTheRun(t *testing.T) {
	t.Parallel()
	i := &Instance{process: silentProcess{}, Instance: &plan.Instance{ID: "i01", Front: plan.Direct, Listen: "127.0.0.1:1"}, dir: t.TempDir()}
	if err := i.prepare(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var trouble *verdict.Trouble
	if err := i.awaitReady(ctx, readyTimeout); !errors.As(err, &trouble) || verdict.BySubject([]error{err}) {
		t.Errorf("awaitReady() = %v in a run that has ended, want a verdict.Trouble", err)
	}
}
