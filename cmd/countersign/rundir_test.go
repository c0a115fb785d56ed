package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/proxies/process"
	"countersign/steps/target"
)

// runUntilKilled is the program that TestAKilledRunLeavesNothing kills: a run with one
// process that ignores SIGTERM.
func runUntilKilled(base string) int {
	run, _, err := openRun(context.Background(), base)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	m := newUsageMeter(run)
	spec := specIn(run.Path)
	i, err := (&launcher{}).startInstance(&target.Launch{Command: []string{"sh", "-c",
		`trap "" TERM; set -m; sleep 1000 & echo $! > child; while :; do sleep 1000; done`}}, spec, run.Mark)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	m.addInstance(i)
	fmt.Println(run.Path, i.PID())
	time.Sleep(time.Hour) // the test kills this process earlier
	return 1
}

func TestAKilledRunLeavesNothing(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	harness := exec.Command(self)
	harness.Env = append(os.Environ(), holdRunVariable+"="+base)
	harness.Stderr = os.Stderr
	out, err := harness.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.Start(); err != nil {
		t.Fatal(err)
	}
	var path string
	var pid int
	if _, err := fmt.Fscan(out, &path, &pid); err != nil {
		t.Fatalf("read the output of the run: %v", err)
	}
	child := awaitPID(t, filepath.Join(path, "data", "child"))

	if _, swept, err := openAndClose(base); err != nil || len(swept) > 0 {
		t.Fatalf("openRun() removed %q, %v of a run that is active; want nothing", swept, err)
	}
	if err := harness.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = harness.Wait() // reports the signal
	if p, ok := process.Find(pid); !ok || p.Ended() {
		t.Fatalf("process %d ended by itself, so this test proves nothing", pid)
	}

	_, swept, err := openAndClose(base)
	if err != nil {
		t.Fatal(err)
	}
	awaitGone(t, pid)
	awaitGone(t, child)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the folder %s still exists (%v)", path, err)
	}
	if !slices.Contains(swept, path) || !slices.Contains(swept, fmt.Sprintf("process %d", pid)) {
		t.Errorf("swept = %q, want it to name the folder and process %d", swept, pid)
	}
}

func TestRunsFolderMustBeOurs(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	base, err := runsFolder()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(base, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := runsFolder(); err == nil {
		t.Error("runsFolder() accepts a folder that every user may write")
	}
	if err := os.Remove(base); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), base); err != nil {
		t.Fatal(err)
	}
	if _, err := runsFolder(); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("a link in place of the folder: error %v, want one that says what to do", err)
	}
}

func openAndClose(base string) (string, []string, error) {
	run, swept, err := openRun(context.Background(), base)
	if err != nil {
		return "", swept, err
	}
	return run.Path, swept, run.Close()
}
