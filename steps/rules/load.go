package rules

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// File is the name of the catalogue in the file system given to [Load].
const File = "rules.tsv"

// columns is the header of the catalogue.
var columns = []string{"id", "document", "lines", "section", "role", "level", "basis", "statement", "observable", "testable", "state"}

// allowed holds the values that are allowed in the columns with few values.
var allowed = map[string][]string{
	"document": {"oauth", "proxied"},
	"role":     {"server", "content", "proxy", "idp", "config", "dashboard", "cli", "operator"},
	"level":    {"must", "must-not", "default", "may", "warning"},
	"basis":    {"text", "implied", "reading", "measured", "security"},
}

const (
	notTestable = "not-testable"
	stateDone   = "done"
	stateNone   = "-"
	stateOpen   = "open"

	maxLine = 16 << 10 // longest row of the catalogue, in bytes
)

// IDPattern is the regular expression of the id of a rule, for use in other expressions.
const IDPattern = `(?:PA|OI|EX|SEC)-[0-9]{3}`

// ID matches the id of a rule.
var ID = regexp.MustCompile(`^` + IDPattern + `$`)

var (
	linesPattern = regexp.MustCompile(`^(-|[0-9]+(-[0-9]+)?([,;][0-9]+(-[0-9]+)?)*)$`)
	testables    = []string{"yes", "only-with-browser", "only-with-log"}
)

// A RowError describes a problem in a row of the catalogue.
type RowError struct {
	Line   int    // in the file
	Column string // "" if the problem concerns the whole row
	Text   string // what was found and what is allowed
}

func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s:%d: %s", File, e.Line, e.Text)
	}
	return fmt.Sprintf("%s:%d: column %s: %s", File, e.Line, e.Column, e.Text)
}

// Load reads the catalogue. The error joins a [RowError] for each problem.
func Load(fsys fs.FS) (*Catalogue, error) {
	f, err := fsys.Open(File)
	if err != nil {
		return nil, fmt.Errorf("open rule catalogue: %w", err)
	}
	defer f.Close()

	l := loader{cat: &Catalogue{index: make(map[string]int)}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	lines.Split(scanLines)
	for lines.Scan() {
		l.line++
		l.row(lines.Text())
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		l.line++
		l.bad("", "the row is longer than %d bytes", maxLine)
	case err != nil:
		return nil, fmt.Errorf("read rule catalogue: %w", err)
	case l.line == 0:
		l.line = 1
		l.bad("", "the file is empty; it begins with the row %s", strings.Join(columns, " "))
	}
	if err := errors.Join(l.problems...); err != nil {
		return nil, err
	}
	return l.cat, nil
}

// scanLines is like bufio.ScanLines but keeps a carriage return, so that it is reported.
func scanLines(data []byte, atEOF bool) (int, []byte, error) {
	for i, b := range data {
		if b == '\n' {
			return i + 1, data[:i], nil
		}
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

type loader struct {
	cat      *Catalogue
	line     int
	problems []error
}

func (l *loader) bad(column, format string, args ...any) {
	l.problems = append(l.problems, &RowError{Line: l.line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) row(text string) {
	if strings.HasSuffix(text, "\r") {
		l.bad("", "the row ends in a carriage return; rows end in a line feed alone")
		text = strings.TrimSuffix(text, "\r")
	}
	cells := strings.Split(text, "\t")
	if l.line == 1 {
		if !slices.Equal(cells, columns) {
			l.bad("", "the header is %q; it has to be %q, separated by tabs", cells, columns)
		}
		return
	}
	if len(cells) != len(columns) {
		l.bad("", "the row has %d columns; it has to have %d: %s", len(cells), len(columns), strings.Join(columns, ", "))
		return
	}
	for i, c := range cells {
		switch {
		case c == "":
			l.bad(columns[i], "it is empty; every column needs a value")
		case strings.TrimSpace(c) != c:
			l.bad(columns[i], "%q begins or ends in a blank", c)
		}
	}
	r := Rule{
		ID: cells[0], Document: cells[1], Lines: cells[2], Section: cells[3], Role: cells[4], Level: cells[5], Basis: cells[6],
		Statement: cells[7], Observable: cells[8], Testable: cells[9], State: cells[10], Line: l.line,
	}
	l.check(r)
	l.add(r)
}

// add adds the rule to the catalogue unless an earlier row has its id.
func (l *loader) add(r Rule) {
	if i, taken := l.cat.index[r.ID]; taken {
		l.bad("id", "%s is the id of the rule in line %d; each id is used once and never again", r.ID, l.cat.rules[i].Line)
		return
	}
	l.cat.index[r.ID] = len(l.cat.rules)
	l.cat.rules = append(l.cat.rules, r)
}

func (l *loader) check(r Rule) {
	if r.ID != "" && !ID.MatchString(r.ID) {
		l.bad("id", "%q is not an id; allowed: capital letters, a hyphen and three digits, as in PA-034", r.ID)
	}
	if r.Lines != "" && !linesPattern.MatchString(r.Lines) {
		l.bad("lines", "%q is not a list of lines; allowed: numbers and ranges separated by , or ; as in 5,9-13, or - for none", r.Lines)
	}
	l.word("document", r.Document)
	l.word("role", r.Role)
	l.word("level", r.Level)
	l.word("basis", r.Basis)
	l.testable(r)
	l.state(r)
}

func (l *loader) word(column, value string) {
	if value != "" && !slices.Contains(allowed[column], value) {
		l.bad(column, "%q is not allowed; allowed: %s", value, strings.Join(allowed[column], ", "))
	}
}

func (l *loader) testable(r Rule) {
	if r.Testable == "" || slices.Contains(testables, r.Testable) {
		return
	}
	word, why, _ := strings.Cut(r.Testable, ":")
	switch {
	case word != notTestable:
		l.bad("testable", "%q is not allowed; allowed: %s, or %s: and why", r.Testable, strings.Join(testables, ", "), notTestable)
	case strings.TrimSpace(why) == "":
		l.bad("testable", "%s does not say why; allowed: %s: and the reason", notTestable, notTestable)
	}
}

func (l *loader) state(r Rule) {
	if r.State == "" || r.Testable == "" {
		return
	}
	if !r.IsTestable() {
		if r.State != stateNone {
			l.bad("state", "%q is not allowed for a rule that is not testable; allowed: %s", r.State, stateNone)
		}
		return
	}
	word, why, _ := strings.Cut(r.State, ":")
	switch {
	case r.State == stateDone:
	case word != stateOpen:
		l.bad("state", "%q is not allowed for a rule that is testable; allowed: %s, or %s: and what it waits for", r.State, stateDone, stateOpen)
	case strings.TrimSpace(why) == "":
		l.bad("state", "%s does not say what the rule waits for; allowed: %s: and the reason", stateOpen, stateOpen)
	}
}
