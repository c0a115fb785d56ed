package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/proxies/process"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// To measure by hand, as in
//
//	go test ./cmd/countersign -run TestWholeRunsOfHostileSubjects -v -hostile '^drips' -whole
var (
	hostileOnly  = flag.String("hostile", "", "run only hostile subjects whose name matches this pattern")
	hostileWhole = flag.Bool("whole", false, "run hostile subjects with all scenarios of the front direct")
)

// hostileStart are rules about configurations that the server refuses. The real server
// behind a relay may keep them, whatever the relay does to requests.
const hostileStart = "PA-214"

// hostileRules are the other rules that hostile subjects are held to: about sign-ins,
// logs, signed requests, content and OAuth sessions, with few configurations. A subject
// that keeps one of them has answered requests that are judged.
const hostileRules = "PA-034,PA-044,PA-045,PA-079,PA-080,PA-322,PA-325,PA-327,PA-347,OI-017,OI-020,OI-053,OI-059,OI-063,OI-080,OI-083,SEC-012"

// Bounds of what a hostile subject can cost.
const (
	hostileMemory   = 1 << 30 // octets
	hostileStarts   = 12
	hostileRequests = 2000
)

// hostileAtOnce is how many subjects are run at once for each processor. Their runs
// mostly wait, but with many more the suite's own provider misses its time limits.
const hostileAtOnce = 3

// A hostileSubject is a subject of the tests.
type hostileSubject struct {
	kind, name string
	relay      bool // it is behind a relay
	passes     bool // it keeps the hostileRules
	refuses    bool // it refuses configurations
}

// A hostileRun is what came of a run against a hostile subject.
type hostileRun struct {
	err      error
	report   *report.Report
	exit     int
	memory   int64 // at the peak, of the suite alone
	requests int64 // that the subject answered as a hostile one
	left     []process.Info
	output   string
}

// TestWholeRunsOfHostileSubjects runs the suite against subjects that answer nothing, too much, too
// slowly or nonsense, that flood their logs, do not end, or are not there. They are the
// subject's fault, cost bounded memory, and leave nothing behind. Each is run alone, and
// behind a relay that prepares scenarios as the real server does.
func TestWholeRunsOfHostileSubjects(t *testing.T) {
	wholeRuns(t)
	dir := buildHostile(t)
	var subjects []hostileSubject
	for _, kind := range slices.Sorted(maps.Keys(hostilities)) {
		behind := hostileSubject{kind: kind, name: kind + " behind a relay", relay: true}
		switch kind {
		case "ignores SIGTERM", "listens late":
			behind.passes, behind.refuses = true, true
		case "stays after a refusal":
			behind.passes = true
		}
		subjects = append(subjects, hostileSubject{kind: kind, name: kind}, behind)
	}
	only := regexp.MustCompile(*hostileOnly)
	subjects = slices.DeleteFunc(subjects, func(s hostileSubject) bool { return !only.MatchString(s.name) })
	runs := make([]hostileRun, len(subjects))
	atOnce := hostileAtOnce * runtime.GOMAXPROCS(0)
	if *hostileWhole {
		atOnce = 1 // or the time of a run would be that of its neighbours
	}
	places := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for n, s := range subjects {
		work := t.TempDir()
		file := filepath.Join(work, "target.yaml")
		environment := map[string]string{hostileKind: s.kind, hostileCount: filepath.Join(work, "count"), hostileWork: work, shamProbe: "{probe}"}
		if s.relay {
			environment[shamRelay] = filepath.Join(dir, serverProgram)
		}
		writeSham(t, file, environment, known)
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			runs[n] = runHostile(filepath.Join(dir, "countersign"), work, file)
		})
	}
	wait.Wait()
	for n, s := range subjects {
		t.Run(s.name, func(t *testing.T) { runs[n].check(t, s) })
	}
}

// hostileWork marks the processes of one run in their environment.
const hostileWork = "HOSTILE_WORK"

// buildHostile builds the suite beside the real server and the probe.
func buildHostile(t *testing.T) string {
	t.Helper()
	server, _ := buildPrograms(t)
	dir := filepath.Dir(server)
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "countersign"), "countersign/cmd/countersign").CombinedOutput(); err != nil {
		t.Fatalf("build countersign: %v\n%s", err, out)
	}
	return dir
}

