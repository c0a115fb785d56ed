package cmd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// environmentReaders lists the files outside cmd that may use the environment of the process. All other
// packages receive from cmd what they need of it.
var environmentReaders = []struct{ files, reason string }{
	{"proxies/container.go", "testcontainers reads its options from the environment only, and this file sets two of them"},
	{"reference/internal/content/execution/...", "content processes inherit the path of programs and the language of the server"},
}

// TestEnvironmentIsReadInCmd checks that programs read the environment in cmd only. Tests, and packages whose name
// ends in test, may read it anywhere.
func TestEnvironmentIsReadInCmd(t *testing.T) {
	used := map[string]bool{}
	walkGoFiles(t, func(name, file string) error {
		folder := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(folder, "test") || matches(folder, "cmd/...") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, function := range environmentUses(parsed) {
			allowed := false
			for _, r := range environmentReaders {
				if matches(file, r.files) {
					used[r.files], allowed = true, true
				}
			}
			if !allowed {
				t.Errorf("%s uses %s; read the environment in cmd and pass the value", file, function)
			}
		}
		return nil
	})
	for _, r := range environmentReaders {
		if !used[r.files] {
			t.Errorf("nothing in %s uses the environment; remove it from environmentReaders", r.files)
		}
	}
}

// environmentUses returns the functions of package os for the environment that a file names.
func environmentUses(file *ast.File) []string {
	var uses []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		functions := []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "Clearenv"}
		if from, ok := selector.X.(*ast.Ident); ok && from.Name == "os" && slices.Contains(functions, selector.Sel.Name) {
			uses = append(uses, "os."+selector.Sel.Name)
		}
		return true
	})
	return uses
}

// TestEnvironmentUses checks that calls and function values are found.
func TestEnvironmentUses(t *testing.T) {
	const text = "package p\n\nimport \"os\"\n\nvar lookup = os.LookupEnv\n\nfunc f() string { os.Getpid(); return os.Getenv(\"A\") }\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := environmentUses(parsed), []string{"os.LookupEnv", "os.Getenv"}; !slices.Equal(got, want) {
		t.Errorf("environmentUses = %v, want %v", got, want)
	}
}
