package page

import (
	"cmp"
	"slices"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// A document is a document with the sections that state rules.
type document struct {
	tally
	Title    string
	Sections []section
}

// A section is a section of a document with its rules, in the order of the catalogue.
type section struct {
	tally
	Title string
	Rules []rule
}

// A rule is a rule with its outcome at each front.
type rule struct {
	ID, Class, Statement, Source string
	Outcome                      verdict.Outcome // the worst
	Cells                        []cell          // of the fronts at which the rule was selected
	Reason                       string          // why there is no cell
	order                        int
}

// A cell is the outcome of a rule at a front.
type cell struct {
	Front     string
	Outcome   verdict.Outcome
	Scenarios int
}

// documents returns the rules of the report by document and section. Sections are in the order in which
// the catalogue mentions them first, which is that of the documents.
func documents(r *report.Report) []document {
	type placed struct {
		rule
		document, section string
	}
	var all []placed
	for _, row := range r.Rules {
		all = append(all, placed{ruleOf(row), row.Document, row.Section})
	}
	for _, u := range r.Untested {
		all = append(all, placed{rule{ID: u.ID, Class: string(u.Class), Statement: u.Statement, Source: u.Source, Outcome: untested, Reason: u.Reason, order: u.Order}, u.Document, u.Section})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.order, b.order) })
	var list []document
	for _, p := range all {
		d := find(&list, func(d document) bool { return d.Title == p.document })
		d.Title = p.document
		s := find(&d.Sections, func(s section) bool { return s.Title == p.section })
		s.Title = p.section
		s.Rules = append(s.Rules, p.rule)
		s.count(p.Outcome)
		d.count(p.Outcome)
	}
	return list
}

// find returns the element for which is reports true, and appends an empty one if there is none.
func find[T any](list *[]T, is func(T) bool) *T {
	i := slices.IndexFunc(*list, is)
	if i < 0 {
		i = len(*list)
		*list = append(*list, *new(T))
	}
	return &(*list)[i]
}

func ruleOf(row report.RuleRow) rule {
	found := rule{ID: row.ID, Class: string(row.Class), Statement: row.Statement, Source: row.Source, order: row.Order}
	var all []verdict.Outcome
	accepted := false
	for front, c := range row.Fronts {
		x := cell{Front: front, Outcome: c.Outcome, Scenarios: c.Scenarios}
		switch {
		case c.Accepted:
			x.Outcome, accepted = known, true
		case c.Outcome == verdict.Skipped:
			continue
		default:
			all = append(all, c.Outcome)
		}
		found.Cells = append(found.Cells, x)
	}
	if len(found.Cells) == 0 {
		found.Reason = "the run did not select its scenarios"
	}
	slices.SortFunc(found.Cells, func(a, b cell) int { return report.CompareFronts(a.Front, b.Front) })
	if decided := slices.DeleteFunc(slices.Clone(all), func(o verdict.Outcome) bool { return o == verdict.NotApplicable }); len(decided) > 0 {
		all = decided
	}
	switch worst := verdict.Worst(all...); {
	case len(all) == 0 && accepted, worst == verdict.Pass && accepted:
		found.Outcome = known
	case len(all) == 0:
		found.Outcome = verdict.Skipped
	default:
		found.Outcome = worst
	}
	return found
}
