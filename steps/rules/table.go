package rules

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A Row is a rule in the list of `countersign rules`.
type Row struct {
	ID        string `json:"id"`
	Class     Class  `json:"class"`
	Scenarios int    `json:"scenarios"` // number of scenarios that cite the rule
	State     string `json:"state"`     // for a rule that is not testable, the reason
	Source    string `json:"source"`
	Statement string `json:"statement"`
}

// Table lists every rule of the catalogue with the number of scenarios that cite it.
func Table(cat *Catalogue, scenarios []ScenarioRef) []Row {
	cited := make(map[string]int)
	for _, s := range scenarios {
		for _, id := range s.cited() {
			cited[id]++
		}
	}
	rows := make([]Row, 0, len(cat.rules))
	for _, r := range cat.rules {
		state := r.State
		if !r.IsTestable() {
			state = r.Testable
		}
		rows = append(rows, Row{ID: r.ID, Class: r.Class(), Scenarios: cited[r.ID], State: state, Source: r.Source(), Statement: r.Statement})
	}
	return rows
}

// WriteText writes the rows as aligned text, followed by the number of rules of each state.
func WriteText(w io.Writer, rows []Row) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "rule\tclass\tscenarios\tstate")
	var done, open, never int
	for _, r := range rows {
		fmt.Fprintf(tw, "%s\t%s\t%d\t%s\n", r.ID, r.Class, r.Scenarios, r.State)
		switch word, _, _ := strings.Cut(r.State, ":"); word {
		case stateDone:
			done++
		case notTestable:
			never++
		default:
			open++
		}
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	if _, err := fmt.Fprintf(w, "\n%d rules: %d done, %d open, %d not testable\n", len(rows), done, open, never); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return nil
}

// WriteTSV writes the rows separated by tabs. No cell contains a tab, because the cells of the
// catalogue contain none.
func WriteTSV(w io.Writer, rows []Row) error {
	var b strings.Builder
	b.WriteString("id\tclass\tscenarios\tstate\tsource\tstatement\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "%s\t%s\t%d\t%s\t%s\t%s\n", r.ID, r.Class, r.Scenarios, r.State, r.Source, r.Statement)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return nil
}

// WriteJSON writes the rows as a JSON array.
func WriteJSON(w io.Writer, rows []Row) error {
	if rows == nil {
		rows = []Row{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rows); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return nil
}
