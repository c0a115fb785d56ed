package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The two tables below are the import rules of this project. Do not change them to make a build
// pass: to widen them is a change of design, which doc.go and the README's map have to state as
// well.

const module = "countersign"

// An importRule lists the packages that the files in a folder may import. If several rules
// match, the rule with the longest folder applies.
type importRule struct {
	folder string
	// may lists the packages of this module that may be imported, without the name of
	// the module: "steps" is the package alone, "steps/..." also those below it.
	may []string
	// standardOnly forbids other modules outside test files.
	standardOnly bool
	// not lists packages that are forbidden outside test files, such as packages for I/O.
	not []string
}

var importRules = []importRule{
	{folder: "cmd"},
	{folder: "cmd/countersign", may: []string{"steps/...", "features", "fakeidp/...", "proxies/..."}},
	{folder: "cmd/countersign-server", may: []string{"reference"}},
	{folder: "cmd/countersign-probe", may: []string{"steps/probe"}, standardOnly: true},
	{folder: "cmd/countersign-mutate", may: []string{"proxies/process"}},
	{folder: "features"},
	{folder: "steps", may: []string{"features", "steps/...", "fakeidp/control"}},
	{folder: "steps/vocabulary", may: []string{"steps/plan", "steps/rules"}},
	{folder: "steps/check", may: []string{"steps/arrival", "steps/driver", "steps/plan", "steps/probe", "steps/transcript", "steps/verdict", "fakeidp/control"}, not: []string{"net", "os", "context"}},
	{folder: "steps/scenario", may: []string{"steps/arrival", "steps/check", "steps/driver", "steps/instance", "steps/plan", "steps/probe", "steps/target", "steps/transcript", "steps/verdict", "fakeidp/control"}},
	{folder: "steps/runner", may: []string{"steps/arrival", "steps/check", "steps/driver", "steps/equipment", "steps/instance", "steps/plan", "steps/report", "steps/rules", "steps/scenario", "steps/target", "steps/transcript", "steps/verdict", "steps/vocabulary"}},
	{folder: "steps/instance", may: []string{"steps/arrival", "steps/driver", "steps/equipment", "steps/plan", "steps/target", "steps/transcript", "steps/verdict"}},
	{folder: "steps/equipment", may: []string{"steps/arrival", "steps/plan", "fakeidp/control"}},
	{folder: "steps/driver", may: []string{"steps/plan", "steps/probe", "steps/transcript"}},
	{folder: "steps/probe", standardOnly: true},
	{folder: "steps/arrival", standardOnly: true, not: []string{"net", "net/http", "os"}},
	{folder: "reference", may: []string{"reference/..."}},
	{folder: "reference/internal/proxyauth", standardOnly: true, not: []string{"net", "os", "database/sql"}},
	{folder: "reference/internal/account", may: []string{"reference/internal/account/...", "reference/internal/proxyauth", "reference/internal/dberr"}, not: []string{"net", "net/http", "os", "database/sql"}},
	{folder: "reference/internal/dberr", standardOnly: true, not: []string{"net", "os", "database/sql"}},
	{folder: "reference/internal/framing", standardOnly: true, not: []string{"os", "database/sql"}},
	{folder: "reference/internal/signature", standardOnly: true, not: []string{"net", "os", "database/sql"}},
	{folder: "reference/internal/content/execution", may: []string{"reference/internal/content/contenttest", "reference/internal/account/secrets", "reference/internal/dberr"}, not: []string{"database/sql"}},
	{folder: "fakeidp", may: []string{"fakeidp/..."}},
	{folder: "fakeidp/control"},
	{folder: "proxies", may: []string{"proxies/..."}},
	{folder: "proxies/process"},
}

// A ban forbids a package among the dependencies of other packages.
type ban struct {
	packages string // pattern for go list
	tests    bool   // also check the dependencies of their tests
	never    string // the forbidden package, or with /... the forbidden tree
	reason   string
}

