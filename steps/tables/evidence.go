package tables

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/verdict"
)

// An evidence holds the results of reports by the id of their scenario, without the front.
type evidence struct {
	results map[string][]report.Result
	seats   map[string]bool // of the reports
	several bool            // there are reports of several proxies, of which none is used
	runs    []Run
}

// evidence returns the results of the server and of the proxy. With reports of several proxies, those
// are left out: only the table of proxies tells them apart.
func (s Sources) evidence() evidence {
	e := evidence{results: map[string][]report.Result{}, seats: map[string]bool{}}
	proxies := 0
	for _, r := range s.Reports {
		if r.Target.Seat == plan.SeatProxy {
			proxies++
		}
	}
	e.several = proxies > 1
	for _, r := range s.Reports {
		if r.Target.Seat == plan.SeatProxy && e.several {
			continue
		}
		e.add(r, r.Results)
	}
	return e
}

// add adds results of a report.
func (e *evidence) add(r *report.Report, results []report.Result) {
	e.seats[r.Target.Seat] = true
	e.runs = append(e.runs, runOf(r))
	for _, res := range results {
		id := res.ID
		if at := strings.LastIndexByte(id, '@'); at >= 0 {
			id = id[:at]
		}
		e.results[id] = append(e.results[id], res)
	}
}

// runsOf returns the runs with a seat.
func (e evidence) runsOf(seat string) []Run {
	return slices.DeleteFunc(slices.Clone(e.runs), func(r Run) bool { return r.Seat != seat })
}

// A finding is what reports say about one or more scenarios.
type finding struct {
	proof Proof
	why   string // unless proved
}

// item returns an item with the text and the finding.
func (f finding) item(text string) Item { return Item{Text: text, Proof: f.proof, Why: f.why} }

// of returns what the reports say about the scenarios: proved, if at least one passed and the others
// passed or were not applicable.
func (e evidence) of(scenarios []*plan.Scenario) finding {
	if len(scenarios) == 0 {
		return finding{Unproved, "no scenario"}
	}
	passed, open := false, ""
	for _, s := range scenarios {
		o := e.outcome(s)
		switch o {
		case verdict.Pass:
			passed = true
		case verdict.NotApplicable:
		case verdict.Fail, verdict.Advice:
			return finding{Departed, fmt.Sprintf("%s: %s", s.ID(), o)}
		case "":
			open = e.absent(s)
		default:
			open = fmt.Sprintf("%s: %s", s.ID(), o)
		}
	}
	if passed && open == "" {
		return finding{proof: Proved}
	}
	return finding{Unproved, cmp.Or(open, "not applicable")}
}

// outcome returns the worst outcome of a scenario over the fronts at which it was selected, or ""
// if no report has it. Only what the scenario checks itself counts, without standing checks.
func (e evidence) outcome(s *plan.Scenario) verdict.Outcome {
	var all []verdict.Outcome
	for _, res := range e.results[s.ID()] {
		all = append(all, cmp.Or(res.Cited, res.Outcome))
	}
	if len(all) == 0 {
		return ""
	}
	for _, neutral := range []verdict.Outcome{verdict.Skipped, verdict.NotApplicable} {
		if rest := slices.DeleteFunc(slices.Clone(all), func(o verdict.Outcome) bool { return o == neutral }); len(rest) > 0 {
			all = rest
		}
	}
	return verdict.Worst(all...)
}

// absent says why no report has a scenario.
func (e evidence) absent(s *plan.Scenario) string {
	switch seat := s.Seat(); {
	case len(e.runs) == 0:
		return "no run"
	case seat == plan.SeatProxy && e.several:
		return "reports of several proxies"
	case !e.seats[seat]:
		return "no run of a " + seat
	}
	return s.ID() + ": not in the report"
}

// scenarios returns all scenarios of the features.
func (s Sources) scenarios() []*plan.Scenario {
	var all []*plan.Scenario
	for _, d := range s.Documents {
		all = append(all, d.Scenarios...)
	}
	return all
}

// An outline is a scenario, or an outline with its rows.
type outline struct {
	Title string // with the placeholders of an outline
	Place string // file and line
	Rows  []*plan.Scenario
}

// Name returns the title with the number of rows, or that of the only row.
func (o outline) Name() string {
	if len(o.Rows) == 1 {
		return o.Rows[0].Name
	}
	return fmt.Sprintf("%s (%s)", o.Title, report.Plural(len(o.Rows), "row"))
}

// outlines groups scenarios by their outlines, in their order.
func outlines(scenarios []*plan.Scenario) []outline {
	var all []outline
	for _, s := range scenarios {
		place := fmt.Sprintf("%s:%d", s.Feature, s.Line)
		if n := len(all); n == 0 || all[n-1].Place != place {
			all = append(all, outline{Title: s.Outline, Place: place})
		}
		last := &all[len(all)-1]
		last.Rows = append(last.Rows, s)
	}
	return all
}

// citing returns the scenarios by the rules that they cite.
func citing(scenarios []*plan.Scenario) map[string][]*plan.Scenario {
	by := map[string][]*plan.Scenario{}
	for _, s := range scenarios {
		for _, id := range s.Rules {
			by[id] = append(by[id], s)
		}
	}
	return by
}

// rulesOf returns the rules that the scenarios cite, without duplicates, in the order of the
// catalogue.
func (s Sources) rulesOf(scenarios []*plan.Scenario) []string {
	var ids []string
	for _, scenario := range scenarios {
		for _, id := range scenario.Rules {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return s.Catalogue.Position(a) - s.Catalogue.Position(b) })
	return ids
}
