package tables

import (
	"countersign/steps/plan"
)

// options returns a table of every documented option, with the rules of the scenarios that set it.
func (s Sources) options() ([]Table, error) {
	e := s.evidence()
	t := Table{Title: "Configuration options", Columns: columns("Option", "Type", "Default", "Meaning", "Source", "Rules"), Runs: e.runs}
	t.Notes = []string{"The rules of an option are those of the scenarios whose configuration sets it. A rule is proved if these scenarios passed."}
	setting := map[string][]*plan.Scenario{}
	for _, scenario := range s.scenarios() {
		for _, name := range scenario.Options() {
			setting[name] = append(setting[name], scenario)
		}
	}
	for _, o := range s.Options {
		t.Rows = append(t.Rows, []Cell{text(o.Name), text(o.Type), text(o.Default), text(o.Meaning), text(o.Source()), s.ruleCell(setting[o.Name], e)})
	}
	return []Table{t}, nil
}

// ruleCell lists the rules that the scenarios cite, each with what the reports say about those of the
// scenarios that cite it.
func (s Sources) ruleCell(scenarios []*plan.Scenario, e evidence) Cell {
	by := citing(scenarios)
	var cell Cell
	for _, id := range s.rulesOf(scenarios) {
		item := e.of(by[id]).item(id)
		item.Rules = []string{id}
		cell = append(cell, item)
	}
	if cell == nil {
		return Cell{{Text: "no scenario sets it", Proof: Unproved, Why: "no scenario"}}
	}
	return cell
}
