package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// A finding is the outcome of a rule in a result. If a scenario cites several rules and only one of
// them was broken, the outcome of the others is blocked: they neither passed nor were broken. The
// findings of standing checks do not change the outcomes of the cited rules.
type finding struct {
	rule     string
	class    rules.Class
	outcome  verdict.Outcome
	accepted bool
}

// findings returns one finding for each rule that the result cites, and for each other rule with a
// violation in it.
func findings(r Result) []finding {
	var found []finding
	own := cmp.Or(r.Cited, r.Outcome)
	violated := make(map[string]verdict.Violation)
	for _, v := range r.Violations {
		if v.Rule != "" && !v.Standing {
			violated[v.Rule] = v
		}
	}
	for _, id := range distinct(r.Rules) {
		f := finding{rule: id, class: r.Class, outcome: own}
		if own == verdict.Fail || own == verdict.Advice {
			v, hit := violated[id]
			f.accepted = r.Accepted != "" || hit && v.Accepted != ""
			if !hit && len(violated) > 0 {
				f.outcome, f.accepted = verdict.Blocked, false
			}
		}
		found = append(found, f)
	}
	for _, v := range r.Violations {
		if v.Rule == "" || !r.Counts(v) || !v.Standing && slices.Contains(r.Rules, v.Rule) {
			continue
		}
		found = addFinding(found, finding{rule: v.Rule, class: cmp.Or(v.Class, r.Class), outcome: r.OutcomeOf(v), accepted: v.Accepted != ""})
	}
	return found
}

// addFinding combines a finding with the one for the same rule, or appends it.
func addFinding(found []finding, f finding) []finding {
	for i := range found {
		if found[i].rule != f.rule {
			continue
		}
		broke := found[i].outcome == verdict.Fail || found[i].outcome == verdict.Advice
		found[i].accepted = f.accepted && (found[i].accepted || !broke)
		found[i].outcome = verdict.Worst(found[i].outcome, f.outcome)
		return found
	}
	return append(found, f)
}

// Counts reports whether a violation of the result counts. In a blocked scenario only violations of
// standing checks count. In a scenario that ended with an error of the suite none counts.
func (r Result) Counts(v verdict.Violation) bool {
	switch r.Outcome {
	case verdict.Fail, verdict.Advice:
		return true
	case verdict.Blocked:
		return v.Standing
	default:
		return false
	}
}

// OutcomeOf returns the outcome of a violation by its class.
func (r Result) OutcomeOf(v verdict.Violation) verdict.Outcome {
	if cmp.Or(v.Class, r.Class) == rules.Advice {
		return verdict.Advice
	}
	return verdict.Fail
}

// departures returns the violations of the result with the given outcome that no deviation covers.
// A result without a violation departs from all rules that it cites.
func (r Result) departures(o verdict.Outcome) []verdict.Violation {
	var list []verdict.Violation
	for _, v := range r.Violations {
		if r.Counts(v) && v.Accepted == "" && r.OutcomeOf(v) == o {
			list = append(list, v)
		}
	}
	if len(r.Violations) == 0 && r.Outcome == o && r.Accepted == "" {
		list = append(list, verdict.Violation{Rule: strings.Join(r.Rules, " "), Wanted: "a reply as the rule requires", Got: r.Reason})
	}
	return list
}

// open returns the number of departures with the given outcome that no deviation covers, and the
// number of scenarios with such a departure. A rule counts once for each scenario.
func open(results []Result, o verdict.Outcome) (found, scenarios int) {
	for _, r := range results {
		n := 0
		for _, f := range findings(r) {
			if f.outcome == o && !f.accepted {
				n++
			}
		}
		found += n
		if n > 0 {
			scenarios++
		}
	}
	return found, scenarios
}

// A count combines the findings for a rule.
type count struct {
	class    rules.Class
	outcomes []verdict.Outcome
	open     bool // there is a departure that no deviation covers
	closed   bool // there is a departure that a deviation covers
}

