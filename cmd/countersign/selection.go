package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/rules"
)

// expandRules expands the ranges in the values of --rule. A range is two ids of one
// document with two dots between them. It selects all rules of the catalogue from
// the first id to the second.
func expandRules(values []string) ([]string, error) {
	if !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "..") }) {
		return values, nil
	}
	catalogue, err := rules.Load(features.FS())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range catalogue.All() {
		ids = append(ids, r.ID)
	}
	var expanded []string
	var problems []error
	for _, v := range values {
		first, last, isRange := strings.Cut(v, "..")
		if !isRange {
			expanded = append(expanded, v)
			continue
		}
		from, to := slices.Index(ids, first), slices.Index(ids, last)
		if from < 0 || to < from || documentOf(first) != documentOf(last) {
			problems = append(problems, fmt.Errorf("--rule %q is not a range of the catalogue; write two ids of one document in the order of the catalogue, such as PA-034..PA-043", v))
			continue
		}
		expanded = append(expanded, ids[from:to+1]...)
	}
	return expanded, errors.Join(problems...)
}

// documentOf returns the part of a rule id that names the document, such as PA.
func documentOf(id string) string {
	document, _, _ := strings.Cut(id, "-")
	return document
}

// readScenarios reads the values of --scenario. A value is an id, or @FILE for a file
// with one id on each line. Empty lines and lines that begin with # are ignored.
func readScenarios(values []string) ([]plan.Wanted, error) {
	var wanted []plan.Wanted
	var problems []error
	for _, v := range values {
		file, isFile := strings.CutPrefix(v, "@")
		if !isFile {
			wanted = append(wanted, plan.Wanted{ID: strings.TrimSpace(v), Place: "--scenario"})
			continue
		}
		read, err := scenariosIn(file)
		wanted = append(wanted, read...)
		problems = append(problems, err)
	}
	return wanted, errors.Join(problems...)
}

func scenariosIn(file string) ([]plan.Wanted, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--scenario: %w", err)
	}
	defer f.Close()
	var wanted []plan.Wanted
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if id := strings.TrimSpace(lines.Text()); id != "" && !strings.HasPrefix(id, "#") {
			wanted = append(wanted, plan.Wanted{ID: id, Place: fmt.Sprintf("%s:%d", file, n)})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("--scenario: read %s: %w", file, err)
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("--scenario: the file %s contains no id; write one id on each line", file)
	}
	return wanted, nil
}
