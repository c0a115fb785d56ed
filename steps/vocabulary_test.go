package steps

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"countersign/features"
	"countersign/steps/plan"
)

// TestVocabularyFitsTheFeatures requires that each step of the features has one definition, and that
// each definition and each word of a choice is used.
func TestVocabularyFitsTheFeatures(t *testing.T) {
	t.Parallel()
	if err := CheckFeatures(features.FS()); err != nil {
		t.Error(err)
	}
}

// TestMistakesAreReportedAtOnce checks that one error has each mistake of the features once, with file
// and line.
func TestMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	const feature = `Feature: A
  Background:
    Given a server configured with:
      | ProxyAuth.UsernameHeadr | X-User |
      | ProxyAuth.LoginUrl   | /      |
    And "alice" signs inn

  @PA-003
  Scenario Outline: One
    When "alice" visits "app"
    Then "alice" is signed in

    Examples:
      | unused |
      | 1      |
      | 2      |
`
	_, _, err := readFeatures(fstest.MapFS{"room/a.feature": {Data: []byte(feature)}})
	if err == nil {
		t.Fatal("there is no error")
	}
	want := []string{
		`room/a.feature:14: the column "unused"`,
		`room/a.feature:3: "a server configured with:": the documents have no option "ProxyAuth.UsernameHeadr"; did you mean "ProxyAuth.UsernameHeader"?; the documents have no option "ProxyAuth.LoginUrl"; did you mean "ProxyAuth.LoginURL"?`,
		`room/a.feature:6: "\"alice\" signs inn": no step is defined so; the nearest is "{person} signs in( again)"`,
		`room/a.feature:10: "\"alice\" visits \"app\"": no step before it makes the content "app"`,
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Errorf("%d mistakes, want %d:\n%s", len(got), len(want), err)
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, w) }) {
			t.Errorf("no mistake begins with %s:\n%s", w, err)
		}
	}
}

// TestStepsThatNeedATag checks that a step which disturbs other scenarios is refused without the tag
// that keeps them apart.
func TestStepsThatNeedATag(t *testing.T) {
	t.Parallel()
	const feature = "Feature: A\n\n  %s\n  Scenario: One\n    When %s:\n      | Authentication.Provider | proxy |\n    Then the server starts\n"
	for _, c := range []struct{ tags, step, problem string }{
		{"@PA-003", "a server is started with", "the step needs the tag @direct"},
		{"@PA-003 @direct", "a server is started with", ""},
		{"@PA-003 @direct", "the server is restarted with", "the step needs the tag @alone"},
		{"@PA-003 @alone", "the server is restarted with", ""},
	} {
		documents, err := plan.Read(fstest.MapFS{"room/a.feature": {Data: fmt.Appendf(nil, feature, c.tags, c.step)}})
		if err != nil {
			t.Fatal(err)
		}
		set, err := newVocabulary()
		if err != nil {
			t.Fatal(err)
		}
		_, err = resolve(set, documents)
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s, %s: %v, want %q", c.tags, c.step, err, c.problem)
		}
	}
}

// TestDefinitionsUseTheirArguments requires that the function of each definition uses each argument
// that its step captures: a word that changes nothing misleads the readers of a feature.
func TestDefinitionsUseTheirArguments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	functions := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isDefinition(call) {
				return true
			}
			functions++
			for _, unused := range unusedArguments(call.Args[1].(*ast.FuncLit)) {
				t.Errorf("%s: the step %s does not use its argument %s", name, stepText(call.Args[0]), unused)
			}
			return true
		})
	}
	if functions < 100 {
		t.Errorf("%d definitions were found; want all of them", functions)
	}
}

func stepText(e ast.Expr) string {
	if literal, ok := e.(*ast.BasicLit); ok {
		return literal.Value
	}
	return "with a named expression"
}

func isDefinition(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) < 2 {
		return false
	}
	_, literal := call.Args[1].(*ast.FuncLit)
	return literal && (f.Sel.Name == "Action" || f.Sel.Name == "Check")
}

// unusedArguments returns the arguments of a step's function, behind the context and the state,
// that its body does not mention. The configuration of a scenario is one that the planner uses.
func unusedArguments(f *ast.FuncLit) []string {
	mentioned := map[string]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			mentioned[id.Name] = true
		}
		return true
	})
	var unused []string
	place := 0
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			if place >= 2 && !mentioned[name.Name] {
				unused = append(unused, name.Name)
			}
			place++
		}
	}
	return unused
}

func TestUnusedArguments(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`func(ctx C, s *S, p *P, name string) error { return p.Do(ctx, name) }`: "",
		`func(ctx C, _ *S, p *P, name string) error { return p.Do(ctx) }`:       "name",
		`func(_ C, _ *S, _ *P, a, b string) error { return use(b) }`:            "_,a",
	} {
		expression, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(unusedArguments(expression.(*ast.FuncLit)), ","); got != want {
			t.Errorf("%s: unused %q, want %q", source, got, want)
		}
	}
}
