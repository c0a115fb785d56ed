package tables

import (
	"fmt"
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// rules returns a table of every rule of the catalogue.
func (s Sources) rules() ([]Table, error) {
	e := s.evidence()
	t := Table{Title: "Rules", Columns: columns("Rule", "Class", "Source", "Section", "Statement", "Scenarios", "Result"), Runs: e.runs}
	t.Columns[5].Stacked, t.Columns[6].Stacked = true, true
	cited := citing(s.scenarios())
	outcomes := s.ruleOutcomes(e)
	for _, r := range s.Catalogue.All() {
		t.Rows = append(t.Rows, []Cell{
			text(r.ID), text(string(r.Class())), text(r.Source()), text(r.Section), text(r.Statement),
			scenarioCell(cited[r.ID]), resultCell(r, cited[r.ID], e, outcomes[r.ID]),
		})
	}
	return []Table{t}, nil
}

// scenarioCell lists scenarios with their places.
func scenarioCell(scenarios []*plan.Scenario) Cell {
	var cell Cell
	for _, o := range outlines(scenarios) {
		cell = append(cell, Item{Text: o.Name() + ", " + o.Place})
	}
	if cell == nil {
		return text("none")
	}
	return cell
}

// ruleOutcomes returns the outcomes of each rule by front, as the reports conclude them.
func (s Sources) ruleOutcomes(e evidence) map[string]map[string]report.Cell {
	all := map[string]map[string]report.Cell{}
	for _, r := range s.Reports {
		if r.Target.Seat == plan.SeatProxy && e.several {
			continue
		}
		for _, row := range r.Rules {
			if all[row.ID] == nil {
				all[row.ID] = map[string]report.Cell{}
			}
			for front, cell := range row.Fronts {
				if cell.Outcome == verdict.Skipped {
					continue
				}
				// A server and a proxy under test may have fronts of the same name.
				if other, both := all[row.ID][front]; both && verdict.Worst(other.Outcome, cell.Outcome) == other.Outcome {
					cell = other
				}
				all[row.ID][front] = cell
			}
		}
	}
	return all
}

// resultCell returns what the reports say about a rule, or why they say nothing.
func resultCell(r rules.Rule, scenarios []*plan.Scenario, e evidence, fronts map[string]report.Cell) Cell {
	switch {
	case !r.IsTestable():
		return Cell{{Text: r.Testable, Proof: Unproved, Why: "no scenario"}}
	case len(scenarios) == 0 && len(fronts) == 0:
		return Cell{{Text: r.State, Proof: Unproved, Why: "no scenario"}}
	case len(fronts) == 0:
		return Cell{{Text: "expected to hold", Proof: Unproved, Why: e.of(scenarios).why}}
	}
	by := map[verdict.Outcome][]string{}
	for _, front := range report.SortFronts(fronts) {
		by[fronts[front].Outcome] = append(by[fronts[front].Outcome], front)
	}
	var cell Cell
	for _, o := range verdict.Outcomes() {
		if len(by[o]) > 0 {
			item := Item{Text: fmt.Sprintf("%s at %s", o, strings.Join(by[o], ", ")), Proof: proofOf(o)}
			if accepted := func(f string) bool { return fronts[f].Accepted }; slices.ContainsFunc(by[o], accepted) {
				item.Text += " (accepted deviation)"
			}
			cell = append(cell, item)
		}
	}
	return cell
}

// proofOf returns the proof of a rule with an outcome.
func proofOf(o verdict.Outcome) Proof {
	switch o {
	case verdict.Pass:
		return Proved
	case verdict.Fail, verdict.Advice:
		return Departed
	}
	return Unproved
}
