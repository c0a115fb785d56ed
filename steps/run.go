// Package steps is the suite: the definitions of the steps of the features, one file for each
// subject, and the functions that plan and run them. The suite knows the server under test only
// from outside: by URL, configuration file, process, log and command line.
package steps

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"

	"countersign/steps/equipment"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/runner"
	"countersign/steps/vocabulary"
)

// Config says what to run against what.
type Config = runner.Config

// What the suite is given to work with, see package equipment.
type (
	Equipment    = equipment.Equipment
	FrontSpec    = equipment.FrontSpec
	InstanceSpec = equipment.InstanceSpec
	ProxySpec    = equipment.ProxySpec
	Instance     = equipment.Instance
)

// DefaultTimeout bounds a whole run.
const DefaultTimeout = runner.DefaultTimeout

// ErrNotStarted is wrapped by every error of [Run] that comes before anything was started: an
// empty selection, features or a catalogue with errors.
var ErrNotStarted = runner.ErrNotStarted

// Prepared is a plan whose steps are resolved.
type Prepared = runner.Prepared

// Plan returns what a run would do. The error contains every mistake in the configuration, the
// catalogue and the features, and wraps [ErrNotStarted].
func Plan(c Config) (Prepared, error) {
	prepared, err := prepare(c)
	if err != nil {
		return Prepared{}, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	return prepared, nil
}

// Run runs what [Plan] has prepared, once. c may differ from the configuration of the plan in the
// target's programs and in the folders. The report accounts for every planned scenario, also when
// ctx is cancelled. The error reports what prevented the run or a clean end of it; errors that wrap
// [ErrNotStarted] come without a report.
func Run(ctx context.Context, c Config, e Equipment, prepared Prepared) (report.Report, error) {
	if err := c.Validate(); err != nil {
		return report.Report{}, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	return runner.Run(ctx, c, e, prepared)
}

func prepare(c Config) (Prepared, error) {
	if err := c.Validate(); err != nil {
		return Prepared{}, err
	}
	tags, tagErr := plan.ParseTags(c.Tags)
	catalogue, rulesErr := rules.Load(c.Features)
	documents, calls, featuresErr := readFeatures(c.Features)
	problems := []error{tagErr, rulesErr, featuresErr}
	if rulesErr == nil {
		problems = append(problems, checkRules(catalogue, documents, c.Rules))
	}
	err := errors.Join(problems...)
	if err != nil {
		return Prepared{}, err
	}
	seed := c.Seed
	for seed == 0 {
		seed = rand.Int64N(1 << 31)
	}
	selection := plan.Selection{Fronts: c.Fronts, Spread: c.Spread, Tags: tags, Rules: c.Rules, Groups: c.Groups, Scenarios: c.Scenarios, Seed: seed, Seat: c.Target.Seat,
		Shard: c.Shard, Durations: c.Durations}
	switch {
	case c.Target.Running != nil:
		selection.Fronts = []string{plan.Direct} // a proxy in front of a running server is not the suite's
	case c.Target.Proxy != nil:
		selection.Fronts = c.Target.Proxy.Fronts()
		selection.Behind.Flavour = c.Target.Proxy.Flavour
		if selection.Behind.Server, err = c.Target.Proxy.Configuration(); err != nil {
			return Prepared{}, err
		}
	}
	p, err := plan.Make(documents, selection)
	return Prepared{Plan: p, Catalogue: catalogue, Calls: calls}, err
}

// readFeatures reads the features and resolves their steps. The error contains every mistake once.
func readFeatures(fsys fs.FS) ([]*plan.Document, map[*plan.Scenario][]*vocabulary.Call, error) {
	documents, readErr := plan.Read(fsys)
	set, err := newVocabulary()
	if err != nil {
		return nil, nil, err
	}
	calls, stepErr := resolve(set, documents)
	return documents, calls, once(readErr, stepErr)
}

// once joins errors and leaves out those whose text was there before: the steps of a Background
// belong to several scenarios, and what stands below a step is read twice.
func once(all ...error) error {
	var problems []error
	seen := map[string]bool{}
	for _, err := range all {
		for _, problem := range parts(err) {
			if !seen[problem.Error()] {
				seen[problem.Error()] = true
				problems = append(problems, problem)
			}
		}
	}
	return errors.Join(problems...)
}

// parts returns the errors that were joined to err, at any depth.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, parts(e)...)
	}
	return all
}

// CheckFeatures returns every mistake in the features: in their steps, and definitions and words of
// the vocabulary that no step uses.
func CheckFeatures(fsys fs.FS) error {
	documents, readErr := plan.Read(fsys)
	set, err := newVocabulary()
	if err != nil {
		return err
	}
	_, stepErr := resolve(set, documents)
	return once(readErr, stepErr, set.Unused(), checkOptions(fsys))
}

// checkOptions compares the list of options with the options that a feature may set.
func checkOptions(fsys fs.FS) error {
	listed, err := rules.LoadOptions(fsys)
	if err != nil {
		return err
	}
	var problems []error
	known := plan.OptionNames()
	for _, o := range listed {
		if !slices.Contains(known, o.Name) {
			problems = append(problems, fmt.Errorf("%s:%d: no feature may set %s; add it to the documented options of steps/plan", rules.OptionsFile, o.Line, o.Name))
		}
	}
	for _, name := range known {
		if !slices.ContainsFunc(listed, func(o rules.Option) bool { return o.Name == name }) {
			problems = append(problems, fmt.Errorf("%s: the option %s, which features may set, is missing; add a row", rules.OptionsFile, name))
		}
	}
	return errors.Join(problems...)
}

// checkRules compares the features with the catalogue, and requires that the wanted rules exist.
func checkRules(catalogue *rules.Catalogue, documents []*plan.Document, wanted []string) error {
	var problems []error
	for _, p := range rules.Check(catalogue, Scenarios(documents)) {
		problems = append(problems, errors.New(p.String()))
	}
	for _, id := range wanted {
		if _, ok := catalogue.Rule(id); !ok {
			problems = append(problems, fmt.Errorf("rule %q is not in the catalogue; countersign rules lists it", id))
		}
	}
	return errors.Join(problems...)
}

// resolve resolves the steps of all scenarios.
func resolve(set *vocabulary.Set, documents []*plan.Document) (map[*plan.Scenario][]*vocabulary.Call, error) {
	calls := map[*plan.Scenario][]*vocabulary.Call{}
	var problems []error
	for _, d := range documents {
		for _, s := range d.Scenarios {
			resolved, mistakes := set.Resolve(s)
			problems = append(problems, mistakes...)
			calls[s] = resolved
		}
	}
	return calls, errors.Join(problems...)
}

// Scenarios returns the scenarios of the features in the form that the catalogue is compared
// with.
func Scenarios(documents []*plan.Document) []rules.ScenarioRef {
	var refs []rules.ScenarioRef
	for _, d := range documents {
		for _, s := range d.Scenarios {
			line := s.Line
			if s.Row > 0 {
				line = s.Row
			}
			refs = append(refs, rules.ScenarioRef{Feature: s.Feature, Line: line, Name: s.Name, Tags: s.Tags, Rules: s.Rules})
		}
	}
	return refs
}
