package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// schemaID names the version of mutation.json.
const schemaID = "countersign.mutation/1"

// A mutationReport contains the results of the program. It may be published: it contains
// source lines of the reference server, but no requests, replies or secrets.
type mutationReport struct {
	Schema       string         `json:"schema"`
	Started      time.Time      `json:"started"`
	Finished     time.Time      `json:"finished"`
	Seed         int64          `json:"seed,omitempty"`
	Score        float64        `json:"score_wanted,omitempty"`  // percentage
	WithoutFault []string       `json:"rules_without_fault"`     // rules of class must about the server that have scenarios
	Faults       []faultResult  `json:"faults,omitempty"`        // named faults
	Mutants      []mutantResult `json:"mutants,omitempty"`       // results of the sample
	Generated    int            `json:"generated,omitempty"`     // number of generated mutants
	Packages     []packageScore `json:"packages,omitempty"`      // scores by package
	Defects      []defectLine   `json:"defects,omitempty"`       // mutants that do not compile
	Stale        []string       `json:"stale_entries,omitempty"` // entries of accepted survivors whose mutants were noticed
	Verdict      string         `json:"verdict"`
	Exit         int            `json:"exit_code"`

	catalogue         *catalogue
	accepted          []Accepted
	faults, generated bool // the kinds that were selected
	complete          bool // all named faults were selected
}

// A packageScore counts the sample's mutants of one package.
type packageScore struct {
	Package     string `json:"package"`
	Sampled     int    `json:"sampled"`
	Must        int    `json:"noticed_must"`
	Advice      int    `json:"noticed_advice_only"`
	Survived    int    `json:"survived"`
	NotExecuted int    `json:"not_executed"`
	Accepted    int    `json:"accepted"` // survived or not executed, and accepted
	Errors      int    `json:"errors"`
}

// percent returns the percentage of the mutants that were noticed. Accepted survivors and
// mutants without a result do not count.
func (p packageScore) percent() float64 {
	counted := p.Must + p.Advice + p.Survived + p.NotExecuted
	if counted == 0 {
		return 100
	}
	return 100 * float64(p.Must+p.Advice) / float64(counted)
}

func (p *packageScore) add(r mutantResult) {
	p.Sampled++
	switch {
	case r.Outcome == noResult:
		p.Errors++
	case r.Outcome == noticedMust:
		p.Must++
	case r.Outcome == noticedAdvice:
		p.Advice++
	case r.Accepted != "":
		p.Accepted++
	case r.Outcome == notExecuted:
		p.NotExecuted++
	default:
		p.Survived++
	}
}

// A defectLine is a mutant that the compiler refused.
type defectLine struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// fillRun records what was selected.
func (r *mutationReport) fillRun(faults, generated bool, in *inputs) {
	r.faults, r.generated, r.complete = faults, generated, true
	if faults {
		r.WithoutFault = withoutFault(in.catalogue, in.faults)
	}
	r.Generated = len(in.mutants)
}

func (r *mutationReport) addDefects(found []defect) {
	for _, d := range found {
		r.Defects = append(r.Defects, defectLine{d.Mutant.ID, d.Message})
	}
}

// total returns the score of the whole sample.
func (r *mutationReport) total() packageScore {
	total := packageScore{Package: "all"}
	for _, m := range r.Mutants {
		total.add(m)
	}
	return total
}

