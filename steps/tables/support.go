package tables

import (
	"fmt"
	"slices"
	"strings"

	"countersign/steps/plan"
)

// The columns of the outlines from which the support tables are generated.
const (
	typeColumn     = "type"
	contentColumn  = "content"
	accessColumn   = "access"
	expectedColumn = "expected"
)

// A heading is a column of a support table: the rows of outlines with a value in a column.
type heading struct{ title, column, value string }

var (
	integrationTypes = []string{"Viewer", "Service Account"}
	contentHeadings  = []heading{
		{"Interactive", contentColumn, "Interactive"}, {"Rendered", contentColumn, "Rendered"}, {"Static", contentColumn, "Static"},
	}
	accessHeadings = []heading{
		{"Public Access", accessColumn, "an anonymous visitor"}, {"Share Links", accessColumn, "a visitor with a share link"},
	}
)

// answers maps what an outline expects of content to the word in a support table. The value of the
// column names an account, of which only the beginning counts.
var answers = []struct{ prefix, word string }{{"a token of ", "Yes"}, {"no token", "No"}}

// support returns the two support tables.
func (s Sources) support() ([]Table, error) {
	var rows []*plan.Scenario
	for _, scenario := range s.scenarios() {
		if isSupportRow(scenario) {
			rows = append(rows, scenario)
		}
	}
	e := s.evidence()
	var tables []Table
	for _, t := range []struct {
		title    string
		headings []heading
	}{{"Content types that integrations support", contentHeadings}, {"Kinds of access that integrations support", accessHeadings}} {
		built, err := s.supportTable(t.title, t.headings, rows, e)
		if err != nil {
			return nil, err
		}
		tables = append(tables, built)
	}
	return tables, nil
}

// isSupportRow reports whether a scenario is a row of an outline that says what content obtains.
func isSupportRow(s *plan.Scenario) bool {
	for _, column := range []string{typeColumn, contentColumn, expectedColumn} {
		if _, has := s.Value(column); !has {
			return false
		}
	}
	return true
}

func (s Sources) supportTable(title string, headings []heading, rows []*plan.Scenario, e evidence) (Table, error) {
	t := Table{Title: title, Columns: columns("Auth Type"), Runs: e.runsOf(plan.SeatServer)}
	for _, h := range headings {
		t.Columns = append(t.Columns, Column{Title: h.title})
	}
	for _, integration := range integrationTypes {
		row := []Cell{text(integration)}
		for _, h := range headings {
			cell, err := s.supportCell(integration, h, rows, e)
			if err != nil {
				return Table{}, err
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// supportCell returns what all rows for a type of integration and a heading expect. It returns an
// error if there is no row, or if two rows disagree.
func (s Sources) supportCell(integration string, h heading, rows []*plan.Scenario, e evidence) (Cell, error) {
	var found []*plan.Scenario
	answer := ""
	for _, row := range rows {
		if value, _ := row.Value(typeColumn); value != integration || !h.holds(row) {
			continue
		}
		word, err := answerOf(row)
		if err != nil {
			return nil, err
		}
		if answer != "" && word != answer {
			return nil, fmt.Errorf("%s expects %s and %s expects %s of %s integrations for %s; the rows have to agree", found[0].ID(), answer, row.ID(), word, integration, h.title)
		}
		answer = word
		found = append(found, row)
	}
	if answer == "" {
		return nil, fmt.Errorf("no outline with the columns %s, %s and %s has a row for %s integrations and %s", typeColumn, contentColumn, expectedColumn, integration, h.title)
	}
	item := e.of(found).item(answer)
	item.Rules = s.rulesOf(found)
	return Cell{item}, nil
}

// holds reports whether a row is about the heading. A row about public access or a share link says
// nothing about a content type: another access decides it.
func (h heading) holds(row *plan.Scenario) bool {
	value, has := row.Value(h.column)
	access, _ := row.Value(accessColumn)
	special := slices.ContainsFunc(accessHeadings, func(a heading) bool { return a.value == access })
	return has && value == h.value && (h.column == accessColumn || !special)
}

func answerOf(row *plan.Scenario) (string, error) {
	expected, _ := row.Value(expectedColumn)
	for _, a := range answers {
		if strings.HasPrefix(expected, a.prefix) {
			return a.word, nil
		}
	}
	return "", fmt.Errorf("%s expects %q, which is neither a token nor none", row.ID(), expected)
}
