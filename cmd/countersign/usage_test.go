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
	m := newUsageMeter(run)
	spec := specIn(t.TempDir())
	i := start(t, &launcher{}, &target.Launch{Command: []string{"sh", "-c",
		`n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done; echo done > child; sleep 1000`}}, spec)
	m.addInstance(i)
	awaitFile(t, filepath.Join(spec.DataDir, "child"))
	m.sample()
	m.addProxy("nginx", []int{i.PID()}) // any process has usage to sum up
	m.finishProxy("nginx")
	if err := i.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.stop()
	var u report.Usage
	notes := m.fill(&u)
	if u.CPU.Subjects <= 0 || u.CPU.Suite <= 0 || u.CPU.Proxies <= 0 || u.Wall <= 0 {
		t.Errorf("usage = %+v, want time for suite, subjects and proxies", u)
	}
	if _, err := process.Memory(os.Getpid()); err == nil && u.PeakMemory < 1<<20 {
		t.Errorf("peak memory = %d octets, want at least that of this test", u.PeakMemory)
	} else if err != nil && len(notes) == 0 {
		t.Errorf("memory cannot be read (%v), and there is no note about it", err)
	}
	journal := read(t, run.Journal())
	if !strings.Contains(journal, serverLabel) {
		t.Errorf("the journal does not contain %q:\n%s", serverLabel, journal)
	}
	if err := run.Close(); err != nil {
		t.Error(err)
	}
}

func TestUsageNotesMissingValues(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := newUsageMeter(run)
	m.addProxy("apache", nil) // a container on another machine
	m.stop()
	var u report.Usage
	if notes := m.fill(&u); !strings.Contains(strings.Join(notes, " "), "apache") {
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
