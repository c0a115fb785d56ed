// Package verdict defines the outcomes of scenarios and the kinds of errors that lead to them. Its
// functions compute outcomes from errors only, so that they can be tested without a run.
package verdict

import (
	"errors"
	"fmt"
	"strings"

	"countersign/steps/rules"
)

// An Outcome is the outcome of a scenario. Every planned scenario has exactly one.
type Outcome string

const (
	Pass          Outcome = "pass"           // every assertion held
	Fail          Outcome = "fail"           // the server under test broke a must rule
	Advice        Outcome = "advice"         // the server departed from an advice rule
	NotApplicable Outcome = "not applicable" // the server does not declare a capability that the scenario needs
	Skipped       Outcome = "skipped"        // the selection excludes it
	Blocked       Outcome = "blocked"        // a prerequisite failed
	Error         Outcome = "error"          // the suite failed
	NotRun        Outcome = "not run"        // planned but not started
)

// outcomes holds all outcomes, beginning with the worst.
var outcomes = []Outcome{Error, Fail, Blocked, NotRun, Advice, Skipped, NotApplicable, Pass}

// Outcomes returns all outcomes, beginning with the worst.
func Outcomes() []Outcome { return append([]Outcome(nil), outcomes...) }

// Known reports whether o is an outcome.
func (o Outcome) Known() bool { return o.rank() < len(outcomes) }

func (o Outcome) rank() int {
	for i, x := range outcomes {
		if x == o {
			return i
		}
	}
	return len(outcomes)
}

// Worst returns the worst of the outcomes. It returns Error for an unknown outcome and NotRun if
// there is no outcome.
func Worst(all ...Outcome) Outcome {
	if len(all) == 0 {
		return NotRun
	}
	worst := Pass
	for _, o := range all {
		switch {
		case !o.Known():
			return Error
		case o.rank() < worst.rank():
			worst = o
		}
	}
	return worst
}

// A Violation is the error of a scenario in which the server under test broke a rule.
type Violation struct {
	Rule   string `json:"rule"`
	Wanted string `json:"wanted"`
	Got    string `json:"got"`
	// Step is the text of the step that found the violation and StepLine its line in the feature.
	// Both are empty if a standing check found it. The runner sets them.
	Step     string `json:"step,omitempty"`
	StepLine int    `json:"step_line,omitempty"`
	// Class is the class of the rule if a standing check found the violation. Empty means
	// the class of the scenario.
	Class rules.Class `json:"class,omitempty"`
	// Standing is true if a standing check, which runs at the end of every scenario, found the
	// violation. Such a violation does not affect the rules that the scenario cites.
	Standing bool `json:"standing,omitempty"`
	// Accepted is the issue of the deviation that covers the violation. Package report sets it.
	Accepted string `json:"accepted,omitempty"`
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: wanted %s, got %s", v.Rule, v.Wanted, v.Got)
}

// A Trouble is an error of the suite. It does not concern the server under test.
type Trouble struct {
	Op  string // the operation that failed
	Err error
}

func (t *Trouble) Error() string {
	if t.Err == nil {
		return t.Op
	}
	return t.Op + ": " + t.Err.Error()
}

// Unwrap returns the cause.
func (t *Trouble) Unwrap() error { return t.Err }

// A Block is the error of a scenario whose prerequisite failed.
type Block struct {
	Reason    string
	BySubject bool // the server under test ended or refused the prerequisite
}

// Error returns the reason.
func (b *Block) Error() string { return b.Reason }

// An Inapplicable is the error of a scenario that needs a capability that the server does not declare.
type Inapplicable struct{ Reason string }

// Error returns the reason.
func (i *Inapplicable) Error() string { return i.Reason }

// Judge returns the outcome of a scenario of the given class and the reason for it. The outcome is
// Pass if there is no error, else that of the worst error. An error that is none of the types of
// this package is an error of the suite, because only a Violation names the rule that was broken.
// Package report determines whether departures from advice fail the run.
func Judge(errs []error, class rules.Class) (Outcome, string) {
	outcome := Pass
	var reasons []string
	for _, err := range flatten(errs) {
		o := outcomeOf(err, class)
		switch {
		case o.rank() < outcome.rank():
			outcome, reasons = o, []string{err.Error()}
		case o == outcome:
			reasons = appendNew(reasons, err.Error())
		}
	}
	return outcome, strings.Join(reasons, "; ")
}

// JudgeCited returns the outcome for the rules that a scenario cites. It ignores the violations
// that standing checks found.
func JudgeCited(errs []error, class rules.Class) Outcome {
	var own []error
	for _, err := range flatten(errs) {
		var v *Violation
		if errors.As(err, &v) && v.Standing && outcomeOf(err, class) != Error {
			continue
		}
		own = append(own, err)
	}
	outcome, _ := Judge(own, class)
	return outcome
}

// Violations returns the violations among the errors, including joined and wrapped ones, in their
// order and without duplicates.
func Violations(errs []error) []Violation {
	var found []Violation
	seen := make(map[Violation]bool)
	for _, err := range flatten(errs) {
		var v *Violation
		if errors.As(err, &v) && !seen[*v] {
			seen[*v] = true
			found = append(found, *v)
		}
	}
	return found
}

// BySubject reports whether the errors block a scenario and the server under test caused all of the
// blocks.
func BySubject(errs []error) bool {
	blocked := false
	for _, err := range flatten(errs) {
		var b *Block
		if errors.As(err, &b) {
			if !b.BySubject {
				return false
			}
			blocked = true
		}
	}
	return blocked
}

// outcomeOf returns the outcome of an error that is not a join. Trouble takes precedence: a
// violation that it wraps is not reliable.
func outcomeOf(err error, class rules.Class) Outcome {
	var (
		trouble *Trouble
		viol    *Violation
		block   *Block
		inapp   *Inapplicable
	)
	switch {
	case errors.As(err, &trouble):
		return Error
	case errors.As(err, &viol):
		if viol.Class != "" {
			class = viol.Class
		}
		if class == rules.Advice {
			return Advice
		}
		return Fail
	case errors.As(err, &block):
		return Blocked
	case errors.As(err, &inapp):
		return NotApplicable
	default:
		return Error
	}
}

// flatten returns the parts of joined errors. An error that wraps a join is replaced by the parts,
// unless it is of a type of this package.
func flatten(errs []error) []error {
	var flat []error
	for _, err := range errs {
		flat = append(flat, parts(err)...)
	}
	return flat
}

func parts(err error) []error {
	if err == nil {
		return nil
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch e.(type) {
		case *Violation, *Trouble, *Block, *Inapplicable:
			return []error{err}
		}
		if join, ok := e.(interface{ Unwrap() []error }); ok {
			return flatten(join.Unwrap())
		}
	}
	return []error{err}
}

func appendNew(list []string, s string) []string {
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// Broken returns the violation of an assertion. It names no rule, because the scenario determines
// which rules a step checks.
func Broken(wanted, got string, args ...any) error {
	return &Violation{Wanted: wanted, Got: fmt.Sprintf(got, args...)}
}

// AsViolation returns the violation in the chain of err, and whether there is one.
func AsViolation(err error) (*Violation, bool) {
	var v *Violation
	ok := errors.As(err, &v)
	return v, ok
}
