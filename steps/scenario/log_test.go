package scenario

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/steps/instance"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

func TestLogPatience(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		missed  int
		slowest time.Duration
		want    time.Duration
	}{
		{"at first", 0, 0, logPoll},
		{"below the bound", maxMissed - 1, 0, logPoll},
		{"at the bound", maxMissed, 0, logShort},
		{"of a log with quick lines", maxMissed + 1, 100 * time.Millisecond, logShort},
		{"of a log with slow lines", maxMissed, 3 * time.Second, 6 * time.Second},
		{"of a log with lines as slow as allowed", maxMissed, 9 * time.Second, logPoll},
	}
	for _, tt := range tests {
		var p LogPatience
		for range tt.missed {
			p.miss()
		}
		p.appeared(tt.slowest)
		p.appeared(0)
		if got := p.limit(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// serverWithLog returns the server of a scenario, which has a log, and the file of the log.
func serverWithLog(t *testing.T) (sv *Server, file string) {
	t.Helper()
	i := instance.At(&plan.Instance{ID: "i01"}, t.TempDir())
	s := New(Environment{Target: target.Target{Capabilities: []string{"log"}}, Instance: i, LogPatience: &LogPatience{}})
	return &s.Server, i.Log()
}

func TestMissingLinesAreAwaitedLessAndLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sv, file := serverWithLog(t)
		await := func(word string) (time.Duration, error) {
			began := time.Now()
			err := sv.await(t.Context(), "a log that says "+word, func(said string) bool { return strings.Contains(said, word) })
			return time.Since(began), err
		}
		for n := range maxMissed + 2 {
			want := logPoll
			if n >= maxMissed {
				want = logShort
			}
			took, err := await("absent")
			if v, broken := verdict.AsViolation(err); !broken || took != want || !strings.Contains(v.Got, want.String()) {
				t.Errorf("line %d: %v after %v, want a violation after %v that says so", n+1, err, took, want)
			}
		}
		go func() {
			time.Sleep(logShort / 2)
			writeFile(t, file, "present\n")
		}()
		if took, err := await("present"); err != nil || took > logShort {
			t.Errorf("a line that appears: %v after %v, want none", err, took)
		}
	})
}

// A wait that the end of the run cuts short says nothing about the log.
func TestAWaitThatIsEndedIsNoMissingLine(t *testing.T) {
	t.Parallel()
	sv, _ := serverWithLog(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range maxMissed {
		if err := sv.await(ended, "anything", func(string) bool { return false }); err == nil {
			t.Error("a line appeared in an empty log")
		}
	}
	if got := sv.state.LogPatience.limit(); got != logPoll {
		t.Errorf("then lines are awaited for %v, want %v", got, logPoll)
	}
}

// Where a log is longer than a scenario reads, nothing that is awaited can appear.
func TestALogThatIsTooLongIsNotAwaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sv, file := serverWithLog(t)
		writeFile(t, file, "")
		if err := os.Truncate(file, 8<<20); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err := sv.await(t.Context(), "anything", func(string) bool { return false })
		if !verdict.BySubject([]error{err}) || time.Since(began) != 0 {
			t.Errorf("%v after %v, want a block by the subject at once", err, time.Since(began))
		}
	})
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOnTheWire checks the placeholders of texts.
func TestOnTheWire(t *testing.T) {
	t.Parallel()
	s := New(Environment{Suffix: "bcdfgh"})
	for text, want := range map[string]string{
		"<alice>":            "alice-bcdfgh",
		"Key <alice's key>":  "Key ", // she has none
		"<internal> <empty>": "<internal> <empty>",
		"a<newline>b":        "a\nb",
	} {
		if got := s.OnTheWire(text); got != want {
			t.Errorf("OnTheWire(%q) = %q, want %q", text, got, want)
		}
	}
}
