package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// The elements of JUnit XML.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`

		spent time.Duration
	}
	junitCase struct {
		Name       string          `xml:"name,attr"`
		Class      string          `xml:"classname,attr"`
		File       string          `xml:"file,attr,omitempty"`
		Line       int             `xml:"line,attr,omitempty"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Failure    *junitProblem   `xml:"failure"`
		Error      *junitProblem   `xml:"error"`
		Skipped    *junitProblem   `xml:"skipped"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a concluded report as JUnit XML, with a test suite for each folder at each front.
// A test case passes only if its scenario passed. Scenarios that were skipped, blocked, not applicable,
// not run or against advice are skipped test cases with their reason. If the run does not exit 0 and no
// test case has a failure or an error, WriteJUnit adds a test case named "verdict" that has one.
func WriteJUnit(w io.Writer, r *Report, cat *rules.Catalogue) error {
	doc := junitSuites{Name: r.Suite.Name, Time: seconds(r.Finished.Sub(r.Started))}
	places := make(map[string]int)
	for _, g := range r.Groups {
		places[g.Name()] = len(doc.Suites)
		doc.Suites = append(doc.Suites, junitSuite{Name: g.Name()})
	}
	for _, res := range r.Results {
		name := res.Folder() + "@" + res.Front
		i, ok := places[name]
		if !ok {
			return fmt.Errorf("write JUnit: the report has no group %s; call Conclude first", name)
		}
		doc.Suites[i].add(junitResult(r, res, cat), res.Duration)
	}
	for _, s := range doc.Suites {
		doc.count(s)
	}
	if r.Exit != ExitConforms && doc.Failures+doc.Errors == 0 {
		s := junitSuite{Name: "verdict"}
		s.add(junitVerdict(r), 0)
		doc.Suites = append(doc.Suites, s)
		doc.count(s)
	}
	for i := range doc.Suites {
		doc.Suites[i].Timestamp = r.Started.UTC().Format("2006-01-02T15:04:05")
		doc.Suites[i].Time = seconds(doc.Suites[i].spent)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	return nil
}

func (d *junitSuites) count(s junitSuite) {
	d.Tests += s.Tests
	d.Failures += s.Failures
	d.Errors += s.Errors
	d.Skipped += s.Skipped
}

func (s *junitSuite) add(c junitCase, spent time.Duration) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.spent += spent
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func junitVerdict(r *Report) junitCase {
	p := &junitProblem{Message: Visible(r.Verdict), Type: "exit " + itoa(r.Exit)}
	c := junitCase{Name: "verdict", Class: r.Suite.Name, Time: seconds(0)}
	if r.Exit == ExitViolated {
		c.Failure = p
	} else {
		c.Error = p
	}
	return c
}

func junitResult(r *Report, res Result, cat *rules.Catalogue) junitCase {
	c := junitCase{Name: Visible(res.Title() + " at " + res.Front), Class: res.Feature, File: res.Feature, Line: res.Line, Time: seconds(res.Duration)}
	for _, id := range res.Rules {
		c.Properties = append(c.Properties, junitProperty{"rule", id})
	}
	c.Properties = append(c.Properties, junitProperty{"class", string(res.Class)}, junitProperty{"outcome", string(res.Outcome)})
	for _, p := range []junitProperty{{"id", res.ID}, {"instance", res.Instance}, {"transcript", res.Transcript}, {"accepted", res.Accepted}} {
		if p.Value != "" {
			c.Properties = append(c.Properties, p)
		}
	}
	message := string(res.Outcome)
	if res.Reason != "" {
		message += ": " + res.Reason
	}
	switch {
	case res.Outcome == verdict.Pass:
	case len(res.departures(verdict.Fail)) > 0, len(res.departures(verdict.Advice)) > 0 && r.Selection.Strict:
		c.Failure = &junitProblem{Message: Visible(res.Reason), Type: string(res.Outcome), Text: violationText(r, res, cat)}
	case res.Accepted != "":
		c.Skipped = &junitProblem{Message: Visible("accepted deviation " + res.Accepted + ": " + res.Reason)}
	case res.Outcome == verdict.Error || !res.Outcome.Known():
		c.Error = &junitProblem{Message: Visible(firstLine(res.Reason)), Type: string(res.Outcome), Text: visibleLines(res.Reason)}
	default:
		c.Skipped = &junitProblem{Message: Visible(message)}
	}
	return c
}

// violationText describes the violations of a result for the text of a failure.
func violationText(r *Report, res Result, cat *rules.Catalogue) string {
	var b strings.Builder
	for _, v := range res.Violations {
		if rule, ok := cat.Rule(v.Rule); ok {
			fmt.Fprintf(&b, "%s  %s\n(%s)\n", rule.ID, rule.Statement, rule.Source())
		}
		if v.Step != "" {
			fmt.Fprintf(&b, "step: %s (line %d)\n", Visible(v.Step), v.StepLine)
		}
		fmt.Fprintf(&b, "wanted: %s\ngot: %s\n", Visible(v.Wanted), Visible(v.Got))
	}
	fmt.Fprintf(&b, "at %s\n", res.Where())
	if res.Transcript != "" {
		fmt.Fprintf(&b, "see %s\n", res.Transcript)
	}
	fmt.Fprintf(&b, "run again: %s\n", Visible(Again(r, res)))
	return b.String()
}

// visibleLines applies [Visible] to each line of a text.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Visible(line)
	}
	return strings.Join(lines, "\n")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
