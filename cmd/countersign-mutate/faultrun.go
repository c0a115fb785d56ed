package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A faultResult is the result for one named fault.
type faultResult struct {
	Name     string              `json:"name"`
	Place    string              `json:"place"`
	Mistake  string              `json:"mistake"`
	Rules    []string            `json:"rules"`
	Noticed  map[string][]string `json:"noticed"`            // rule of the fault -> scenarios that failed
	Missed   []string            `json:"missed,omitempty"`   // rules of the fault without a failed scenario
	Others   []string            `json:"others,omitempty"`   // other rules with a failed scenario
	Blocks   bool                `json:"blocks,omitempty"`   // a blocked scenario of its rules counts as failed
	Blocked  int                 `json:"blocked,omitempty"`  // number of scenarios that the server blocked
	Error    string              `json:"error,omitempty"`    // why there is no result
	Duration time.Duration       `json:"duration_ns"`        // of the run
	Separate bool                `json:"separate,omitempty"` // has a build of its own
}

// noticed reports whether every rule of the fault has a failed scenario.
func (r faultResult) noticed() bool { return r.Error == "" && len(r.Missed) == 0 }

// A faultSession runs named faults.
type faultSession struct {
	*session
	catalogue *catalogue
	faults    []Fault
	quick     bool
	tries     int // maximum number of other scenarios for each fault; 0 for all

	servers  []string // for each fault, the path of countersign beside the server with the fault
	common   string   // the server with most faults, of which none is active without a number
	separate map[int]bool
	cover    *coverage
}

// run builds and runs every fault, and returns the results in the order of the faults.
func (s *faultSession) run(ctx context.Context) ([]faultResult, error) {
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	if err := s.baseline(ctx); err != nil {
		return nil, err
	}
	results := make([]faultResult, len(s.faults))
	err := s.each(ctx, len(s.faults), func(ctx context.Context, n int) error {
		r, err := s.runFault(ctx, n)
		if err != nil {
			return err
		}
		results[n] = r
		s.show(r.line())
		return nil
	})
	return slices.DeleteFunc(results, func(r faultResult) bool { return r.Name == "" }), err
}

