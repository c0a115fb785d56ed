// Package vocabulary declares what the steps of features mean. A [Definition] has an
// expression in the notation of Cucumber Expressions and a Go function with typed parameters.
// A [Set] resolves each step of a feature to a definition and its arguments before anything
// starts, and reports every mistake with file and line.
//
// An expression consists of words, of alternatives (her/his), of optional text in parentheses
// and of parameters in braces ({person}). A parameter has a type, see [Parameter]. An
// expression that ends with a colon takes what stands below the step: a table or a docstring.
//
// The meaning of a step does not depend on its keyword. An action may follow Given or When, a
// check Given or Then; any other use is an error. The keyword decides only what a violation
// means to the scenario: below Then the server has broken a rule, elsewhere the scenario is
// blocked.
package vocabulary

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// A Definition is one step. Actions and checks are created with [Action] and [Check].
type Definition struct {
	expression string
	check      bool
	tags       []string
	function   reflect.Value

	pattern    *regexp.Regexp
	parameters []*Parameter
	below      *Below
}

// Action declares a step that does something. function is a func(context.Context, S, ...) error
// with the state S of a scenario and one further parameter for each parameter of the
// expression, then one for what stands below the step. Scenarios that use the step need the
// tags, which are given without @.
func Action(expression string, function any, tags ...string) Definition {
	return Definition{expression: expression, function: reflect.ValueOf(function), tags: tags}
}

// Check declares a step that compares what was observed with what a rule requires. The function
// is one as for [Action].
func Check(expression string, function any) Definition {
	return Definition{expression: expression, function: reflect.ValueOf(function), check: true}
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// compile makes the pattern of the definition and checks that the function fits the expression.
// cited matches the rules that a check may name at its end.
func (d *Definition) compile(state reflect.Type, known map[string]*Parameter, below map[reflect.Type]*Below, cited string) error {
	pattern, parameters, err := parse(d.expression, known)
	if err != nil {
		return err
	}
	if d.check {
		pattern += cited
	}
	if d.pattern, err = regexp.Compile("^" + pattern + "$"); err != nil {
		return err
	}
	d.parameters = parameters
	return d.checkFunction(state, below)
}

func (d *Definition) checkFunction(state reflect.Type, below map[reflect.Type]*Below) error {
	if d.function.Kind() != reflect.Func {
		return fmt.Errorf("the definition has no function")
	}
	t := d.function.Type()
	if t.NumIn() < 2 || t.In(0) != contextType || t.In(1) != state || t.NumOut() != 1 || t.Out(0) != errorType || t.IsVariadic() {
		return fmt.Errorf("the function is a %s; want func(context.Context, %s, ...) error", t, state)
	}
	var want []reflect.Type
	for _, p := range d.parameters {
		want = append(want, p.result)
	}
	if strings.HasSuffix(d.expression, ":") {
		if t.NumIn() != len(want)+3 {
			return fmt.Errorf("the function takes %d arguments; want one for each of %d parameters and one for what stands below the step", t.NumIn()-2, len(want))
		}
		last := t.In(t.NumIn() - 1)
		if d.below = below[last]; d.below == nil {
			return fmt.Errorf("nothing that stands below a step is a %s", last)
		}
		want = append(want, last)
	}
	if t.NumIn() != len(want)+2 {
		return fmt.Errorf("the function takes %d arguments; the expression has %d parameters", t.NumIn()-2, len(want))
	}
	for n, w := range want {
		if got := t.In(n + 2); got != w {
			return fmt.Errorf("argument %d of the function is a %s; the expression has a %s", n+1, got, w)
		}
	}
	return nil
}
