package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"countersign/reference/internal/integration"
)

// TestEveryErrorOfIntegrationsHasACode compares the errors of package integration with the table.
func TestEveryErrorOfIntegrationsHasACode(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../integration/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, name := range spec.Names {
			if n++; !strings.Contains(string(table), "{integration."+name.Name+", err") {
				t.Errorf("%s has no reply", name.Name)
			}
		}
		return false
	})
	if n == 0 {
		t.Error("errors.go of package integration has no errors")
	}
}

func TestRefusalGivesItsText(t *testing.T) {
	t.Parallel()
	told := toAPIError(&integration.Refusal{Err: integration.ErrAudience, Text: "x %s"})
	if told.Code != errAudience.Code || told.Status != errAudience.Status || told.Text != "x %s" {
		t.Errorf("toAPIError = %d, code %d, %q", told.Status, told.Code, told.Text)
	}
	if errAudience.Text == told.Text {
		t.Error("toAPIError changed the table")
	}
}
