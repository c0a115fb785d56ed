package main

import (
	"fmt"
	"os"
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
