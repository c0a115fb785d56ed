package tables

import (
	"regexp"
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/rules"
)

// options returns a table of every documented option, with the rules of the scenarios that set it.
func (s Sources) options() ([]Table, error) {
	e := s.evidence()
	t := Table{Title: "Configuration options", Columns: columns("Option", "Type", "Default", "Meaning", "Source", "Rules about it", "Rules of scenarios that set it"), Runs: e.runs}
	t.Notes = []string{"A rule is about an option that its statement names, and is proved if its scenarios passed. In the last column, a rule is proved if those of its scenarios passed whose configuration sets the option."}
	setting := map[string][]*plan.Scenario{}
	scenarios := s.scenarios()
	cited := citing(scenarios)
	for _, scenario := range scenarios {
		for _, name := range scenario.Options() {
			setting[name] = append(setting[name], scenario)
		}
	}
	for _, o := range s.Options {
		t.Rows = append(t.Rows, []Cell{text(o.Name), text(o.Type), text(o.Default), text(o.Meaning), text(o.Source()), s.aboutCell(o, cited, e), s.ruleCell(setting[o.Name], e)})
	}
	return []Table{t}, nil
}

// aboutCell lists the rules whose statements name the option.
func (s Sources) aboutCell(o rules.Option, cited map[string][]*plan.Scenario, e evidence) Cell {
	name := mention(o.Name)
	var cell Cell
	for _, r := range s.Catalogue.All() {
		if name.MatchString(r.Statement) {
			item := e.of(cited[r.ID]).item(r.ID)
			item.Rules = []string{r.ID}
			cell = append(cell, item)
		}
	}
	if cell == nil {
		return text("none")
	}
	return cell
}

// abbreviated lists the sections whose names the documents and the catalogue leave out sometimes.
var abbreviated = []string{"ProxyAuth", "Authorization"}

// mention returns the pattern of the name of an option. The section may be left out before a key of
// several words, such as LoginURL, but not before one that is a common word, such as Logging.
func mention(name string) *regexp.Regexp {
	section, key, _ := strings.Cut(name, ".")
	pattern := `\b` + regexp.QuoteMeta(section) + `\.` + key + `\b`
	if slices.Contains(abbreviated, section) && strings.ToLower(key[1:]) != key[1:] {
		pattern += `|(^|[^.\w])` + key + `\b`
	}
	return regexp.MustCompile(pattern)
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