const (
	godog          = "github.com/cucumber/godog"
	gherkin        = "github.com/cucumber/gherkin/go/v26"
	testcontainers = "github.com/testcontainers/testcontainers-go"
	openapi        = "github.com/getkin/kin-openapi/..."
)

var bans = []ban{
	{"./steps/...", true, module + "/reference/...", "the suite knows its subject only from outside; a shared constant hides a shared mistake"},
	{"./steps/...", true, module + "/proxies/...", "proxies are lent through steps.Equipment, so that an operator can bring another"},
	{"./steps/...", true, module + "/fakeidp", "the suite speaks to the provider over HTTP, through fakeidp/control"},
	{"./steps/...", true, "database/sql", "the suite is lent no database: it sees what the subject answers"},
	{"./steps/...", true, testcontainers, "containers are equipment"},

	{"./reference/...", true, module + "/steps/...", "the subject does not know its judge"},
	{"./reference/...", true, module + "/fakeidp/...", "the server meets a provider over HTTP like any other client"},
	{"./reference/...", true, module + "/proxies/...", "the server must not know which proxy is in front of it"},
	{"./reference/...", true, godog, "the server has no business with the suite's runner"},
	{"./reference/internal/usermanager", false, module + "/reference/internal/web", "usermanager changes the database and has no HTTP interface"},
	{"./reference/internal/policy", false, module + "/reference/internal/web", "usermanager applies the same policies and has no HTTP interface"},
	{"./reference/...", true, testcontainers, "databases for tests come from dockertest, proxies are not the server's"},

	{"./fakeidp/...", true, module + "/reference/...", "a provider that shares code with its client shares its mistakes"},
	{"./fakeidp/...", true, module + "/steps/...", "the provider serves any suite"},
	{"./proxies/...", true, module + "/reference/...", "a proxy works in front of any server"},
	{"./proxies/...", true, module + "/steps/...", "proxies are lent to the suite, they do not know it"},

	{"./cmd/countersign", false, module + "/reference/...", "the program that judges links nothing of what it judges; it runs countersign-server"},

	{"./cmd/countersign-mutate", false, module + "/steps/...", "the mutation tester runs the suite as a user would"},
	{"./cmd/countersign-mutate", false, module + "/reference/...", "the mutation tester reads the source of the server, and links nothing of it"},
	{"./cmd/countersign-mutate", false, module + "/proxies", "the mutation tester starts no proxy; it supervises the suite with proxies/process"},

	{"./proxies/process", true, testcontainers, "the mutation tester uses the package and starts no container"},

	{"./cmd/countersign-server", false, "testing", "code for tests does not belong in a program, and testing registers flags"},
	{"./cmd/countersign-server", false, godog, "godog runs `go env` at every start, and start-up is a budget"},
	{"./cmd/countersign-server", false, gherkin, "the server reads no features"},
	{"./cmd/countersign-server", false, openapi, "the document is for readers and tests; the server only sends it"},
	{"./cmd/countersign-server", false, testcontainers, "testcontainers walks /proc at start, and start-up is a budget"},

	{"./cmd/countersign-probe", false, "testing", "code for tests does not belong in a program"},
	{"./cmd/countersign-probe", false, "database/sql", "the probe reports, it stores nothing"},
	{"./cmd/countersign-probe", false, "os/exec", "the probe starts nothing: content is not a way to run programs"},
}

// TestEveryImportIsAllowed checks the imports of every Go file of the project, independently
// of its build tags.
func TestEveryImportIsAllowed(t *testing.T) {
	used := map[string]bool{}
	walkGoFiles(t, func(name, file string) error {
		r, ok := ruleFor(path.Dir(file))
		if !ok {
			t.Errorf("%s: there is no import rule for this folder; add it to importRules and to doc.go", file)
			return nil
		}
		used[r.folder] = true
		imports, err := importsOf(name)
		if err != nil {
			return err
		}
		for _, imported := range imports {
			if problem := r.refuses(file, imported); problem != "" {
				t.Errorf("%s imports %s: %s", file, imported, problem)
			}
		}
		return nil
	})
	for _, r := range importRules {
		if !used[r.folder] {
			t.Errorf("the import rule for %s matches no Go file; remove it", r.folder)
		}
	}
}

