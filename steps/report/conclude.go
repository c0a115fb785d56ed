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

// Exit codes of a run.
const (
	ExitConforms    = 0   // nothing broken, and something proved in every group
	ExitViolated    = 1   // the subject broke a rule, or kept the suite from asking
	ExitNotStarted  = 2   // nothing was started
	ExitNoVerdict   = 3   // the harness left something of the plan undone
	ExitInterrupted = 130 // a person ended the run
)

// Conclude computes all that follows from results, deviations and selection:
// totals, groups, the matrix, roots, stale deviations, the verdict and the exit
// code. It may be called again, with the same outcome. cat gives the class, the
// words and the order of the rules; rules it does not know keep the class of
// the scenario that cites them.
func Conclude(r *Report, cat *rules.Catalogue) {
	r.Schema = SchemaID
	fill(r)
	r.Stale = accept(r)
	r.Totals = totals(r.Results)
	r.Groups = groups(r.Results, cat)
	r.Rules = ruleRows(r.Results, cat)
	r.Roots = roots(r.Roots, r.Results)
	r.Usage.Fronts = frontUsage(r.Results)
	r.Exit, r.Verdict = decide(r)
}

// fill makes the lists of the form that nobody filled empty ones: null is not a list.
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

// accept marks the results that a deviation covers and returns the deviations that
// are stale: what they name was run and answered as the rule wants. A deviation
// past its day covers nothing, and cannot be stale either.
func accept(r *Report) []Deviation {
	for i := range r.Results {
		r.Results[i].Accepted = ""
	}
	var stale []Deviation
	for _, d := range r.Deviations {
		if d.expired(r.Started) {
			continue
		}
		happened, ran := false, false
		for i := range r.Results {
			res := &r.Results[i]
			if !d.names(*res) {
				continue
			}
			switch res.Outcome {
			case verdict.Pass:
				ran = true
			case verdict.Fail, verdict.Advice:
				ran = true
				happened = happened || d.happensIn(*res)
			}
		}
		if ran && !happened {
			stale = append(stale, d)
		}
	}
	for i := range r.Results {
		r.Results[i].Accepted = coveredBy(r.Results[i], r.Deviations, r.Started)
	}
	return stale
}

// Accepted reports whether deviations cover everything broken in the result.
func Accepted(res Result, all []Deviation, at time.Time) bool { return coveredBy(res, all, at) != "" }

// coveredBy returns the issues of the deviations that together cover everything
// broken in the result, or "".
func coveredBy(res Result, all []Deviation, at time.Time) string {
	if res.Outcome != verdict.Fail && res.Outcome != verdict.Advice {
		return ""
	}
	var issues []string
	covered := make(map[string]bool)
	whole := false
	for _, d := range all {
		if d.expired(at) || !d.names(res) || !d.happensIn(res) {
			continue
		}
		issues = append(issues, d.Issue)
		covered[d.Rule] = true
		whole = whole || d.Rule == ""
	}
	for _, id := range brokenRules(res) {
		if !whole && !covered[id] {
			return ""
		}
	}
	return strings.Join(distinct(issues), ", ")
}

// brokenRules are the rules that the result says were broken: those its violations
// name, else all that it cites.
func brokenRules(res Result) []string {
	var ids []string
	for _, v := range res.Violations {
		if v.Rule != "" {
			ids = append(ids, v.Rule)
		}
	}
	if ids == nil {
		ids = res.Rules
	}
	return distinct(ids)
}

func (d Deviation) expired(at time.Time) bool { return !d.Expires.IsZero() && at.After(d.Expires) }

// names reports whether the deviation speaks of the scenario of this result.
func (d Deviation) names(res Result) bool {
	if d.Rule == "" && d.Scenario == "" {
		return false
	}
	if d.Scenario != "" && d.Scenario != res.Scenario {
		return false
	}
	return d.Rule == "" || slices.Contains(res.Rules, d.Rule) || slices.Contains(brokenRules(res), d.Rule)
}

func (d Deviation) happensIn(res Result) bool {
	return d.Rule == "" || slices.Contains(brokenRules(res), d.Rule)
}

// decide draws the exit code and the verdict in words. The order of the cases is
// the order in which one code wins over another.
func decide(r *Report) (int, string) {
	harness, subject, unproved := harnessFaults(r), subjectFaults(r), unprovedGroups(r)
	ran := 0
	for _, res := range r.Results {
		if executed(res.Outcome) {
			ran++
		}
	}
	switch {
	case r.Interrupted:
		text := fmt.Sprintf("INTERRUPTED after %d of %s", ran, plural(r.Planned, "scenario"))
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
			text += "; besides, it DOES NOT CONFORM: " + strings.Join(subject, ", ")
		}
		return ExitNoVerdict, text
	case len(subject) > 0:
		return ExitViolated, "DOES NOT CONFORM: " + strings.Join(subject, ", ")
	case len(unproved) > 0:
		return ExitNoVerdict, "NO VERDICT: nothing is broken, but " + first(unproved)
	default:
		return ExitConforms, conforms(r)
	}
}

