package vocabulary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"countersign/steps/plan"
	"countersign/steps/rules"
)

// cited matches the rules that a check may name at its end: " (PA-001, PA-002)".
const cited = `(?: \((` + rules.IDPattern + `(?:, ` + rules.IDPattern + `)*)\))?`

// A Set is the vocabulary of all features.
type Set struct {
	definitions []*Definition
	found       map[string][]*Definition // by the text of a step
	used        map[string]bool          // expressions, and words of parameter types
}

// NewSet returns the vocabulary of definitions that work on the state S. The error names each
// definition that does not fit its function, each expression that exists twice and each
// parameter type that no expression uses.
func NewSet[S any](parameters []Parameter, below []Below, definitions ...[]Definition) (*Set, error) {
	byName, used, byType := map[string]*Parameter{}, map[string]bool{}, map[reflect.Type]*Below{}
	for n := range parameters {
		byName[parameters[n].name] = &parameters[n]
	}
	for n := range below {
		byType[below[n].result] = &below[n]
	}
	s := &Set{found: map[string][]*Definition{}, used: map[string]bool{}}
	var problems []error
	seen := map[string]bool{}
	for _, d := range slices.Concat(definitions...) {
		if err := d.compile(reflect.TypeFor[S](), byName, byType, cited); err != nil {
			problems = append(problems, fmt.Errorf("step %q: %w", d.expression, err))
		}
		if seen[d.expression] {
			problems = append(problems, fmt.Errorf("step %q is defined twice", d.expression))
		}
		seen[d.expression] = true
		for _, p := range d.parameters {
			used[p.name] = true
		}
		s.definitions = append(s.definitions, &d)
	}
	for _, p := range parameters {
		if !used[p.name] {
			problems = append(problems, fmt.Errorf("no step uses the parameter type {%s}", p.name))
		}
	}
	return s, errors.Join(problems...)
}

// Unused returns an error for each definition, and for each word of a choice, that no resolved step
// has used.
func (s *Set) Unused() error {
	var problems []error
	for _, d := range s.definitions {
		if !s.used[d.expression] {
			problems = append(problems, fmt.Errorf("no feature uses the step %q", d.expression))
		}
		for _, p := range d.parameters {
			for _, word := range p.words {
				if !s.used[p.use(word)] {
					problems = append(problems, fmt.Errorf("no feature uses the word %q of the parameter type {%s}", word, p.name))
					s.used[p.use(word)] = true // once
				}
			}
		}
	}
	return errors.Join(problems...)
}

// use is the key of a word of a parameter type among what is used.
func (p *Parameter) use(word string) string { return "{" + p.name + "} " + word }

// A Call is a step of a scenario with its definition and arguments.
type Call struct {
	Text    string
	Keyword plan.Keyword
	Line    int      // in the feature
	Rules   []string // that the step checks, where it follows Then

	definition *Definition
	arguments  []argument
}

// Run calls the function of the definition with the state of a scenario.
func (c *Call) Run(ctx context.Context, state any) error {
	in := []reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(state)}
	for _, a := range c.arguments {
		value, err := a(ctx, state)
		if err != nil {
			return err
		}
		in = append(in, value)
	}
	err, _ := c.definition.function.Call(in)[0].Interface().(error)
	return err
}

// Resolve resolves the steps of a scenario. It returns all mistakes, each with file and line.
func (s *Set) Resolve(scenario *plan.Scenario) ([]*Call, []error) {
	var (
		calls    []*Call
		problems []error
	)
	made := map[string]bool{} // kind and name
	named := map[string]bool{}
	for _, step := range scenario.Steps {
		call, err := s.resolve(scenario, step, made)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %q: %w", scenario.Feature, step.Line, step.Text, err))
			continue
		}
		for _, id := range call.Rules {
			named[id] = true
		}
		calls = append(calls, call)
	}
	for _, id := range scenario.Rules {
		if !named[id] && len(problems) == 0 {
			problems = append(problems, fmt.Errorf("%s: no check names the rule %s, which the scenario cites", scenario.ID(), id))
		}
	}
	return calls, problems
}

