package main

import (
	"bytes"
	"context"
	"countersign/steps/report"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// holdRunVariable is the environment variable that makes this test binary start a run
// and wait until it is killed; see TestAKilledRunLeavesNothing.
const holdRunVariable = "COUNTERSIGN_TEST_HOLD_RUN"

func TestMain(m *testing.M) {
	if base := os.Getenv(holdRunVariable); base != "" {
		os.Exit(runUntilKilled(base))
	}
	if os.Getenv(hostileKind) != "" {
		fmt.Fprintln(os.Stderr, serveHostile(os.Args[1:]))
		os.Exit(1)
	}
	if os.Getenv(shamKind) != "" {
		fmt.Fprintln(os.Stderr, serveSham(os.Args[1:]))
		os.Exit(1)
	}
	testscript.Main(m, map[string]func(){"countersign": main})
}

// TestScripts runs the program with command lines and checks its output and exit code.
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

// skipUnavailable skips a test because this machine lacks a program, and fails it in CI.
func skipUnavailable(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT TESTED, and CI must test it: %v", err)
	}
	t.Skipf("NOT TESTED: %v", err)
}

// runReport runs the command countersign run with a report, and returns the report.
func runReport(t *testing.T, limit time.Duration, flags ...string) *report.Report {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "report")
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var out bytes.Buffer
	execute(ctx, append([]string{"run", "--report", folder}, flags...), &out, &out)
	written, err := os.Open(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatalf("open the report: %v\n%s", err, out.String())
	}
	defer written.Close()
	rep, err := report.ReadJSON(written)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// wholeRuns begins a test that consists of many whole runs of the suite. It skips the test
// with -short, and under the race detector, which would make the test take minutes and
// checks the same code in the tests of shorter runs. The names of these tests begin with
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
