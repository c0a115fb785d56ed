// Package tables builds tables of documented behaviour from the features, the catalogue and the
// reports of runs, and writes them as Markdown, HTML, CSV and JSON. Each statement about behaviour
// says whether a run has proved it.
package tables

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
)

// A Kind names what a table is about.
type Kind string

// The kinds of tables.
const (
	Support Kind = "support" // which content and access each type of integration supports
	Rules   Kind = "rules"   // every rule of the catalogue
	Options Kind = "options" // every documented option
	Errors  Kind = "errors"  // refused requests
	Proxies Kind = "proxies" // the rules about proxies, for several proxies
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Support, Rules, Options, Errors, Proxies} }

// ParseKind returns the kind with a name.
func ParseKind(name string) (Kind, error) {
	if slices.Contains(Kinds(), Kind(name)) {
		return Kind(name), nil
	}
	return "", fmt.Errorf("there is no table %q; use %s", name, list(Kinds()))
}

// list joins names for a message.
func list[S ~string](names []S) string {
	var words []string
	for _, n := range names {
		words = append(words, string(n))
	}
	return strings.Join(words, ", ")
}

// A Proof says what a run found about a statement.
type Proof string

// The proofs. The empty proof is that of text that states no behaviour.
const (
	Proved   Proof = "proved"
	Departed Proof = "departed" // the system under test behaved otherwise
	Unproved Proof = "not proved"
)

// An Item is a text in a cell.
type Item struct {
	Text  string   `json:"text"`
	Proof Proof    `json:"proof,omitempty"`
	Why   string   `json:"why,omitempty"`   // what a run found, unless the item is proved
	Rules []string `json:"rules,omitempty"` // on which the statement rests
}

// A Cell is a list of items.
type Cell []Item

// A Column describes the cells of a column. Every item of a stacked column is on a line of its own.
type Column struct {
	Title   string `json:"title"`
	Stacked bool   `json:"stacked,omitempty"`
}

// A Table is a table with the runs on which its proofs rest.
type Table struct {
	Kind    Kind     `json:"kind"`
	Title   string   `json:"title"`
	Columns []Column `json:"columns"`
	Rows    [][]Cell `json:"rows"`
	Notes   []string `json:"notes,omitempty"`
	Runs    []Run    `json:"runs,omitempty"`
	// Features is the SHA-256 digest of the features and the catalogue.
	Features string `json:"features"`
}

// A Run identifies a run.
type Run struct {
	Suite    string    `json:"suite"` // name and version
	Started  time.Time `json:"started"`
	Seed     int64     `json:"seed"`
	Target   string    `json:"target"` // name and version
	Seat     string    `json:"seat"`
	Fronts   []string  `json:"fronts,omitempty"`
	Verdict  string    `json:"verdict"`
	Conforms bool      `json:"conforms"`
}

// Sources are what tables are built from.
type Sources struct {
	Catalogue *rules.Catalogue
	Documents []*plan.Document
	Options   []rules.Option
	Features  string // digest of the features and the catalogue, as in a report
	Reports   []*report.Report
}

// Validate returns an error for a report that does not belong to the features, or that cannot be
// told apart from another one.
func (s Sources) Validate() error {
	var problems []error
	servers := 0
	labels := map[string]bool{}
	for _, r := range s.Reports {
		name := fmt.Sprintf("the report of %s, %s", report.Visible(r.Target.Name), r.Started.UTC().Format(time.DateTime))
		if r.Suite.Features != s.Features {
			problems = append(problems, fmt.Errorf("%s is of other features (sha256 %s) than those of this program (sha256 %s); run the suite again, or use the version of countersign that wrote the report", name, short(r.Suite.Features), short(s.Features)))
		}
		switch r.Target.Seat {
		case plan.SeatServer:
			servers++
		case plan.SeatProxy:
		default:
			problems = append(problems, fmt.Errorf("%s has the seat %q; a report is of a %s or of a %s", name, r.Target.Seat, plan.SeatServer, plan.SeatProxy))
		}
		for _, c := range contenders(r) {
			if labels[c.label] {
				problems = append(problems, fmt.Errorf("%s is another one of %s; give one report of each proxy", name, c.label))
			}
			labels[c.label] = true
		}
	}
	if servers > 1 {
		problems = append(problems, fmt.Errorf("%d reports are of servers; tables are about one server, so give one report of a server", servers))
	}
	return errors.Join(problems...)
}

