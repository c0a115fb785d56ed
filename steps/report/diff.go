package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"countersign/steps/verdict"
)

// A Diff is the difference between two reports.
type Diff struct {
	Before, After *Report
	Worse         []Change // scenarios with a worse outcome
	Better        []Change // scenarios with a better outcome
	Lost          []Loss   // rules that passed in the first report and were not tested in the second
	Gained        []string // rules that passed in the second report and were not tested in the first
}

// A Change is a scenario with different outcomes in two reports.
type Change struct {
	Result Result // of the second report
	Before verdict.Outcome
}

// A Loss is a rule that was not tested again, with the word for its state in the second report.
type Loss struct {
	Rule  RuleRow
	State string
}

// Compare returns the difference between two concluded reports. It compares scenarios by their names,
// because their lines move. A scenario that one of the reports does not have, or did not select, is
// compared by its rules only.
func Compare(before, after *Report) *Diff {
	d := &Diff{Before: before, After: after}
	old := make(map[string]Result)
	for _, res := range before.Results {
		old[res.Key()] = res
	}
	for _, res := range after.Results {
		was, ok := old[res.Key()]
		if !ok || was.Outcome == verdict.Skipped || res.Outcome == verdict.Skipped {
			continue
		}
		switch c := (Change{Result: res, Before: was.Outcome}); {
		case badness(res) > badness(was):
			d.Worse = append(d.Worse, c)
		case badness(res) < badness(was):
			d.Better = append(d.Better, c)
		}
	}
	for _, list := range [][]Change{d.Worse, d.Better} {
		slices.SortStableFunc(list, func(a, b Change) int {
			return cmp.Or(strings.Compare(a.Result.Feature, b.Result.Feature), cmp.Compare(a.Result.Line, b.Result.Line), CompareFronts(a.Result.Front, b.Result.Front))
		})
	}
	d.rules()
	return d
}

// rules finds the rules that only one of the reports tested.
func (d *Diff) rules() {
	before, after := testedRules(d.Before), testedRules(d.After)
	for _, row := range d.Before.Rules {
		if before[row.ID] && row.Passed() && !after[row.ID] {
			state := "not in the report"
			if slices.ContainsFunc(d.After.Rules, func(r RuleRow) bool { return r.ID == row.ID }) {
				state = "not selected"
			}
			d.Lost = append(d.Lost, Loss{row, state})
		}
	}
	for _, row := range d.After.Rules {
		if after[row.ID] && row.Passed() && !before[row.ID] {
			d.Gained = append(d.Gained, row.ID)
		}
	}
}

// testedRules returns the rules of which a scenario was selected.
func testedRules(r *Report) map[string]bool {
	tested := make(map[string]bool)
	for _, row := range selectedRows(r.Rules) {
		tested[row.ID] = true
	}
	return tested
}

// badness orders results: a higher number is worse.
func badness(res Result) int {
	if res.Accepted != "" {
		return 1
	}
	switch res.Outcome {
	case verdict.Pass:
		return 0
	case verdict.NotApplicable, verdict.Skipped:
		return 1
	case verdict.Advice:
		return 2
	case verdict.NotRun, verdict.Blocked:
		return 3
	case verdict.Error:
		return 4
	default:
		return 5
	}
}

// IsWorse reports whether the second report is worse: it does not conform and the first one does, a
// scenario has a worse outcome, or a rule that passed was not tested again.
func (d *Diff) IsWorse() bool {
	return d.Before.Exit == ExitConforms && d.After.Exit != ExitConforms || len(d.Worse) > 0 || len(d.Lost) > 0
}

// maxChanges bounds the changes of one kind that WriteText lists.
const maxChanges = 40

// WriteText writes the difference as text. The last line says whether the second report is worse.
func (d *Diff) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "before  %s  %s %s, %s\n", printable(d.Before.Verdict), printable(d.Before.Target.Name), printable(d.Before.Target.Version), d.Before.Started.UTC().Format("2006-01-02 15:04"))
	fmt.Fprintf(&b, "after   %s  %s %s, %s\n", printable(d.After.Verdict), printable(d.After.Target.Name), printable(d.After.Target.Version), d.After.Started.UTC().Format("2006-01-02 15:04"))
	if d.Before.Suite.Features != d.After.Suite.Features {
		fmt.Fprintf(&b, "The features of the two reports differ; scenarios are compared by their names.\n")
	}
	writeChanges(&b, "WORSE", d.Worse)
	writeChanges(&b, "BETTER", d.Better)
	if len(d.Lost) > 0 {
		fmt.Fprintf(&b, "\nNOT TESTED AGAIN  %s\n", Plural(len(d.Lost), "rule"))
		for _, l := range d.Lost[:min(maxChanges, len(d.Lost))] {
			fmt.Fprintf(&b, "  %s  %s: %s\n", printable(l.Rule.ID), l.State, printable(l.Rule.Statement))
		}
		writeMore(&b, len(d.Lost))
	}
	if len(d.Gained) > 0 {
		fmt.Fprintf(&b, "\nNEWLY TESTED  %s passed\n", Plural(len(d.Gained), "rule"))
	}
	fmt.Fprintln(&b)
	switch {
	case d.IsWorse():
		fmt.Fprintf(&b, "WORSE: %s worse, %s better, %s not tested again\n", Plural(len(d.Worse), "scenario"), Plural(len(d.Better), "scenario"), Plural(len(d.Lost), "rule"))
	case len(d.Better) > 0:
		fmt.Fprintf(&b, "BETTER: %s\n", Plural(len(d.Better), "scenario"))
	default:
		fmt.Fprintln(&b, "NOT WORSE: no scenario changed its outcome")
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write difference: %w", err)
	}
	return nil
}

func writeChanges(b *bytes.Buffer, title string, list []Change) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s  %s\n", title, Plural(len(list), "scenario"))
	for _, c := range list[:min(maxChanges, len(list))] {
		fmt.Fprintf(b, "  %s -> %s  %s at %s  %s\n", c.Before, outcomeWord(c.Result), printable(c.Result.Title()), printable(c.Result.Front), printable(c.Result.Where()))
		if reason := firstLine(c.Result.Reason); reason != "" {
			fmt.Fprintf(b, "      %s\n", cut(printable(reason), 200))
		}
	}
	writeMore(b, len(list))
}

func outcomeWord(res Result) string {
	if res.Accepted != "" {
		return "known"
	}
	return string(res.Outcome)
}

func writeMore(b *bytes.Buffer, n int) {
	if n > maxChanges {
		fmt.Fprintf(b, "  … and %d more\n", n-maxChanges)
	}
}
