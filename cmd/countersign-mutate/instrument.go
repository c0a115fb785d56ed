package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// instrument returns the overlay of a server that contains all mutants.
func instrument(root string, mutants []*mutant) (overlay, error) {
	o := overlay{selectorFile: []byte(selectorSource)}
	byFile := map[string][]*mutant{}
	for _, m := range mutants {
		byFile[m.File] = append(byFile[m.File], m)
	}
	for file, of := range byFile {
		raw, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		if o[file], err = instrumented(raw, nested(of)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return o, nil
}

// nested returns the insertions of mutants in an order that keeps expressions nested. At
// one offset, the end of an inner expression comes before the end of an outer one, and
// the start of an outer expression before the start of an inner one. The generator visits
// outer expressions first, so the ends are in reverse order.
func nested(mutants []*mutant) []insertion {
	var opens, closes []insertion
	for _, m := range mutants {
		last := len(m.insertions) - 1
		opens = append(opens, m.insertions[:last]...)
		closes = append(closes, m.insertions[last])
	}
	slices.Reverse(closes)
	return append(closes, opens...) // at one offset an expression ends before another begins
}

// compilerLine is a line of the compiler's output: file, line, column, message.
var compilerLine = regexp.MustCompile(`^(.+\.go):([0-9]+)(?::[0-9]+)?: (.*)$`)

// A defect is a mutant that does not compile, which is an error in the generator.
type defect struct {
	Mutant  *mutant
	Message string
}

// defects returns the mutants on the lines for which the compiler reports an error.
// Instrumenting does not change the number of lines.
func defects(refused *buildError, mutants []*mutant) []defect {
	messages := map[string]string{}
	for line := range strings.Lines(refused.output) {
		found := compilerLine.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			continue
		}
		if file, ok := refused.files[refused.path(found[1])]; ok {
			messages[file+":"+found[2]] = found[3]
		}
	}
	var all []defect
	for _, m := range mutants {
		if message, ok := messages[m.File+":"+strconv.Itoa(m.Line)]; ok {
			all = append(all, defect{m, message})
		}
	}
	return all
}