func (c *count) add(f finding) {
	c.class = f.class
	c.outcomes = append(c.outcomes, f.outcome)
	if f.outcome == verdict.Fail || f.outcome == verdict.Advice {
		c.open = c.open || !f.accepted
		c.closed = c.closed || f.accepted
	}
}

// merge adds another count of the same rule.
func (c *count) merge(other *count) {
	c.class = other.class
	c.outcomes = append(c.outcomes, other.outcomes...)
	c.open, c.closed = c.open || other.open, c.closed || other.closed
}

// outcome returns the worst outcome of the selected and applicable scenarios.
func (c *count) outcome() verdict.Outcome {
	var decided []verdict.Outcome
	otherwise := verdict.Skipped
	for _, o := range c.outcomes {
		switch o {
		case verdict.Skipped:
		case verdict.NotApplicable:
			otherwise = o
		default:
			decided = append(decided, o)
		}
	}
	if len(decided) == 0 {
		return otherwise
	}
	return verdict.Worst(decided...)
}

func (c *count) cell() Cell {
	return Cell{Outcome: c.outcome(), Scenarios: len(c.outcomes), Accepted: c.closed && !c.open}
}

// selected reports whether a scenario of the rule was selected.
func (c *count) selected() bool { return c.outcome() != verdict.Skipped }

// passed reports whether a scenario passed and all others passed or were not applicable.
func (c *count) passed() bool { return c.outcome() == verdict.Pass }

// A tally holds the outcomes of the rules in a run. The matrix, the groups, the totals and the
// verdict are computed from it.
type tally struct {
	counts  map[string]map[string]*count // by rule and front
	folders map[string]string            // the folder in which a rule counts
}

func newTally(results []Result) *tally {
	t := &tally{counts: make(map[string]map[string]*count), folders: make(map[string]string)}
	cited, found := make(votes), make(votes)
	for _, r := range results {
		for _, f := range findings(r) {
			t.add(f, r.Front)
			if slices.Contains(r.Rules, f.rule) {
				cited.add(f.rule, r.Folder())
			} else {
				found.add(f.rule, r.Folder())
			}
		}
	}
	for id := range t.counts {
		if t.folders[id] = cited.most(id); t.folders[id] == "" {
			t.folders[id] = found.most(id)
		}
	}
	return t
}

func (t *tally) add(f finding, front string) {
	if t.counts[f.rule] == nil {
		t.counts[f.rule] = make(map[string]*count)
	}
	if t.counts[f.rule][front] == nil {
		t.counts[f.rule][front] = new(count)
	}
	t.counts[f.rule][front].add(f)
}

// votes counts the scenarios that cite a rule by folder.
type votes map[string]map[string]int

func (v votes) add(id, folder string) {
	if v[id] == nil {
		v[id] = make(map[string]int)
	}
	v[id][folder]++
}

// most returns the folder with the most votes. If there are several, it returns the first by name.
func (v votes) most(id string) string {
	best := ""
	for folder, n := range v[id] {
		if best == "" || n > v[id][best] || n == v[id][best] && folder < best {
			best = folder
		}
	}
	return best
}

// all returns the count of a rule over all fronts.
func (t *tally) all(id string) *count {
	sum := new(count)
	for _, c := range t.counts[id] {
		sum.merge(c)
	}
	return sum
}

// over returns the numbers of rules of a folder over all fronts, or those of all folders if folder
// is "".
func (t *tally) over(folder string) Group {
	g := Group{Folder: folder}
	for id := range t.counts {
		if folder == "" || t.folders[id] == folder {
			g.add(t.all(id))
		}
	}
	return g
}

