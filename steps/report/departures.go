package report

import (
	"slices"
	"strings"

	"countersign/steps/verdict"
)

// A BrokenRule is a rule with its departures that no deviation covers.
type BrokenRule struct {
	ID         string
	Departures []Departure
}

// A Departure is a violation, with the results in which it was found. Equal violations of one scenario
// at several fronts are one departure.
type Departure struct {
	Violation verdict.Violation
	Results   []Result
}

// Departures returns the rules with departures of the given outcome, Fail or Advice, that no deviation
// covers. The rules are in the order of the report's matrix.
func Departures(r *Report, o verdict.Outcome) []BrokenRule {
	positions := make(map[string]int)
	for i, row := range r.Rules {
		positions[row.ID] = i - len(r.Rules) // unknown rules are last
	}
	var broken []BrokenRule
	index := make(map[string]int)
	for _, res := range r.Results {
		for _, v := range res.departures(o) {
			i, ok := index[v.Rule]
			if !ok {
				i = len(broken)
				index[v.Rule] = i
				broken = append(broken, BrokenRule{ID: v.Rule})
			}
			broken[i].add(v, res)
		}
	}
	slices.SortStableFunc(broken, func(a, b BrokenRule) int { return positions[a.ID] - positions[b.ID] })
	return broken
}

func (b *BrokenRule) add(v verdict.Violation, res Result) {
	for i := range b.Departures {
		d := &b.Departures[i]
		if first := d.First(); d.Violation == v && first.Where() == res.Where() && first.Row == res.Row {
			d.Results = append(d.Results, res)
			return
		}
	}
	b.Departures = append(b.Departures, Departure{Violation: v, Results: []Result{res}})
}

// First returns the first result in which the violation was found.
func (d Departure) First() Result { return d.Results[0] }

// Fronts returns the fronts of the results.
func (d Departure) Fronts() []string { return fronts(d.Results) }

// Again returns the command line that executes only the scenario of the departure, see [Again].
func (d Departure) Again(r *Report) string {
	res := d.First()
	if len(d.Fronts()) > 1 {
		res.ID, _, _ = strings.Cut(res.ID, "@")
	}
	return Again(r, res)
}
