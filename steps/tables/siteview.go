package tables

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// A siteDocument is a document with its sections.
type siteDocument struct {
	Title    string
	Sections []*siteSection
	counts
}

// A siteSection is a section of a document: a page of the site.
type siteSection struct {
	Document, Title, File string
	Rules                 []siteRule
	counts
	Previous, Next *siteSection
}

// A siteRule is a rule with its scenarios.
type siteRule struct {
	rules.Rule
	Proof     Proof
	Result    Cell
	Scenarios []siteScenario
	Faults    []faultView
	Search    string // further text to search in
}

// A siteScenario is an outline, or a scenario, with the rows that cite a rule.
type siteScenario struct {
	Title, Place     string
	Feature, Subject string // title of the feature, and name of the Gherkin Rule
	Proof            Proof
	Fronts           []frontResult
	Lines            [][]token
	Troubles         []trouble
	Omitted          int // troubles that are not shown
}

// A frontResult counts the rows of an outline at a front.
type frontResult struct {
	Front         string
	Passed, Total int
}

// A trouble is a result other than a pass.
type trouble struct{ Title, Front, Outcome, Wanted, Got, Reason string }

// maxTroubles bounds the troubles of an outline, and maxText the characters of a text of them.
const (
	maxTroubles = 5
	maxText     = 600
)

// counts counts rules by their proof.
type counts struct{ Proved, Departed, Unproved int }

func (c *counts) add(p Proof) {
	switch p {
	case Proved:
		c.Proved++
	case Departed:
		c.Departed++
	default:
		c.Unproved++
	}
}

// Total returns the number of rules.
func (c counts) Total() int { return c.Proved + c.Departed + c.Unproved }

// Width returns n as a percentage of all rules.
func (c counts) Width(n int) string {
	return fmt.Sprintf("%.2f", 100*float64(n)/float64(max(1, c.Total())))
}

// sections returns the documents and sections in the order of the catalogue.
func (s Sources) sections(m *Mutation) []*siteDocument {
	e := s.evidence()
	scenarios := s.scenarios()
	cited := citing(scenarios)
	outcomes := s.ruleOutcomes(e)
	var documents []*siteDocument
	var last *siteSection
	files := map[string]bool{}
	for _, r := range s.Catalogue.All() {
		d := find(&documents, func(d *siteDocument) bool { return d.Title == r.DocumentTitle() })
		d.Title = r.DocumentTitle()
		section := find(&d.Sections, func(x *siteSection) bool { return x.Title == r.Section })
		if section.Title == "" {
			section.Document, section.Title, section.File = d.Title, r.Section, fileOf(r, files)
		}
		rule := siteRule{Rule: r, Result: resultCell(r, cited[r.ID], e, outcomes[r.ID]), Faults: m.of(r.ID)}
		rule.Proof = worst(rule.Result)
		for _, o := range outlines(cited[r.ID]) {
			rule.Scenarios = append(rule.Scenarios, s.siteScenario(o, e))
			rule.Search += " " + o.Title
		}
		section.Rules = append(section.Rules, rule)
		section.add(rule.Proof)
		d.add(rule.Proof)
	}
	for _, d := range documents {
		for _, section := range d.Sections {
			if section.Previous = last; last != nil {
				last.Next = section
			}
			last = section
		}
	}
	return documents
}

// find returns the element for which is reports true, and appends a new one if there is none.
func find[T any](list *[]*T, is func(*T) bool) *T {
	i := slices.IndexFunc(*list, is)
	if i < 0 {
		i = len(*list)
		*list = append(*list, new(T))
	}
	return (*list)[i]
}

var noWord = regexp.MustCompile(`[^a-z0-9]+`)

// fileOf returns a name for the page of the section of a rule that no other page has.
func fileOf(r rules.Rule, taken map[string]bool) string {
	base := strings.Trim(noWord.ReplaceAllString(strings.ToLower(r.Document+" "+r.Section), "-"), "-")
	name := base + ".html"
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d.html", base, n)
	}
	taken[name] = true
	return name
}

// worst returns the worst proof of a cell.
func worst(c Cell) Proof {
	found := Proved
	for _, item := range c {
		if item.Proof == Departed {
			return Departed
		}
		if item.Proof != Proved && !strings.HasPrefix(item.Text, string(verdict.NotApplicable)+" at") {
			found = Unproved
		}
	}
	if !slices.ContainsFunc(c, func(i Item) bool { return i.Proof == Proved }) {
		return Unproved
	}
	return found
}

// siteScenario returns an outline with the results of its rows.
func (s Sources) siteScenario(o outline, e evidence) siteScenario {
	first := o.Rows[0]
	view := siteScenario{Title: o.Name(), Place: o.Place, Feature: first.Title, Subject: first.Rule, Proof: e.of(o.Rows).proof, Lines: s.gherkin(o)}
	by := map[string]*frontResult{}
	for _, row := range o.Rows {
		for _, res := range e.results[row.ID()] {
			outcome := cmp.Or(res.Cited, res.Outcome)
			if outcome == verdict.Skipped {
				continue
			}
			if by[res.Front] == nil {
				by[res.Front] = &frontResult{Front: report.Visible(res.Front)}
			}
			by[res.Front].Total++
			if outcome == verdict.Pass {
				by[res.Front].Passed++
				continue
			}
			if len(view.Troubles) == maxTroubles {
				view.Omitted++
				continue
			}
			view.Troubles = append(view.Troubles, troubleOf(row, res, outcome))
		}
	}
	for _, front := range report.SortFronts(by) {
		view.Fronts = append(view.Fronts, *by[front])
	}
	return view
}

// gherkin returns the text of an outline with the backgrounds before it.
func (s Sources) gherkin(o outline) [][]token {
	for _, d := range s.Documents {
		if d.Path != o.Rows[0].Feature {
			continue
		}
		excerpt := d.Excerpt(o.Rows)
		return highlight(strings.Join(append(excerpt.Backgrounds, excerpt.Scenario), "\n\n"))
	}
	return nil
}

func troubleOf(row *plan.Scenario, res report.Result, outcome verdict.Outcome) trouble {
	t := trouble{Title: row.Name, Front: report.Visible(res.Front), Outcome: string(outcome), Reason: visible(res.Reason)}
	if len(res.Violations) > 0 {
		t.Wanted, t.Got, t.Reason = visible(res.Violations[0].Wanted), visible(res.Violations[0].Got), ""
	}
	return t
}

// visible returns the beginning of a text of a report, with printable characters only.
func visible(s string) string {
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText]) + "…"
	}
	return report.Visible(s)
}
