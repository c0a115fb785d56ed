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

// Flags for measuring by hand, for example:
//
//	go test ./cmd/countersign -run TestWholeRunsOfHostileSubjects -v -hostile '^drips' -whole
var (
	hostileOnly  = flag.String("hostile", "", "run only hostile subjects whose name matches this pattern")
	allScenarios = flag.Bool("whole", false, "run hostile subjects with all scenarios of the front direct, and faulty proxies with all scenarios about a proxy")
)

// hostileStart are rules about configurations that the server refuses. The real server
// behind a relay may follow them independently of the relay.
const hostileStart = "PA-214"

// hostileRules are the other rules that hostile servers are tested with: about sign-ins,
// logs, signed requests, content and OAuth sessions, with few configurations. A server can
// follow one of them only if it answers the requests under test.
const hostileRules = "PA-034,PA-044,PA-045,PA-079,PA-080,PA-322,PA-325,PA-327,PA-347,OI-017,OI-020,OI-053,OI-059,OI-063,OI-080,OI-083,SEC-012"

// Limits of the resources that a run against a hostile server may use.
const (
	hostileMemory   = 1 << 30 // octets
	hostileStarts   = 12
	hostileRequests = 2000
)

// hostileAtOnce is the number of runs at the same time for each processor. The runs mostly
// wait, but with many more the provider of the suite exceeds its time limits.
const hostileAtOnce = 3

// A hostileSubject is a hostile server under test.
type hostileSubject struct {
	kind, name string
	relay      bool // it is behind a relay
	passes     bool // it follows the hostileRules
	refuses    bool // it refuses configurations as hostileStart requires
}

// A hostileRun is the result of a run against a hostile server.
type hostileRun struct {
	err      error
	report   *report.Report
	exit     int
	memory   int64          // peak memory of the suite
	requests int64          // number of requests that the hostile server answered itself
	left     []process.Info // processes that outlived the run
	output   string
}

// TestWholeRunsOfHostileSubjects runs the suite against servers that send no reply, long,
// slow or invalid replies, that flood their logs, do not exit, or do not listen. The suite
// must report violations, use limited memory, and leave no process behind. Each server is
// tested alone, and behind a relay that passes the requests that prepare scenarios to the
// real server.
func TestWholeRunsOfHostileSubjects(t *testing.T) {
	wholeRuns(t)
	dir := buildHostile(t)
	var subjects []hostileSubject
	for _, kind := range slices.Sorted(maps.Keys(hostileBehaviours)) {
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
	if *allScenarios {
		atOnce = 1 // so that the measured time is not affected by other runs
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
		writeSham(t, file, environment, realOption)
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

// buildHostile builds the suite, the real server and the probe into one folder.
func buildHostile(t *testing.T) string {
	t.Helper()
	server, _ := buildPrograms(t)
	dir := filepath.Dir(server)
	buildProgram(t, dir, "countersign")
	return dir
}

// runHostile runs the suite in a process of its own against a target file.
func runHostile(suite, work, file string) (run hostileRun) {
	folder := filepath.Join(work, "report")
	args := []string{"run", "--target", file, "--front", "direct", "--report", folder}
	if !*allScenarios {
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

// peakMemory returns the peak memory of a process, as last read before the process ended.
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

// check compares the result of a run with the limits. A server that follows the rules
// must pass all of them; any other must pass no must rule.
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
		if row.Class != rules.Must || outcome == verdict.Skipped || *allScenarios {
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
			t.Errorf("%s: %s, want pass: %v", row.ID, outcome, passes)
		}
	}
	if len(rep.Results) != rep.Planned || rep.Totals[verdict.NotRun] > 0 || rep.Totals[verdict.Error] > 0 || len(rep.Problems) > 0 {
		t.Errorf("%d results of %d scenarios, %v, problems %q; want an outcome for each and no error", len(rep.Results), rep.Planned, rep.Totals, rep.Problems)
	}
	for _, r := range rep.Results {
		if r.Outcome == verdict.Error {
			t.Errorf("%s: %s", r.ID, r.Reason)
		}
	}
	if run.memory == 0 || run.memory > hostileMemory {
		t.Errorf("peak memory %d MiB, want at most %d", run.memory>>20, hostileMemory>>20)
	}
	if !*allScenarios && (rep.Usage.Starts > hostileStarts || run.requests > hostileRequests) {
		t.Errorf("%d starts and %d requests, want at most %d and %d", rep.Usage.Starts, run.requests, hostileStarts, hostileRequests)
	}
	for _, p := range run.left {
		t.Errorf("process %d still runs", p.PID)
		process.Kill(p)
	}
	if *allScenarios {
		t.Logf("processor %s, %d rules passed", rep.Usage.CPU.Total().Round(time.Millisecond), rep.RuleTotals.MustPassed)
	}
	t.Logf("%s wall, %d MiB, %d starts, %d requests, %v: %s", rep.Usage.Wall.Round(time.Millisecond), run.memory>>20, rep.Usage.Starts, run.requests, rep.Totals, rep.Verdict)
}
