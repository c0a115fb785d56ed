package main

import (
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The end of the terminal ends a run as Ctrl-C does, unless nohup has it ignored.
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
		var said strings.Builder
		ctx, stop := onInterrupt(t.Context(), &said, "stopping")
		stop.signals <- s // as the runtime does, which would tell every other test
		<-ctx.Done()
		if !stop.happened() || !strings.Contains(said.String(), "interrupted: stopping") {
			t.Errorf("%v: happened %v, said %q", s, stop.happened(), said.String())
		}
		stop.release()
	}
}
