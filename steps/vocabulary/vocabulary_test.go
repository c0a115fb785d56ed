package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v21"

	"countersign/steps/plan"
)

// A state is that of the scenarios in these tests. It records what steps do.
type state struct{ done []string }

type thing struct{ name string }

var testParameters = []Parameter{
	String(), Int(),
	Choice("colour", map[string]int{"red": 1, "red and blue": 2}),
	Made(Object("thing", "", func(_ context.Context, s *state, name string) (*thing, error) {
		if name == "lost" {
			return nil, errors.New("the thing is lost")
		}
		return &thing{name}, nil
	}), "thing"),
	NewName[string]("new thing", "thing"),
}

var testBelow = []Below{BelowStep(func(below *messages.PickleStepArgument) ([]string, error) {
	if below.DataTable == nil {
		return nil, errors.New("want a table")
	}
	var cells []string
	for _, row := range below.DataTable.Rows {
		cells = append(cells, row.Cells[0].Value)
	}
	return cells, nil
})}

func record(format string, s *state, args ...any) error {
	s.done = append(s.done, fmt.Sprintf(format, args...))
	return nil
}

// vocabularyOf returns the vocabulary of definitions, which must be correct.
func vocabularyOf(t *testing.T, definitions ...Definition) *Set {
	t.Helper()
	all := append([]Definition{
		Action(`a thing {new thing}`, func(_ context.Context, s *state, name string) error { return record("make %s", s, name) }),
		Action(`{thing} is painted {colour}`, func(_ context.Context, s *state, t *thing, c int) error { return record("paint %s %d", s, t.name, c) }),
		Action(`she/he waits( again) {int} s`, func(_ context.Context, s *state, n int) error { return record("wait %d", s, n) }, "slow"),
		Action(`a list {string}:`, func(_ context.Context, s *state, name string, cells []string) error {
			return record("%s: %s", s, name, strings.Join(cells, ","))
		}),
		Check(`{thing} is dry`, func(_ context.Context, s *state, t *thing) error { return record("check %s", s, t.name) }),
	}, definitions...)
	set, err := NewSet[*state](testParameters, testBelow, all)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func table(cells ...string) *messages.PickleStepArgument {
	rows := &messages.PickleTable{}
	for _, cell := range cells {
		rows.Rows = append(rows.Rows, &messages.PickleTableRow{Cells: []*messages.PickleTableCell{{Value: cell}}})
	}
	return &messages.PickleStepArgument{DataTable: rows}
}

func TestStepsAreCalledWithTheirArguments(t *testing.T) {
	t.Parallel()
	set := vocabularyOf(t)
	calls, mistakes := set.Resolve(&plan.Scenario{Feature: "a.feature", Tags: []string{"@slow"}, Rules: []string{"PA-001", "PA-002"}, Steps: []plan.Step{
		{Keyword: plan.Given, Text: `a thing "box"`},
		{Keyword: plan.Given, Text: `a list "colours":`, Argument: table("red", "blue")},
		{Keyword: plan.When, Text: `"box" is painted red and blue`},
		{Keyword: plan.When, Text: `he waits again 3 s`},
		{Keyword: plan.Then, Text: `"box" is dry (PA-001, PA-002)`},
		{Keyword: plan.Given, Text: `"box" is dry`},
	}})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	s := &state{}
	for _, call := range calls {
		if err := call.Run(t.Context(), s); err != nil {
			t.Errorf("%s: %v", call.Text, err)
		}
	}
	want := "make box; colours: red,blue; paint box 2; wait 3; check box; check box"
	if got := strings.Join(s.done, "; "); got != want {
		t.Errorf("the steps did %q, want %q", got, want)
	}
	if got := strings.Join(calls[4].Rules, " "); got != "PA-001 PA-002" || calls[5].Rules != nil {
		t.Errorf("the checks name %q and %q, want PA-001 PA-002 below Then and none elsewhere", got, calls[5].Rules)
	}
}

func TestAnObjectThatIsNotFoundEndsTheStep(t *testing.T) {
	t.Parallel()
	set := vocabularyOf(t)
	calls, mistakes := set.Resolve(&plan.Scenario{Steps: []plan.Step{{Text: `a thing "lost"`}, {Text: `"lost" is painted red`}}})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	s := &state{}
	if err := calls[1].Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "lost") || len(s.done) > 0 {
		t.Errorf("the step did %q and returned %v, want the error of the object", s.done, err)
	}
}

