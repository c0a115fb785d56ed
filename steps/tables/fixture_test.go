package tables

import (
	"testing"
	"time"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// read returns the sources of the project without a report.
func read(t testing.TB) Sources {
	t.Helper()
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	options, err := rules.LoadOptions(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	return Sources{Catalogue: catalogue, Documents: documents, Options: options, Features: report.Digest(features.FS())}
}

// reportOf returns a concluded report in which every scenario about the seat passed at the fronts,
// after change.
func (s Sources) reportOf(seat, name string, fronts []string, change func(*report.Result)) *report.Report {
	start := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	r := &report.Report{
		Suite: report.Suite{Name: "countersign", Version: "countersign 0.1", Features: s.Features}, Target: report.Target{Name: name, Version: "2.0", Seat: seat},
		Started: start, Finished: start.Add(time.Minute), Seed: 7, Command: []string{"countersign", "run"}, Selection: report.Selection{Fronts: fronts, Spread: "full"},
	}
	for _, scenario := range s.scenarios() {
		if scenario.Seat() != seat {
			continue
		}
		class, _ := s.Catalogue.ClassOf(scenario.Rules)
		for _, front := range fronts {
			res := report.Result{
				ID: scenario.ID() + "@" + front, Feature: scenario.Feature, Scenario: scenario.Name, Line: scenario.Line, Row: scenario.Number,
				Front: front, Rules: scenario.Rules, Class: class, Outcome: verdict.Pass,
			}
			if change != nil {
				change(&res)
			}
			r.Results = append(r.Results, res)
		}
	}
	r.Planned = len(r.Results)
	report.Conclude(r, s.Catalogue)
	return r
}

// set gives a result an outcome with what belongs to it.
func set(res *report.Result, o verdict.Outcome) {
	res.Outcome, res.Reason = o, "because"
	if o == verdict.Fail || o == verdict.Advice {
		res.Violations = []verdict.Violation{{Rule: res.Rules[0], Wanted: "one thing", Got: "another"}}
	}
}

// build builds tables, and fails the test on an error.
func build(t testing.TB, s Sources, kind Kind) []Table {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	built, err := s.Build(kind)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// row returns the row whose first cell has a text.
func row(t testing.TB, table Table, first string) []Cell {
	t.Helper()
	for _, r := range table.Rows {
		if r[0][0].Text == first {
			return r
		}
	}
	t.Fatalf("the table %s has no row %s", table.Title, first)
	return nil
}

// marked returns the texts of a cell with their marks.
func marked(c Cell) string { return c.join(Item.Marked) }
