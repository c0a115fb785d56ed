package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// SummaryOptions determine the form of the text that [WriteSummary] writes.
type SummaryOptions struct {
	Colour bool
	Width  int    // of a line in characters; 0 means 120
	Dir    string // folder of the reports, "" if there is none

	Quiet   bool // write only what did not pass, and the verdict
	Verbose bool // write all selected rules, also if everything was selected
	Slowest bool // write the slowest scenarios
}

const (
	defaultWidth = 120
	minWidth     = 60

	// The numbers of entries that a terminal shows. Further entries are counted.
	maxRules = 12 // broken rules
	maxCases = 4  // departures of one rule
	maxItems = 8  // errors, roots and the like
	maxSlow  = 10 // slowest scenarios
)

// WriteSummary writes a concluded report as text: the violations with the statements and sources of
// the rules, the errors of the suite, the matrix of rules by front, the time and resources of the
// run, and the verdict in the last line. If the user selected scenarios, the matrix has the rules of
// these scenarios. Otherwise it has only the rules that did not pass.
func WriteSummary(w io.Writer, r *Report, cat *rules.Catalogue, o SummaryOptions) error {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, minWidth)
	var b bytes.Buffer
	s := summary{w: &b, r: r, cat: cat, o: o, p: palette{o.Colour}}
	s.departures("VIOLATIONS", verdict.Fail, red)
	s.stale()
	s.blocked()
	s.harness()
	s.notes()
	s.departures("AGAINST ADVICE", verdict.Advice, yellow)
	s.accepted()
	if !o.Quiet {
		s.matrix()
		writeGroups(&b, r, s.p)
		s.slowest()
		s.cost()
	}
	s.verdict()
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

type summary struct {
	w   io.Writer
	r   *Report
	cat *rules.Catalogue
	o   SummaryOptions
	p   palette
}

func (s summary) line(indent int, text string) {
	fmt.Fprintln(s.w, strings.TrimRight(strings.Repeat(" ", indent)+text, " "))
}

func (s summary) head(colour, text, note string) {
	s.line(0, s.p.paint(bold+";"+colour, text)+s.p.paint(grey, note))
}

// departures writes the departures with the given outcome by rule. Equal departures at several
// fronts form one entry.
func (s summary) departures(title string, o verdict.Outcome, colour string) {
	broken := Departures(s.r, o)
	if len(broken) == 0 {
		return
	}
	found, scenarios := open(s.r.Results, o)
	s.head(colour, title, fmt.Sprintf("  %s from %s, in %s", Plural(found, "departure"), Plural(len(broken), "rule"), Plural(scenarios, "scenario")))
	s.line(0, "")
	for i, rule := range broken {
		if i == maxRules {
			s.line(2, fmt.Sprintf("… and %s more; see the report", Plural(len(broken)-maxRules, "rule")))
			s.line(0, "")
			break
		}
		s.rule(rule, colour)
	}
}

func (s summary) rule(broken BrokenRule, colour string) {
	rule, ok := s.cat.Rule(broken.ID)
	if ok {
		for i, text := range wrap(rule.Statement, s.o.Width-12) {
			if i == 0 {
				s.line(2, s.p.paint(colour, pad(broken.ID, 8))+"  "+text)
			} else {
				s.line(12, text)
			}
		}
		s.line(12, s.p.paint(grey, rule.Source()))
	} else {
		s.line(2, s.p.paint(colour, broken.ID))
	}
	for i, d := range broken.Departures {
		if i == maxCases {
			s.line(4, fmt.Sprintf("… and %d more of this rule; see the report", len(broken.Departures)-maxCases))
			break
		}
		s.departure(d)
	}
	s.line(0, "")
}

func (s summary) departure(d Departure) {
	first := d.First()
	s.line(4, fmt.Sprintf("%s  %s", printable(first.Title()), s.p.paint(grey, printable(first.Where())+" at "+strings.Join(d.Fronts(), ", "))))
	if v := d.Violation; v.Step != "" {
		s.line(6, "step    "+printable(v.Step)+s.p.paint(grey, "  line "+itoa(v.StepLine)))
	}
	s.line(6, "wanted  "+printable(d.Violation.Wanted))
	s.line(6, "got     "+printable(d.Violation.Got))
	if first.Transcript != "" {
		s.line(6, "see     "+printable(first.Transcript)+more(len(d.Results)))
	}
	s.line(6, "again   "+printable(d.Again(s.r)))
}

