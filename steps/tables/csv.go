package tables

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// WriteCSV writes tables as CSV (RFC 4180) with an empty line between two tables. Behind each column
// with statements about behaviour is one with their proofs; the last column says what run the proofs
// rest on. A spreadsheet takes no cell for a formula.
func WriteCSV(w io.Writer, tables []Table) error {
	var b bytes.Buffer
	for i, t := range tables {
		if i > 0 {
			b.WriteString("\r\n")
		}
		out := csv.NewWriter(&b)
		out.UseCRLF = true
		if err := out.WriteAll(t.records()); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// records returns the header and the rows.
func (t Table) records() [][]string {
	claims := t.claims()
	var header []string
	for i, c := range t.Columns {
		header = append(header, inert(c.Title))
		if claims[i] {
			header = append(header, inert(c.Title+" proof"))
		}
	}
	records := [][]string{append(header, "run")}
	run := inert(strings.Join(t.Stamps(), " "))
	for _, row := range t.Rows {
		var record []string
		for i, cell := range row {
			record = append(record, inert(cell.join(func(item Item) string { return item.Text })))
			if claims[i] {
				record = append(record, inert(cell.join(func(item Item) string { return string(item.Proof) })))
			}
		}
		records = append(records, append(record, run))
	}
	return records
}

// claims returns which columns have items with a proof.
func (t Table) claims() []bool {
	claims := make([]bool, len(t.Columns))
	for _, row := range t.Rows {
		for i, cell := range row {
			for _, item := range cell {
				claims[i] = claims[i] || item.Proof != ""
			}
		}
	}
	return claims
}

// join joins what of returns for the items, with a semicolon.
func (c Cell) join(of func(Item) string) string {
	var all []string
	for _, item := range c {
		all = append(all, of(item))
	}
	return strings.Join(all, "; ")
}

// inert returns text that a spreadsheet does not take for a formula: an apostrophe before it makes
// it text.
func inert(s string) string {
	if begin := strings.TrimLeft(s, " \u00a0\u3000"); begin != "" && strings.ContainsAny(begin[:1], "=+-@|%\t\r") || strings.HasPrefix(begin, "＝") || strings.HasPrefix(begin, "＋") || strings.HasPrefix(begin, "－") || strings.HasPrefix(begin, "＠") {
		return "'" + s
	}
	return s
}
