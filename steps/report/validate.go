package report

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// Validate returns an error for each contradiction in a concluded report. An incomplete report is
// valid if its exit code is [ExitNoVerdict].
func Validate(r *Report) error {
	v := validator{}
	v.head(r)
	ids := make(map[string]bool)
	for i, res := range r.Results {
		v.result(i, res, ids)
	}
	v.totals(r)
	v.conclusion(r)
	return errors.Join(v.problems...)
}

type validator struct{ problems []error }

func (v *validator) bad(is bool, format string, args ...any) {
	if is {
		v.problems = append(v.problems, fmt.Errorf("report: "+format, args...))
	}
}

func (v *validator) head(r *Report) {
	v.bad(r.Schema != SchemaID, "schema is %q; this program reads %q", r.Schema, SchemaID)
	v.bad(r.Suite.Name == "", "suite.name is missing")
	v.bad(r.Target.Name == "", "target.name is missing")
	v.bad(r.Started.IsZero(), "started is missing")
	v.bad(r.Finished.Before(r.Started), "finished %s is before started %s", r.Finished, r.Started)
	v.bad(r.Planned < 0, "planned is %d", r.Planned)
	for i, d := range r.Deviations {
		v.bad(d.Rule == "" && d.Scenario == "", "deviations[%d] names neither a rule nor a scenario", i)
		v.bad(d.Issue == "", "deviations[%d] names no issue", i)
	}
}

func (v *validator) result(i int, res Result, ids map[string]bool) {
	where := fmt.Sprintf("results[%d] (%s)", i, res.ID)
	v.bad(res.ID == "", "%s has no id", where)
	v.bad(ids[res.ID], "%s has the id of an earlier result", where)
	ids[res.ID] = true
	v.bad(res.Feature == "" || res.Scenario == "", "%s names no feature or no scenario", where)
	v.bad(res.Front == "", "%s names no front", where)
	v.bad(!res.Outcome.Known(), "%s has the unknown outcome %q", where, res.Outcome)
	v.bad(res.Class != rules.Must && res.Class != rules.Advice, "%s has the unknown class %q", where, res.Class)
	v.bad(res.Duration < 0 || res.Exchanges < 0 || res.Line < 0 || res.Row < 0, "%s has a negative number", where)
	v.bad(res.BySubject && res.Outcome != verdict.Blocked, "%s is %s and has by_subject; only a blocked result has it", where, res.Outcome)
	for _, r := range res.Refusals {
		v.bad(r.Status/100 != 4 && r.Status != http.StatusNotImplemented, "%s has a refusal with the status %d; allowed: 4xx and 501", where, r.Status)
	}
	switch res.Outcome {
	case verdict.Fail, verdict.Advice:
		v.bad(len(res.Violations) == 0, "%s is %s and names no violation", where, res.Outcome)
	case verdict.Pass:
		v.bad(len(res.Violations) > 0, "%s passed and names a violation", where)
		v.bad(len(res.Rules) == 0, "%s passed and cites no rule", where)
	default:
		v.bad(res.Reason == "", "%s is %s and has no reason", where, res.Outcome)
	}
}

func (v *validator) totals(r *Report) {
	want := totals(r.Results)
	for _, o := range verdict.Outcomes() {
		v.bad(r.Totals[o] != want[o], "totals has %d %s; the results have %d", r.Totals[o], o, want[o])
	}
	v.bad(len(r.Totals) != len(want), "totals has %d outcomes; there are %d", len(r.Totals), len(want))
}

func (v *validator) conclusion(r *Report) {
	codes := []int{ExitConforms, ExitViolated, ExitNotStarted, ExitNoVerdict, ExitInterrupted}
	v.bad(!slices.Contains(codes, r.Exit), "exit_code %d is not allowed; allowed: %v", r.Exit, codes)
	v.bad(r.Verdict == "", "verdict is missing")
	if !slices.Contains(codes, r.Exit) {
		return
	}
	exit, _ := decide(r)
	v.bad(exit != r.Exit, "exit_code is %d; the results give %d", r.Exit, exit)
}