func more(times int) string {
	if times <= 1 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", times-1)
}

func (s summary) stale() {
	if len(s.r.Stale) == 0 {
		return
	}
	s.head(red, "STALE DEVIATIONS", "  accepted departures that did not occur; remove them from the target file")
	for _, d := range s.r.Stale {
		s.line(2, printable(strings.TrimSpace(d.Rule+"  "+d.Scenario))+s.p.paint(grey, "  "+printable(d.Issue)))
	}
	s.line(0, "")
}

func (s summary) blocked() {
	if len(s.r.Roots) == 0 {
		return
	}
	s.head(red, "BLOCKED", "  prerequisites that failed, and the scenarios that need them")
	for i, root := range s.r.Roots {
		if i == maxItems {
			s.line(2, fmt.Sprintf("… and %d more", len(s.r.Roots)-maxItems))
			break
		}
		by := "the suite"
		if root.BySubject {
			by = "the subject"
		}
		s.line(2, fmt.Sprintf("%s by %s: %s", Plural(root.Scenarios, "scenario"), by, printable(root.Reason)))
		s.evidence(root.Evidence)
	}
	s.line(0, "")
}

// evidence writes the last lines of the evidence of a root.
func (s summary) evidence(text string) {
	const last = 5
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	for _, l := range lines[max(0, len(lines)-last):] {
		s.line(6, s.p.paint(grey, printable(l)))
	}
}

// notes writes the limits that the run reached.
func (s summary) notes() {
	if len(s.r.Notes) == 0 {
		return
	}
	s.head(yellow, "NOTES", "  limits that the run reached")
	for i, text := range s.r.Notes {
		if i == maxItems {
			s.line(2, fmt.Sprintf("… and %d more", len(s.r.Notes)-maxItems))
			break
		}
		s.line(2, printable(text))
	}
	s.line(0, "")
}

// harness writes the problems of the suite.
func (s summary) harness() {
	var list []string
	for _, text := range slices.Concat(s.r.NotStarted, s.r.Problems) {
		list = append(list, printable(text))
	}
	for _, o := range []verdict.Outcome{verdict.Error, verdict.NotRun} {
		list = append(list, s.byReason(o)...)
	}
	if len(list) == 0 {
		return
	}
	s.head(red, "NOT DONE", "  problems of the suite; they say nothing about the server under test")
	for i, text := range list {
		if i == maxItems {
			s.line(2, fmt.Sprintf("… and %d more", len(list)-maxItems))
			break
		}
		s.line(2, text)
	}
	s.line(0, "")
}

// byReason groups the results with an outcome by the first line of their reason.
func (s summary) byReason(o verdict.Outcome) []string {
	var order []string
	n := make(map[string]int)
	sample := make(map[string]Result)
	for _, res := range s.r.Results {
		if res.Outcome != o {
			continue
		}
		reason := firstLine(res.Reason)
		if n[reason] == 0 {
			order = append(order, reason)
			sample[reason] = res
		}
		n[reason]++
	}
	list := make([]string, 0, len(order))
	for _, reason := range order {
		res := sample[reason]
		text := fmt.Sprintf("%s: %s  %s", o, printable(reason), s.p.paint(grey, printable(res.Title())+", "+printable(res.Where())+" at "+res.Front+more(n[reason])))
		if res.Step != "" {
			text += s.p.paint(grey, ", step "+printable(res.Step))
		}
		if res.Transcript != "" {
			text += s.p.paint(grey, ", see "+printable(res.Transcript))
		}
		list = append(list, text)
	}
	return list
}

func (s summary) accepted() {
	n := make(map[string]int)
	var issues []string
	for _, res := range s.r.Results {
		if res.Accepted == "" {
			continue
		}
		if n[res.Accepted] == 0 {
			issues = append(issues, res.Accepted)
		}
		n[res.Accepted]++
	}
	if len(issues) == 0 {
		return
	}
	s.head(yellow, "KNOWN", "  departures that the target file accepts")
	for _, issue := range issues {
		s.line(2, fmt.Sprintf("%s: %s", Plural(n[issue], "scenario"), printable(issue)))
	}
	s.line(0, "")
}

