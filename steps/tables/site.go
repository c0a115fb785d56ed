package tables

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"countersign/steps/report/page"
)

var (
	//go:embed site.html
	siteLayout string
	//go:embed site.css
	siteStyle string
	//go:embed site.js
	siteScript string
)

// The names of the pages that are not about a section.
const (
	indexFile  = "index.html"
	tablesFile = "tables.html"
)

// A frame is what all pages of a site share.
type frame struct {
	Title  string
	Policy string
	Style  template.CSS
	Script template.JS
	Stamps []string
	Faults string // stamp of the report of the mutation tester
	HasRun bool
}

// Site returns the files of a static site by their names: an index with all rules, a page for each
// section of a document with its rules, scenarios, results and faults, and the other tables. The
// pages request nothing but each other. m may be nil.
func (s Sources) Site(m *Mutation) (map[string][]byte, error) {
	documents := s.sections(m)
	where := map[string]string{}
	for _, d := range documents {
		for _, section := range d.Sections {
			for _, r := range section.Rules {
				where[r.ID] = section.File + "#" + r.ID
			}
		}
	}
	layout, err := templates(func(id string) string { return where[id] })
	if err == nil {
		layout, err = layout.Parse(siteLayout)
	}
	if err != nil {
		return nil, fmt.Errorf("parse the pages: %w", err)
	}
	style := page.Style() + style + siteStyle
	base := frame{
		Policy: page.Policy(style, siteScript), Style: template.CSS(style), Script: template.JS(siteScript),
		Stamps: Table{Features: s.Features, Runs: s.evidence().runs}.Stamps(), Faults: m.Stamp(), HasRun: len(s.evidence().runs) > 0,
	}
	files := map[string][]byte{}
	add := func(file, name, title string, view map[string]any) error {
		framed := base
		framed.Title = title
		view["Frame"] = framed
		var b bytes.Buffer
		if err := layout.ExecuteTemplate(&b, name, view); err != nil {
			return fmt.Errorf("write page %s: %w", file, err)
		}
		files[file] = b.Bytes()
		return nil
	}
	var all counts
	for _, d := range documents {
		all.Proved, all.Departed, all.Unproved = all.Proved+d.Proved, all.Departed+d.Departed, all.Unproved+d.Unproved
		for _, section := range d.Sections {
			if err := add(section.File, "section", section.Title, map[string]any{"Section": section, "HasFaults": m != nil}); err != nil {
				return nil, err
			}
		}
	}
	if err := add(indexFile, "index", "Documented behaviour", map[string]any{"Documents": documents, "Counts": all}); err != nil {
		return nil, err
	}
	tables, err := s.siteTables()
	if err != nil {
		return nil, err
	}
	return files, add(tablesFile, "all", "Tables", map[string]any{"Tables": tables})
}

// siteTables returns the tables that are no list of all rules.
func (s Sources) siteTables() ([]Table, error) {
	var all []Table
	for _, kind := range []Kind{Support, Options, Errors, Proxies} {
		built, err := s.Build(kind)
		if err != nil {
			return nil, err
		}
		all = append(all, built...)
	}
	return all, nil
}
