package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// The exit codes of a run.
const (
	ExitConforms    = 0   // no violation was found, and a rule was shown to hold in every group
	ExitViolated    = 1   // the server under test broke a rule or blocked scenarios
	ExitNotStarted  = 2   // nothing was started
	ExitNoVerdict   = 3   // the suite did not complete the plan
	ExitInterrupted = 130 // a signal ended the run
)

// Conclude computes the totals, the groups, the matrix, the roots, the stale deviations, the
// verdict and the exit code from the results, the deviations and the selection. A second call
// computes the same values. cat provides the statements and the order of the rules, and the rules
// that no scenario cites yet. The class of a rule is the one that the results give.
func Conclude(r *Report, cat *rules.Catalogue) {
	r.Schema = SchemaID
	fill(r)
	r.Stale = accept(r)
	if r.Selection.Shard != "" {
		r.Stale = nil // the departure may occur in another shard
	}
	r.Totals = totals(r.Results)
	t := newTally(r.Results)
	r.Groups = t.groups(r.Results)
	r.Rules = t.rows(cat)
	r.RuleTotals = t.totals()
	r.RuleTotals.MustWithoutScenario = withoutScenario(r.Results, cat)
	r.Untested = untested(r.Results, cat)
	r.Roots = roots(r.Roots, r.Results)
	r.Usage.Fronts = frontUsage(r.Results)
	r.Exit, r.Verdict = decide(r)
}

// fill replaces nil lists by empty ones, because the schema does not allow null.
func fill(r *Report) {
	for _, list := range []*[]string{&r.Command, &r.Selection.Rules, &r.Selection.Fronts} {
		if *list == nil {
			*list = []string{}
		}
	}
	if r.Results == nil {
		r.Results = []Result{}
	}
	for i := range r.Results {
		if r.Results[i].Rules == nil {
			r.Results[i].Rules = []string{}
		}
	}
}

// accept marks the violations that deviations cover and returns the stale deviations. A deviation
// is stale if its rule or scenario was run and no departure occurred. An expired deviation covers
// nothing and is not stale.
func accept(r *Report) []Deviation {
	for i := range r.Results {
		cover(&r.Results[i], r.Deviations, r.Started)
	}
	var stale []Deviation
	for _, d := range r.Deviations {
		if d.expired(r.Started) {
			continue
		}
		happened, ran := false, false
		for _, res := range r.Results {
			if !d.names(res) {
				continue
			}
			switch d.outcomeIn(res) {
			case verdict.Pass:
				ran = true
			case verdict.Fail, verdict.Advice:
				ran, happened = true, true
			}
		}
		if ran && !happened {
			stale = append(stale, d)
		}
	}
	return stale
}

// cover marks each violation of the result with the issues of the deviations that
// cover it, and the result itself if all of its violations are covered.
func cover(res *Result, all []Deviation, at time.Time) {
	res.Accepted = ""
	var issues []string
	open := false
	for i := range res.Violations {
		v := &res.Violations[i]
		var own []string
		for _, d := range all {
			if !d.expired(at) && d.names(*res) && (d.Rule == "" || d.Rule == v.Rule) {
				own = append(own, d.Issue)
			}
		}
		v.Accepted = strings.Join(distinct(own), ", ")
		open = open || v.Accepted == ""
		issues = append(issues, own...)
	}
	if !open && (res.Outcome == verdict.Fail || res.Outcome == verdict.Advice) {
		res.Accepted = strings.Join(distinct(issues), ", ")
	}
}

// Departs reports whether the result has a departure with the outcome o, Fail or Advice, that no
// deviation covers at the given time.
func Departs(res Result, o verdict.Outcome, deviations []Deviation, at time.Time) bool {
	res.Violations = slices.Clone(res.Violations)
	cover(&res, deviations, at)
	return len(res.departures(o)) > 0
}

func (d Deviation) expired(at time.Time) bool { return !d.Expires.IsZero() && at.After(d.Expires) }

// names reports whether the deviation applies to the scenario of the result.
func (d Deviation) names(res Result) bool {
	switch {
	case d.Rule == "" && d.Scenario == "":
		return false
	case d.Scenario != "" && d.Scenario != res.Scenario:
		return false
	case d.Rule == "" || slices.Contains(res.Rules, d.Rule):
		return true
	}
	return slices.ContainsFunc(res.Violations, func(v verdict.Violation) bool { return v.Rule == d.Rule })
}

