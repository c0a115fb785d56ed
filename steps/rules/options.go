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

// OptionsFile is the name of the list of options in the file system given to [LoadOptions].
const OptionsFile = "options.tsv"

// optionColumns is the header of the list of options.
var optionColumns = []string{"option", "document", "lines", "type", "default", "meaning"}

var optionPattern = regexp.MustCompile(`^[A-Z][A-Za-z]*\.[A-Z][A-Za-z]*$`)

// An Option is a documented option of the configuration of a server.
type Option struct {
	Name     string // section and key, as in ProxyAuth.LoginURL
	Document string // "oauth" or "proxied"
	Lines    string // of the document
	Type     string
	Default  string // "unset" if the option has no value, "not stated" if the document is silent
	Meaning  string

	Line int // in the file of the list
}

// Source describes the source of the option for a reader: the document and its lines.
func (o Option) Source() string { return Rule{Document: o.Document, Lines: o.Lines}.Source() }

// LoadOptions reads the list of options, in the order of its file. The error contains all mistakes,
// each with file and line.
func LoadOptions(fsys fs.FS) ([]Option, error) {
	f, err := fsys.Open(OptionsFile)
	if err != nil {
		return nil, fmt.Errorf("open the list of options: %w", err)
	}
	defer f.Close()
	var (
		list     []Option
		problems []error
		number   int
	)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		number++
		o, err := parseOption(lines.Text(), number)
		if err == nil && slices.ContainsFunc(list, func(other Option) bool { return other.Name == o.Name }) {
			err = fmt.Errorf("%s is in the list twice", o.Name)
		}
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s:%d: %w", OptionsFile, number, err))
		case number > 1:
			list = append(list, o)
		}
	}
	if err := lines.Err(); err != nil {
		problems = append(problems, fmt.Errorf("%s: after line %d: %w", OptionsFile, number, err))
	}
	if number == 0 {
		problems = append(problems, fmt.Errorf("%s: the file is empty; it begins with the row %s", OptionsFile, strings.Join(optionColumns, " ")))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return list, nil
}

// parseOption parses a row. It returns no option for the header, which is the first row.
func parseOption(text string, line int) (Option, error) {
	cells := strings.Split(text, "\t")
	switch {
	case line == 1 && !slices.Equal(cells, optionColumns):
		return Option{}, fmt.Errorf("the header is %q; it has to be %q, separated by tabs", cells, optionColumns)
	case line == 1:
		return Option{}, nil
	case len(cells) != len(optionColumns):
		return Option{}, fmt.Errorf("the row has %d columns; it has to have %d: %s", len(cells), len(optionColumns), strings.Join(optionColumns, ", "))
	}
	for i, c := range cells {
		if c == "" || strings.TrimSpace(c) != c {
			return Option{}, fmt.Errorf("column %s: %q is empty, or begins or ends in a blank", optionColumns[i], c)
		}
	}
	o := Option{Name: cells[0], Document: cells[1], Lines: cells[2], Type: cells[3], Default: cells[4], Meaning: cells[5], Line: line}
	switch {
	case !optionPattern.MatchString(o.Name):
		return Option{}, fmt.Errorf("column option: %q is no section and key, as in ProxyAuth.LoginURL", o.Name)
	case titles[o.Document] == "":
		return Option{}, fmt.Errorf("column document: %q is not allowed; allowed: %s", o.Document, strings.Join(allowed["document"], ", "))
	case o.Lines == "-" || !linesPattern.MatchString(o.Lines):
		return Option{}, fmt.Errorf("column lines: %q is not a list of lines, as in 5,9-13", o.Lines)
	}
	return o, nil
}
