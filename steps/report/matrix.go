package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// A span is a sequence of rules with consecutive ids whose rows are alike.
type span struct {
	first, last string
	n           int
	row         RuleRow // of the first rule
}

func (s span) name() string {
	if s.n == 1 {
		return s.first
	}
	return s.first + ".." + s.last
}

// spans combines rows of the matrix, so that it fits on a page. It joins only consecutive ids, so that
// no span contains a rule that was not run.
func spans(rows []RuleRow) []span {
	var list []span
	for _, row := range rows {
		if n := len(list); n > 0 && follows(list[n-1].last, row.ID) && alike(list[n-1].row, row) {
			list[n-1].last = row.ID
			list[n-1].n++
			continue
		}
		list = append(list, span{first: row.ID, last: row.ID, n: 1, row: row})
	}
	return list
}

func follows(a, b string) bool {
	pa, na, oka := splitID(a)
	pb, nb, okb := splitID(b)
	return oka && okb && pa == pb && nb == na+1
}

func splitID(id string) (prefix string, n int, ok bool) {
	prefix, digits, ok := strings.Cut(id, "-")
	n, err := strconv.Atoi(digits)
	return prefix, n, ok && err == nil
}

func alike(a, b RuleRow) bool {
	return a.Class == b.Class && maps.EqualFunc(a.Fronts, b.Fronts, func(x, y Cell) bool {
		xt, _ := cellWord(x, true)
		yt, _ := cellWord(y, true)
		return xt == yt
	})
}

// selectedRows returns the rows of rules with a selected scenario.
func selectedRows(rows []RuleRow) []RuleRow {
	return slices.DeleteFunc(slices.Clone(rows), func(row RuleRow) bool {
		for _, c := range row.Fronts {
			if c.Outcome != verdict.Skipped {
				return false
			}
		}
		return true
	})
}

// writeMatrix writes rules by front. A line for several rules ends with their section of the document,
// and a line for one rule with its statement. It writes nothing if there are no rows.
func writeMatrix(w io.Writer, title string, rows []RuleRow, columns []string, cat *rules.Catalogue, p palette, width int) {
	list := spans(rows)
	if len(list) == 0 {
		return
	}
	names := len("rules")
	for _, s := range list {
		names = max(names, len(s.name()))
	}
	const cell = 9 // the length of the longest word, and two blanks
	fmt.Fprintln(w, p.paint(bold, title))
	head := "  " + pad("rules", names) + "  " + pad("class", 6) + "    n  "
	for _, c := range columns {
		head += pad(cut(c, cell-2), cell)
	}
	fmt.Fprintln(w, p.paint(grey, strings.TrimRight(head, " ")))
	for _, s := range list {
		line := "  " + pad(s.name(), names) + "  " + pad(string(s.row.Class), 6) + fmt.Sprintf("  %3d  ", s.n)
		used := names + 2 + 2 + 6 + 7 + cell*len(columns)
		for _, c := range columns {
			present, ok := s.row.Fronts[c]
			text, colour := cellWord(present, ok)
			line += p.paint(colour, text) + strings.Repeat(" ", max(0, cell-len(text)))
		}
		line += p.paint(grey, cut(about(s, cat), width-used))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(w)
}

func about(s span, cat *rules.Catalogue) string {
	if s.n == 1 {
		return s.row.Statement
	}
	from, _ := cat.Rule(s.first)
	to, ok := cat.Rule(s.last)
	if !ok || from.Section == to.Section {
		return from.Section
	}
	return from.Section + " … " + to.Section
}

// writeGroups writes the numbers of rules that passed and that were selected: a line for each
// folder and one for all, a column for each front and one for all. Each rule counts once in a
// column, so the last line of a column is the sum of the others.
func writeGroups(w io.Writer, r *Report, p palette) {
	columns := selectedFronts(r.Results)
	if len(columns) == 0 {
		return
	}
	folders, columns, cells := groupTable(r, columns)
	width := 0
	for _, folder := range folders {
		width = max(width, len(folder))
	}
	fmt.Fprintln(w, p.paint(bold, "GROUPS")+p.paint(grey, "  rules passed of those selected, must + advice"))
	for _, folder := range folders {
		line := "  " + pad(folder, width)
		for _, column := range columns {
			g := cells[folder][column]
			text := fmt.Sprintf("%s %d/%d + %d/%d", column, g.MustPassed, g.MustPlanned, g.AdvicePassed, g.AdvicePlanned)
			colour := ""
			if g.MustPlanned > 0 && g.MustPassed == 0 {
				colour = red
			}
			line += "   " + p.paint(colour, pad(text, 24))
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(w)
}

// groupTable returns the lines and the columns of the groups, and the numbers by line and column.
// If there are several folders or fronts, it adds a line or a column for all of them.
func groupTable(r *Report, columns []string) (folders, all []string, cells map[string]map[string]Group) {
	const total = "all"
	cells = map[string]map[string]Group{}
	sums := make(map[string]Group)
	for _, g := range r.Groups {
		if g.Scenarios+g.MustPlanned+g.AdvicePlanned == 0 {
			continue
		}
		if cells[g.Folder] == nil {
			cells[g.Folder] = make(map[string]Group)
			folders = append(folders, g.Folder)
		}
		cells[g.Folder][g.Front] = g
		sums[g.Front] = sums[g.Front].plus(g)
	}
	if len(columns) > 1 {
		t := newTally(r.Results)
		for _, folder := range folders {
			cells[folder][total] = t.over(folder)
		}
		sums[total] = t.over("")
		columns = append(columns, total)
	}
	if len(folders) > 1 {
		folders = append(folders, total)
		cells[total] = sums
	}
	return folders, columns, cells
}

// plus returns the sums of two groups.
func (g Group) plus(other Group) Group {
	g.Scenarios += other.Scenarios
	g.MustPlanned += other.MustPlanned
	g.MustPassed += other.MustPassed
	g.AdvicePlanned += other.AdvicePlanned
	g.AdvicePassed += other.AdvicePassed
	return g
}
