package tables

import (
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
)

// A contender is a proxy of a report: the proxies of this project are several in one report.
type contender struct {
	label string
	found evidence
}

// contenders returns the proxies of a report.
func contenders(r *report.Report) []contender {
	if r.Target.Seat != plan.SeatProxy {
		return nil
	}
	by := map[string][]report.Result{}
	for _, res := range r.Results {
		by[res.Front] = append(by[res.Front], res)
	}
	var all []contender
	for _, front := range report.SortFronts(by) {
		c := contender{label: label(r.Target, front), found: evidence{results: map[string][]report.Result{}, seats: map[string]bool{}}}
		c.found.add(r, by[front])
		all = append(all, c)
	}
	return all
}

// label names a proxy. The name of a target with the proxies of this project begins with their
// kinds, as in "nginx, apache (hardened)"; that of any other target names one proxy.
func label(t report.Target, front string) string {
	kinds, rest, ok := strings.Cut(t.Name, " (")
	if ok && slices.Contains(strings.Split(kinds, ", "), front) {
		return front + " (" + rest
	}
	return strings.TrimSpace(t.Name + " " + t.Version)
}

// proxies returns a table of the rules about proxies, with a column for each proxy.
func (s Sources) proxies() ([]Table, error) {
	var about []*plan.Scenario
	for _, scenario := range s.scenarios() {
		if scenario.Seat() == plan.SeatProxy {
			about = append(about, scenario)
		}
	}
	t := Table{Title: "Proxies", Columns: columns("Rule", "Class", "Source", "Statement")}
	var all []contender
	for _, r := range s.Reports {
		if r.Target.Seat == plan.SeatProxy {
			all = append(all, contenders(r)...)
			t.Runs = append(t.Runs, runOf(r))
		}
	}
	if len(all) == 0 {
		all = []contender{{label: "Any proxy"}}
		t.Notes = []string{
			"The features expect the same of every proxy. To see what proxies do, test them and give the report of each run: " +
				"countersign run --seat proxy --flavour documented --report A; countersign run --seat proxy --flavour hardened --report B; countersign run --target my-proxy.yaml --report C; " +
				"countersign tables proxies --report A --report B --report C.",
		}
	}
	for _, c := range all {
		t.Columns = append(t.Columns, Column{Title: c.label})
	}
	cited := citing(about)
	for _, id := range s.rulesOf(about) {
		r, _ := s.Catalogue.Rule(id)
		row := []Cell{text(id), text(string(r.Class())), text(r.Source()), text(r.Statement)}
		for _, c := range all {
			row = append(row, Cell{c.cell(r, cited[id])})
		}
		t.Rows = append(t.Rows, row)
	}
	return []Table{t}, nil
}

// cell returns whether the proxy complies with a rule.
func (c contender) cell(r rules.Rule, scenarios []*plan.Scenario) Item {
	f := c.found.of(scenarios)
	item := f.item(f.why)
	switch {
	case f.proof == Proved:
		item.Text = "holds"
	case f.proof == Departed && r.Class() == rules.Advice:
		item.Text = "departs from advice"
	case f.proof == Departed:
		item.Text = "does not hold"
	case f.why == "no run":
		item.Text = "expected to hold"
	}
	item.Rules = []string{r.ID}
	return item
}