func (s *Set) resolve(scenario *plan.Scenario, step plan.Step, made map[string]bool) (*Call, error) {
	d, err := s.find(step.Text)
	if err != nil {
		return nil, err
	}
	s.used[d.expression] = true
	call := &Call{Text: step.Text, Keyword: step.Keyword, Line: step.Line, definition: d}
	for _, tag := range d.tags {
		if !scenario.Has(tag) {
			return nil, fmt.Errorf("the step needs the tag @%s", tag)
		}
	}
	groups := d.pattern.FindStringSubmatch(step.Text)[1:]
	for n, p := range d.parameters {
		if err := p.follow(groups[n], made); err != nil {
			return nil, err
		}
		s.used[p.use(groups[n])] = true
		a, err := p.read(groups[n])
		if err != nil {
			return nil, fmt.Errorf("{%s}: %w", p.name, err)
		}
		call.arguments = append(call.arguments, a)
	}
	if err := call.readBelow(step); err != nil {
		return nil, err
	}
	switch {
	case d.check && step.Keyword == plan.When:
		return nil, errors.New("the step checks something; write it after Given or Then")
	case !d.check && step.Keyword == plan.Then:
		return nil, errors.New("the step does something; write it after Given or When")
	case step.Keyword == plan.Then:
		call.Rules, err = checkedRules(groups[len(groups)-1], scenario.Rules)
	}
	return call, err
}

func (c *Call) readBelow(step plan.Step) error {
	below := c.definition.below
	if below == nil {
		if step.Argument != nil {
			return errors.New("the step takes no table and no docstring")
		}
		return nil
	}
	a, err := below.read(step.Argument)
	if err != nil {
		return err
	}
	c.arguments = append(c.arguments, a)
	return nil
}

// follow records a thing that a step makes, and returns an error for one that no step before it
// has made.
func (p *Parameter) follow(text string, made map[string]bool) error {
	if p.makes != "" {
		made[p.makes+" "+text] = true
	}
	if p.needs != "" && strings.HasPrefix(text, `"`) && !made[p.needs+" "+text] {
		return fmt.Errorf("no step before it makes the %s %s", p.needs, text)
	}
	return nil
}

// find returns the one definition that matches the text of a step.
func (s *Set) find(text string) (*Definition, error) {
	matches, ok := s.found[text]
	if !ok {
		for _, d := range s.definitions {
			if d.pattern.MatchString(text) {
				matches = append(matches, d)
			}
		}
		s.found[text] = matches
	}
	switch len(matches) {
	case 0:
		return nil, fmt.Errorf("no step is defined so; the nearest is %q", s.nearest(text))
	case 1:
		return matches[0], nil
	}
	var expressions []string
	for _, d := range matches {
		expressions = append(expressions, d.expression)
	}
	return nil, fmt.Errorf("the step is ambiguous; it matches %q", expressions)
}

// nearest returns the expression that needs the fewest changes to become the text, apart from texts
// in quotation marks, parameters and optional text.
func (s *Set) nearest(text string) string {
	plain := func(text string) string { return optional.ReplaceAllString(variable.ReplaceAllString(text, "_"), "") }
	edits := func(d *Definition) int { return levenshtein.Distance(plain(text), plain(d.expression), nil) }
	return slices.MinFunc(s.definitions, func(a, b *Definition) int { return cmp.Compare(edits(a), edits(b)) }).expression
}

// variable matches a text in quotation marks, and a parameter; optional matches optional text.
var (
	variable = regexp.MustCompile(`"[^"]*"|\{[^}]*\}`)
	optional = regexp.MustCompile(`\([^)]*\)`)
)

// checkedRules returns the rules that a check below Then checks: those it names, else the only
// one that the scenario cites.
func checkedRules(named string, cited []string) ([]string, error) {
	if named == "" && len(cited) == 1 {
		return cited, nil
	}
	if named == "" {
		return nil, fmt.Errorf("the step names no rule, and the scenario cites %s; write the rules that it checks in parentheses at its end", strings.Join(cited, ", "))
	}
	ids := strings.Split(named, ", ")
	for _, id := range ids {
		if !slices.Contains(cited, id) {
			return nil, fmt.Errorf("the step names %s, which the scenario does not cite", id)
		}
	}
	return ids, nil
}