// walkGoFiles calls do for every Go file of the project, with its path on this machine and its path in the project.
func walkGoFiles(t *testing.T, do func(name, file string) error) {
	t.Helper()
	root := moduleRoot(t)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "report" && filepath.Dir(name) == root) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return do(name, filepath.ToSlash(rel))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ruleFor returns the import rule for a folder.
func ruleFor(folder string) (found importRule, ok bool) {
	for _, r := range importRules {
		if (folder == r.folder || strings.HasPrefix(folder, r.folder+"/")) && len(r.folder) >= len(found.folder) {
			// The rule for cmd is for doc.go and this test; a program needs a rule of its own.
			if r.folder == "cmd" && folder != "cmd" {
				continue
			}
			found, ok = r, true
		}
	}
	return found, ok
}

// refuses returns why a file must not import a package, or "" if it may.
func (r importRule) refuses(file, imported string) string {
	isTest := strings.HasSuffix(file, "_test.go")
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
	switch {
	case isOurs && slices.ContainsFunc(r.may, func(m string) bool { return matches(ours, m) }):
		return ""
	case isOurs && isTest && path.Dir(file) == ours:
		return "" // a black-box test imports the package it tests
	case isOurs && len(r.may) == 0:
		return r.folder + " must not import packages of this module"
	case isOurs:
		return fmt.Sprintf("%s may import only these packages of this module: %s", r.folder, strings.Join(r.may, ", "))
	case isTest:
		return ""
	case slices.Contains(r.not, imported):
		return r.folder + " must not do I/O"
	case imported == "testing" && !strings.HasSuffix(path.Dir(file), "test"):
		return "only tests, and packages whose name ends in test, import testing"
	case r.standardOnly && !standard:
		return r.folder + " may import only the standard library"
	}
	return ""
}

// TestNothingForbiddenIsLinked checks the direct and indirect dependencies of packages and
// programs.
func TestNothingForbiddenIsLinked(t *testing.T) {
	root := moduleRoot(t)
	closures := map[string]*closure{}
	for _, b := range bans {
		key := fmt.Sprint(b.packages, b.tests)
		if closures[key] == nil {
			c, err := listClosure(root, b.packages, b.tests)
			if err != nil {
				t.Fatalf("%s: %v", b.packages, err)
			}
			closures[key] = c
		}
		if err := exists(root, b.never); err != nil {
			t.Errorf("%s is forbidden in %s and does not exist; correct or remove the ban (%v)", b.never, b.packages, err)
		}
		for _, p := range closures[key].packages() {
			if matches(p, b.never) {
				t.Errorf("%s must not need %s: %s\n\t%s", b.packages, b.never, b.reason, closures[key].chain(p))
			}
		}
	}
}

