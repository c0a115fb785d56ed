package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxCited is the maximum number of rules that a scenario may cite. The failure of a scenario
// that cites more would not show which rule was broken.
const MaxCited = 4

// reservedTags are the tags with a defined meaning. Any other tag that is not a rule id is an
// error, because a misspelt tag would have no effect.
var reservedTags = []string{"@direct", "@alone", "@quiet", "@documented", "@careless"}

// A ScenarioRef describes a scenario, or a row of a scenario outline.
type ScenarioRef struct {
	Feature string   // path of the file
	Line    int      // of the scenario or of the row
	Name    string   // of the scenario
	Tags    []string // its own and those it inherits
	Rules   []string // ids cited by tags and by the column rule; ids in Tags count even if they are missing here
}

// A Problem is a disagreement between the catalogue and the features.
type Problem struct {
	File string // feature or catalogue
	Line int
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Check compares the catalogue with the scenarios and returns every disagreement, sorted by file
// and line. A scenario must cite one to four known, testable rules of one class and must have only
// known tags. A rule with the state done must be cited by a scenario.
func Check(cat *Catalogue, scenarios []ScenarioRef) []Problem {
	var problems []Problem
	cited := make(map[string]int)
	for _, s := range scenarios {
		for _, text := range checkScenario(cat, s) {
			problems = append(problems, Problem{File: s.Feature, Line: s.Line, Text: fmt.Sprintf("scenario %q %s", s.Name, text)})
		}
		for _, id := range s.cited() {
			cited[id]++
		}
	}
	for _, r := range cat.rules {
		if r.Done() && cited[r.ID] == 0 {
			problems = append(problems, Problem{File: File, Line: r.Line,
				Text: fmt.Sprintf("rule %s is %s and no scenario cites it; write one, or give the state %s: and what it waits for", r.ID, stateDone, stateOpen)})
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return slices.Compact(problems)
}

func checkScenario(cat *Catalogue, s ScenarioRef) []string {
	var texts []string
	for _, tag := range s.Tags {
		name := "@" + strings.TrimPrefix(tag, "@")
		if !slices.Contains(reservedTags, name) && !ID.MatchString(name[1:]) {
			texts = append(texts, fmt.Sprintf("has the unknown tag %s; allowed: rule ids, %s", name, strings.Join(reservedTags, " ")))
		}
	}
	ids := s.cited()
	var known []string
	for _, id := range ids {
		r, ok := cat.Rule(id)
		switch {
		case !ok:
			texts = append(texts, fmt.Sprintf("cites %s, which is not in %s", id, File))
			continue
		case !r.IsTestable():
			texts = append(texts, fmt.Sprintf("cites %s, which is %s", id, r.Testable))
		}
		known = append(known, id)
	}
	if len(ids) > MaxCited {
		texts = append(texts, fmt.Sprintf("cites %d rules (%s); at most %d are allowed", len(ids), strings.Join(ids, ", "), MaxCited))
	}
	if len(ids) == 0 {
		texts = append(texts, ErrNoRules.Error()+"; tag it with the id of one, or give its examples a column rule")
	} else if len(known) > 0 {
		if _, err := cat.ClassOf(known); err != nil {
			texts = append(texts, err.Error())
		}
	}
	return texts
}

// cited returns the ids that a scenario cites, without duplicates, in order.
func (s ScenarioRef) cited() []string {
	var ids []string
	add := func(id string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, tag := range s.Tags {
		if id := strings.TrimPrefix(tag, "@"); ID.MatchString(id) {
			add(id)
		}
	}
	for _, id := range s.Rules {
		add(id)
	}
	return ids
}
