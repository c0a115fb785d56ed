package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// holdRun makes this test binary a run that starts a subject and waits to be
// killed; see TestAKilledRunLeavesNothing.
const holdRun = "COUNTERSIGN_TEST_HOLD_RUN"

func TestMain(m *testing.M) {
	if base := os.Getenv(holdRun); base != "" {
		os.Exit(holdARun(base))
	}
	if os.Getenv(hostileKind) != "" {
		fmt.Fprintln(os.Stderr, beHostile(os.Args[1:]))
		os.Exit(1)
	}
	if os.Getenv(shamKind) != "" {
		fmt.Fprintln(os.Stderr, beSham(os.Args[1:]))
		os.Exit(1)
	}
	testscript.Main(m, map[string]func(){"countersign": main})
}

// TestScripts runs the program as a person does: words in, words and an exit
// code out.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TMPDIR", env.WorkDir)
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": wantStatus},
	})
}

func TestNearest(t *testing.T) {
	t.Parallel()
	candidates := []string{"front", "spread", "tags", "rule", "parallel", "seed", "strict"}
	tests := []struct{ word, want string }{
		{"fornt", "front"},
		{"fronts", "front"},
		{"stric", "strict"},
		{"para", "parallel"},
		{"rules", "rule"},
		{"xyzzy", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.word, candidates); got != tt.want {
			t.Errorf("nearest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

// wholeRuns begins a test that consists of many whole runs of the suite. It is left
// out with -short, and under the race detector, which makes it take minutes and sees
// the same code in the tests of shorter runs. The names of these tests begin with
// TestWholeRuns: make test runs them by that name without the race detector.
func wholeRuns(t *testing.T) {
	t.Helper()
	switch {
	case !strings.HasPrefix(t.Name(), "TestWholeRuns"):
		t.Fatal("the name of a test of whole runs begins with TestWholeRuns: make test would not run it")
	case testing.Short():
		t.Skip("NOT RUN: whole runs of the suite take minutes, and -short leaves them out")
	case raceDetector:
		t.Skip("NOT RUN under the race detector: go test -run TestWholeRuns ./cmd/countersign runs it")
	}
}