// harnessFaults lists what the harness left undone.
func harnessFaults(r *Report) []string {
	var list []string
	if sum := r.Totals.Sum(); sum != r.Planned {
		list = append(list, fmt.Sprintf("%s planned and %d accounted for", plural(r.Planned, "scenario"), sum))
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
		list = append(list[:3], fmt.Sprintf("%d more of the kind", len(list)-3))
	}
	if n := r.Totals[verdict.Error]; n > 0 {
		list = append(list, plural(n, "error"))
	}
	if n := r.Totals[verdict.NotRun]; n > 0 {
		list = append(list, fmt.Sprintf("%d not run", n))
	}
	if n := countResults(r, func(res Result) bool { return res.Outcome == verdict.Blocked && !res.BySubject }); n > 0 {
		list = append(list, fmt.Sprintf("%d blocked by the suite", n))
	}
	return list
}

// subjectFaults lists what the subject is to blame for.
func subjectFaults(r *Report) []string {
	var list []string
	if n := countResults(r, func(res Result) bool { return res.broke(verdict.Fail) }); n > 0 {
		list = append(list, fmt.Sprintf("%s of %s", plural(n, "violation"), plural(len(broken(r, verdict.Fail)), "rule")))
	}
	if n := countResults(r, func(res Result) bool { return res.Outcome == verdict.Blocked && res.BySubject }); n > 0 {
		list = append(list, fmt.Sprintf("%d blocked by the subject", n))
	}
	if n := countResults(r, func(res Result) bool { return res.broke(verdict.Advice) }); n > 0 && r.Selection.Strict {
		list = append(list, fmt.Sprintf("%d against advice under --strict", n))
	}
	if n := len(r.Stale); n > 0 {
		list = append(list, plural(n, "stale deviation"))
	}
	return list
}

// unprovedGroups lists the groups in which no must rule passed, so that a subject
// that answers nothing proves nothing. Where no must rule was selected at all, one
// advice rule anywhere has to have passed.
func unprovedGroups(r *Report) []string {
	var list []string
	must, advice := 0, 0
	for _, g := range r.Groups {
		must += g.MustPlanned
		advice += g.AdvicePassed
		if g.MustPlanned > 0 && g.MustPassed == 0 {
			list = append(list, "no must rule passed in "+g.Name())
		}
	}
	if must == 0 && advice == 0 {
		list = append(list, "no advice rule passed, and no must rule was selected")
	}
	return list
}

func conforms(r *Report) string {
	must, advice := make(map[string]bool), make(map[string]bool)
	for _, row := range r.Rules {
		for _, c := range row.Fronts {
			if c.Outcome == verdict.Pass {
				if row.Class == rules.Advice {
					advice[row.ID] = true
				} else {
					must[row.ID] = true
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CONFORMS: %s passed", plural(len(must), "must rule"))
	if len(advice) > 0 {
		fmt.Fprintf(&b, ", %s passed", plural(len(advice), "advice rule"))
	}
	fmt.Fprintf(&b, " (%s at %s)", plural(r.Planned, "scenario"), strings.Join(fronts(r.Results), ", "))
	notes := []struct {
		n    int
		text string
	}{
		{countResults(r, func(res Result) bool { return res.broke(verdict.Advice) }), "against advice"},
		{countResults(r, func(res Result) bool { return res.Accepted != "" }), "accepted as deviations"},
		{r.Totals[verdict.NotApplicable], "not applicable"},
		{r.Totals[verdict.Skipped], "skipped"},
	}
	for _, note := range notes {
		if note.n > 0 {
			fmt.Fprintf(&b, ", %d %s", note.n, note.text)
		}
	}
	return b.String()
}

// broken returns the rules broken with that outcome and not accepted.
func broken(r *Report, o verdict.Outcome) []string {
	var ids []string
	for _, res := range r.Results {
		if res.broke(o) {
			ids = append(ids, brokenRules(res)...)
		}
	}
	return distinct(ids)
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

// first is the first of several reasons and how many there are besides.
func first(list []string) string {
	if len(list) == 1 {
		return brief(list[0])
	}
	return fmt.Sprintf("%s (and %d more)", brief(list[0]), len(list)-1)
}

// brief is a reason as the one line of a verdict can hold it.
func brief(s string) string { return cut(firstLine(s), 200) }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func itoa(n int) string { return strconv.Itoa(n) }