// outcomeIn returns the outcome of the deviation's rule in the result, or that of the scenario if
// the deviation names no rule.
func (d Deviation) outcomeIn(res Result) verdict.Outcome {
	if d.Rule == "" {
		return res.Outcome
	}
	for _, f := range findings(res) {
		if f.rule == d.Rule {
			return f.outcome
		}
	}
	return verdict.Skipped
}

// decide returns the exit code and the text of the verdict. If several cases apply, the first one
// determines the exit code.
func decide(r *Report) (int, string) {
	harness, subject, unproved := harnessFaults(r), subjectFaults(r), unprovedGroups(r)
	ran := countResults(r, func(res Result) bool { return executed(res.Outcome) })
	switch {
	case r.Interrupted:
		text := fmt.Sprintf("INTERRUPTED after %d of %s", ran, Plural(selected(r), "scenario"))
		if len(subject) > 0 {
			text += "; so far it does not conform: " + strings.Join(subject, ", ")
		}
		return ExitInterrupted, text
	case len(r.NotStarted) > 0 && ran == 0:
		return ExitNotStarted, "NOT STARTED: " + first(r.NotStarted)
	case r.Planned == 0 && len(r.Results) == 0, len(r.Results) > 0 && r.Totals[verdict.Skipped] == r.Planned && len(harness) == 0:
		return ExitNotStarted, "NOT STARTED: the selection holds no scenario"
	case len(harness) > 0:
		text := "NO VERDICT: " + strings.Join(harness, ", ")
		if len(subject) > 0 {
			text += "; it also DOES NOT CONFORM: " + strings.Join(subject, ", ")
		}
		return ExitNoVerdict, text
	case len(subject) > 0:
		return ExitViolated, "DOES NOT CONFORM: " + strings.Join(subject, ", ")
	case len(unproved) > 0:
		return ExitNoVerdict, "NO VERDICT: no violation was found, but " + first(unproved)
	default:
		return ExitConforms, conforms(r)
	}
}

// harnessFaults lists the parts of the plan that the suite did not complete.
func harnessFaults(r *Report) []string {
	var list []string
	if sum := r.Totals.Sum(); sum != r.Planned {
		list = append(list, fmt.Sprintf("%s planned and %d accounted for", Plural(r.Planned, "scenario"), sum))
	}
	seen := make(map[string]bool)
	for _, res := range r.Results {
		if seen[res.ID] {
			list = append(list, fmt.Sprintf("two results for %q", res.ID))
		}
		seen[res.ID] = true
		if !res.Outcome.Known() {
			list = append(list, fmt.Sprintf("unknown outcome %q of %q", res.Outcome, res.ID))
		}
	}
	for _, text := range slices.Concat(r.Problems, r.NotStarted) {
		list = append(list, brief(text))
	}
	if len(list) > 3 {
		list = append(list[:3], fmt.Sprintf("%d more problems", len(list)-3))
	}
	if n := r.Totals[verdict.Error]; n > 0 {
		list = append(list, Plural(n, "error"))
	}
	if n := r.Totals[verdict.NotRun]; n > 0 {
		list = append(list, fmt.Sprintf("%d not run", n))
	}
	if n := countResults(r, func(res Result) bool { return res.Outcome == verdict.Blocked && !res.BySubject }); n > 0 {
		list = append(list, fmt.Sprintf("%d blocked by the suite", n))
	}
	return list
}

// subjectFaults lists the faults of the server under test. A departure from advice and a blocked
// advice scenario are faults only if the run is strict.
func subjectFaults(r *Report) []string {
	var list []string
	if n := r.RuleTotals.MustBroken; n > 0 {
		found, _ := open(r.Results, verdict.Fail)
		list = append(list, fmt.Sprintf("%s of %s", Plural(found, "violation"), Plural(n, "rule")))
	}
	if countResults(r, func(res Result) bool { return blockedBySubject(res) && (!isAdvice(res) || r.Selection.Strict) }) > 0 {
		list = append(list, fmt.Sprintf("%d blocked by the subject", countResults(r, blockedBySubject)))
	}
	if n := r.RuleTotals.AdviceAgainst; n > 0 && r.Selection.Strict {
		list = append(list, Plural(n, "rule")+" against advice under --strict")
	}
	if n := len(r.Stale); n > 0 {
		list = append(list, Plural(n, "stale deviation"))
	}
	return list
}

func blockedBySubject(res Result) bool { return res.Outcome == verdict.Blocked && res.BySubject }

func isAdvice(res Result) bool { return res.Class == rules.Advice }

