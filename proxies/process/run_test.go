package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

// abandonedRun creates a run that notes the processes and whose program ends.
func abandonedRun(t *testing.T, base string, noted ...Info) *Run {
	t.Helper()
	r, err := NewRun(base)
	if err != nil {
		t.Fatal(err)
	}
	r.Note("test", noted...)
	r.journal.Close()
	r.lock.Close()
	return r
}

func sleeper(t *testing.T) Info {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	startPlain(t, cmd)
	p, found := Find(cmd.Process.Pid)
	if !found {
		t.Fatalf("process %d is not in the table", cmd.Process.Pid)
	}
	return p
}

// trapping starts a leader of a session in a folder and returns when it traps SIGTERM, with
// commands of the shell. With no commands it ignores the signal.
func trapping(t *testing.T, dir, commands string) Info {
	t.Helper()
	cmd := exec.Command("sh", "-c", "trap '"+commands+"' TERM; echo $$ > ready; while :; do sleep 0.02; done")
	cmd.Dir = dir
	cmd.SysProcAttr = newSession()
	startPlain(t, cmd)
	p, _ := Find(awaitPID(t, filepath.Join(dir, "ready")))
	return p
}

// TestSweepEndsOnlyTheAbandoned sweeps the runs of a program that was killed, of one
// that runs, and of one whose process number belongs to another process by now.
func TestSweepEndsOnlyTheAbandoned(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	orphan, owned, other := sleeper(t), sleeper(t), sleeper(t)
	killed := abandonedRun(t, base, orphan)
	running, err := NewRun(base)
	if err != nil {
		t.Fatal(err)
	}
	running.Note("test", owned)
	earlier := other
	earlier.Start = newStamp("0")
	reused := abandonedRun(t, base, earlier)
	rebooted := abandonedRun(t, base, Info{PID: other.PID, Start: "another boot:1"})

	swept, err := Sweep(t.Context(), base, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprintf("process %d", orphan.PID), killed.Path, reused.Path, rebooted.Path}
	if slices.Sort(swept); !slices.Equal(swept, slices.Sorted(slices.Values(want))) {
		t.Errorf("Sweep() = %q, want %q", swept, want)
	}
	awaitGone(t, orphan.PID)
	for _, p := range []Info{owned, other} {
		if !Alive(p.PID, p.Start) {
			t.Errorf("process %d was ended and should not have been", p.PID)
		}
	}
	for path, want := range map[string]bool{killed.Path: false, reused.Path: false, rebooted.Path: false, running.Path: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s exists: %t, want %t", path, err == nil, want)
		}
	}
	if err := running.Close(); err != nil {
		t.Error(err)
	}
}

// TestSweepSendsSIGTERMFirst checks that a process gets time to end in order.
func TestSweepSendsSIGTERMFirst(t *testing.T) {
	t.Parallel()
	base, dir := t.TempDir(), t.TempDir()
	p := trapping(t, dir, `echo > terminated; exit`)
	abandonedRun(t, base, p)
	if _, err := Sweep(t.Context(), base, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "terminated")); err != nil {
		t.Errorf("the process did not receive SIGTERM: %v", err)
	}
}

func TestSweepKillsAfterTheGrace(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	p := trapping(t, t.TempDir(), "")
	abandonedRun(t, base, p)
	if _, err := Sweep(t.Context(), base, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, p.PID)
}

// TestSweepKillsWorkersWithoutALeader checks that the grace is for leaders of groups
// only.
func TestSweepKillsWorkersWithoutALeader(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	worker := sleeper(t)
	abandonedRun(t, base, worker)
	start := time.Now()
	if _, err := Sweep(t.Context(), base, time.Hour); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, worker.PID)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("Sweep() took %v", took)
	}
}

// TestEndAllAwaitsAProcessThatIsNotFoundAgain checks that endAll does not return while a
// process runs that was found before.
func TestEndAllAwaitsAProcessThatIsNotFoundAgain(t *testing.T) {
	t.Parallel()
	p := trapping(t, t.TempDir(), "")
	found := []Info{p}
	ended, err := endAll(t.Context(), 100*time.Millisecond, func() ([]Info, error) {
		list := found
		found = nil
		return list, nil
	})
	if want := []string{fmt.Sprintf("process %d", p.PID)}; err != nil || !slices.Equal(ended, want) {
		t.Errorf("endAll() = %q, %v; want %q", ended, err, want)
	}
	if Alive(p.PID, p.Start) {
		t.Errorf("process %d still runs", p.PID)
	}
}

func TestSweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	run := abandonedRun(t, base, sleeper(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Sweep(ctx, base, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep() = %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(run.Path); err != nil {
		t.Errorf("the folder of a run that still has processes does not exist: %v", err)
	}
}

// TestSweepSkipsAnotherNamespace checks that Sweep does not remove a run whose processes are
// not visible here.
func TestSweepSkipsAnotherNamespace(t *testing.T) {
	t.Parallel()
	boot, space := place()
	if space == "" {
		t.Skip("NOT RUN: this system has no process namespaces")
	}
	base := t.TempDir()
	run := abandonedRun(t, base, Info{PID: os.Getppid(), Start: Stamp(boot + ":0:1")})
	if swept, err := Sweep(t.Context(), base, 0); err != nil || len(swept) > 0 {
		t.Errorf("Sweep() = %q, %v; want nothing", swept, err)
	}
	if _, err := os.Stat(run.Path); err != nil {
		t.Error(err)
	}
}

func TestSurvivors(t *testing.T) {
	t.Parallel()
	all := []Info{
		{PID: 10, Start: "b:s:1"},
		{PID: 11, Parent: 10, Start: "b:s:2"},             // a child of a noted process
		{PID: 12, Parent: 10, Start: "b:s:3", State: "Z"}, // has ended
		{PID: 20, Start: "b:s:9"},                         // noted with another start time
		{PID: 30, Start: "b:s:4", State: "Z"},             // noted, has ended
		{PID: 40, Start: "b:s:5"},                         // not noted
		{PID: os.Getpid(), Start: "b:s:6"},                // this program
	}
	noted := map[int]Stamp{10: "b:s:1", 20: "b:s:8", 30: "b:s:4", os.Getpid(): "b:s:6"}
	if got := pidsOf(survivors(all, noted, "PROCESS_TEST_NO=process")); !slices.Equal(got, []int{10, 11}) {
		t.Errorf("survivors() = %v, want [10 11]", got)
	}
}

func TestReadJournal(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "journal")
	text := "10\tb:s:1\tsubject\nnoise\nx\tb:s:1\tsubject\n11\tb:s:2\tnginx\n12\tb:s"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readJournal(file)
	if want := map[int]Stamp{10: "b:s:1", 11: "b:s:2"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("readJournal() = %v, %v; want %v", got, err, want)
	}
	if got, err := readJournal(file + ".absent"); err != nil || len(got) > 0 {
		t.Errorf("readJournal() = %v, %v for a file that does not exist", got, err)
	}
}

func TestNoteWritesAProcessOnce(t *testing.T) {
	t.Parallel()
	r, err := NewRun(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.Note("subject", Info{PID: 10, Start: "b:s:1"}, Info{PID: 11, Start: "b:s:2"})
	r.Note("subject", Info{PID: 10, Start: "b:s:1"}, Info{PID: 10, Start: "b:s:3"})
	raw, err := os.ReadFile(r.Journal())
	if want := "10\tb:s:1\tsubject\n11\tb:s:2\tsubject\n10\tb:s:3\tsubject\n"; err != nil || string(raw) != want {
		t.Errorf("the journal contains %q, %v; want %q", raw, err, want)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseKillsMarkedProcesses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: marks are read on Linux only")
	}
	run, err := NewRun(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	left := exec.Command("sleep", "1000")
	left.Env = []string{run.Mark}
	startPlain(t, left)
	if err := run.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if p, ok := Find(left.Process.Pid); ok && !p.Ended() {
		t.Errorf("process %d still runs after Close", p.PID)
	}
}

// TestTheFolderOfARunIsRemovedWhileAProcessEnds checks that a file which appears
// during the removal does not make the run an error.
func TestTheFolderOfARunIsRemovedWhileAProcessEnds(t *testing.T) {
	run, err := NewRun(t.TempDir())
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
				_ = os.MkdirAll(filepath.Join(run.Path, "data", strconv.Itoa(n%50)), 0o700)
			}
		}
	}()
	time.AfterFunc(200*time.Millisecond, func() { close(stop) })
	if err := run.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	<-written
}

// TestNoChildHoldsTheLock checks that a child does not inherit a lock, which would
// keep Sweep from the run of a program that has been killed.
func TestNoChildHoldsTheLock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lock")
	held, err := Lock(file)
	if err != nil {
		t.Fatal(err)
	}
	startPlain(t, exec.Command("sleep", "1000"))
	if again, err := tryLock(file); err == nil {
		again.Close()
		t.Error("tryLock() acquired a lock that is held")
	}
	held.Close()
	again, err := tryLock(file)
	if err != nil {
		t.Fatalf("lock again: %v", err)
	}
	again.Close()
}

func TestPrivateFolder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(dir string) error
		ok   bool
	}{
		{"absent", func(string) error { return nil }, true},
		{"present", func(dir string) error { return os.Mkdir(dir, 0o700) }, true},
		{"open to others", func(dir string) error { return os.Mkdir(dir, 0o755) }, false},
		{"a link", func(dir string) error { return os.Symlink(filepath.Dir(dir), dir) }, false},
		{"a file", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, false},
	}
	for _, tt := range tests {
		dir := filepath.Join(t.TempDir(), "runs")
		if err := tt.make(dir); err != nil {
			t.Fatal(err)
		}
		if err := PrivateFolder(dir); (err == nil) != tt.ok {
			t.Errorf("%s: PrivateFolder() = %v", tt.name, err)
		}
	}
}
