package main

import (
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestSignalsThatEndARun checks that SIGHUP, which a closed terminal sends, ends a run as
// SIGINT does, unless the signal is ignored.
func TestSignalsThatEndARun(t *testing.T) {
	t.Parallel()
	want := []string{"interrupt", "terminated", "hangup"}
	if signal.Ignored(syscall.SIGHUP) {
		want = want[:2]
	}
	var got []string
	for _, s := range endingSignals() {
		got = append(got, s.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("endingSignals() = %q, want %q", got, want)
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		var output strings.Builder
		ctx, stop := onInterrupt(t.Context(), &output, "stopping")
		stop.signals <- s // a real signal would reach all tests
		<-ctx.Done()
		if !stop.happened() || !strings.Contains(output.String(), "interrupted: stopping") {
			t.Errorf("%v: happened %v, output %q", s, stop.happened(), output.String())
		}
		stop.release()
	}
}
