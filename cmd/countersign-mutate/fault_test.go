package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkoutOf creates a checkout with the given files.
func checkoutOf(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	base := map[string]string{
		"go.mod": "module countersign\n\ngo 1.26\n",
		catalogueFile: "id\trole\tlevel\tbasis\tstatement\tstate\n" +
			"PA-001\tserver\tmust\ttext\tOne.\tdone\n" +
			"PA-002\tserver\tmust\ttext\tTwo.\topen: later\n" +
			"PA-003\tproxy\tmust\ttext\tThree.\tdone\n" +
			"PA-004\tserver\tmust\treading\tFour.\tdone\n",
		"reference/internal/x/x.go": "package x\n\n// F is a function.\nfunc F(a int) bool {\n\tif a > 3 {\n\t\treturn true\n\t}\n\treturn false\n}\n\nvar table = []string{\"one\", \"two\"}\n\nfunc G() { F(1) }\n",
	}
	for name, text := range files {
		base[name] = text
	}
	for name, text := range base {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const goodFault = `- name: off-by-one
  mistake: The vendor excludes the limit.
  rules: [PA-001]
  file: reference/internal/x/x.go
  replace: a > 3
  with: a > 4
`

func TestLoadFaults(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(goodFault, old, new, 1) }
	for _, test := range []struct {
		name, file string
		want       []string // parts of the error; empty for no error
	}{
		{"good", goodFault, nil},
		{"unknown member", change("mistake:", "mistaken:"), []string{"reference/faults/x.yaml", "mistaken"}},
		{"no list", "name: off-by-one\n", []string{"reference/faults/x.yaml"}},
		{"two documents", goodFault + "---\n" + goodFault, []string{"reference/faults/x.yaml", "one document"}},
		{"name with blanks", change("off-by-one", "off by one"), []string{"reference/faults/x.yaml:1", "lower case"}},
		{"name twice", goodFault + goodFault, []string{"reference/faults/x.yaml:7", "used by reference/faults/x.yaml:1"}},
		{"no mistake", change("The vendor excludes the limit.", `""`), []string{"mistake"}},
		{"no rules", change("[PA-001]", "[]"), []string{"rules"}},
		{"unknown rule", change("PA-001", "PA-999"), []string{"x.yaml:1", "PA-999 is not in features/rules.tsv"}},
		{"open rule", change("PA-001", "PA-002"), []string{"PA-002 has no scenario yet"}},
		{"rule twice", change("PA-001", "PA-001, PA-001"), []string{"listed twice"}},
		{"outside reference", change("reference/internal/x/x.go", "steps/steps.go"), []string{"not a source file below reference/"}},
		{"path that climbs", change("reference/internal/x/x.go", "reference/../steps/steps.go"), []string{"not a source file below reference/"}},
		{"no such file", change("x/x.go", "x/y.go"), []string{"reference/internal/x/y.go does not exist"}},
		{"stale", change("a > 3", "a > 5"), []string{"x.yaml:1", `"off-by-one"`, "does not occur", "stale"}},
		{"text twice", change("a > 3", "return"), []string{"occurs 2 times"}},
		{"no change", change("a > 4", "a > 3"), []string{"the replacement equals the text in replace"}},
		{"no text", change("a > 3", `""`), []string{"the text is empty"}},
		{"all at once", change("PA-001", "PA-999") + change("off-by-one", "Off"), []string{"PA-999", "lower case"}},
		{"no fault", "[]\n", []string{"contains no fault"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := checkoutOf(t, map[string]string{"reference/faults/x.yaml": test.file})
			catalogue, err := loadCatalogue(root)
			if err != nil {
				t.Fatal(err)
			}
			faults, err := loadFaults(root, catalogue)
			if len(test.want) == 0 {
				if err != nil || len(faults) != 1 || faults[0].place != "reference/faults/x.yaml:1" {
					t.Fatalf("loadFaults = %+v, %v; want one fault", faults, err)
				}
				return
			}
			if err == nil {
				t.Fatalf("loadFaults reports no error, want one with %q", test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is\n%v\nand does not contain %q", err, want)
				}
			}
		})
	}
}

func TestRulesWithoutFault(t *testing.T) {
	root := checkoutOf(t, nil)
	c, err := loadCatalogue(root)
	if err != nil {
		t.Fatal(err)
	}
	if got := withoutFault(c, nil); len(got) != 1 || got[0] != "PA-001" {
		t.Errorf("withoutFault(no fault) = %v, want PA-001: the others have no scenario, are about the proxy, or are advice", got)
	}
	if got := withoutFault(c, []Fault{{Rules: []string{"PA-001"}}}); len(got) != 0 {
		t.Errorf("withoutFault(a fault for PA-001) = %v, want none", got)
	}
}

func TestCombine(t *testing.T) {
	const file = "reference/internal/x/x.go"
	root := checkoutOf(t, nil)
	faults := []Fault{
		{Name: "limit", File: file, Replace: "a > 3", With: "a > 4"},
		{Name: "always", File: file, Replace: "return false", With: "return true"},
		{Name: "table", File: file, Replace: `"two"`, With: `"three"`},
		{Name: "no-call", File: file, Replace: "F(1)", With: "return"},
		{Name: "signature", File: file, Replace: "F(a int)", With: "F(a int64)"},
		{Name: "comment", File: file, Replace: "// F is a function.", With: "// F is no function."},
	}
	o, separate, err := combine(root, faults, 10)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 4, 5}; len(separate) != len(want) || separate[0] != 2 || separate[1] != 4 || separate[2] != 5 {
		t.Errorf("faults with a build of their own: %v, want %v", separate, want)
	}
	source := string(o[file])
	for _, want := range []string{"On(10)", "a > 4", "On(11)", "On(13)"} {
		if !strings.Contains(source, want) {
			t.Errorf("the combined source has no %q:\n%s", want, source)
		}
	}
	if strings.Contains(source, "On(12)") || strings.Contains(source, `"three"`) {
		t.Errorf("the combined source holds a fault that changes a table:\n%s", source)
	}
	if _, _, err := combine(root, []Fault{{Name: "broken", File: file, Replace: "a > 3 {", With: "a > 3"}}, 1); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("combine of a fault that is not valid Go source: %v, want an error that names it", err)
	}
}

