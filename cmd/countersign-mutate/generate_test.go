package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// operators is a package with a place for every operator of the generator. Each line of
// the output depends on the places of one function.
const operators = `package x

import "strings"

func negate(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

func equal(a, b int) bool { return a == b }

func logic(a, b, c bool) bool { return a && b || c }

func broken(a, b bool) bool {
	return a &&
		b
}

func boundary(a, b int) [4]bool { return [4]bool{a < b, a <= b, a > b, a >= b} }

func sign(a, b int) int { return a + b - 2*a }

func text(a, b string) string { return a + b }

func boolean() bool { return true }

func drop(b *strings.Builder) { b.WriteString("kept") }

func loop(n int) (steps int) {
	for steps = 0; steps < n; steps++ {
	}
	return steps
}

func nestedLogic(a, b, c, d int) bool { return (a == b || c < d) && !(a > c && b >= d) }

const limit = 2 + 3

func Print() string {
	var b strings.Builder
	drop(&b)
	out := b.String()
	add := func(s string) { out += "\n" + s }
	add(negate(true))
	add(sprint(equal(1, 1), logic(true, true, false), logic(false, true, true), logic(true, false, false), broken(true, false), boundary(1, 1)))
	add(sprint(sign(5, 7), text("a", "b"), boolean(), loop(limit)))
	for n := range 81 {
		add(sprint(nestedLogic(n%3, n/3%3, n/9%3, n/27)))
	}
	return out
}
`

const operatorsMain = `package x

import "fmt"

func sprint(values ...any) string { return fmt.Sprint(values...) }
`

// TestEveryMutantChangesTheProgram builds the instrumented package once, and runs it
// without a mutant and with each mutant. Mutants of Print, which only calls the others, and
// of never, which is not called, may leave the output unchanged.
func TestEveryMutantChangesTheProgram(t *testing.T) {
	root := checkoutOf(t, map[string]string{
		"reference/internal/x/x.go":       operators,
		"reference/internal/x/sprint.go":  operatorsMain,
		"cmd/countersign-server/main.go":  "package main\n\nimport \"countersign/reference/internal/x\"\n\nfunc main() { print(x.Print()) }\n",
		"reference/internal/ytest/y.go":   "package ytest\n\nfunc F(a, b int) bool { return a == b }\n",
		"reference/internal/x/x_test.go":  "package x\n\nfunc inTest(a, b int) bool { return a == b }\n",
		"reference/internal/x/other.go":   "//go:build plan9\n\npackage x\n\nfunc other(a, b int) bool { return a == b }\n",
		"cmd/countersign/main.go":         "package main\n\nfunc main() {}\n",
		"cmd/countersign-probe/main.go":   "package main\n\nfunc main() {}\n",
		"reference/internal/x/message.go": "package x\n\nfunc never(a bool) {\n\tif a {\n\t\tpanic(\"a\")\n\t}\n}\n",
	})
	// The program must be below reference, because it imports an internal package of
	// reference.
	move(t, root, "cmd/countersign-server", "reference/cmd")
	mutants, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		if strings.Contains(m.File, "test") || strings.Contains(m.File, "other.go") {
			t.Errorf("a mutant is in %s, which is not part of the server here", m.File)
		}
		if strings.Contains(m.ID, ":text:") || strings.Contains(m.Source, "const limit") || m.Operator == opDrop && strings.Contains(m.Source, "panic") {
			t.Errorf("there is a mutant %s of %q, which is a string, a constant or a panic", m.ID, m.Source)
		}
	}
	for _, operator := range []string{opNegate, opEqual, opLogic, opBoundary, opSign, opBoolean, opDrop} {
		if !slices.ContainsFunc(mutants, func(m *mutant) bool { return m.Operator == operator }) {
			t.Errorf("there is no mutant of the operator %s", operator)
		}
	}
	program := buildInstrumented(t, root, mutants)
	want := output(t, program, 0)
	if !strings.HasPrefix(want, "kept\nyes\ntrue true true false false [false true false true]\n2abtrue 5\n") {
		t.Fatalf("without a mutant the instrumented program prints\n%s\nwhich differs from the output of the original", want)
	}
	for _, m := range mutants {
		if got := output(t, program, m.number); got == want && !strings.Contains(m.ID, ":never:") && !strings.Contains(m.ID, ":Print:") {
			t.Errorf("with the mutant %s of %q the program prints the same", m.ID, m.Source)
		}
	}
}

