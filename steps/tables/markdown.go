package tables

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"countersign/steps/report"
)

// WriteMarkdown writes tables as Markdown that GitHub, Pandoc and Quarto read. All text of the
// tables means itself.
func WriteMarkdown(w io.Writer, tables []Table) error {
	var b bytes.Buffer
	for i, t := range tables {
		if i > 0 {
			b.WriteByte('\n')
		}
		t.markdown(&b)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write Markdown: %w", err)
	}
	return nil
}

func (t Table) markdown(b *bytes.Buffer) {
	fmt.Fprintf(b, "**%s**\n\n", report.Markdown(t.Title))
	for _, c := range t.Columns {
		fmt.Fprintf(b, "| %s ", report.Markdown(c.Title))
	}
	b.WriteString("|\n" + strings.Repeat("|---", len(t.Columns)) + "|\n")
	for _, row := range t.Rows {
		for i, cell := range row {
			fmt.Fprintf(b, "| %s ", cell.markdown(t.Columns[i]))
		}
		b.WriteString("|\n")
	}
	for _, paragraph := range [][]string{t.Legend(), t.Notes, t.Stamps()} {
		for _, line := range paragraph {
			fmt.Fprintf(b, "\n%s\n", report.Markdown(line))
		}
	}
}

func (c Cell) markdown(column Column) string {
	var items []string
	for _, item := range c {
		items = append(items, report.Markdown(item.Marked()))
	}
	if column.Stacked {
		return strings.Join(items, "<br>")
	}
	return strings.Join(items, ", ")
}