// TestImportRules checks imports that the rules allow and imports that they forbid.
func TestImportRules(t *testing.T) {
	tests := []struct {
		file, imported string
		refused        bool
	}{
		{"steps/driver/client.go", "countersign/reference", true},
		{"steps/driver/client.go", "countersign/fakeidp", true},
		{"steps/scenario/provider.go", "countersign/fakeidp/control", false},
		{"steps/scenario/person.go", "countersign/steps/vocabulary", true},
		{"steps/check/reply.go", "countersign/steps/scenario", true},
		{"steps/check/reply.go", "os", true},
		{"steps/driver/client_test.go", "countersign/proxies", true},
		{"steps/driver/client.go", "testing", true},
		{"proxies/proxytest/contract.go", "testing", false},
		{"steps/probe/probe.go", "github.com/google/uuid", true},
		{"steps/probe/probe.go", "countersign/steps/verdict", true},
		{"cmd/countersign/run.go", "countersign/reference", true},
		{"cmd/countersign/run.go", "countersign/steps/report", false},
		{"cmd/countersign-server/main.go", "countersign/reference", false},
		{"cmd/countersign-server/main.go", "countersign/reference/internal/web", true},
		{"cmd/countersign-server/main.go", "countersign/steps", true},
		{"reference/internal/web/routes.go", "countersign/reference/internal/account", false},
		{"reference/internal/account/user.go", "database/sql", true},
		{"cmd/countersign-server/main.go", "countersign/proxies/process", true},
		{"cmd/countersign-probe/main.go", "countersign/proxies/process", true},
		{"cmd/countersign-mutate/suite.go", "countersign/proxies/process", false},
		{"cmd/countersign-mutate/suite.go", "countersign/proxies", true},
		{"proxies/local.go", "countersign/proxies/process", false},
		{"proxies/process/child.go", "countersign/proxies", true},
		{"features/features.go", "countersign/steps/plan", true},
		{"fakeidp/control/client.go", "countersign/fakeidp", true},
	}
	for _, tt := range tests {
		r, ok := ruleFor(path.Dir(tt.file))
		if !ok {
			t.Errorf("%s has no import rule", tt.file)
			continue
		}
		if got := r.refuses(tt.file, tt.imported); (got != "") != tt.refused {
			t.Errorf("%s imports %s: refused %q, want refused = %t", tt.file, tt.imported, got, tt.refused)
		}
	}
	for _, folder := range []string{"util", "cmd/countersign-extra"} {
		if r, ok := ruleFor(folder); ok {
			t.Errorf("folder %s has the import rule of %s, want none", folder, r.folder)
		}
	}
}

// A closure contains the dependencies of packages as go list prints them.
type closure struct {
	roots   []string
	imports map[string][]string
}

func listClosure(root, pattern string, tests bool) (*closure, error) {
	args := []string{"list", "-deps", "-json=ImportPath,Imports,DepOnly"}
	if tests {
		args = append(args, "-test")
	}
	raw, err := goCommand(root, append(args, pattern)...)
	if err != nil {
		return nil, err
	}
	c := &closure{imports: map[string][]string{}}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	for {
		var p struct {
			ImportPath string
			Imports    []string
			DepOnly    bool
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		// "p [p.test]" is p built for a test; the rules treat it as p. The main
		// package of a test is generated and imports testing.
		name := withoutTest(p.ImportPath)
		if strings.HasSuffix(name, ".test") {
			continue
		}
		if !p.DepOnly {
			c.roots = append(c.roots, name)
		}
		for _, i := range p.Imports {
			c.imports[name] = append(c.imports[name], withoutTest(i))
		}
		if c.imports[name] == nil {
			c.imports[name] = []string{}
		}
	}
	if len(c.roots) == 0 {
		return nil, errors.New("go list found no package; a ban names a folder that does not exist")
	}
	return c, nil
}

// withoutTest removes the suffix " [p.test]" from an import path.
func withoutTest(importPath string) string {
	name, _, _ := strings.Cut(importPath, " ")
	return name
}

func (c *closure) packages() []string {
	var names []string
	for name := range c.imports {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// chain returns the shortest chain of imports from one of the packages to a dependency.
func (c *closure) chain(to string) string {
	from := map[string]string{}
	queue := slices.Clone(c.roots)
	for _, r := range c.roots {
		from[r] = ""
	}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if p == to {
			text := p
			for p = from[p]; p != ""; p = from[p] {
				text = p + " -> " + text
			}
			return text
		}
		for _, i := range c.imports[p] {
			if _, seen := from[i]; !seen {
				from[i] = p
				queue = append(queue, i)
			}
		}
	}
	return to
}

// exists returns an error if go list does not find a package or a tree.
func exists(root, pattern string) error {
	raw, err := goCommand(root, "list", pattern)
	if err == nil && len(bytes.TrimSpace(raw)) == 0 {
		err = errors.New("no such package")
	}
	return err
}

// matches reports whether name is the package or, with /..., in the tree.
func matches(name, pattern string) bool {
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == tree || strings.HasPrefix(name, tree+"/")
	}
	return name == pattern
}

func importsOf(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, i := range parsed.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, name)
	}
	return list, nil
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	raw, err := goCommand(".", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func goCommand(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return raw, nil
}
