package page

import (
	"strings"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// A brokenRule is a rule with the scenarios in which the server departed from it.
type brokenRule struct {
	ID, Statement, Source string
	Cases                 []*brokenCase
}

// First returns the cases that are visible at first.
func (b brokenRule) First() []*brokenCase { return b.Cases[:min(openCases, len(b.Cases))] }

// More returns the other cases.
func (b brokenRule) More() []*brokenCase { return b.Cases[len(b.First()):] }

// A brokenCase is a scenario with its departures from one rule.
type brokenCase struct {
	report.Result
	Outcome   verdict.Outcome
	Rule      string
	Fronts    []string
	Checks    []verdict.Violation
	Again     string
	Exchanges []exchange
}

// brokenRules returns the rules with departures of an outcome.
func (v *view) brokenRules(o verdict.Outcome, e *exchanges) []brokenRule {
	rows := make(map[string]report.RuleRow)
	for _, row := range v.Rules {
		rows[row.ID] = row
	}
	var list []brokenRule
	for _, broken := range report.Departures(v.Report, o) {
		rule := brokenRule{ID: broken.ID, Statement: rows[broken.ID].Statement, Source: rows[broken.ID].Source}
		for _, d := range broken.Departures {
			if v.Shown++; v.Shown > maxDepartures {
				v.Omitted++
				continue
			}
			c := rule.caseOf(d)
			if c.Checks == nil {
				c.Outcome, c.Again, c.Exchanges = o, d.Again(v.Report), e.of(d.Results)
			}
			check := d.Violation
			check.Wanted, check.Got = bound(check.Wanted, maxText), bound(check.Got, maxText)
			c.Checks = append(c.Checks, check)
		}
		if len(rule.Cases) > 0 {
			list = append(list, rule)
		}
	}
	return list
}

// caseOf returns the case for the scenario and the fronts of a departure, and appends one if there is
// none.
func (b *brokenRule) caseOf(d report.Departure) *brokenCase {
	fronts := d.Fronts()
	for _, c := range b.Cases {
		if c.ID == d.First().ID && strings.Join(c.Fronts, " ") == strings.Join(fronts, " ") {
			return c
		}
	}
	c := &brokenCase{Result: d.First(), Rule: b.ID, Fronts: fronts}
	b.Cases = append(b.Cases, c)
	return c
}

// An exchange is the transcript of a scenario at one front.
type exchange struct {
	ID, Front, File, Text string
	Missing               string // why there is no text
	Above                 string // fragment identifier of the place that shows it
}

// exchanges reads transcripts, each once.
type exchanges struct {
	files *report.Transcripts
	shown map[string]string // fragment identifiers by file
}

func (e *exchanges) of(results []report.Result) []exchange {
	var list []exchange
	for _, res := range results {
		if res.Transcript == "" {
			continue
		}
		x := exchange{ID: "x" + anchor(res.ID), Front: res.Front, File: res.Transcript, Above: e.shown[res.Transcript]}
		if x.Above == "" {
			x.Text, x.Missing = e.files.Read(res.Transcript)
			e.shown[res.Transcript] = x.ID
		}
		list = append(list, x)
	}
	return list
}
