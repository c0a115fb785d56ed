package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// maxStated bounds the entries of one list of a statement, so that it fits on a page.
const maxStated = 10

// WriteStatement writes a statement of conformance in Markdown: what was tested, what was not and why,
// the departures and the accepted deviations, and the versions with which the result can be repeated.
func WriteStatement(w io.Writer, r *Report) error {
	s := statement{r: r}
	s.line("# Conformance of %s", markdown(strings.TrimSpace(r.Target.Name+" "+r.Target.Version)))
	s.line("")
	s.line("**%s**", markdown(r.Verdict))
	s.line("")
	s.table()
	s.tested()
	s.departures("Departures from must rules", verdict.Fail)
	s.departures("Departures from advice", verdict.Advice)
	s.deviations()
	s.untested()
	s.line("The statements of the rules are those of the Countersign catalogue. Countersign is not made or endorsed by Posit.")
	if _, err := w.Write(s.b.Bytes()); err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	return nil
}

type statement struct {
	b bytes.Buffer
	r *Report
}

func (s *statement) line(format string, args ...any) { fmt.Fprintf(&s.b, format+"\n", args...) }

// table writes what was run, and how to repeat it.
func (s *statement) table() {
	r := s.r
	s.line("| | |")
	s.line("|---|---|")
	s.line("| Tested as | %s, at the fronts %s |", markdown(r.Target.Seat), markdown(strings.Join(selectedFronts(r.Results), ", ")))
	s.line("| Date | %s |", r.Started.UTC().Format("2006-01-02 15:04 UTC"))
	s.line("| Suite | %s |", markdown(r.Suite.Version))
	s.line("| Features | sha256 %s |", cmp.Or(r.Suite.Features, "not recorded"))
	s.line("| Scenarios | %d selected of %d |", selected(r), r.Planned)
	s.line("| Command | %s |", markdown(ShellLine(r.Command)))
	s.line("| Seed | %d |", r.Seed)
	s.line("")
}

// tested writes the numbers of rules by document.
func (s *statement) tested() {
	type numbers struct{ passed, tested, all int }
	counts := make(map[string]*[2]numbers)
	var documents []string
	at := func(document string, class rules.Class) *numbers {
		if counts[document] == nil {
			counts[document] = new([2]numbers)
			documents = append(documents, document)
		}
		if class == rules.Advice {
			return &counts[document][1]
		}
		return &counts[document][0]
	}
	tested := testedRules(s.r)
	for _, row := range s.r.Rules {
		n := at(row.Document, row.Class)
		n.all++
		if tested[row.ID] {
			n.tested++
			if row.Passed() {
				n.passed++
			}
		}
	}
	for _, u := range s.r.Untested {
		at(u.Document, u.Class).all++
	}
	s.line("## What was tested")
	s.line("")
	s.line("| document | must rules passed | advice rules passed |")
	s.line("|---|---|---|")
	for _, d := range documents {
		must, advice := counts[d][0], counts[d][1]
		s.line("| %s | %d of %d tested; the catalogue has %d | %d of %d tested; the catalogue has %d |",
			markdown(d), must.passed, must.tested, must.all, advice.passed, advice.tested, advice.all)
	}
	s.line("")
}

func (s *statement) departures(title string, o verdict.Outcome) {
	list := Departures(s.r, o)
	if len(list) == 0 {
		return
	}
	s.line("## %s", title)
	s.line("")
	rows := make(map[string]RuleRow)
	for _, row := range s.r.Rules {
		rows[row.ID] = row
	}
	for _, rule := range list[:min(maxStated, len(list))] {
		row := rows[rule.ID]
		s.line("- **%s** %s (%s): %s", markdown(rule.ID), markdown(row.Statement), markdown(row.Source), Plural(len(rule.Departures), "departure"))
	}
	s.more(len(list))
}

// more ends a list with the number of omitted entries.
func (s *statement) more(n int) {
	if n > maxStated {
		s.line("- and %d more", n-maxStated)
	}
	s.line("")
}

func (s *statement) deviations() {
	if len(s.r.Deviations) == 0 {
		return
	}
	s.line("## Accepted deviations")
	s.line("")
	for _, d := range s.r.Deviations[:min(maxStated, len(s.r.Deviations))] {
		text := markdown(strings.TrimSpace(d.Rule+" "+d.Scenario)) + ": " + markdown(d.Issue)
		if !d.Expires.IsZero() {
			text += ", until " + d.Expires.UTC().Format("2006-01-02")
		}
		if slices.Contains(s.r.Stale, d) {
			text += " (did not occur)"
		}
		s.line("- %s", text)
	}
	s.more(len(s.r.Deviations))
}

// untested writes what was not tested, by reason.
func (s *statement) untested() {
	reasons := make(map[string]int)
	for _, u := range s.r.Untested {
		reasons["rule|without a scenario: "+u.Reason]++
	}
	for _, res := range s.r.Results {
		switch res.Outcome {
		case verdict.Skipped, verdict.NotApplicable, verdict.NotRun, verdict.Blocked, verdict.Error:
			reasons[fmt.Sprintf("scenario|%s: %s", res.Outcome, causeOf(firstLine(res.Reason)))]++
		}
	}
	list := make([]string, 0, len(reasons))
	for reason := range reasons {
		list = append(list, reason)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b)) })
	s.line("## What was not tested, and why")
	s.line("")
	if len(list) == 0 {
		s.line("Every rule of the catalogue was tested.")
	}
	for _, reason := range list[:min(maxStated, len(list))] {
		noun, text, _ := strings.Cut(reason, "|")
		s.line("- %s %s", Plural(reasons[reason], noun), markdown(cut(text, 200)))
	}
	s.more(len(list))
}

// special matches the characters that are not only punctuation in Markdown and in the dialect of Pandoc
// and Quarto, which has formulas, attributes and citations. An escaped colon does not begin a link.
var special = strings.NewReplacer(
	"\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "#", "\\#", "+", "\\+", "|", "\\|", "~", "\\~",
	"$", "\\$", "^", "\\^", "{", "\\{", "}", "\\}", "@", "\\@", "://", "\\://", "www.", "www\\.", "<", "&lt;", ">", "&gt;", "&", "&amp;",
)

// Markdown returns any text for one line of Markdown, in which it means itself. Characters that are not
// printable become escape sequences.
func Markdown(s string) string { return special.Replace(Visible(s)) }

// markdown is [Markdown] for text of which a reader needs the beginning only.
func markdown(s string) string { return special.Replace(printable(s)) }
