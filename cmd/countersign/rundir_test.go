package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/steps/target"
)

// holdARun is the other half of TestAKilledRunLeavesNothing: a run with one
// subject that does not end when asked.
func holdARun(base string) int {
	run, _, err := openRun(base)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	a := newAccountant(run)
	spec := specIn(run.path)
	i, err := newLauncher().startInstance(&target.Launch{Command: []string{"sh", "-c",
		`trap "" TERM; set -m; sleep 1000 & echo $! > child; while :; do sleep 1000; done`}}, spec, run.mark)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	a.addSubject(i)
	fmt.Println(run.path, i.PID())
	time.Sleep(time.Hour) // killed long before
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
	harness.Env = append(os.Environ(), holdRun+"="+base)
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
		t.Fatalf("read what the run says: %v", err)
	}
	child := awaitPID(t, filepath.Join(path, "data", "child"))

	if _, swept, err := openAndClose(base); err != nil || len(swept) > 0 {
		t.Fatalf("a start beside a living run swept %q, %v; want nothing", swept, err)
	}
	if err := harness.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = harness.Wait() // reports the signal
	if p, ok := readProcess(pid); !ok || p.gone() {
		t.Fatalf("the subject %d ended by itself: this test would show nothing", pid)
	}

	_, swept, err := openAndClose(base)
	if err != nil {
		t.Fatal(err)
	}
	awaitGone(t, pid)
	awaitGone(t, child)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the folder %s is still there (%v)", path, err)
	}
	if !slices.Contains(swept, path) || !slices.Contains(swept, fmt.Sprintf("process %d", pid)) {
		t.Errorf("swept = %q, want it to name the folder and process %d", swept, pid)
	}
}

// A number in a journal may have been given to a process of somebody else.
func TestSweepSparesAnotherStartTime(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	bystander := exec.Command("sleep", "1000")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bystander.Process.Kill(); _ = bystander.Wait() })
	run := filepath.Join(base, runPrefix+"0123456789abcdef01234567")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	journal := fmt.Sprintf("%d\tanother boot:1\tsubject\n", bystander.Process.Pid)
	if err := os.WriteFile(filepath.Join(run, journalFile), []byte(journal), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, swept, err := openAndClose(base); err != nil || !slices.Equal(swept, []string{run}) {
		t.Errorf("swept %q, %v; want the folder only", swept, err)
	}
	if p, ok := readProcess(bystander.Process.Pid); !ok || p.gone() {
		t.Error("the sweep ended a process that was not the run's")
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
		t.Error("a folder that everybody may write is taken")
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

// A lock that a child inherits would keep a dead run alive.
func TestNoChildHoldsTheLock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lock")
	lock, err := lockNow(file, syscall.LOCK_EX)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	lock.Close()
	again, err := lockNow(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		t.Fatalf("lock again: %v", err)
	}
	again.Close()
}

func openAndClose(base string) (string, []string, error) {
	run, swept, err := openRun(base)
	if err != nil {
		return "", swept, err
	}
	return run.path, swept, run.close()
}

// TestTheFolderOfARunIsRemovedWhileAProcessEnds sees that a file which appears
// during the removal does not make the run an error.
func TestTheFolderOfARunIsRemovedWhileAProcessEnds(t *testing.T) {
	run, _, err := openRun(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				_ = os.MkdirAll(filepath.Join(run.path, "data", strconv.Itoa(n%50)), 0o700)
			}
		}
	}()
	time.AfterFunc(200*time.Millisecond, func() { close(stop) })
	if err := run.close(); err != nil {
		t.Errorf("close: %v", err)
	}
	<-written
}
