package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/proxies/process"
	"countersign/steps/report"
	"countersign/steps/target"
)

func TestUsageCountsSubjects(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAccountant(run)
	spec := specIn(t.TempDir())
	i := start(t, &launcher{}, &target.Launch{Command: []string{"sh", "-c",
		`n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done; echo done > child; sleep 1000`}}, spec)
	a.addSubject(i)
	awaitFile(t, filepath.Join(spec.DataDir, "child"))
	a.look()
	a.addProxy("nginx", []int{i.PID()}) // any process will do for the sums
	a.closeProxy("nginx")
	if err := i.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.stop()
	var u report.Usage
	notes := a.fill(&u)
	if u.CPU.Subjects <= 0 || u.CPU.Suite <= 0 || u.CPU.Proxies <= 0 || u.Wall <= 0 {
		t.Errorf("usage = %+v, want time for suite, subjects and proxies", u)
	}
	if _, err := process.Memory(os.Getpid()); err == nil && u.PeakMemory < 1<<20 {
		t.Errorf("peak memory = %d octets, want at least that of this test", u.PeakMemory)
	} else if err != nil && len(notes) == 0 {
		t.Errorf("memory cannot be read (%v), and nobody says so", err)
	}
	journal := read(t, run.Journal())
	if !strings.Contains(journal, "subject") {
		t.Errorf("the journal does not name the subject:\n%s", journal)
	}
	if err := run.Close(); err != nil {
		t.Error(err)
	}
}

func TestUsageSaysWhatItCannotSee(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAccountant(run)
	a.addProxy("apache", nil) // a container on another machine
	a.stop()
	var u report.Usage
	if notes := a.fill(&u); !strings.Contains(strings.Join(notes, " "), "apache") {
		t.Errorf("notes = %q, want one about apache", notes)
	}
}

func awaitFile(t *testing.T, file string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return
		}
	}
	t.Fatalf("no %s after 20 s", file)
}
