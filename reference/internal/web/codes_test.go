package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"countersign/reference/internal/integration"
)

// Every code in this package is in the table. Otherwise it would result in an internal error.
func TestEveryCodeIsInTheTable(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "fail" {
				return true
			}
			if literal, ok := call.Args[0].(*ast.BasicLit); ok {
				calls++
				if code, err := strconv.Atoi(literal.Value); err != nil || apiCodes[code].status == 0 {
					t.Errorf("%s: fail(%s) is not in the table", name, literal.Value)
				}
			}
			return true
		})
	}
	if calls < 50 {
		t.Errorf("only %d calls of fail were found", calls)
	}
	for _, d := range domainCodes {
		if apiCodes[d.code].status == 0 {
			t.Errorf("code %d of %v is not in the table", d.code, d.err)
		}
	}
}

func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	for _, reason := range []integration.Reason{integration.NoGrant, integration.NoSubjectType, integration.NoRequestedType, integration.BadSubject,
		integration.BadContentSession, integration.NotOwner, integration.NoAssociation, integration.BadAudience, integration.NeedAudience,
		integration.WrongAuthType, integration.WrongContent, integration.NoPermission, integration.NotLoggedIn, integration.RefreshInvalid, integration.ProviderFault} {
		if e := exchangeError(&integration.Refusal{Reason: reason, Text: "x"}); e.Status >= 500 || e.Code == 1 {
			t.Errorf("%s answers %d, code %d", reason, e.Status, e.Code)
		}
	}
	for _, reason := range []integration.LoginReason{integration.LoginState, integration.LoginRefused, integration.LoginIssuer,
		integration.LoginProvider, integration.LoginRefresh, integration.LoginType} {
		if e := toAPIError(loginFailure(&integration.LoginError{Reason: reason})); e.Status >= 500 || e.Code == 1 {
			t.Errorf("%s answers %d, code %d", reason, e.Status, e.Code)
		}
	}
}
