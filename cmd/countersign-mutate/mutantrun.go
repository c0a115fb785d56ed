package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// Outcomes of a generated mutant.
const (
	noticedMust   = "noticed"      // a scenario of a must rule failed, or the server blocked it
	noticedAdvice = "advice"       // only scenarios of advice rules failed, which changes the exit code with --strict
	survived      = "survived"     // every scenario that executes the place passed
	notExecuted   = "not executed" // no scenario executes the place
	noResult      = "error"        // the run has no result
)

// A mutantResult is the result for one generated mutant.
type mutantResult struct {
	ID       string        `json:"id"`
	Package  string        `json:"package"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Source   string        `json:"source"`
	Operator string        `json:"operator"`
	Outcome  string        `json:"outcome"`
	By       string        `json:"by,omitempty"`       // the scenario that noticed it
	Executed int           `json:"executed"`           // number of scenarios that execute the place
	Tried    int           `json:"tried"`              // number of these that may run
	Accepted string        `json:"accepted,omitempty"` // reason for which it may survive
	Why      string        `json:"why,omitempty"`
	Error    string        `json:"error,omitempty"`
	Duration time.Duration `json:"duration_ns"`
}

func (r mutantResult) noticed() bool { return r.Outcome == noticedMust || r.Outcome == noticedAdvice }

// firstScenarios is the number of scenarios in the first run for a mutant. These are the
// scenarios that execute few other places, and they notice most mutants.
const firstScenarios = 24

// A mutantSession runs generated mutants.
type mutantSession struct {
	*session
	all      []*mutant // mutants in the instrumented server
	chosen   []*mutant
	accepted []Accepted
	tries    int // maximum number of scenarios for a mutant; 0 for all

	defects []defect
	server  string
	cover   *coverage
}

// run builds the instrumented server and runs every chosen mutant.
func (s *mutantSession) run(ctx context.Context) ([]mutantResult, error) {
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.cover, err = s.coverage(ctx, s.server); err != nil {
		return nil, err
	}
	results := make([]mutantResult, len(s.chosen))
	err = s.each(ctx, len(s.chosen), func(ctx context.Context, n int) error {
		r, err := s.runMutant(ctx, s.chosen[n])
		if err != nil {
			return err
		}
		results[n] = r
		s.show(fmt.Sprintf("%-12s %5.1f s  %s:%d  %s  %s", r.Outcome, r.Duration.Seconds(), r.File, r.Line, r.ID, r.By))
		return nil
	})
	return slices.DeleteFunc(results, func(r mutantResult) bool { return r.ID == "" }), err
}

// maxDefects is the number of mutants that may fail to compile before build returns an error.
const maxDefects = 50

// build compiles the mutants into one server. Mutants that do not compile are defects of
// the generator; build records them and leaves them out.
func (s *mutantSession) build(ctx context.Context) error {
	held := s.all
	for {
		o, err := instrument(s.builder.root, held)
		if err != nil {
			return err
		}
		server, err := s.builder.buildServer(ctx, fmt.Sprintf("mutants-%d", len(s.defects)), o)
		if err == nil {
			s.server = server
			break
		}
		var refused *buildError
		if !errors.As(err, &refused) {
			return err
		}
		found := defects(refused, held)
		s.defects = append(s.defects, found...)
		if len(found) == 0 || len(s.defects) > maxDefects {
			return err
		}
		bad := func(m *mutant) bool {
			return slices.ContainsFunc(found, func(d defect) bool { return d.Mutant == m })
		}
		held = slices.DeleteFunc(slices.Clone(held), bad)
		s.chosen = slices.DeleteFunc(slices.Clone(s.chosen), bad)
	}
	return nil
}

// runMutant runs the scenarios that execute the place of a mutant.
func (s *mutantSession) runMutant(ctx context.Context, m *mutant) (mutantResult, error) {
	r := mutantResult{ID: m.ID, Package: m.Package, File: m.File, Line: m.Line, Source: m.Source, Operator: m.Operator, Outcome: notExecuted}
	entry := acceptedOf(s.accepted, m)
	if entry != nil {
		r.Accepted, r.Why = entry.Reason, entry.Why
	}
	executing := s.cover.executing(m.number, s.funcArgPlaces(m)...)
	r.Executed = len(executing)
	if limit := s.limit(entry, m); limit > 0 {
		executing = executing[:min(limit, len(executing))]
	}
	r.Tried = len(executing)
	started := time.Now()
	first := executing[:min(firstScenarios, len(executing))]
	for _, scenarios := range [][]string{first, executing[len(first):]} {
		if len(scenarios) == 0 || r.noticed() {
			continue
		}
		run := suiteRun{countersign: s.server, active: m.number, scenarios: scenarios, failFast: true}
		report, err := run.run(ctx, filepath.Join(s.builder.dir, "runs", fmt.Sprintf("mutant-%d", m.number)))
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if err != nil {
			r.Outcome, r.Error = noResult, err.Error()
			break
		}
		r.setOutcome(report)
	}
	r.Duration = time.Since(started)
	return r, nil
}

// limit returns the maximum number of scenarios for a mutant; 0 means all. For a mutant in
// an accepted group it returns firstScenarios at most: it has no consequence if such a
// mutant is noticed, while an entry that names the mutant would be stale.
func (s *mutantSession) limit(entry *Accepted, m *mutant) int {
	if entry == nil || entry.exact(m) {
		return s.tries
	}
	if s.tries == 0 {
		return firstScenarios
	}
	return min(s.tries, firstScenarios)
}

// funcArgPlaces returns the numbers of the mutants in the functions that are arguments of a
// dropped call.
func (s *mutantSession) funcArgPlaces(m *mutant) []int {
	var places []int
	for _, other := range s.all {
		if slices.Contains(m.funcArgs, other.function) {
			places = append(places, other.number)
		}
	}
	return places
}

// setOutcome sets the outcome from a report: a failed must rule, else failed advice, else an
// error, else survived.
func (r *mutantResult) setOutcome(report *suiteReport) {
	r.Outcome, r.By = survived, ""
	for _, result := range report.Results {
		switch {
		case result.Outcome == "fail" || result.blockedBySubject() && result.Class != "advice":
			r.Outcome, r.By = noticedMust, result.ID
			return
		case result.Outcome == "advice" || result.blockedBySubject():
			r.Outcome, r.By = noticedAdvice, result.ID
		case (result.Outcome == "error" || result.Outcome == "blocked" || result.Outcome == "not run") && !r.noticed():
			r.Outcome, r.Error = noResult, result.ID+": "+result.Reason
		}
	}
	if r.Outcome == survived && report.Exit != 0 {
		r.Outcome, r.Error = noResult, fmt.Sprintf("exit code %d: %s %v", report.Exit, report.Verdict, report.Problems)
	}
}

// staleAccepted returns an error for each entry that names a mutant which was noticed.
func staleAccepted(entries []Accepted, results []mutantResult) []error {
	var problems []error
	for _, r := range results {
		for _, e := range entries {
			if _, named := e.Mutants[r.ID]; named && r.noticed() {
				problems = append(problems, fmt.Errorf("%s: %s is accepted as a survivor and was noticed by %s; remove the entry", e.place, r.ID, r.By))
			}
		}
	}
	return problems
}
