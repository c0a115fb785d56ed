package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const catalogueFile = "features/rules.tsv"

// A catalogue contains the part of the rule catalogue that this program uses.
type catalogue struct {
	rules map[string]rule
	ids   []string // in the order of the file
}

type rule struct {
	id, statement, state string
	done                 bool // a scenario cites it
	must                 bool // the class of the rule is must
	server               bool // the rule is about the server, not the proxy, the provider or the dashboard
}

// columns are the columns of the catalogue that loadCatalogue reads.
var columns = []string{"id", "role", "level", "basis", "statement", "state"}

// loadCatalogue reads the columns of the rule catalogue that determine which rules need a
// fault. countersign rules --check validates the file.
func loadCatalogue(root string) (*catalogue, error) {
	raw, err := os.ReadFile(filepath.Join(root, catalogueFile))
	if err != nil {
		return nil, fmt.Errorf("read the rule catalogue: %w", err)
	}
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	at := map[string]int{}
	for _, name := range columns {
		if at[name] = slices.Index(head, name); at[name] < 0 {
			return nil, fmt.Errorf("%s:1: the header has no column %q", catalogueFile, name)
		}
	}
	c := &catalogue{rules: map[string]rule{}}
	var problems []error
	for n, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(head) {
			problems = append(problems, fmt.Errorf("%s:%d: the line has %d columns, and the header has %d", catalogueFile, n+2, len(cells), len(head)))
			continue
		}
		r := newRule(func(column string) string { return cells[at[column]] })
		c.rules[r.id] = r
		c.ids = append(c.ids, r.id)
	}
	return c, errors.Join(problems...)
}

func newRule(cell func(string) string) rule {
	basis := cell("basis")
	return rule{
		id: cell("id"), statement: cell("statement"), state: cell("state"),
		done:   cell("state") == "done",
		must:   (basis == "text" || basis == "implied") && cell("level") != "may",
		server: slices.Contains([]string{"server", "config", "cli", "content"}, cell("role")),
	}
}

// needFault returns the ids of the rules that need a named fault: rules of class must that
// have scenarios and are about the server.
func (c *catalogue) needFault() []string {
	var ids []string
	for _, id := range c.ids {
		if r := c.rules[id]; r.done && r.must && r.server {
			ids = append(ids, id)
		}
	}
	return ids
}
