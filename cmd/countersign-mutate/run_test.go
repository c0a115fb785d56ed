package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCoverage(t *testing.T) {
	start := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	report := &suiteReport{Results: []suiteResult{
		{ID: "b", Outcome: "pass", Instance: "i1", Started: at(100)},
		{ID: "a", Outcome: "pass", Instance: "i1", Started: at(0)},
		{ID: "c", Outcome: "fail", Instance: "i2", Started: at(200)},
		{ID: "left out", Outcome: "skipped", Instance: "i1"},
	}}
	dir := t.TempDir()
	writeTrace(t, dir, "1", map[int]time.Time{1: at(10), 2: at(150), 3: at(20)}, map[int]time.Time{3: at(120)})
	writeTrace(t, dir, "2", map[int]time.Time{1: at(250)}, nil)
	c, err := readCoverage(dir, report)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		place          int
		direct, shared []string
	}{
		{1, []string{"a", "c"}, []string{"b"}}, // executed when the first instance started, which b shares
		{2, []string{"b"}, nil},
		{3, []string{"a", "b"}, nil},
		{4, nil, nil},
	} {
		direct := slices.Sorted(slices.Values(c.direct[test.place]))
		if !slices.Equal(direct, test.direct) || !slices.Equal(c.shared[test.place], test.shared) {
			t.Errorf("place %d: direct %v, shared %v; want %v, %v", test.place, direct, c.shared[test.place], test.direct, test.shared)
		}
	}
	if got := c.direct[1]; got[0] != "c" {
		t.Errorf("the first scenario for place 1 is %q, want c, which executes fewer places", got[0])
	}
	if _, err := readCoverage(t.TempDir(), report); err == nil {
		t.Error("readCoverage of a folder without records reports no error")
	}
}

func TestInterleave(t *testing.T) {
	got := interleave([]string{"a:1", "a:2", "b:1", "a:3", "c:1", "b:2"})
	if want := []string{"a:1", "b:1", "c:1", "a:2", "b:2", "a:3"}; !slices.Equal(got, want) {
		t.Errorf("interleave = %v, want %v", got, want)
	}
}

// TestLimit checks that few scenarios run for a mutant in an accepted group.
func TestLimit(t *testing.T) {
	m := &mutant{ID: "x/x.go:F:equal:1"}
	group, exact := &Accepted{Groups: []string{"x/x.go:F:*"}}, &Accepted{Mutants: map[string]string{m.ID: ""}}
	for _, test := range []struct {
		entry       *Accepted
		tries, want int
	}{
		{nil, 120, 120}, {nil, 0, 0}, {exact, 120, 120}, {exact, 0, 0},
		{group, 120, firstScenarios}, {group, 0, firstScenarios}, {group, 5, 5},
	} {
		s := &mutantSession{tries: test.tries}
		if got := s.limit(test.entry, m); got != test.want {
			t.Errorf("limit(%v) with %d tries = %d, want %d", test.entry, test.tries, got, test.want)
		}
	}
}

// TestExecutingPrefersFunctionArguments checks that the scenarios that execute a function
// run first for a mutant that drops the registration of the function.
func TestExecutingPrefersFunctionArguments(t *testing.T) {
	c := newCoverage(map[int]map[string]bool{
		1: {"a:1": true, "a:2": true, "b:1": true, "c:1": true},
		2: {"c:1": true},
	}, map[int]map[string]bool{1: {"d:1": true}, 2: {"a:2": true}})
	if got, want := c.executing(1), []string{"a:1", "b:1", "c:1", "a:2", "d:1"}; !slices.Equal(got, want) {
		t.Errorf("executing(1) = %v, want %v", got, want)
	}
	if got, want := c.executing(1, 2), []string{"c:1", "a:1", "b:1", "a:2", "d:1"}; !slices.Equal(got, want) {
		t.Errorf("executing(1, 2) = %v, want %v", got, want)
	}
}