// Build builds the tables of a kind.
func (s Sources) Build(kind Kind) ([]Table, error) {
	builders := map[Kind]func(Sources) ([]Table, error){
		Support: Sources.support, Rules: Sources.rules, Options: Sources.options, Errors: Sources.errors, Proxies: Sources.proxies,
	}
	build, ok := builders[kind]
	if !ok {
		return nil, fmt.Errorf("there is no table %q; use %s", kind, list(Kinds()))
	}
	built, err := build(s)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", kind, err)
	}
	for i := range built {
		built[i].Kind, built[i].Features = kind, s.Features
		built[i].makeVisible()
	}
	return built, nil
}

// makeVisible replaces what is not printable in all texts: a report may repeat what a server sent.
func (t *Table) makeVisible() {
	for i := range t.Columns {
		t.Columns[i].Title = report.Visible(t.Columns[i].Title)
	}
	for _, row := range t.Rows {
		for _, cell := range row {
			for i := range cell {
				cell[i].Text, cell[i].Why = report.Visible(cell[i].Text), report.Visible(cell[i].Why)
			}
		}
	}
	for i := range t.Notes {
		t.Notes[i] = report.Visible(t.Notes[i])
	}
}

// runOf returns the run of a report, with printable text only.
func runOf(r *report.Report) Run {
	run := Run{
		Suite: suiteOf(r.Suite), Started: r.Started.UTC(), Seed: r.Seed,
		Target: report.Visible(strings.TrimSpace(r.Target.Name + " " + r.Target.Version)), Seat: report.Visible(r.Target.Seat),
		Verdict: report.Visible(r.Verdict), Conforms: r.Exit == report.ExitConforms,
	}
	for _, front := range r.Selection.Fronts {
		run.Fronts = append(run.Fronts, report.Visible(front))
	}
	return run
}

// Stamp says in one sentence which run the proofs of a table rest on.
func (r Run) Stamp() string {
	text := fmt.Sprintf("Run of %s by %s, seed %d, target %s (seat %s)", r.Started.Format("2006-01-02 15:04 UTC"), r.Suite, r.Seed, r.Target, r.Seat)
	if len(r.Fronts) > 0 {
		text += ", fronts " + strings.Join(r.Fronts, ", ")
	}
	return text + ". " + r.Verdict + "."
}

// Stamps returns a sentence for each run, or one that no run has proved the table.
func (t Table) Stamps() []string {
	features := "Features sha256 " + short(t.Features) + "."
	if len(t.Runs) == 0 {
		return []string{"No run has proved this table: it shows what the features expect. " + features}
	}
	var stamps []string
	for _, r := range t.Runs {
		stamps = append(stamps, r.Stamp()+" "+features)
	}
	return stamps
}

// Legend explains the marks that occur in the table.
func (t Table) Legend() []string {
	seen := map[Proof]bool{}
	for _, row := range t.Rows {
		for _, cell := range row {
			for _, item := range cell {
				seen[item.Proof] = true
			}
		}
	}
	var lines []string
	if seen[Departed] {
		lines = append(lines, markDeparted+" The run found a departure from this.")
	}
	if seen[Unproved] {
		lines = append(lines, markUnproved+" No run has proved this.")
	}
	return lines
}

// The marks of items that are not proved. They are signs and not only colours.
const (
	markDeparted = "✗"
	markUnproved = "°"
)

// Marked returns the text of the item with its mark.
func (i Item) Marked() string {
	switch i.Proof {
	case Departed:
		return markDeparted + " " + i.Text
	case Unproved:
		return i.Text + " " + markUnproved
	}
	return i.Text
}

// IsWord reports whether the text has no blank, at which a line could break.
func (i Item) IsWord() bool { return !strings.Contains(i.Text, " ") }

// Parts returns the text of the item, cut behind each dot: a line may break there in the name of an
// option.
func (i Item) Parts() []string { return strings.SplitAfter(i.Text, ".") }

func short(digest string) string {
	if digest == "" {
		return "unknown"
	}
	return digest[:min(12, len(digest))]
}

// text returns a cell with one text that states no behaviour.
func text(s string) Cell { return Cell{{Text: s}} }

// columns returns columns with these titles.
func columns(titles ...string) []Column {
	var all []Column
	for _, t := range titles {
		all = append(all, Column{Title: t})
	}
	return all
}

// suiteOf returns the name and the version of a suite. The version of this suite begins with the name.
func suiteOf(s report.Suite) string {
	if strings.HasPrefix(s.Version, s.Name) {
		return report.Visible(s.Version)
	}
	return report.Visible(strings.TrimSpace(s.Name + " " + s.Version))
}
