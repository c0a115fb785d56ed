// Package page writes a report as one HTML file that needs no other file and no network. It reads the
// report and the transcripts only, so that the page of a stored report can be written again.
package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
	"time"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

var (
	//go:embed page.html
	layout string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"outcome": look,
	"blocked": func() verdict.Outcome { return verdict.Blocked },
	"visible": report.Visible,
	"lines":   visibleLines,
	"plural":  report.Plural,
	"short":   short,
	"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"join":    strings.Join,
	"digest":  func(s string) string { return s[:min(12, len(s))] },
}).Parse(layout))

// Write writes the page of a concluded report. transcripts is the folder of the report, from which the
// exchanges of failed scenarios are read; nil means that there are none. The page shows at most
// maxExchanges octets of exchanges and names the files of the others.
func Write(w io.Writer, r *report.Report, transcripts fs.FS) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	if err := page.Execute(buffered, newView(r, transcripts)); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// Policy returns the content security policy of a page with a style and a script of its own, which
// it allows by their digests, and no request. An empty script allows none.
func Policy(style, script string) string {
	digest := func(text string) string {
		if text == "" {
			return "'none'"
		}
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + digest(style) + "; script-src " + digest(script) + "; img-src data:; base-uri 'none'; form-action 'none'"
}

// Style returns the style sheet of the page, for other pages that are to look like it.
func Style() string { return style }

// A Look is how an outcome is shown: a sign and a word, so that no information is in the colour alone.
type Look struct{ Class, Sign, Word string }

var looks = map[verdict.Outcome]Look{
	verdict.Pass:          {"pass", "✓", "pass"},
	verdict.Fail:          {"fail", "✗", "fail"},
	verdict.Error:         {"error", "✗", "error"},
	verdict.Blocked:       {"blocked", "■", "blocked"},
	verdict.NotRun:        {"blocked", "■", "not run"},
	verdict.Advice:        {"advice", "▲", "advice"},
	verdict.Skipped:       {"skip", "–", "not selected"},
	verdict.NotApplicable: {"skip", "–", "not applicable"},
	known:                 {"advice", "▲", "known"},
	untested:              {"skip", "–", "no scenario"},
}

// Two more outcomes of rules: all departures are covered by deviations, and no scenario cites the rule.
const (
	known    verdict.Outcome = "known"
	untested verdict.Outcome = "untested"
)

func look(o verdict.Outcome) Look { return looks[o] }

// visibleLines returns text with several lines in which only line feeds and tabs are not printable.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		parts := strings.Split(line, "\t")
		for j, part := range parts {
			parts[j] = report.Visible(part)
		}
		lines[i] = strings.Join(parts, "\t")
	}
	return strings.Join(lines, "\n")
}

func short(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
}
