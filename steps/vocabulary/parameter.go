package vocabulary

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	messages "github.com/cucumber/messages/go/v21"
)

// A Parameter is a parameter type of expressions. Its text is read when a step is resolved; the
// argument of the function is known then, or looked up in the state of the scenario when the
// step runs.
type Parameter struct {
	name    string
	pattern string // without groups that capture
	result  reflect.Type
	read    func(text string) (argument, error)
	words   []string // of a choice
	makes   string   // the kind of thing that the text names for the first time
	needs   string   // the kind of thing that the text names, which an earlier step has made
}

// An argument gives the value with which a function is called, from the state of a scenario.
type argument func(ctx context.Context, state any) (reflect.Value, error)

// known is the argument for a value that does not depend on the scenario. T may be an interface.
func known[T any](value T) argument {
	v := reflect.ValueOf(&value).Elem()
	return func(context.Context, any) (reflect.Value, error) { return v, nil }
}

// Value returns a parameter type for values that read makes of the matched text.
func Value[T any](name, pattern string, read func(text string) (T, error)) Parameter {
	return Parameter{name: name, pattern: pattern, result: reflect.TypeFor[T](), read: func(text string) (argument, error) {
		value, err := read(text)
		return known(value), err
	}}
}

// Choice returns a parameter type for a fixed set of words, each of which stands for a value.
func Choice[T any](name string, choices map[string]T) Parameter {
	var words []string
	for word := range choices {
		words = append(words, word)
	}
	slices.SortFunc(words, func(a, b string) int { // the longest first, so that no word hides one that begins with it
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	patterns := make([]string, len(words))
	for n, word := range words {
		patterns[n] = regexp.QuoteMeta(word)
	}
	p := Value(name, strings.Join(patterns, "|"), func(word string) (T, error) { return choices[word], nil })
	p.words = words
	return p
}

// quoted is the pattern of a name or a text in quotation marks.
const quoted = `"[^"]+"`

// Object returns a parameter type for a thing that the state S knows by a name in quotation
// marks, or by other words that the pattern allows. find looks the thing up when the step runs.
func Object[S, T any](name, pattern string, find func(ctx context.Context, state S, text string) (T, error)) Parameter {
	if pattern == "" {
		pattern = quoted
	}
	return Parameter{name: name, pattern: pattern, result: reflect.TypeFor[T](), read: func(text string) (argument, error) {
		return func(ctx context.Context, state any) (reflect.Value, error) {
			value, err := find(ctx, state.(S), strings.Trim(text, `"`))
			return reflect.ValueOf(&value).Elem(), err
		}, nil
	}}
}

// Made returns a copy of an object's parameter type. A step may use it only for a thing of a
// kind that a step before it has named with a parameter type of [NewName].
func Made(p Parameter, kind string) Parameter {
	p.needs = kind
	return p
}

// NewName returns a parameter type for the name, in quotation marks, of a thing of a kind that
// the step makes. T is a string type.
func NewName[T ~string](name, kind string) Parameter {
	p := Value(name, quoted, func(text string) (T, error) { return T(strings.Trim(text, `"`)), nil })
	p.makes = kind
	return p
}

// String returns the parameter type of any text in quotation marks.
func String() Parameter {
	return Value("string", `"[^"]*"`, func(text string) (string, error) { return text[1 : len(text)-1], nil })
}

// Int returns the parameter type of a number without a sign.
func Int() Parameter { return Value("int", `\d+`, strconv.Atoi) }

// A Below is a kind of argument that stands below a step.
type Below struct {
	result reflect.Type
	read   func(below *messages.PickleStepArgument) (argument, error)
}

// BelowStep returns the kind of argument that read makes of a table or a docstring. below is nil
// if nothing stands below the step.
func BelowStep[T any](read func(below *messages.PickleStepArgument) (T, error)) Below {
	return Below{result: reflect.TypeFor[T](), read: func(below *messages.PickleStepArgument) (argument, error) {
		if below == nil {
			return nil, fmt.Errorf("nothing stands below the step")
		}
		value, err := read(below)
		return known(value), err
	}}
}
