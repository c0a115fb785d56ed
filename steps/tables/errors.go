package tables

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/verdict"
)

// expectations maps words of a step about a refusal to what the suite accepts, the most specific
// first.
var expectations = []struct{ words, accepts string }{
	{"the server starts or refuses to start", "an exit code other than 0, or a start"},
	{"the server refuses to start", "an exit code other than 0"},
	{"with an error of the API", "401 with code and error"},
	{"without a redirect to a login page", "any 4xx or 501, or a page without content"},
	{"the client is asked to log in", "any 4xx or 501, or a login page"},
	{"to log in or refuses the request", "any 4xx, or a login page"},
	{"login page or refuses the request", "any 4xx, or a login page"},
	{"is refused or shows nothing", "any 4xx or 501, or an empty list"},
	{"is refused or ignored", "any 4xx or 501, or a request without effect"},
	{"the change is refused", "any 4xx or 501, or a change without effect"},
	{"refuse", "any 4xx or 501"},
}

// expectation returns what the scenario accepts as a refusal, or "" if no check of it is about one.
func expectation(s *plan.Scenario) string {
	var all []string
	for _, step := range s.Steps {
		if step.Keyword != plan.Then || !strings.Contains(step.Text, "refuse") {
			continue
		}
		for _, e := range expectations {
			if strings.Contains(step.Text, e.words) {
				all = append(all, e.accepts)
				break
			}
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "; ")
}

// errors returns a table of the refusals that the rules require, with the replies that runs have seen.
func (s Sources) errors() ([]Table, error) {
	e := s.evidence()
	t := Table{Title: "Refusals", Columns: columns("What is refused", "Rules", "Request", "Status", "Code", "Allowed"), Runs: e.runs}
	t.Notes = []string{"In a request, * stands for the name or the id of an object. Status and code are those that the run has seen. The documents name hardly any, so the last column is what a rule allows."}
	for _, o := range outlines(s.scenarios()) {
		rows := slices.DeleteFunc(slices.Clone(o.Rows), func(s *plan.Scenario) bool { return expectation(s) == "" })
		if len(rows) > 0 {
			t.Rows = append(t.Rows, s.refusals(o, rows, e)...)
		}
	}
	return []Table{t}, nil
}

// refusals returns the rows of the table for one outline: one for each different refusal, and one for
// the scenarios in which the reports show none.
func (s Sources) refusals(o outline, rows []*plan.Scenario, e evidence) [][]Cell {
	type seen struct {
		refusal verdict.Refusal
		by      []*plan.Scenario
	}
	var all []seen
	var without []*plan.Scenario
	for _, row := range rows {
		replies := e.refusalsOf(row)
		if len(replies) == 0 {
			without = append(without, row)
		}
		for _, r := range replies {
			i := slices.IndexFunc(all, func(x seen) bool { return x.refusal.Equal(r) })
			if i < 0 {
				i = len(all)
				all = append(all, seen{refusal: r})
			}
			all[i].by = append(all[i].by, row)
		}
	}
	slices.SortStableFunc(all, func(a, b seen) int { return cmp.Compare(a.refusal.Status, b.refusal.Status) })
	line := func(by []*plan.Scenario, request, status, code string) []Cell {
		f := e.of(by)
		return []Cell{
			text(outline{o.Title, o.Place, by}.Name()), s.ruleCell(by, e),
			{f.item(request)}, {f.item(status)}, {f.item(code)}, text(expectation(by[0])),
		}
	}
	var result [][]Cell
	for _, x := range all {
		code := "none"
		if x.refusal.Code != nil {
			code = strconv.FormatInt(*x.refusal.Code, 10)
		}
		result = append(result, line(x.by, x.refusal.Method+" "+x.refusal.Route, strconv.Itoa(x.refusal.Status), code))
	}
	if len(without) > 0 {
		result = append(result, line(without, "–", "–", "–"))
	}
	return result
}

// refusalsOf returns the different refusals that a scenario has seen at all fronts.
func (e evidence) refusalsOf(s *plan.Scenario) []verdict.Refusal {
	var all []verdict.Refusal
	for _, res := range e.results[s.ID()] {
		for _, r := range res.Refusals {
			if !slices.ContainsFunc(all, r.Equal) {
				all = append(all, r)
			}
		}
	}
	return all
}
