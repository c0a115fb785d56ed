package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Operators of the generator.
const (
	opNegate   = "negate"   // the condition of an if or for statement is negated
	opEqual    = "equal"    // == becomes !=, or the reverse
	opLogic    = "logic"    // && becomes ||, or the reverse
	opBoundary = "boundary" // < becomes <=, > becomes >=, or the reverse
	opSign     = "sign"     // + becomes -, or the reverse, between numbers
	opBoolean  = "boolean"  // true becomes false, or the reverse
	opDrop     = "drop"     // a call whose results are not used is removed
)

// A mutant is a change at one place of the source of the reference server.
type mutant struct {
	ID       string // package/file:function:operator:ordinal, such as account/keys.go:Service.Key:equal:2
	Package  string // path below reference/internal, such as account
	File     string // relative to the root of the checkout
	Line     int
	Source   string // the source line without leading and trailing white space
	Operator string

	number     int      // in the instrumented server
	function   string   // the function that contains it: the ID without operator and ordinal
	funcArgs   []string // functions that are arguments of a dropped call, such as the handler of a route
	insertions []insertion
}

// packagesFolder contains the packages in which mutants are generated.
const packagesFolder = "reference/internal"

// generate returns the mutants of the reference server in the order of files and lines. The
// ids do not contain line numbers, so they do not change when lines move.
func generate(root string) ([]*mutant, error) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo,
		Dir:  root,
	}, "./"+packagesFolder+"/...")
	if err != nil {
		return nil, fmt.Errorf("load the packages of the reference server: %w", err)
	}
	var mutants []*mutant
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("load %s: %w", p.PkgPath, p.Errors[0])
		}
		if strings.HasSuffix(p.Name, "test") {
			continue // a package for tests, which is not part of the server
		}
		for _, file := range p.Syntax {
			found, err := mutantsOf(root, p, file)
			if err != nil {
				return nil, err
			}
			mutants = append(mutants, found...)
		}
	}
	slices.SortStableFunc(mutants, func(a, b *mutant) int { return strings.Compare(a.File, b.File) })
	for n, m := range mutants {
		m.setNumber(n + 1)
	}
	return mutants, nil
}

// numberMark is the placeholder for the number of a mutant in its insertions.
const numberMark = "\x00"

func (m *mutant) setNumber(n int) {
	m.number = n
	for i := range m.insertions {
		m.insertions[i].text = strings.ReplaceAll(m.insertions[i].text, numberMark, strconv.Itoa(n))
	}
}

// sample returns n mutants that are selected at random with a seed, in the order of the
// source. It returns all mutants if n is 0 or larger than their number.
func sample(mutants []*mutant, n int, seed int64) []*mutant {
	if n == 0 || n >= len(mutants) {
		return mutants
	}
	drawn := rand.New(rand.NewPCG(uint64(seed), 0)).Perm(len(mutants))[:n]
	slices.Sort(drawn)
	var chosen []*mutant
	for _, i := range drawn {
		chosen = append(chosen, mutants[i])
	}
	return chosen
}

// A generator finds the mutants of one file.
type generator struct {
	info     *types.Info
	set      *token.FileSet
	raw      []byte
	file     string // path relative to the root
	pkg      string
	function string
	count    map[string]int // mutants so far, by function and operator
	found    []*mutant
}

func mutantsOf(root string, p *packages.Package, file *ast.File) ([]*mutant, error) {
	name := p.Fset.File(file.FileStart).Name()
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(rel)), packagesFolder+"/")
	g := &generator{info: p.TypesInfo, set: p.Fset, raw: raw, file: filepath.ToSlash(rel), pkg: pkg, count: map[string]int{}}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			g.function = functionName(f)
			ast.Inspect(f.Body, g.visit)
		}
	}
	return g.found, nil
}

// functionName returns the name of a function or, for a method, Type.Name.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	return types.ExprString(t) + "." + f.Name.Name
}

func (g *generator) offset(p token.Pos) int { return g.set.Position(p).Offset }

// add adds a mutant. Its insertions contain numberMark in place of its number.
func (g *generator) add(operator string, at token.Pos, insertions ...insertion) *mutant {
	key := g.function + ":" + operator
	g.count[key]++
	m := &mutant{
		ID:      fmt.Sprintf("%s/%s:%s:%d", g.pkg, filepath.Base(g.file), key, g.count[key]),
		Package: g.pkg, File: g.file, Line: g.set.Position(at).Line, Source: sourceLine(g.raw, g.offset(at)), Operator: operator,
		function: functionID(g.pkg, g.file, g.function), insertions: insertions,
	}
	g.found = append(g.found, m)
	return m
}

// functionID returns the prefix of the ids of the mutants in a function.
func functionID(pkg, file, function string) string {
	return pkg + "/" + filepath.Base(file) + ":" + function
}

func sourceLine(raw []byte, offset int) string {
	start := strings.LastIndexByte(string(raw[:offset]), '\n') + 1
	line, _, _ := strings.Cut(string(raw[start:]), "\n")
	return strings.TrimSpace(line)
}

func (g *generator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		g.condition(n.Cond)
	case *ast.ForStmt:
		g.condition(n.Cond)
	case *ast.BinaryExpr:
		g.binary(n)
	case *ast.Ident:
		g.boolean(n)
	case *ast.BlockStmt:
		g.statements(n.List)
	case *ast.CaseClause:
		g.statements(n.Body)
	case *ast.CommClause:
		g.statements(n.Body)
	}
	return true
}