// unprovedGroups lists the groups in which no must rule passed: a server that refuses every request
// must not conform. If no must rule was selected, at least one scenario must have passed or departed
// from advice, because advice does not change the exit code.
func unprovedGroups(r *Report) []string {
	var list []string
	for _, g := range r.Groups {
		if g.MustPlanned > 0 && g.MustPassed == 0 {
			list = append(list, "no must rule passed in "+g.Name())
		}
	}
	if r.RuleTotals.MustSelected == 0 && r.Totals[verdict.Pass]+r.Totals[verdict.Advice] == 0 {
		list = append(list, "no scenario was decided, and no must rule was selected")
	}
	return list
}

// selected returns the number of planned scenarios that were not skipped.
func selected(r *Report) int { return r.Planned - r.Totals[verdict.Skipped] }

// conforms returns the text of the verdict for a server that broke no rule.
func conforms(r *Report) string {
	t := r.RuleTotals
	var b strings.Builder
	if t.MustSelected > 0 {
		fmt.Fprintf(&b, "CONFORMS: %s passed", Plural(t.MustPassed, "must rule"))
	} else {
		b.WriteString("NOTHING BROKEN: no must rule was selected")
	}
	if t.AdviceSelected > 0 {
		fmt.Fprintf(&b, ", %s passed", Plural(t.AdvicePassed, "advice rule"))
	}
	if t.AdviceAgainst > 0 {
		fmt.Fprintf(&b, ", %s against advice", Plural(t.AdviceAgainst, "rule"))
	}
	fmt.Fprintf(&b, " (%s at %s)", Plural(selected(r), "scenario"), strings.Join(selectedFronts(r.Results), ", "))
	notes := []struct {
		n    int
		text string
	}{
		{countResults(r, blockedBySubject), "blocked by the subject, all of advice"},
		{countResults(r, func(res Result) bool { return res.Accepted != "" }), "accepted as deviations"},
		{r.Totals[verdict.NotApplicable], "not applicable"},
		{r.Totals[verdict.Skipped], "skipped"},
	}
	for _, note := range notes {
		if note.n > 0 {
			fmt.Fprintf(&b, ", %d %s", note.n, note.text)
		}
	}
	switch n := t.MustWithoutScenario; {
	case n == 1:
		b.WriteString("; 1 must rule of the catalogue has no scenario yet")
	case n > 1:
		fmt.Fprintf(&b, "; %d must rules of the catalogue have no scenario yet", n)
	}
	return b.String()
}

// withoutScenario returns the number of testable must rules of the catalogue that are not done and
// that no result cites.
func withoutScenario(results []Result, cat *rules.Catalogue) int {
	cited := citedRules(results)
	n := 0
	for _, rule := range cat.All() {
		if rule.Class() == rules.Must && rule.IsTestable() && !rule.Done() && !cited[rule.ID] {
			n++
		}
	}
	return n
}

// citedRules returns the set of the rules that the results cite.
func citedRules(results []Result) map[string]bool {
	cited := make(map[string]bool)
	for _, r := range results {
		for _, id := range r.Rules {
			cited[id] = true
		}
	}
	return cited
}

// untested returns the rules of the catalogue that no result cites, with the reason that the catalogue
// gives.
func untested(results []Result, cat *rules.Catalogue) []Untested {
	cited := citedRules(results)
	var list []Untested
	for i, rule := range cat.All() {
		if cited[rule.ID] {
			continue
		}
		reason := rule.State
		switch {
		case !rule.IsTestable():
			reason = rule.Testable
		case rule.Done() || reason == "-":
			reason = "no scenario cites it"
		}
		list = append(list, Untested{ID: rule.ID, Class: rule.Class(), Statement: rule.Statement, Source: rule.Source(),
			Document: rule.DocumentTitle(), Section: rule.Section, Order: i + 1, Reason: reason})
	}
	return list
}

func countResults(r *Report, is func(Result) bool) int {
	n := 0
	for _, res := range r.Results {
		if is(res) {
			n++
		}
	}
	return n
}

// first returns the first reason and the number of further ones.
func first(list []string) string {
	if len(list) == 1 {
		return brief(list[0])
	}
	return fmt.Sprintf("%s (and %d more)", brief(list[0]), len(list)-1)
}

// brief returns a reason shortened to fit into the line of a verdict.
func brief(s string) string { return cut(firstLine(s), 200) }

// Plural returns a number with a noun, which gets an s unless the number is 1.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func itoa(n int) string { return strconv.Itoa(n) }
