// Package verdict says what became of a scenario: the outcomes, the kinds of
// error that lead to them, and the one function that judges. It does nothing
// but compare; who observes and who reports are other rooms, so that a verdict
// can be tested, and passed again, without a run.
package verdict

import (
	"errors"
	"fmt"
	"strings"

	"countersign/steps/rules"
)

// An Outcome is what became of one scenario. Every planned scenario has exactly one.
type Outcome string

const (
	Pass          Outcome = "pass"           // every assertion held
	Fail          Outcome = "fail"           // the subject broke a must rule
	Advice        Outcome = "advice"         // the subject answered an advice rule otherwise
	NotApplicable Outcome = "not applicable" // the subject does not claim what the scenario needs
	Skipped       Outcome = "skipped"        // a person filtered it
	Blocked       Outcome = "blocked"        // what it builds on failed
	Error         Outcome = "error"          // the harness could not do its work
	NotRun        Outcome = "not run"        // planned and never reached
)

// outcomes holds every outcome, the worst first.
var outcomes = []Outcome{Error, Fail, Blocked, NotRun, Advice, Skipped, NotApplicable, Pass}

// Outcomes returns every outcome, the worst first.
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

// Worst returns the worst of the outcomes: what a rule is called at a front where
// several scenarios check it. An unknown one is an error; none at all was not run.
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

// A Violation is the error of a subject that broke a rule.
type Violation struct {
	Rule   string `json:"rule"`
	Wanted string `json:"wanted"`
	Got    string `json:"got"`
	// Class is set by a standing check, which may name a rule that the scenario
	// does not cite. Empty means the class of the scenario.
	Class rules.Class `json:"class,omitempty"`
	// Standing is set by a check that is made at the end of every scenario. What it
	// finds says nothing about the rules that the scenario cites.
	Standing bool `json:"standing,omitempty"`
	// Accepted is the issue of the deviation that covers the violation. The report
	// computes it.
	Accepted string `json:"accepted,omitempty"`
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: wanted %s, got %s", v.Rule, v.Wanted, v.Got)
}

// A Trouble is the error of a harness that could not do its work. It says
// nothing about the subject.
type Trouble struct {
	Op  string // what was being done
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
	BySubject bool // the subject is to blame: it died, or refused what every scenario needs
}

// Error returns the reason alone: the outcome says that it blocked.
func (b *Block) Error() string { return b.Reason }

// An Inapplicable is the error of a scenario that asks for what the subject does not claim.
type Inapplicable struct{ Reason string }

// Error returns the reason alone: the outcome says the rest.
func (i *Inapplicable) Error() string { return i.Reason }

// Judge says what the errors of one scenario of a class amount to, and why in
// words. No error is a pass; the worst of several decides. An error of no known
// kind is the harness's: whoever blames the subject has to say which rule it broke.
// Whether advice fails is not decided here but where the run concludes.
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

// JudgeCited returns the outcome for the rules that a scenario cites: the outcome
// of all errors except the violations that standing checks have found.
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

// Violations returns the violations among the errors, joined and wrapped ones
// too, in the order in which they were found and each once.
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

// BySubject reports whether the errors block a scenario and the subject alone is
// to blame. Where the harness blocks as well nobody can say, so it is the harness.
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

// outcomeOf classifies one error that is no join. The harness's trouble comes
// first: a violation found in the course of it proves nothing.
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

// flatten takes joined errors apart, so that each part counts for itself. What
// wraps a join loses its words and keeps its parts, unless it is one of ours.
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

// Broken returns the violation of an assertion. It names no rule: the scenario knows which
// rules a step checks.
func Broken(wanted, got string, args ...any) error {
	return &Violation{Wanted: wanted, Got: fmt.Sprintf(got, args...)}
}

// AsViolation returns the violation that an error is or wraps.
func AsViolation(err error) (*Violation, bool) {
	var v *Violation
	ok := errors.As(err, &v)
	return v, ok
}
