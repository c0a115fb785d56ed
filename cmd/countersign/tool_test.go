package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/steps/target"
)

func TestATool(t *testing.T) {
	t.Parallel()
	spec := specIn(t.TempDir())
	launch := &target.Launch{Command: []string{"never-run"}, Environment: map[string]string{"DSN": "of {data}"}}
	tool := func(args ...string) (int, string, error) {
		return runTool(t.Context(), launch, spec, args, "COUNTERSIGN_RUN=test")
	}

	code, out, err := tool("sh", "-c", `cat "$0"; echo "$1 $2 $DSN $COUNTERSIGN_RUN"; pwd; exit 3`, "{config}", "{data}", "{value}")
	if err != nil || code != 3 {
		t.Fatalf("exit %d, %v; want 3", code, err)
	}
	for _, want := range []string{spec.Config, spec.DataDir + " {value} of " + spec.DataDir + " test", "\n" + spec.DataDir} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not contain %q:\n%s", want, out)
		}
	}
	if code, out, err := tool("echo", " said "); err != nil || code != 0 || out != "said" {
		t.Errorf("exit %d, %q, %v", code, out, err)
	}
	if _, _, err := tool("/no/such/program"); err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("a program that does not exist: %v", err)
	}
	if _, _, err := tool("sh", "-c", "kill -9 $$"); err == nil {
		t.Error("a tool that a signal ended has an exit code, want an error")
	}
	if left, err := os.ReadDir(filepath.Dir(spec.LogFile)); err == nil {
		for _, f := range left {
			if strings.HasPrefix(f.Name(), "tool-") {
				t.Errorf("%s was left behind", f.Name())
			}
		}
	}
}

// TestAToolLeavesNothing checks that processes which a tool leaves behind are killed, and
// that a tool is killed after its time limit.
func TestAToolLeavesNothing(t *testing.T) {
	t.Parallel()
	launch := &target.Launch{Command: []string{"never-run"}}
	_, out, err := runTool(t.Context(), launch, specIn(t.TempDir()), []string{"sh", "-c", "sleep 1000 & echo $!"}, "COUNTERSIGN_RUN=test")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(out)
	if err != nil {
		t.Fatal(err)
	}
	awaitGone(t, pid)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := runTool(ctx, launch, specIn(t.TempDir()), []string{"sleep", "1000"}, "COUNTERSIGN_RUN=test"); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("a tool that does not exit: %v", err)
	}
}