func writeTrace(t *testing.T, dir, name string, records ...map[int]time.Time) {
	t.Helper()
	var raw []byte
	for _, visits := range records {
		for place, at := range visits {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(place))
			raw = binary.LittleEndian.AppendUint64(raw, uint64(at.UnixMicro()))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, name+".trace"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSetOutcome(t *testing.T) {
	pass, fail := suiteResult{ID: "p", Outcome: "pass"}, suiteResult{ID: "f", Outcome: "fail"}
	advice := suiteResult{ID: "a", Outcome: "advice"}
	for _, test := range []struct {
		name   string
		report suiteReport
		want   string
		by     string
	}{
		{"all pass", suiteReport{Results: []suiteResult{pass}}, survived, ""},
		{"a must rule fails", suiteReport{Results: []suiteResult{pass, advice, fail}, Exit: 1}, noticedMust, "f"},
		{"an advice rule fails", suiteReport{Results: []suiteResult{advice, pass}, Exit: 1}, noticedAdvice, "a"},
		{"blocked by the server", suiteReport{Results: []suiteResult{{ID: "b", Outcome: "blocked", BySubject: true}}, Exit: 1}, noticedMust, "b"},
		{"blocked by the suite", suiteReport{Results: []suiteResult{{ID: "b", Outcome: "blocked"}}, Exit: 3}, noResult, ""},
		{"an error of the suite", suiteReport{Results: []suiteResult{{ID: "e", Outcome: "error"}}, Exit: 3}, noResult, ""},
		{"an error and a violation", suiteReport{Results: []suiteResult{{ID: "e", Outcome: "error"}, fail}, Exit: 3}, noticedMust, "f"},
		{"exit code without a result", suiteReport{Results: []suiteResult{pass}, Exit: 3}, noResult, ""},
	} {
		var r mutantResult
		r.setOutcome(&test.report)
		if r.Outcome != test.want || r.By != test.by {
			t.Errorf("%s: %s by %q; want %s by %q", test.name, r.Outcome, r.By, test.want, test.by)
		}
	}
}

func TestFaultResult(t *testing.T) {
	r := faultResult{Name: "f", Rules: []string{"PA-001", "PA-002"}, Noticed: map[string][]string{}}
	r.fill(&suiteReport{Results: []suiteResult{
		{ID: "one", Outcome: "fail", Rules: []string{"PA-001", "PA-009"}},
		{ID: "two", Outcome: "pass", Rules: []string{"PA-002"}},
		{ID: "three", Outcome: "blocked", BySubject: true, Rules: []string{"PA-002"}},
	}})
	if r.noticed() || !slices.Equal(r.Missed, []string{"PA-002"}) || !slices.Equal(r.Others, []string{"PA-009"}) || r.Blocked != 1 {
		t.Errorf("result %+v: want PA-002 missed, PA-009 in Others, one blocked", r)
	}
	if line := r.line(); !strings.Contains(line, "MISSED") || !strings.Contains(line, "PA-002") {
		t.Errorf("line %q does not contain the missed rule", line)
	}
}

// TestOthers checks that others returns scenarios that have not run, and not more than the
// limit.
func TestOthers(t *testing.T) {
	cover := &coverage{direct: map[int][]string{1: {"a:1", "a:2", "b:1", "c:1"}}}
	ran := &suiteReport{Results: []suiteResult{{ID: "a:1", Outcome: "fail"}, {ID: "b:1", Outcome: "skipped"}}}
	for _, test := range []struct {
		name    string
		session faultSession
		want    []string
	}{
		{"all", faultSession{cover: cover}, []string{"b:1", "c:1", "a:2"}},
		{"bounded", faultSession{cover: cover, tries: 2}, []string{"b:1", "c:1"}},
		{"quick", faultSession{cover: cover, quick: true}, nil},
		{"a build of its own", faultSession{cover: cover, separate: map[int]bool{0: true}}, nil},
	} {
		if got := test.session.others(0, ran); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestAccepted(t *testing.T) {
	mutants := []*mutant{{ID: "x/x.go:F:equal:1", Source: "a == b"}, {ID: "x/x.go:G:drop:1", Source: "f()"}}
	entry := Accepted{Mutants: map[string]string{"x/x.go:F:equal:1": "a == b"}, Reason: "equivalent", Why: "A reason."}
	group := Accepted{Groups: []string{"x/x.go:*"}, Reason: "nodes", Why: "A reason."}
	for _, test := range []struct {
		name  string
		entry Accepted
		stale int
	}{
		{"exact", entry, 0},
		{"group", group, 0},
		{"changed source", Accepted{Mutants: map[string]string{"x/x.go:F:equal:1": "a == c"}}, 1},
		{"no source", Accepted{Mutants: map[string]string{"x/x.go:F:equal:1": ""}}, 1},
		{"no such mutant", Accepted{Mutants: map[string]string{"x/x.go:F:equal:2": "a == b"}, Groups: []string{"y/*"}}, 2},
	} {
		if got := staleEntries([]Accepted{test.entry}, mutants); len(got) != test.stale {
			t.Errorf("%s: stale entries %v, want %d", test.name, got, test.stale)
		}
	}
	entries := []Accepted{group, entry}
	if got := acceptedOf(entries, mutants[0]); got != &entries[1] {
		t.Errorf("acceptedOf = %+v, want the entry that names the mutant", got)
	}
	if got := acceptedOf(entries, mutants[1]); got != &entries[0] {
		t.Errorf("acceptedOf = %+v, want the group", got)
	}
	noticed := []mutantResult{{ID: "x/x.go:F:equal:1", Outcome: noticedMust}, {ID: "x/x.go:G:drop:1", Outcome: noticedMust}}
	if got := staleAccepted(entries, noticed); len(got) != 1 || !strings.Contains(got[0].Error(), "x/x.go:F:equal:1") {
		t.Errorf("staleAccepted = %v, want the entry that names a mutant which was noticed", got)
	}
	for _, bad := range []Accepted{
		{Reason: "equivalent", Why: "A reason."},
		{Mutants: entry.Mutants, Reason: "unknown", Why: "A reason."},
		{Mutants: entry.Mutants, Reason: "equivalent"},
		{Groups: []string{"x/x.go:F:equal:1"}, Reason: "nodes", Why: "A reason."},
	} {
		if bad.validate() == nil {
			t.Errorf("%+v is valid, want an error", bad)
		}
	}
}

func TestConclude(t *testing.T) {
	survivor := mutantResult{ID: "s", Package: "x", Outcome: survived}
	acceptedSurvivor := mutantResult{ID: "t", Package: "x", Outcome: survived, Accepted: "equivalent"}
	noticed := mutantResult{ID: "n", Package: "y", Outcome: noticedMust}
	good, bad := faultResult{Name: "g"}, faultResult{Name: "b", Missed: []string{"PA-001"}}
	for _, test := range []struct {
		name   string
		report mutationReport
		exit   int
	}{
		{"faults noticed", mutationReport{faults: true, complete: true, Faults: []faultResult{good}}, exitNoticed},
		{"a fault missed", mutationReport{faults: true, complete: true, Faults: []faultResult{good, bad}}, exitUnnoticed},
		{"a rule without a fault", mutationReport{faults: true, complete: true, WithoutFault: []string{"PA-001"}}, exitUnnoticed},
		{"a selection of faults", mutationReport{faults: true, WithoutFault: []string{"PA-001"}, Faults: []faultResult{good}}, exitNoticed},
		{"score reached", mutationReport{generated: true, Score: 90, Mutants: []mutantResult{noticed, acceptedSurvivor}}, exitNoticed},
		{"score missed", mutationReport{generated: true, Score: 90, Mutants: []mutantResult{noticed, survivor}}, exitUnnoticed},
		{"a mutant without a result", mutationReport{generated: true, Mutants: []mutantResult{{Outcome: noResult}}}, exitUnnoticed},
		{"a stale entry", mutationReport{generated: true, Mutants: []mutantResult{noticed}, accepted: []Accepted{{Mutants: map[string]string{"n": ""}}}}, exitUnnoticed},
	} {
		test.report.catalogue = &catalogue{}
		test.report.conclude()
		if test.report.Exit != test.exit {
			t.Errorf("%s: exit code %d (%s), want %d", test.name, test.report.Exit, test.report.Verdict, test.exit)
		}
		if test.report.summary() == "" || test.report.markdown() == "" {
			t.Errorf("%s: the summary or the Markdown page is empty", test.name)
		}
	}
}

// fakeCountersign writes a shell script that is run instead of countersign.
func fakeCountersign(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "countersign")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSuiteRun(t *testing.T) {
	// The script writes its arguments and the active mutant as the verdict.
	program := fakeCountersign(t, `while [ "$1" != --report ]; do args="$args $1"; shift; done
dir=$2; shift 2
mkdir -p "$dir"; printf '{"verdict":"%s active=%s","exit_code":1}' "$args $*" "$`+activeVariable+`" >"$dir/report.json"; exit 1`)
	dir := filepath.Join(t.TempDir(), "run")
	report, err := suiteRun{countersign: program, active: 7, rules: []string{"PA-001", "PA-002"}, failFast: true}.run(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := " run --front direct --strict --rule PA-001,PA-002 --fail-fast active=7"; report.Verdict != want || report.Exit != 1 {
		t.Errorf("the arguments and the mutant are %q, exit code %d; want %q, 1", report.Verdict, report.Exit, want)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("the folder of the run still exists")
	}
	_, err = suiteRun{countersign: fakeCountersign(t, "echo the target is wrong; exit 2")}.run(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "the target is wrong") {
		t.Errorf("a run without a report: %v, want an error with what the program printed", err)
	}
}

// TestInterruptedRun checks that the program is interrupted when the context is cancelled, so
// that it can clean up.
func TestInterruptedRun(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	cleaned := filepath.Join(t.TempDir(), "cleaned")
	program := fakeCountersign(t, fmt.Sprintf("trap 'touch %s; exit 130' INT\ntouch %s\nwhile :; do sleep 0.05; done", cleaned, ready))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(ready); err == nil {
				cancel()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	if _, err := (suiteRun{countersign: program}).run(ctx, filepath.Join(t.TempDir(), "run")); err != context.Canceled {
		t.Errorf("an interrupted run ends with %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(cleaned); err != nil {
		t.Errorf("the program was killed without an interrupt: %v", err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Chdir(checkoutOf(t, map[string]string{"reference/faults/x.yaml": goodFault}))
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"check"}, exitNoticed, "1 named faults"},
		{[]string{"list"}, exitNoticed, "x/x.go:F:boundary:1"},
		{[]string{"list", "--package", "y"}, exitNoticed, ""},
		{[]string{"faults", "--fault", "none"}, exitNotStarted, `--fault "none"`},
		{[]string{"generated", "--mutant", "none"}, exitNotStarted, `--mutant "none"`},
		{[]string{"generated", "--package", "none"}, exitNotStarted, `--package "none"`},
		{[]string{"generated", "--sample", "-1"}, exitNotStarted, "--sample -1"},
		{[]string{"faults", "--parallel", "0"}, exitNotStarted, "--parallel 0"},
		{[]string{"faults", "extra"}, exitNotStarted, "extra"},
		{[]string{"--unknown"}, exitNotStarted, "--unknown"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), test.args, &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
			t.Errorf("countersign-mutate %v: exit code %d, output\n%s\nwant %d and %q", test.args, code, &out, test.code, test.want)
		}
	}
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	if code := run(t.Context(), []string{"check"}, &out, &out); code != exitNotStarted || !strings.Contains(out.String(), "not in a checkout") {
		t.Errorf("outside of a checkout: exit code %d, output %s", code, &out)
	}
}

// TestRunUntil checks that a command is interrupted, and not killed, when the context is
// done.
func TestRunUntil(t *testing.T) {
	file := filepath.Join(t.TempDir(), "interrupted")
	script := `trap 'echo > "$0"; exit 3' INT; while :; do sleep 0.02; done`
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := runUntil(ctx, exec.Command("sh", "-c", script, file))
	var exit *exec.ExitError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("runUntil() = %v, want the deadline and exit code 3", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the command did not receive SIGINT: %v", err)
	}
	if err := runUntil(t.Context(), exec.Command("true")); err != nil {
		t.Errorf("runUntil() = %v for exit code 0", err)
	}
}
