package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"countersign/steps/plan"
)

// scenariosWanted reads the values of --scenario: an id each, or @FILE with one
// id on each line. Empty lines and lines that begin with # are left out.
func scenariosWanted(values []string) ([]plan.Wanted, error) {
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
		return nil, fmt.Errorf("--scenario: %s holds no id; write one on each line", file)
	}
	return wanted, nil
}
