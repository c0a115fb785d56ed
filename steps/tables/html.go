package tables

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"countersign/steps/report"
	"countersign/steps/report/page"
)

var (
	//go:embed tables.html
	layout string
	//go:embed tables.css
	style string
)

var pages = template.Must(templates(func(string) string { return "" })) // a page alone has no address of a rule

// templates returns the templates of tables. link returns the address of a rule by its id, or "".
func templates(link func(id string) string) (*template.Template, error) {
	return template.New("tables").Funcs(template.FuncMap{"class": Proof.class, "link": link, "plural": report.Plural}).Parse(layout)
}

// class returns the name of the proof for style sheets.
func (p Proof) class() string {
	switch p {
	case Proved:
		return "proved"
	case Departed:
		return "departed"
	case Unproved:
		return "unproved"
	}
	return ""
}

// WriteHTML writes tables as one page that needs no other file and no network.
func WriteHTML(w io.Writer, tables []Table) error {
	return execute(w, "page", struct {
		Tables []Table
		Policy string
		Style  template.CSS
	}{tables, page.Policy(page.Style()+style, ""), template.CSS(page.Style() + style)})
}

// WriteFragment writes tables as HTML elements without a page and without style, for another page.
func WriteFragment(w io.Writer, tables []Table) error { return execute(w, "tables", tables) }

func execute(w io.Writer, name string, data any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	return nil
}