// build compiles most faults into one server, and each of the others into its own.
func (s *faultSession) build(ctx context.Context) error {
	o, separate, err := combine(s.builder.root, s.faults, 1)
	if err != nil {
		return &exitError{exitNotStarted, err}
	}
	common, err := s.builder.buildServer(ctx, "faults", o)
	if err != nil {
		return s.explainBuild(err)
	}
	s.common = common
	s.servers = slices.Repeat([]string{common}, len(s.faults))
	s.separate = map[int]bool{}
	for _, n := range separate {
		f := s.faults[n]
		source, err := f.apply(s.builder.root)
		if err != nil {
			return err
		}
		s.separate[n] = true
		s.servers[n], err = s.builder.buildServer(ctx, "fault-"+f.Name, overlay{f.File: source})
		if errors.As(err, new(*buildError)) {
			return &exitError{exitNotStarted, s.refused(f, err.Error())}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// explainBuild returns an error that names the faults that do not compile. A message of
// the compiler refers to the fault whose comment precedes the line.
func (s *faultSession) explainBuild(cause error) error {
	var refused *buildError
	if !errors.As(cause, &refused) {
		return cause
	}
	var problems []error
	for line := range strings.Lines(refused.output) {
		name, message := refused.faultOf(strings.TrimSpace(line))
		if n := slices.IndexFunc(s.faults, func(f Fault) bool { return f.Name == name }); n >= 0 {
			problems = append(problems, s.refused(s.faults[n], message))
		}
	}
	if len(problems) == 0 {
		return cause
	}
	return &exitError{exitNotStarted, errors.Join(problems...)}
}

func (s *faultSession) refused(f Fault, message string) error {
	return fmt.Errorf("%s: fault %q does not compile: %s", f.place, f.Name, message)
}

// baseline requires that the unchanged server conforms. Without --quick it also finds the
// scenarios that execute each fault.
func (s *faultSession) baseline(ctx context.Context) error {
	base := suiteRun{countersign: s.common}
	if s.quick {
		for _, f := range s.faults {
			for _, id := range f.Rules {
				if !slices.Contains(base.rules, id) {
					base.rules = append(base.rules, id)
				}
			}
		}
		slices.Sort(base.rules)
		_, err := s.conforming(ctx, base)
		return err
	}
	var err error
	s.cover, err = s.coverage(ctx, s.common)
	return err
}

// runFault runs the suite against one fault. It first runs the scenarios that cite the
// rules of the fault, because the suite stops using a server that fails many scenarios, and
// then others that execute the changed function.
func (s *faultSession) runFault(ctx context.Context, n int) (faultResult, error) {
	f := s.faults[n]
	r := faultResult{Name: f.Name, Place: f.place, Mistake: f.Mistake, Rules: f.Rules, Blocks: f.Blocks, Noticed: map[string][]string{}, Separate: s.separate[n]}
	run := suiteRun{countersign: s.servers[n], active: n + 1, rules: f.Rules}
	if s.separate[n] {
		run.active = 0
	}
	dir := filepath.Join(s.builder.dir, "runs", "fault-"+strconv.Itoa(n))
	started := time.Now()
	report, err := run.run(ctx, dir)
	if err == nil {
		r.fill(report)
		if run.rules, run.scenarios = nil, s.others(n, report); len(run.scenarios) > 0 {
			if report, err = run.run(ctx, dir); err == nil {
				r.addOthers(report)
			}
		}
	}
	r.Duration = time.Since(started)
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if err != nil {
		r.Error, r.Missed = err.Error(), f.Rules
	}
	return r, nil
}

// others returns the scenarios that execute the changed function and have not run. They
// are not known for a fault with a build of its own.
func (s *faultSession) others(n int, ran *suiteReport) []string {
	if s.quick || s.separate[n] {
		return nil
	}
	others := slices.DeleteFunc(s.cover.executing(n+1), func(id string) bool {
		return slices.ContainsFunc(ran.Results, func(r suiteResult) bool { return r.ID == id && r.ran() })
	})
	if s.tries > 0 {
		others = others[:min(s.tries, len(others))]
	}
	return others
}

// fill compares the rules of the failed scenarios with those of the fault.
func (r *faultResult) fill(report *suiteReport) {
	failed := map[string][]string{}
	blocked, passed := map[string][]string{}, map[string]bool{}
	for _, result := range report.Results {
		if result.blockedBySubject() {
			r.Blocked++
			for _, id := range result.Rules {
				blocked[id] = append(blocked[id], result.ID)
			}
		}
		if result.Outcome == "pass" {
			for _, id := range result.Rules {
				passed[id] = true
			}
		}
		for _, id := range result.broken() {
			failed[id] = append(failed[id], result.ID)
		}
	}
	for _, id := range r.Rules {
		if r.Blocks && len(failed[id]) == 0 && !passed[id] {
			failed[id] = blocked[id]
		}
		if len(failed[id]) == 0 {
			r.Missed = append(r.Missed, id)
			continue
		}
		r.Noticed[id] = failed[id]
	}
	r.addOthers(report)
}

// addOthers adds the rules of failed scenarios that are not rules of the fault.
func (r *faultResult) addOthers(report *suiteReport) {
	for _, result := range report.Results {
		for _, id := range result.broken() {
			if !slices.Contains(r.Rules, id) && !slices.Contains(r.Others, id) {
				r.Others = append(r.Others, id)
			}
		}
	}
	slices.Sort(r.Others)
}

// line returns the result as a line of text.
func (r faultResult) line() string {
	state := "noticed"
	if !r.noticed() {
		state = "MISSED"
	}
	line := fmt.Sprintf("%-8s %5.1f s  %s", state, r.Duration.Seconds(), r.Name)
	if len(r.Missed) > 0 {
		line += fmt.Sprintf("; no failed scenario for %v", r.Missed)
	}
	if r.Blocked > 0 {
		line += fmt.Sprintf("; %d scenarios blocked", r.Blocked)
	}
	if len(r.Others) > 0 {
		line += fmt.Sprintf("; other failed rules: %v", r.Others)
	}
	if r.Error != "" {
		line += "; " + r.Error
	}
	return line
}

// withoutFault returns the rules that need a named fault and have none.
func withoutFault(c *catalogue, faults []Fault) []string {
	has := map[string]bool{}
	for _, f := range faults {
		for _, id := range f.Rules {
			has[id] = true
		}
	}
	return slices.DeleteFunc(c.needFault(), func(id string) bool { return has[id] })
}

// each calls work for 0 to n-1, up to s.parallel at the same time, until a call fails or ctx
// is done.
func (s *session) each(ctx context.Context, n int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wait sync.WaitGroup
	for range max(1, s.parallel) {
		wait.Go(func() {
			for i := range next {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wait.Wait()
	return context.Cause(ctx)
}