// runHostile runs the suite as a process of its own against a target file.
func runHostile(suite, work, file string) (run hostileRun) {
	folder := filepath.Join(work, "report")
	args := []string{"run", "--target", file, "--front", "direct", "--report", folder}
	if !*hostileWhole {
		args = append(args, "--rule", hostileRules+","+hostileStart, "--parallel", "12")
	}
	var out bytes.Buffer
	cmd := exec.Command(suite, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if run.err = cmd.Start(); run.err != nil {
		return run
	}
	ended := make(chan struct{})
	measured := make(chan int64)
	go func() { measured <- peakMemory(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	run.memory, run.output = <-measured, out.String()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		run.err = err
		return run
	}
	run.exit = cmd.ProcessState.ExitCode()
	run.requests = fileSize(filepath.Join(work, "count"))
	all, err := process.List()
	run.left = slices.DeleteFunc(all, func(p process.Info) bool { return p.Ended() || !process.HasMark(p.PID, hostileWork+"="+work) })
	written, openErr := os.Open(filepath.Join(folder, "report.json"))
	if run.err = errors.Join(err, openErr); run.err != nil {
		return run
	}
	defer written.Close()
	run.report, run.err = report.ReadJSON(written)
	return run
}

func fileSize(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// peakMemory returns the most memory that a process has had, as it was last seen before
// the process ended.
func peakMemory(pid int, ended <-chan struct{}) (peak int64) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err == nil {
			if _, rest, found := strings.Cut(string(raw), "VmHWM:"); found {
				kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				peak = kib << 10
			}
		}
		select {
		case <-ended:
			return peak
		case <-ticker.C:
		}
	}
}

// check holds what came of a run against what any subject may cost. One that keeps the
// rules all the same passes every rule, any other passes no must rule.
func (run hostileRun) check(t *testing.T, s hostileSubject) {
	if run.err != nil {
		t.Fatalf("%v\n%s", run.err, run.output)
	}
	rep := run.report
	wanted := report.ExitViolated
	if s.passes && s.refuses {
		wanted = report.ExitConforms
	}
	if run.exit != wanted || rep.Exit != wanted {
		t.Errorf("exit code %d, in the report %d (%s), want %d", run.exit, rep.Exit, rep.Verdict, wanted)
	}
	for _, row := range rep.Rules {
		outcome := row.Fronts["direct"].Outcome
		if row.Class != rules.Must || outcome == verdict.Skipped || *hostileWhole {
			continue
		}
		passes := s.passes
		if row.ID == hostileStart {
			if !s.passes {
				continue
			}
			passes = s.refuses
		}
		if (outcome == verdict.Pass) != passes {
			t.Errorf("%s: %s, want that it passes: %v", row.ID, outcome, passes)
		}
	}
	if len(rep.Results) != rep.Planned || rep.Totals[verdict.NotRun] > 0 || rep.Totals[verdict.Error] > 0 || len(rep.Problems) > 0 {
		t.Errorf("%d results of %d scenarios, %v, problems %q; want an outcome for each, and no error", len(rep.Results), rep.Planned, rep.Totals, rep.Problems)
	}
	for _, r := range rep.Results {
		if r.Outcome == verdict.Error {
			t.Errorf("%s: %s", r.ID, r.Reason)
		}
	}
	if run.memory == 0 || run.memory > hostileMemory {
		t.Errorf("%d MiB at the peak, want at most %d", run.memory>>20, hostileMemory>>20)
	}
	if !*hostileWhole && (rep.Usage.Starts > hostileStarts || run.requests > hostileRequests) {
		t.Errorf("%d starts and %d requests, want at most %d and %d", rep.Usage.Starts, run.requests, hostileStarts, hostileRequests)
	}
	for _, p := range run.left {
		t.Errorf("process %d still runs", p.PID)
		process.Kill(p)
	}
	if *hostileWhole {
		t.Logf("processor %s, %d rules passed", rep.Usage.CPU.Total().Round(time.Millisecond), rep.RuleTotals.MustPassed)
	}
	t.Logf("%s wall, %d MiB, %d starts, %d requests, %v: %s", rep.Usage.Wall.Round(time.Millisecond), run.memory>>20, rep.Usage.Starts, run.requests, rep.Totals, rep.Verdict)
}