// matrix writes the rules by front. Without a filter it omits the rules that passed at every front, which
// the groups count, and gives only the number of those that do not apply to the target.
func (s summary) matrix() {
	rows := selectedRows(s.r.Rules)
	fronts := selectedFronts(s.r.Results)
	if s.o.Verbose || s.r.Selection.Filtered() {
		writeMatrix(s.w, "RULES BY FRONT", rows, fronts, s.cat, s.p, s.o.Width)
		return
	}
	rows = slices.DeleteFunc(rows, RuleRow.Passed)
	applicable := slices.DeleteFunc(slices.Clone(rows), func(r RuleRow) bool { return r.outcome() == verdict.NotApplicable })
	writeMatrix(s.w, "RULES THAT DID NOT PASS", applicable, fronts, s.cat, s.p, s.o.Width)
	if n := len(rows) - len(applicable); n > 0 {
		s.head(cyan, "NOT APPLICABLE", fmt.Sprintf("  %s; --verbose lists them", Plural(n, "rule")))
		s.line(0, "")
	}
}

// slowest writes the scenarios that took longest.
func (s summary) slowest() {
	list := Slowest(s.r.Results, maxSlow)
	if !s.o.Slowest || len(list) == 0 {
		return
	}
	s.head(cyan, "SLOWEST SCENARIOS", "  time without the wait for the instance")
	for _, res := range list {
		s.line(2, fmt.Sprintf("%8s  %s  %s", res.Duration.Round(time.Millisecond), printable(res.Title()), s.p.paint(grey, printable(res.Where())+" at "+res.Front)))
	}
	s.line(0, "")
}

// cost writes the time and the resources of the run.
func (s summary) cost() {
	u := s.r.Usage
	var scenarios, exchanges []string
	for _, f := range u.Fronts {
		if f.Selected == 0 {
			continue
		}
		text := fmt.Sprintf("%s %d", f.Front, f.Scenarios)
		if f.Scenarios != f.Selected {
			text += fmt.Sprintf(" of %d", f.Selected)
		}
		scenarios = append(scenarios, text)
		exchanges = append(exchanges, fmt.Sprintf("%s %d", f.Front, f.Exchanges))
	}
	t := s.r.Target
	s.line(0, s.p.paint(bold, "RUN"))
	s.line(2, "target     "+Visible(strings.Join(strings.Fields(t.Name+" "+t.Version), " "))+", "+t.Seat+" seat")
	if len(scenarios) > 0 {
		s.line(2, "scenarios  "+strings.Join(scenarios, ", "))
		s.line(2, "exchanges  "+strings.Join(exchanges, ", "))
	}
	if u.Starts > 0 {
		s.line(2, fmt.Sprintf("instances  %s, %s, at most %d alive", Plural(u.Configurations, "configuration"), Plural(u.Starts, "start"), u.PeakInstances))
	}
	wall := "wall       " + short(u.Wall)
	if f := u.WallFactor(); f > 0 {
		wall += fmt.Sprintf(", %.1f times the processor time on %s", f, Plural(u.Cores, "core"))
	}
	s.line(2, wall)
	if u.CPU.Total() > 0 {
		s.line(2, fmt.Sprintf("processor  %s: suite %s, subjects %s, proxies %s, provider %s",
			short(u.CPU.Total()), short(u.CPU.Suite), short(u.CPU.Subjects), short(u.CPU.Proxies), short(u.CPU.Provider)))
	}
	if u.PeakMemory > 0 {
		s.line(2, fmt.Sprintf("memory     %d MiB at the peak", (u.PeakMemory+1<<19)>>20))
	}
	s.line(2, fmt.Sprintf("seed       %d", s.r.Seed))
	if s.o.Dir != "" {
		s.line(2, "report     "+s.o.Dir)
	}
	s.line(0, "")
}

func short(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// verdict writes the last line.
func (s summary) verdict() {
	colour := red
	if s.r.Exit == ExitConforms {
		colour = green
	}
	s.line(0, s.p.paint(bold+";"+colour, Visible(s.r.Verdict))+s.p.paint(grey, fmt.Sprintf("  (exit code %d)", s.r.Exit)))
}