// TestMistakesInFeatures checks the message for each kind of mistake.
func TestMistakesInFeatures(t *testing.T) {
	t.Parallel()
	set := vocabularyOf(t,
		Action(`"box" is painted {string}`, func(_ context.Context, s *state, colour string) error { return record("%s", s, colour) }),
		Action(`"box" is painted "{colour}"`, func(_ context.Context, s *state, colour int) error { return record("%d", s, colour) }),
	)
	box := plan.Step{Text: `a thing "box"`}
	tests := []struct {
		name string
		step plan.Step
		want string
	}{
		{"unknown", plan.Step{Text: `a thng "box"`}, `the nearest is "a thing {new thing}"`},
		{"an unknown word", plan.Step{Text: `"box" is painted green`}, "no step is defined so"},
		{"ambiguous", plan.Step{Text: `"box" is painted "red"`}, "ambiguous"},
		{"a thing that no step makes", plan.Step{Text: `"bag" is painted red`}, `no step before it makes the thing "bag"`},
		{"an action below Then", plan.Step{Keyword: plan.Then, Text: `"box" is painted red`}, "write it after Given or When"},
		{"a check below When", plan.Step{Keyword: plan.When, Text: `"box" is dry`}, "write it after Given or Then"},
		{"a table that is not wanted", plan.Step{Text: `"box" is painted red`, Argument: table("x")}, "no table"},
		{"a table that is missing", plan.Step{Text: `a list "x":`}, "nothing stands below"},
		{"a docstring in place of a table", plan.Step{Text: `a list "x":`, Argument: &messages.PickleStepArgument{DocString: &messages.PickleDocString{}}}, "want a table"},
		{"a tag that is missing", plan.Step{Text: `she waits 3 s`}, "@slow"},
		{"a rule that is not cited", plan.Step{Keyword: plan.Then, Text: `"box" is dry (PA-009)`}, "PA-009, which the scenario does not cite"},
		{"no rule of several", plan.Step{Keyword: plan.Then, Text: `"box" is dry`}, "the scenario cites PA-001, PA-002"},
	}
	for _, tt := range tests {
		tt.step.Line = 7
		_, mistakes := set.Resolve(&plan.Scenario{Feature: "a.feature", Rules: []string{"PA-001", "PA-002"}, Steps: []plan.Step{box, tt.step}})
		if len(mistakes) != 1 || !strings.Contains(mistakes[0].Error(), tt.want) || !strings.HasPrefix(mistakes[0].Error(), `a.feature:7: "`) {
			t.Errorf("%s: %v, want one mistake at a.feature:7 that says %q", tt.name, mistakes, tt.want)
		}
	}
}

func TestACitedRuleNeedsACheck(t *testing.T) {
	t.Parallel()
	scenario := &plan.Scenario{Feature: "a.feature", Line: 3, Rules: []string{"PA-001", "PA-002"}, Steps: []plan.Step{
		{Text: `a thing "box"`}, {Keyword: plan.Then, Text: `"box" is dry (PA-001)`},
	}}
	_, mistakes := vocabularyOf(t).Resolve(scenario)
	if len(mistakes) != 1 || !strings.Contains(mistakes[0].Error(), "no check names the rule PA-002") {
		t.Errorf("%v, want one mistake about PA-002", mistakes)
	}
}

// TestMistakesInDefinitions checks the message for each kind of mistake.
func TestMistakesInDefinitions(t *testing.T) {
	t.Parallel()
	fits := func(context.Context, *state) error { return nil }
	tests := []struct {
		name        string
		definitions []Definition
		want        string
	}{
		{"no function", []Definition{Action(`a`, 3)}, "no function"},
		{"another state", []Definition{Action(`a`, func(context.Context, *thing) error { return nil })}, "want func(context.Context, *vocabulary.state, ...) error"},
		{"no error", []Definition{Action(`a`, func(context.Context, *state) {})}, "want func"},
		{"an argument too few", []Definition{Action(`a {int}`, fits)}, "takes 0 arguments; the expression has 1"},
		{"an argument of another type", []Definition{Action(`a {int}`, func(context.Context, *state, string) error { return nil })}, "argument 1 of the function is a string; the expression has a int"},
		{"nothing for a table", []Definition{Action(`a:`, fits)}, "one for what stands below"},
		{"a table of another type", []Definition{Action(`a:`, func(context.Context, *state, int) error { return nil })}, "nothing that stands below a step is a int"},
		{"an unknown parameter type", []Definition{Action(`a {shape}`, fits)}, "no parameter type {shape}"},
		{"optional text with a parameter", []Definition{Action(`a( {int})`, fits)}, "plain text"},
		{"an expression twice", []Definition{Action(`a`, fits), Check(`a`, fits)}, "defined twice"},
	}
	for _, tt := range tests {
		_, err := NewSet[*state](testParameters, testBelow, tt.definitions)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error that says %q", tt.name, err, tt.want)
		}
	}
	if _, err := NewSet[*state](testParameters, nil, []Definition{Action(`a {int}`, func(context.Context, *state, int) error { return nil })}); err == nil || !strings.Contains(err.Error(), "no step uses the parameter type {colour}") {
		t.Errorf("a parameter type without a use: %v", err)
	}
}
