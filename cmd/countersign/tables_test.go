package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// passedReport writes a report in which all scenarios of the features about a server passed, and
// returns its file.
func passedReport(t testing.TB, digest string) string {
	t.Helper()
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	r := &report.Report{
		Suite: report.Suite{Name: "countersign", Version: "0.1", Features: digest}, Target: report.Target{Name: "example-server", Version: "2.0", Seat: "server"},
		Started: start, Finished: start.Add(time.Minute), Seed: 7, Selection: report.Selection{Fronts: []string{"direct"}, Spread: "full"},
	}
	for _, d := range documents {
		for _, s := range d.Scenarios {
			if s.Seat() != plan.SeatServer {
				continue
			}
			class, _ := catalogue.ClassOf(s.Rules)
			r.Results = append(r.Results, report.Result{ID: s.ID() + "@direct", Feature: s.Feature, Scenario: s.Name, Line: s.Line, Front: "direct", Rules: s.Rules, Class: class, Outcome: verdict.Pass})
		}
	}
	r.Planned = len(r.Results)
	report.Conclude(r, catalogue)
	file, err := os.Create(filepath.Join(t.TempDir(), reportJSON))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := report.WriteJSON(file, r); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// TestTablesOfAReport runs the command with the report of a run.
func TestTablesOfAReport(t *testing.T) {
	t.Parallel()
	file := passedReport(t, report.Digest(features.FS()))
	var out, problems bytes.Buffer
	if code := execute(t.Context(), []string{"tables", "support", "--report", file}, &out, &problems); code != exitOK {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	for _, want := range []string{"| Service Account | Yes | Yes | No |", "seed 7, target example-server 2.0 (seat server), fronts direct. CONFORMS"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "°") {
		t.Errorf("a cell is not proved:\n%s", out.String())
	}
	out.Reset()
	file = passedReport(t, strings.Repeat("0", 64))
	if code := execute(t.Context(), []string{"tables", "support", "--report", file}, &out, &problems); code != exitNotStarted || out.Len() > 0 || !strings.Contains(problems.String(), "is of other features") {
		t.Errorf("with a report of other features: exit code %d, %d octets of output, %s", code, out.Len(), problems.String())
	}
}
