package page

import (
	"cmp"
	"fmt"
	"html/template"
	"io/fs"
	"slices"
	"strings"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

const (
	maxExchanges  = 4 << 20 // octets of exchanges on the page
	maxDepartures = 300     // departures that the page shows in full
	openCases     = 3       // scenarios of a broken rule that are visible at first
	maxText       = 2000    // octets of a value from the server under test
	maxReason     = 300     // octets of a reason in the list of scenarios
)

// A view is the content of the page.
type view struct {
	*report.Report
	Policy  string
	Style   template.CSS
	Script  template.JS
	Word    string // the verdict in capitals
	Detail  string // the rest of the verdict
	Tone    string // class of the verdict: pass, fail or blocked
	Command string

	Fronts     []string
	Outcomes   []verdict.Outcome // of the listed scenarios, beginning with the worst
	Violations []brokenRule
	Advice     []brokenRule
	Shown      int             // departures
	Omitted    int             // departures that are not shown in full
	Broken     []report.Result // results with the outcome error or not run
	Known      []report.Result
	Documents  []document
	Features   []feature
	Selected   int
	Slow       []report.Result
}

func newView(r *report.Report, transcripts fs.FS) *view {
	v := &view{Report: r, Policy: Policy(style, script), Style: template.CSS(style), Script: template.JS(script), Command: report.ShellLine(r.Command)}
	v.Word, v.Detail, _ = strings.Cut(r.Verdict, ":")
	v.Word, v.Detail = strings.TrimSpace(v.Word), strings.TrimSpace(v.Detail)
	switch r.Exit {
	case report.ExitConforms:
		v.Tone = "pass"
	case report.ExitViolated:
		v.Tone = "fail"
	default:
		v.Tone = "blocked"
	}
	e := &exchanges{files: report.NewTranscripts(transcripts, maxExchanges), shown: make(map[string]string)}
	v.Violations = v.brokenRules(verdict.Fail, e)
	v.Advice = v.brokenRules(verdict.Advice, e)
	v.results()
	v.Documents = documents(r)
	v.Slow = report.Slowest(r.Results, 10)
	return v
}

// results sorts the selected results into the parts of the page.
func (v *view) results() {
	index := make(map[string]int)
	for _, res := range v.Results {
		if res.Outcome == verdict.Skipped && res.Started.IsZero() {
			continue // not selected
		}
		v.Selected++
		if res.Outcome == verdict.Error || res.Outcome == verdict.NotRun {
			v.Broken = append(v.Broken, res)
		}
		if res.Accepted != "" {
			v.Known = append(v.Known, res)
		}
		i, ok := index[res.Feature]
		if !ok {
			i = len(v.Features)
			index[res.Feature] = i
			v.Features = append(v.Features, feature{Path: res.Feature})
		}
		v.Features[i].add(row{Result: res, ID: anchor(res.ID)})
	}
	slices.SortFunc(v.Features, func(a, b feature) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range v.Features {
		slices.SortStableFunc(f.Rows, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), report.CompareFronts(a.Front, b.Front))
		})
	}
	for _, o := range verdict.Outcomes() {
		if v.Totals[o] > 0 && o != verdict.Skipped {
			v.Outcomes = append(v.Outcomes, o)
		}
	}
	seen := make(map[string]bool)
	for _, f := range v.Features {
		for _, res := range f.Rows {
			seen[res.Front] = true
		}
	}
	v.Fronts = report.SortFronts(seen)
}

// Seeded reports whether the command line of the run determines the seed.
func (v *view) Seeded() bool {
	return slices.ContainsFunc(v.Report.Command, func(word string) bool { return word == "--seed" || strings.HasPrefix(word, "--seed=") })
}

// SuiteVersion returns the name and the version of the suite.
func (v *view) SuiteVersion() string {
	if strings.HasPrefix(v.Suite.Version, v.Suite.Name) {
		return v.Suite.Version
	}
	return v.Suite.Name + " " + v.Suite.Version
}

// anchor returns a fragment identifier for a result.
func anchor(id string) string {
	return "s-" + strings.NewReplacer("/", "-", ":", "-", "@", "-", " ", "-").Replace(id)
}

// A tally counts the entries of a group by look, for its bar.
type tally struct {
	counts map[string]int
	all    int
}

func (t *tally) count(o verdict.Outcome) {
	if t.counts == nil {
		t.counts = make(map[string]int)
	}
	t.counts[look(o).Class]++
	t.all++
}

// A Part is a part of a bar.
type Part struct {
	Class string
	Width string // in percent
	N     int
}

// Parts returns the parts of the bar that are not empty.
func (t tally) Parts() []Part {
	var parts []Part
	for _, class := range []string{"pass", "advice", "fail", "error", "blocked", "skip"} {
		if n := t.counts[class]; n > 0 {
			parts = append(parts, Part{class, fmt.Sprintf("%.2f", 100*float64(n)/float64(t.all)), n})
		}
	}
	return parts
}

// All returns the number of counted entries.
func (t tally) All() int { return t.all }

// Of returns the number of entries with the class of a look.
func (t tally) Of(class string) int { return t.counts[class] }

// Bad returns the number of entries that failed, were blocked or ended in an error.
func (t tally) Bad() int { return t.counts["fail"] + t.counts["error"] + t.counts["blocked"] }

// A feature is a feature file with its selected results.
type feature struct {
	tally
	Path string
	Rows []row
}

func (f *feature) add(r row) {
	f.count(r.Shown())
	f.Rows = append(f.Rows, r)
}

// A row is a result in the list of scenarios.
type row struct {
	report.Result
	ID string // fragment identifier
}

// Shown returns the outcome of the row, in which accepted departures are known.
func (r row) Shown() verdict.Outcome {
	if r.Accepted != "" {
		return known
	}
	return r.Outcome
}

// Note returns why the scenario did not pass, shortened.
func (r row) Note() string {
	text, _, _ := strings.Cut(r.Reason, "\n")
	return bound(text, maxReason)
}

// bound shortens a text to n octets without dividing a character.
func bound(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + fmt.Sprintf("… (%d octets more)", len(s)-n)
}
