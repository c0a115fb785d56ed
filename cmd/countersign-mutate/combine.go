package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Most faults change the body of one function. All of these are compiled into one
// server: the faulty body is inserted at the beginning of the function and executed if
// the number of the fault is active, so that one build serves all these faults. A fault
// that changes anything else, such as a table or a signature, has a build of its own.

// errNotInBody reports a fault that changes more than bodies of functions.
var errNotInBody = errors.New("the fault changes more than bodies of functions")

// An insertion is a text to insert into a source file.
type insertion struct {
	offset int
	text   string
}

// combine returns the overlay of a server that contains the faults, numbered from first in
// the given order, and the indexes of the faults that need a build of their own.
func combine(root string, faults []Fault, first int) (o overlay, separate []int, err error) {
	byFile := map[string][]insertion{}
	o = overlay{selectorFile: []byte(selectorSource)}
	for n, f := range faults {
		add, err := f.bodies(root, first+n)
		if errors.Is(err, errNotInBody) {
			separate = append(separate, n)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: fault %q: %w", f.place, f.Name, err)
		}
		byFile[f.File] = append(byFile[f.File], add...)
	}
	for file, insertions := range byFile {
		raw, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, nil, err
		}
		if o[file], err = instrumented(raw, insertions); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return o, separate, nil
}

// instrumented returns the source with the insertions and the import that they use.
func instrumented(raw []byte, insertions []insertion) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", raw, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	insertions = append(insertions, insertion{set.Position(file.Name.End()).Offset, fmt.Sprintf("; import %s %q", selectorName, selectorImport)})
	return insertAll(raw, insertions), nil
}

// insertAll inserts texts into a source. Texts with the same offset keep their order.
func insertAll(raw []byte, insertions []insertion) []byte {
	slices.SortStableFunc(insertions, func(a, b insertion) int { return a.offset - b.offset })
	var out bytes.Buffer
	at := 0
	for _, i := range insertions {
		out.Write(raw[at:i.offset])
		out.WriteString(i.text)
		at = i.offset
	}
	out.Write(raw[at:])
	return out.Bytes()
}

// bodies returns the insertions that make the original file behave like the faulty one if
// the number is active.
func (f Fault) bodies(root string, number int) ([]insertion, error) {
	if filepath.Ext(f.File) != ".go" {
		return nil, errNotInBody
	}
	raw, err := os.ReadFile(filepath.Join(root, f.File))
	if err != nil {
		return nil, err
	}
	faulty, err := f.apply(root)
	if err != nil {
		return nil, err
	}
	right, err := split(raw)
	if err != nil {
		return nil, err
	}
	wrong, err := split(faulty)
	if err != nil {
		return nil, fmt.Errorf("with the fault the file is not valid Go source: %w", err)
	}
	if right.rest != wrong.rest || len(right.functions) != len(wrong.functions) {
		return nil, errNotInBody
	}
	var insertions []insertion
	for n, before := range right.functions {
		after := wrong.functions[n]
		if before.body == after.body {
			continue
		}
		end := "\nreturn }\n"
		if before.results {
			end = "\n}\n"
		}
		insertions = append(insertions, insertion{before.start, fmt.Sprintf(" if %s.On(%d) { %s %s%s", selectorName, number, faultComment(f.Name), after.body, end)})
	}
	if len(insertions) == 0 {
		return nil, errNotInBody // only comments outside of functions differ
	}
	return insertions, nil
}

// A splitFile is a source file that is split into the bodies of functions and the rest.
type splitFile struct {
	rest      string
	functions []functionBody
}

type functionBody struct {
	start   int    // offset after the opening brace
	body    string // text between the braces
	results bool   // the function has results
}

func split(raw []byte) (splitFile, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", raw, parser.SkipObjectResolution)
	if err != nil {
		return splitFile{}, err
	}
	var s splitFile
	var rest strings.Builder
	at := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		start, end := set.Position(f.Body.Lbrace).Offset+1, set.Position(f.Body.Rbrace).Offset
		rest.Write(raw[at:start])
		at = end
		s.functions = append(s.functions, functionBody{start: start, body: string(raw[start:end]), results: f.Type.Results.NumFields() > 0})
	}
	rest.Write(raw[at:])
	s.rest = rest.String()
	return s, nil
}

// faultComment returns the comment before a faulty body in the combined source.
func faultComment(name string) string { return "/*fault:" + name + "*/" }

var faultCommentPattern = regexp.MustCompile(`/\*fault:([a-z0-9-]+)\*/`)

// faultOf returns the name of the fault to which a line of the compiler's output refers,
// and the message. The name is empty for any other line.
func (e *buildError) faultOf(line string) (name, message string) {
	found := compilerLine.FindStringSubmatch(line)
	if found == nil {
		return "", ""
	}
	raw, err := os.ReadFile(e.path(found[1]))
	number, convErr := strconv.Atoi(found[2])
	if err != nil || convErr != nil {
		return "", ""
	}
	before := strings.SplitAfterN(string(raw), "\n", number+1)
	comments := faultCommentPattern.FindAllStringSubmatch(strings.Join(before[:min(number, len(before))], ""), -1)
	if len(comments) == 0 {
		return "", ""
	}
	return comments[len(comments)-1][1], found[3]
}