// totals returns the numbers of rules over all folders and fronts.
func (t *tally) totals() RuleTotals {
	g := t.over("")
	sums := RuleTotals{MustSelected: g.MustPlanned, MustPassed: g.MustPassed, AdviceSelected: g.AdvicePlanned, AdvicePassed: g.AdvicePassed}
	for id := range t.counts {
		switch c := t.all(id); {
		case !c.open:
		case c.class == rules.Advice:
			sums.AdviceAgainst++
		default:
			sums.MustBroken++
		}
	}
	return sums
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

// rows returns the matrix of rules by front, in the order of the catalogue.
func (t *tally) rows(cat *rules.Catalogue) []RuleRow {
	rows := make([]RuleRow, 0, len(t.counts))
	for id, byFront := range t.counts {
		row := RuleRow{ID: id, Fronts: make(map[string]Cell)}
		for front, c := range byFront {
			row.Class = c.class
			row.Fronts[front] = c.cell()
		}
		if rule, ok := cat.Rule(id); ok {
			row.Statement, row.Source = rule.Statement, rule.Source()
			row.Document, row.Section, row.Order = rule.DocumentTitle(), rule.Section, cat.Position(id)+1
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b RuleRow) int {
		return cmp.Or(cmp.Compare(cat.Position(a.ID), cat.Position(b.ID)), strings.Compare(a.ID, b.ID))
	})
	return rows
}

// groups returns the numbers of scenarios and rules by folder and front.
func (t *tally) groups(results []Result) []Group {
	type key struct{ folder, front string }
	byKey := make(map[key]*Group)
	at := func(folder, front string) *Group {
		k := key{folder, front}
		if byKey[k] == nil {
			byKey[k] = &Group{Folder: folder, Front: front}
		}
		return byKey[k]
	}
	for _, r := range results {
		g := at(r.Folder(), r.Front)
		if r.Outcome != verdict.Skipped {
			g.Scenarios++
		}
	}
	for id, byFront := range t.counts {
		for front, c := range byFront {
			at(t.folders[id], front).add(c)
		}
	}
	all := make([]Group, 0, len(byKey))
	for _, g := range byKey {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(strings.Compare(a.Folder, b.Folder), CompareFronts(a.Front, b.Front))
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

// varying matches the parts of a reason that differ between scenarios with the same cause: guids,
// the suffixes of names, ports, and the names of instances.
var varying = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "GUID"},
	{regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz]{7}\b`), ""},
	{regexp.MustCompile(`(127\.0\.0\.[0-9]+|localhost):[0-9]{2,5}`), "$1"},
	{regexp.MustCompile(`\bi[0-9]{2,}: configuration [0-9a-f]+ at [a-z]+( \([a-z]+\))?`), "an instance"},
}

// causeOf returns a reason without the parts that differ between scenarios.
func causeOf(reason string) string {
	for _, v := range varying {
		reason = v.pattern.ReplaceAllString(reason, v.instead)
	}
	return reason
}

// roots groups the blocked results by cause and keeps the evidence of the given roots. A root has
// the reason of the first scenario that it blocked.
func roots(given []Root, results []Result) []Root {
	type key struct {
		cause     string
		bySubject bool
	}
	n := make(map[key]int)
	reason := make(map[key]string)
	var order []key
	for _, r := range results {
		if r.Outcome != verdict.Blocked {
			continue
		}
		k := key{causeOf(r.Reason), r.BySubject}
		if n[k] == 0 {
			order, reason[k] = append(order, k), r.Reason
		}
		n[k]++
	}
	evidence := make(map[string]string)
	for _, g := range given {
		evidence[g.Reason] = cmp.Or(evidence[g.Reason], g.Evidence) // shards can give the same root
	}
	all := make([]Root, 0, len(order))
	for _, k := range order {
		all = append(all, Root{Reason: reason[k], BySubject: k.bySubject, Scenarios: n[k], Evidence: evidence[reason[k]]})
	}
	slices.SortStableFunc(all, func(a, b Root) int { return b.Scenarios - a.Scenarios })
	return all
}

func frontUsage(results []Result) []FrontUsage {
	all := make([]FrontUsage, 0, len(plan.Fronts))
	for _, front := range fronts(results) {
		u := FrontUsage{Front: front}
		for _, r := range results {
			if r.Front != front {
				continue
			}
			if r.Outcome != verdict.Skipped {
				u.Selected++
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

// executed reports whether a scenario with this outcome was executed.
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