// wrap returns the insertions that put an expression between two texts.
func (g *generator) wrap(n ast.Node, before, after string) []insertion {
	return []insertion{{g.offset(n.Pos()), before}, {g.offset(n.End()), after}}
}

// inverted returns the insertions that negate an expression if the mutant is active.
func (g *generator) inverted(n ast.Expr) []insertion {
	return g.wrap(n, "((", ") != "+selectorName+".On("+numberMark+"))")
}

// condition adds a mutant that negates a condition. It skips binary expressions, which have
// operators of their own.
func (g *generator) condition(n ast.Expr) {
	if n == nil {
		return
	}
	if _, binary := ast.Unparen(n).(*ast.BinaryExpr); binary || g.constant(n) {
		return
	}
	g.add(opNegate, n.Pos(), g.inverted(n)...)
}

// constant reports whether the expression is constant.
func (g *generator) constant(n ast.Expr) bool {
	t, ok := g.info.Types[n]
	return !ok || t.Value != nil
}

// exchanged maps each operator that the selector exchanges to the function that does so.
var exchanged = map[token.Token]struct{ operator, function string }{
	token.LSS: {opBoundary, "Less"},
	token.LEQ: {opBoundary, "LessEqual"},
	token.GTR: {opBoundary, "Greater"},
	token.GEQ: {opBoundary, "GreaterEqual"},
	token.ADD: {opSign, "Add"},
	token.SUB: {opSign, "Subtract"},
}

func (g *generator) binary(n *ast.BinaryExpr) {
	if g.constant(n) {
		return
	}
	switch n.Op {
	case token.EQL, token.NEQ:
		g.add(opEqual, n.OpPos, g.inverted(n)...)
	case token.LAND:
		g.add(opLogic, n.OpPos, g.call(n, "And", "func() bool { return (", ") }")...)
	case token.LOR:
		g.add(opLogic, n.OpPos, g.call(n, "Or", "func() bool { return (", ") }")...)
	default:
		e, known := exchanged[n.Op]
		if !known || !g.numbers(n) && e.operator == opSign {
			return
		}
		g.add(e.operator, n.OpPos, g.call(n, e.function, "", "")...)
	}
}

// numbers reports whether the expression has a numeric type.
func (g *generator) numbers(n ast.Expr) bool {
	basic, ok := g.info.TypeOf(n).Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsInteger|types.IsFloat) != 0
}

// call returns the insertions that turn a binary expression into a call of the selector. The
// operator becomes a comment between the arguments.
func (g *generator) call(n *ast.BinaryExpr, function, before, after string) []insertion {
	operator := g.offset(n.OpPos)
	return []insertion{
		{g.offset(n.Pos()), selectorName + "." + function + "(" + numberMark + ", "},
		{operator, ", /* "},
		{operator + len(n.Op.String()), " */ " + before},
		{g.offset(n.End()), after + ")"},
	}
}

func (g *generator) boolean(n *ast.Ident) {
	if object := g.info.Uses[n]; object == types.Universe.Lookup("true") || object == types.Universe.Lookup("false") {
		g.add(opBoolean, n.Pos(), g.inverted(n)...)
	}
}

// statements adds a mutant for each call that is a statement and may be removed.
func (g *generator) statements(list []ast.Stmt) {
	for _, s := range list {
		statement, ok := s.(*ast.ExprStmt)
		if !ok {
			continue
		}
		if call, ok := statement.X.(*ast.CallExpr); ok && g.droppable(call) {
			m := g.add(opDrop, s.Pos(), g.wrap(s, "if !"+selectorName+".On("+numberMark+") { ", " }")...)
			m.funcArgs = g.funcArgs(call)
		}
	}
}

// funcArgs returns the functions of the reference server that are arguments of a call. If
// the call is removed, they may not be called any more.
func (g *generator) funcArgs(call *ast.CallExpr) []string {
	var functions []string
	for _, arg := range call.Args {
		name, _ := ast.Unparen(arg).(*ast.Ident)
		if selector, ok := ast.Unparen(arg).(*ast.SelectorExpr); ok {
			name = selector.Sel
		}
		f, ok := g.info.Uses[name].(*types.Func)
		if !ok || f.Pkg() == nil {
			continue
		}
		if _, pkg, found := strings.Cut(f.Pkg().Path(), packagesFolder+"/"); found {
			functions = append(functions, functionID(pkg, g.set.Position(f.Pos()).Filename, declaredName(f)))
		}
	}
	return functions
}

// declaredName returns the same name as functionName.
func declaredName(f *types.Func) string {
	receiver := f.Signature().Recv()
	if receiver == nil {
		return f.Name()
	}
	t := receiver.Type()
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return f.Name()
}

// droppable reports whether scenarios can notice that a call is removed. Without a call of
// panic a function may lack a return statement. Without a call of package sync the program
// deadlocks or has a data race, which the race detector finds and a scenario does not.
func (g *generator) droppable(call *ast.CallExpr) bool {
	var object types.Object
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		object = g.info.Uses[f]
	case *ast.SelectorExpr:
		object = g.info.Uses[f.Sel]
	}
	if object == nil {
		return true
	}
	if object == types.Universe.Lookup("panic") {
		return false
	}
	return object.Pkg() == nil || object.Pkg().Path() != "sync"
}
