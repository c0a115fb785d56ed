package sarif_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	library "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"countersign/features"
	"countersign/steps/report"
	"countersign/steps/report/sarif"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// sample returns a concluded report with the given results.
func sample(t *testing.T, deviations []report.Deviation, results ...report.Result) *report.Report {
	t.Helper()
	cat, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	r := &report.Report{Suite: report.Suite{Name: "countersign", Version: "0.1"}, Target: report.Target{Name: "example-server"},
		Started: start, Finished: start.Add(time.Minute), Command: []string{"countersign", "run"},
		Planned: len(results), Results: results, Deviations: deviations}
	report.Conclude(r, cat)
	return r
}

func result(id string, o verdict.Outcome, class rules.Class, rule, got string) report.Result {
	res := report.Result{ID: id, Feature: "proxied/identity.feature", Scenario: "Scenario " + id, Line: 9, Front: "direct", Rules: []string{rule},
		Class: class, Outcome: o, Reason: "because"}
	if o == verdict.Fail || o == verdict.Advice {
		res.Violations = []verdict.Violation{{Rule: rule, Wanted: "a refusal", Got: got, Step: "it is refused", StepLine: 12}}
	}
	return res
}

// read writes a report, validates the file against the published schema and returns it.
func read(t *testing.T, r *report.Report) *library.Report {
	t.Helper()
	var b bytes.Buffer
	if err := sarif.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) {
		t.Fatal("the file is not JSON")
	}
	file, err := library.FromBytes(b.Bytes(), library.WithStrictValidation())
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Validate(); err != nil {
		t.Fatalf("the file does not conform to the schema of SARIF 2.1.0: %v", err)
	}
	return file
}

func TestWrite(t *testing.T) {
	t.Parallel()
	r := sample(t, []report.Deviation{{Scenario: "Scenario c", Issue: "https://issues.example/1"}},
		result("a", verdict.Fail, rules.Must, "PA-001", "200 \x1b[2J<script>"),
		result("b", verdict.Advice, rules.Advice, "SEC-022", "200"),
		result("c", verdict.Fail, rules.Must, "PA-002", "200"),
		result("d", verdict.Pass, rules.Must, "PA-007", ""),
		result("e", verdict.Error, rules.Must, "PA-007", ""),
	)
	run := read(t, r).Runs[0]
	levels := []string{}
	for _, res := range run.Results {
		levels = append(levels, res.Level)
		if id := *run.Tool.Driver.Rules[res.RuleIndex].ID; id != *res.RuleID {
			t.Errorf("the result of %s has the index of %s", *res.RuleID, id)
		}
		if place := res.Locations[0].PhysicalLocation; *place.ArtifactLocation.URI != "features/proxied/identity.feature" || *place.Region.StartLine != 12 {
			t.Errorf("the result of %s is at %s:%d", *res.RuleID, *place.ArtifactLocation.URI, *place.Region.StartLine)
		}
	}
	if got := strings.Join(levels, " "); got != "error warning error" {
		t.Errorf("the levels are %s", got)
	}
	if n := len(run.Results[2].Suppressions); n != 1 || len(run.Results[0].Suppressions) != 0 {
		t.Errorf("the accepted departure has %d suppressions", n)
	}
	if text := *run.Results[0].Message.Text; strings.ContainsRune(text, '\x1b') || !strings.Contains(text, `\x1b[2J<script>`) {
		t.Errorf("the message is %q", text)
	}
	if n := len(run.Invocations[0].ToolExecutionNotifications); n != 1 || *run.Invocations[0].ExecutionSuccessful {
		t.Errorf("%d notifications of the suite, want the error; the run counts as successful: %t", n, *run.Invocations[0].ExecutionSuccessful)
	}
}

// TestFingerprints checks that a departure keeps its fingerprint if its lines move, and that departures
// at two fronts have different ones.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	a := result("a", verdict.Fail, rules.Must, "PA-001", "200")
	moved, other := a, a
	moved.ID, moved.Line = "b", 90
	other.ID, other.Front = "c", "nginx"
	var prints []string
	for _, res := range read(t, sample(t, nil, a, moved, other)).Runs[0].Results {
		prints = append(prints, res.PartialFingerprints["scenario/v1"])
	}
	if prints[0] != prints[1] || prints[0] == prints[2] || len(prints[0]) != 32 {
		t.Errorf("the fingerprints are %q", prints)
	}
}