// conclude computes scores, verdict and exit code.
func (r *mutationReport) conclude() {
	by := map[string]*packageScore{}
	for _, m := range r.Mutants {
		if by[m.Package] == nil {
			by[m.Package] = &packageScore{Package: m.Package}
		}
		by[m.Package].add(m)
	}
	r.Packages = nil
	for _, p := range by {
		r.Packages = append(r.Packages, *p)
	}
	slices.SortFunc(r.Packages, func(a, b packageScore) int { return strings.Compare(a.Package, b.Package) })
	for _, err := range staleAccepted(r.accepted, r.Mutants) {
		r.Stale = append(r.Stale, err.Error())
	}
	var good, wrong []string
	add := func(ok bool, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); ok {
			good = append(good, text)
		} else {
			wrong = append(wrong, text)
		}
	}
	if r.faults {
		noticed := 0
		for _, f := range r.Faults {
			if f.noticed() {
				noticed++
			}
		}
		add(noticed == len(r.Faults), "%d of %d named faults noticed", noticed, len(r.Faults))
		if r.complete {
			add(len(r.WithoutFault) == 0, "%d must rules without a named fault", len(r.WithoutFault))
		}
	}
	if r.generated {
		total := r.total()
		add(total.percent() >= r.Score, "%.1f %% of %d mutants noticed, without accepted survivors (minimum: %g %%)", total.percent(), total.Sampled-total.Accepted-total.Errors, r.Score)
		add(len(r.Stale) == 0, "%d stale entries of accepted survivors", len(r.Stale))
		add(total.Errors == 0, "%d mutants without a result", total.Errors)
	}
	r.Exit = exitNoticed
	if len(wrong) > 0 {
		r.Exit = exitUnnoticed
	}
	r.Verdict = strings.Join(append(wrong, good...), "; ")
}

// publish writes the files, prints the summary, and returns an error with the exit code if
// it is not exitNoticed.
func (r *mutationReport) publish(out io.Writer, dir string) error {
	fmt.Fprint(out, "\n", r.summary())
	var err error
	if dir != "" {
		err = r.write(dir)
	}
	if r.Exit != exitNoticed {
		err = errors.Join(&exitError{r.Exit, errors.New(r.Verdict)}, err)
	} else {
		fmt.Fprintln(out, "\n"+r.Verdict)
	}
	return err
}

func (r *mutationReport) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "mutation.json"), append(raw, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "mutation.md"), []byte(r.markdown()), 0o644),
	)
}

// summary returns the report for a terminal: all problems and the scores.
func (r *mutationReport) summary() string {
	var b strings.Builder
	if len(r.WithoutFault) > 0 && r.complete {
		fmt.Fprintf(&b, "RULES WITHOUT A NAMED FAULT\n  %s\n", strings.Join(r.WithoutFault, ", "))
	}
	for _, f := range r.Faults {
		if !f.noticed() {
			fmt.Fprintf(&b, "%s (%s)\n", f.line(), f.Place)
		}
	}
	if r.generated {
		b.WriteString("SURVIVORS AND MUTANTS THAT NO SCENARIO EXECUTES, without accepted survivors\n")
		for _, m := range r.Mutants {
			if !m.noticed() && m.Accepted == "" {
				fmt.Fprintf(&b, "  %-12s %s:%d  %s\n    %s  %s\n", m.Outcome, m.File, m.Line, m.ID, m.Source, m.Error)
			}
		}
		b.WriteString("SCORE BY PACKAGE\n")
		fmt.Fprintf(&b, "  %-14s %7s %6s %6s %8s %12s %8s %6s %7s\n", "package", "sampled", "must", "advice", "survived", "not executed", "accepted", "errors", "noticed")
		for _, p := range append(slices.Clone(r.Packages), r.total()) {
			fmt.Fprintf(&b, "  %-14s %7d %6d %6d %8d %12d %8d %6d %6.1f%%\n", p.Package, p.Sampled, p.Must, p.Advice, p.Survived, p.NotExecuted, p.Accepted, p.Errors, p.percent())
		}
		for _, d := range r.Defects {
			fmt.Fprintf(&b, "DEFECT OF THE GENERATOR: the mutant %s does not compile: %s\n", d.ID, d.Message)
		}
		for _, s := range r.Stale {
			fmt.Fprintf(&b, "STALE: %s\n", s)
		}
	}
	if n := len(r.Faults) + len(r.Mutants); n > 0 {
		var spent time.Duration
		for _, f := range r.Faults {
			spent += f.Duration
		}
		for _, m := range r.Mutants {
			spent += m.Duration
		}
		fmt.Fprintf(&b, "COST\n  %d servers in %.1f s including builds; the average run took %.2f s\n", n, r.Finished.Sub(r.Started).Seconds(), spent.Seconds()/float64(n))
	}
	return b.String()
}
