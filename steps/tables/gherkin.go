package tables

import (
	"regexp"
	"strings"
)

// A token is a part of a line of Gherkin with the name of its style, "" for none.
type token struct{ Class, Text string }

var (
	gherkinKeyword = regexp.MustCompile(`^(\s*)((?:Background|Scenario Outline|Scenario|Examples):|(?:Given|When|Then|And|But)\b)(.*)$`)
	gherkinPart    = regexp.MustCompile(`"[^"]*"|<[^<>]+>|\|`)
)

const docString = `"""`

// highlight returns the lines of a text of Gherkin in tokens.
func highlight(text string) [][]token {
	var lines [][]token
	inside := false
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		keyword := gherkinKeyword.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(trimmed, docString):
			inside = !inside
			lines = append(lines, []token{{"doc", line}})
		case inside:
			lines = append(lines, []token{{"doc", line}})
		case strings.HasPrefix(trimmed, "@"), strings.HasPrefix(trimmed, "#"):
			lines = append(lines, []token{{"tag", line}})
		case keyword != nil:
			lines = append(lines, append([]token{{"", keyword[1]}, {"kw", keyword[2]}}, parts(keyword[3])...))
		default:
			lines = append(lines, parts(line))
		}
	}
	return lines
}

// parts returns the quoted texts, the placeholders and the borders of cells of a line, and what is
// between them.
func parts(line string) []token {
	var all []token
	last := 0
	for _, at := range gherkinPart.FindAllStringIndex(line, -1) {
		if at[0] > last {
			all = append(all, token{"", line[last:at[0]]})
		}
		found := token{"str", line[at[0]:at[1]]}
		switch found.Text[0] {
		case '<':
			found.Class = "ph"
		case '|':
			found.Class = "tag"
		}
		all = append(all, found)
		last = at[1]
	}
	if last < len(line) {
		all = append(all, token{"", line[last:]})
	}
	return all
}