func move(t *testing.T, root, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(root, from), filepath.Join(root, to)); err != nil {
		t.Fatal(err)
	}
}

// buildInstrumented builds the program in reference/cmd with all mutants.
func buildInstrumented(t *testing.T, root string, mutants []*mutant) string {
	t.Helper()
	o, err := instrument(root, mutants)
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	dir := t.TempDir()
	for file, source := range o {
		written := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(written, source, 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, file)] = written
	}
	w := &builder{root: root, dir: dir}
	program := filepath.Join(dir, "program")
	if err := w.goBuild(t.Context(), replace, program, "./reference/cmd"); err != nil {
		t.Fatal(err)
	}
	return program
}

func output(t *testing.T, program string, active int) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), program)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", activeVariable, active))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("with mutant %d: %v\n%s", active, err, out)
	}
	return string(out)
}

func TestIDsStayWhenLinesMove(t *testing.T) {
	ids := func(source string) (all []string) {
		mutants, err := generate(checkoutOf(t, map[string]string{"reference/internal/x/x.go": source}))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mutants {
			all = append(all, m.ID)
		}
		return all
	}
	const source = "package x\n\nfunc F(a, b int) bool { return a == b && a > 1 }\n"
	before, after := ids(source), ids(strings.Replace(source, "package x\n", "// Package x has a comment.\npackage x\n\nvar y = 1\n", 1))
	if want := []string{"x/x.go:F:logic:1", "x/x.go:F:equal:1", "x/x.go:F:boundary:1"}; !slices.Equal(before, want) || !slices.Equal(after, want) {
		t.Errorf("ids are %v, and %v after lines moved; want %v", before, after, want)
	}
}

// TestFuncArgs checks that a mutant which drops a call has the functions among the arguments,
// by the names that their mutants have.
func TestFuncArgs(t *testing.T) {
	mutants, err := generate(checkoutOf(t, map[string]string{
		"reference/internal/x/x.go": "package x\n\nfunc register(string, func() bool) {}\n\nfunc F(s *S) {\n\tregister(\"/a\", s.a)\n\tregister(\"/b\", b)\n\tregister(\"/c\", nil)\n}\n",
		"reference/internal/x/y.go": "package x\n\ntype S struct{}\n\nfunc (s *S) a() bool { return true }\n\nfunc b() bool { return true }\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	functions := map[string]bool{}
	for _, m := range mutants {
		got[m.ID] = m.funcArgs
		functions[m.function] = true
	}
	want := map[string][]string{"x/x.go:F:drop:1": {"x/y.go:S.a"}, "x/x.go:F:drop:2": {"x/y.go:b"}, "x/x.go:F:drop:3": nil, "x/y.go:S.a:boolean:1": nil, "x/y.go:b:boolean:1": nil}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the function arguments are %v, want %v", got, want)
	}
	if !functions["x/y.go:S.a"] || !functions["x/y.go:b"] {
		t.Errorf("the mutants are in the functions %v, want the names of the function arguments among them", functions)
	}
}

func TestSample(t *testing.T) {
	var all []*mutant
	for n := range 100 {
		all = append(all, &mutant{number: n})
	}
	a, b, c := sample(all, 10, 1), sample(all, 10, 1), sample(all, 10, 2)
	if len(a) != 10 || !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Errorf("samples of 10 with the seeds 1, 1 and 2: want the first two equal and the third different")
	}
	if !slices.IsSortedFunc(a, func(x, y *mutant) int { return x.number - y.number }) {
		t.Errorf("the sample is not in the order of the source")
	}
	if got := sample(all, 0, 1); len(got) != 100 {
		t.Errorf("a sample of 0 has %d mutants, want all 100", len(got))
	}
}

func TestDefects(t *testing.T) {
	m := &mutant{ID: "one", File: "reference/internal/x/x.go", Line: 7}
	other := &mutant{ID: "two", File: "reference/internal/x/x.go", Line: 8}
	refused := &buildError{files: map[string]string{"/tmp/a/x.go": m.File}, output: "# countersign/reference/internal/x\n/tmp/a/x.go:7:3: missing return\n"}
	if got := defects(refused, []*mutant{m, other}); len(got) != 1 || got[0].Mutant != m || got[0].Message != "missing return" {
		t.Errorf("defects = %+v, want the mutant on line 7", got)
	}
}
