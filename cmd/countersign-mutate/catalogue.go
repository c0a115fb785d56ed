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

// A catalogue is what this program needs of the rule catalogue.
type catalogue struct {
	rules map[string]rule
	ids   []string // in the order of the file
}

type rule struct {
	id, statement, state string
	done                 bool // a scenario cites it
	must                 bool // class must, see [class]
	server               bool // it judges the server, and not the proxy, the provider or a page of the dashboard
}

// columns of the catalogue that are read.
var columns = []string{"id", "role", "level", "basis", "statement", "state"}

// loadCatalogue reads the rule catalogue of a checkout. The suite is another
// program and checks the file; what is read here is the part that is needed to
// see which rules need a fault.
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
			return nil, fmt.Errorf("%s:1: there is no column %q", catalogueFile, name)
		}
	}
	c := &catalogue{rules: map[string]rule{}}
	var problems []error
	for n, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(head) {
			problems = append(problems, fmt.Errorf("%s:%d: %d columns, and the head has %d", catalogueFile, n+2, len(cells), len(head)))
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

// needFault returns the ids of the rules that need a named fault: class must,
// with scenarios, and about the server.
func (c *catalogue) needFault() []string {
	var ids []string
	for _, id := range c.ids {
		if r := c.rules[id]; r.done && r.must && r.server {
			ids = append(ids, id)
		}
	}
	return ids
}
