package report

import (
	"cmp"
	"slices"
	"strings"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// A finding is what one result says about one rule. A rule that a scenario cites
// while another rule was broken in it was not decided: that is blocked, neither
// passed nor broken.
type finding struct {
	rule     string
	class    rules.Class
	outcome  verdict.Outcome
	accepted bool
}

// findings takes a result apart by rule: those it cites, and those that a standing
// check found broken without their being cited.
func findings(r Result, cat *rules.Catalogue) []finding {
	var found []finding
	broke := r.Outcome == verdict.Fail || r.Outcome == verdict.Advice
	violated := make(map[string]verdict.Violation)
	for _, v := range r.Violations {
		if v.Rule != "" {
			violated[v.Rule] = v
		}
	}
	for _, id := range distinct(r.Rules) {
		f := finding{rule: id, class: classOf(id, r.Class, cat), outcome: r.Outcome, accepted: broke && r.Accepted != ""}
		if _, hit := violated[id]; broke && !hit && len(violated) > 0 {
			f.outcome, f.accepted = verdict.Blocked, false
		}
		found = append(found, f)
	}
	if !broke {
		return found
	}
	for _, v := range r.Violations {
		if v.Rule == "" || slices.Contains(r.Rules, v.Rule) {
			continue
		}
		f := finding{rule: v.Rule, class: classOf(v.Rule, cmp.Or(v.Class, r.Class), cat), outcome: verdict.Fail, accepted: r.Accepted != ""}
		if f.class == rules.Advice {
			f.outcome = verdict.Advice
		}
		found = append(found, f)
	}
	return found
}

func classOf(id string, otherwise rules.Class, cat *rules.Catalogue) rules.Class {
	if r, ok := cat.Rule(id); ok {
		return r.Class()
	}
	return otherwise
}

// A count gathers the findings about one rule in one place.
type count struct {
	class    rules.Class
	outcomes []verdict.Outcome
	open     bool // a departure that nobody accepted
	closed   bool // a departure that somebody accepted
}

func (c *count) add(f finding) {
	c.class = f.class
	c.outcomes = append(c.outcomes, f.outcome)
	if f.outcome == verdict.Fail || f.outcome == verdict.Advice {
		c.open = c.open || !f.accepted
		c.closed = c.closed || f.accepted
	}
}

func (c *count) cell() Cell {
	return Cell{Outcome: verdict.Worst(c.outcomes...), Scenarios: len(c.outcomes), Accepted: c.closed && !c.open}
}

// selected reports whether a person left any scenario of the rule in.
func (c *count) selected() bool {
	return slices.ContainsFunc(c.outcomes, func(o verdict.Outcome) bool { return o != verdict.Skipped })
}

// passed reports whether the rule was shown to hold: some scenario passed, and
// none ended in any way that leaves a doubt.
func (c *count) passed() bool {
	for _, o := range c.outcomes {
		if o != verdict.Pass && o != verdict.NotApplicable && o != verdict.Skipped {
			return false
		}
	}
	return slices.Contains(c.outcomes, verdict.Pass)
}

func totals(results []Result) Totals {
	t := make(Totals)
	for _, o := range verdict.Outcomes() {
		t[o] = 0
	}
	for _, r := range results {
		if r.Outcome.Known() {
			t[r.Outcome]++
		}
	}
	return t
}

// ruleRows is the matrix of rules by front, in the order of the catalogue.
func ruleRows(results []Result, cat *rules.Catalogue) []RuleRow {
	counts := make(map[string]map[string]*count)
	for _, r := range results {
		for _, f := range findings(r, cat) {
			if counts[f.rule] == nil {
				counts[f.rule] = make(map[string]*count)
			}
			if counts[f.rule][r.Front] == nil {
				counts[f.rule][r.Front] = new(count)
			}
			counts[f.rule][r.Front].add(f)
		}
	}
	rows := make([]RuleRow, 0, len(counts))
	for id, byFront := range counts {
		row := RuleRow{ID: id, Fronts: make(map[string]Cell)}
		for front, c := range byFront {
			row.Class = c.class
			row.Fronts[front] = c.cell()
		}
		if rule, ok := cat.Rule(id); ok {
			row.Statement, row.Source = rule.Statement, rule.Source()
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b RuleRow) int {
		return cmp.Or(cmp.Compare(cat.Position(a.ID), cat.Position(b.ID)), strings.Compare(a.ID, b.ID))
	})
	return rows
}

// groups gathers the results by folder and front.
func groups(results []Result, cat *rules.Catalogue) []Group {
	type key struct{ folder, front string }
	counts := make(map[key]map[string]*count)
	scenarios := make(map[key]int)
	for _, r := range results {
		k := key{r.Folder(), r.Front}
		scenarios[k]++
		if counts[k] == nil {
			counts[k] = make(map[string]*count)
		}
		for _, f := range findings(r, cat) {
			if !slices.Contains(r.Rules, f.rule) {
				continue // a standing check's finding makes no rule planned
			}
			if counts[k][f.rule] == nil {
				counts[k][f.rule] = new(count)
			}
			counts[k][f.rule].add(f)
		}
	}
	all := make([]Group, 0, len(counts))
	for k, byRule := range counts {
		g := Group{Folder: k.folder, Front: k.front, Scenarios: scenarios[k]}
		for _, c := range byRule {
			g.add(c)
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(strings.Compare(a.Folder, b.Folder), compareFronts(a.Front, b.Front))
	})
	return all
}

func (g *Group) add(c *count) {
	if !c.selected() {
		return
	}
	planned, passed := &g.MustPlanned, &g.MustPassed
	if c.class == rules.Advice {
		planned, passed = &g.AdvicePlanned, &g.AdvicePassed
	}
	*planned++
	if c.passed() {
		*passed++
	}
}

// roots gathers what was blocked by its reason, keeping the evidence of the roots given.
func roots(given []Root, results []Result) []Root {
	type key struct {
		reason    string
		bySubject bool
	}
	n := make(map[key]int)
	var order []key
	for _, r := range results {
		if r.Outcome != verdict.Blocked {
			continue
		}
		k := key{r.Reason, r.BySubject}
		if n[k] == 0 {
			order = append(order, k)
		}
		n[k]++
	}
	evidence := make(map[string]string)
	for _, g := range given {
		evidence[g.Reason] = g.Evidence
	}
	all := make([]Root, 0, len(order))
	for _, k := range order {
		all = append(all, Root{Reason: k.reason, BySubject: k.bySubject, Scenarios: n[k], Evidence: evidence[k.reason]})
	}
	slices.SortStableFunc(all, func(a, b Root) int { return b.Scenarios - a.Scenarios })
	return all
}

func frontUsage(results []Result) []FrontUsage {
	all := make([]FrontUsage, 0, len(knownFronts))
	for _, front := range fronts(results) {
		u := FrontUsage{Front: front}
		for _, r := range results {
			if r.Front != front {
				continue
			}
			if executed(r.Outcome) {
				u.Scenarios++
			}
			u.Exchanges += r.Exchanges
		}
		all = append(all, u)
	}
	return all
}

// executed reports whether the outcome is one of a scenario that got to run.
func executed(o verdict.Outcome) bool {
	switch o {
	case verdict.Pass, verdict.Fail, verdict.Advice, verdict.Error:
		return true
	default:
		return false
	}
}

func distinct(ids []string) []string {
	var once []string
	for _, id := range ids {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}
