package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/steps/report"
	"countersign/steps/target"
)

func TestFamily(t *testing.T) {
	t.Parallel()
	all := []process{
		{pid: 1}, {pid: 10, parent: 1, group: 10, session: 10},
		{pid: 11, parent: 10, group: 11, session: 10}, // a child in its own group
		{pid: 12, parent: 1, group: 12, session: 10},  // an orphan of the session
		{pid: 13, parent: 11, group: 13, session: 13}, // a grandchild that left the session
		{pid: 20, parent: 1, group: 20, session: 20},  // a stranger
		{pid: 21, parent: 20, group: 10, session: 20}, // in the group
	}
	got := map[int]bool{}
	for _, p := range family(all, 10) {
		got[p.pid] = true
	}
	if want := []int{10, 11, 12, 13, 21}; !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("family(10) = %v, want %v", slices.Sorted(maps.Keys(got)), want)
	}
}

func TestUsageCountsSubjects(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAccountant(run)
	spec := specIn(t.TempDir())
	i := start(t, startLauncher(t), &target.Launch{Command: []string{"sh", "-c",
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
	if _, err := memory(os.Getpid()); err == nil && u.PeakMemory < 1<<20 {
		t.Errorf("peak memory = %d octets, want at least that of this test", u.PeakMemory)
	} else if err != nil && len(notes) == 0 {
		t.Errorf("memory cannot be read (%v), and nobody says so", err)
	}
	journal := read(t, filepath.Join(run.path, journalFile))
	if !strings.Contains(journal, "subject") {
		t.Errorf("the journal does not name the subject:\n%s", journal)
	}
	if err := run.close(); err != nil {
		t.Error(err)
	}
}

func TestUsageSaysWhatItCannotSee(t *testing.T) {
	t.Parallel()
	run, _, err := openRun(t.TempDir())
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