// TestFaultThatDoesNotCompile checks that the error names the fault to which the compiler's
// message refers, and no other fault in the same function.
func TestFaultThatDoesNotCompile(t *testing.T) {
	const file = "reference/internal/x/x.go"
	root := checkoutOf(t, map[string]string{
		"reference/reference.go":         "package reference\n\nimport \"countersign/reference/internal/x\"\n\nvar F = x.F\n",
		"cmd/countersign-server/main.go": "package main\n\nimport \"countersign/reference\"\n\nfunc main() { reference.F(1) }\n",
	})
	good := Fault{Name: "good", File: file, Replace: "a > 3", With: "a > 4", place: "x.yaml:1"}
	bad := Fault{Name: "bad", File: file, Replace: "a > 3", With: "unknown > 3", place: "x.yaml:7"}
	also := Fault{Name: "also-good", File: file, Replace: "F(1)", With: "F(2)", place: "x.yaml:13"}
	build := func(faults ...Fault) error {
		s := &faultSession{session: &session{builder: &builder{root: root, dir: t.TempDir()}, out: io.Discard}, faults: faults}
		if err := os.MkdirAll(filepath.Join(s.builder.dir, "suite"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, program := range []string{"countersign", "countersign-probe"} {
			if err := os.WriteFile(filepath.Join(s.builder.dir, "suite", program), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return s.build(t.Context())
	}
	if err := build(good, also); err != nil {
		t.Fatalf("build of faults that compile: %v", err)
	}
	err := build(good, bad, also)
	var exit *exitError
	if !errors.As(err, &exit) || exit.code != exitNotStarted {
		t.Fatalf("build of a fault that does not compile: %v, want an error with exit code %d", err, exitNotStarted)
	}
	if text := err.Error(); !strings.Contains(text, `x.yaml:7: fault "bad" does not compile: undefined: unknown`) || strings.Contains(text, "good") {
		t.Errorf("the error is %q, want one about the fault bad alone", text)
	}
}

// TestBlockedRules checks that a blocked scenario counts as failed if the fault has blocks.
func TestBlockedRules(t *testing.T) {
	blocked := suiteResult{ID: "one", Outcome: "blocked", BySubject: true, Rules: []string{"PA-001"}}
	passed := suiteResult{ID: "two", Outcome: "pass", Rules: []string{"PA-001"}}
	for _, test := range []struct {
		name    string
		blocks  bool
		results []suiteResult
		noticed bool
	}{
		{"blocked, and blocks is true", true, []suiteResult{blocked}, true},
		{"blocked, and blocks is false", false, []suiteResult{blocked}, false},
		{"one scenario blocked and one passed", true, []suiteResult{blocked, passed}, false},
		{"passed", true, []suiteResult{passed}, false},
	} {
		r := faultResult{Rules: []string{"PA-001"}, Blocks: test.blocks, Noticed: map[string][]string{}}
		r.fill(&suiteReport{Results: test.results})
		if r.noticed() != test.noticed {
			t.Errorf("%s: noticed is %v, want %v", test.name, r.noticed(), test.noticed)
		}
	}
}
