package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Reasons for which a mutant may survive.
var reasons = []string{
	"equivalent",   // the program behaves the same in every respect
	"unobservable", // no document says anything that a client could see
	"performance",  // the program does the same work more slowly
	"nodes",        // it has an effect only with Postgres or with several nodes
	"failure",      // it has an effect only when the disk, the database or the operating system fails
	"tool",         // it is in code for interactive use, which scenarios do not execute
}

// An Accepted is an entry of the list of mutants that may survive.
type Accepted struct {
	Mutants map[string]string `yaml:"mutants"` // id -> source line; a different source line makes the entry stale
	Groups  []string          `yaml:"groups"`  // prefixes of ids, each followed by *
	Reason  string            `yaml:"reason"`  // one of reasons
	Why     string            `yaml:"why"`     // the explanation of this case

	place string // file and line of the entry
}

// loadAccepted reads the list. The error names all problems.
func loadAccepted(root string) ([]Accepted, error) {
	raw, err := os.ReadFile(filepath.Join(root, acceptedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []Accepted
	lines, err := decodeList(raw, &entries)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", acceptedFile, err)
	}
	var problems []error
	for n := range entries {
		e := &entries[n]
		e.place = fmt.Sprintf("%s:%d", acceptedFile, lines[n])
		problems = append(problems, e.validate())
	}
	return entries, errors.Join(problems...)
}

func (e Accepted) validate() error {
	switch {
	case len(e.Mutants) == 0 && len(e.Groups) == 0:
		return fmt.Errorf("%s: mutants: the entry names no mutant; add at least one id of countersign-mutate list", e.place)
	case slices.ContainsFunc(e.Groups, func(group string) bool { return !strings.HasSuffix(group, "*") }):
		return fmt.Errorf("%s: groups: a group must end with *; list a single mutant under mutants with its source line", e.place)
	case !slices.Contains(reasons, e.Reason):
		return fmt.Errorf("%s: reason: %q is not known; use one of %s", e.place, e.Reason, strings.Join(reasons, ", "))
	case strings.TrimSpace(e.Why) == "":
		return fmt.Errorf("%s: why: the text is empty; explain why no scenario can or should notice the mutant", e.place)
	}
	return nil
}

// matches reports whether the entry names the mutant or a group that contains it.
func (e Accepted) matches(m *mutant) bool {
	return e.exact(m) || slices.ContainsFunc(e.Groups, func(group string) bool { return inGroup(group, m) })
}

func inGroup(group string, m *mutant) bool {
	return strings.HasPrefix(m.ID, strings.TrimSuffix(group, "*"))
}

// exact reports whether the entry names the mutant itself.
func (e Accepted) exact(m *mutant) bool {
	_, named := e.Mutants[m.ID]
	return named
}

// acceptedOf returns the entry that names a mutant, else the first entry with a group that
// contains it, else nil.
func acceptedOf(entries []Accepted, m *mutant) *Accepted {
	var group *Accepted
	for n := range entries {
		switch e := &entries[n]; {
		case e.exact(m):
			return e
		case group == nil && e.matches(m):
			group = e
		}
	}
	return group
}

// staleEntries returns an error for each id or group in the list that matches no mutant,
// and for each source line that has changed.
func staleEntries(entries []Accepted, mutants []*mutant) []error {
	source := map[string]string{}
	for _, m := range mutants {
		source[m.ID] = m.Source
	}
	var problems []error
	for _, e := range entries {
		for _, id := range slices.Sorted(maps.Keys(e.Mutants)) {
			now, exists := source[id]
			switch {
			case !exists:
				problems = append(problems, fmt.Errorf("%s: %s matches no mutant; remove it, or use an id of countersign-mutate list", e.place, id))
			case now != e.Mutants[id]:
				problems = append(problems, fmt.Errorf("%s: the source line of %s is %q and not %q; check the mutant again and correct the entry", e.place, id, now, e.Mutants[id]))
			}
		}
		for _, group := range e.Groups {
			if !slices.ContainsFunc(mutants, func(m *mutant) bool { return inGroup(group, m) }) {
				problems = append(problems, fmt.Errorf("%s: %s matches no mutant; remove it, or use an id of countersign-mutate list", e.place, group))
			}
		}
	}
	return problems
}
