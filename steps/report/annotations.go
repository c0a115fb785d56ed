package report

import (
	"fmt"
	"io"
	"strings"

	"countersign/steps/verdict"
)

// maxAnnotations bounds the annotations of a level: GitHub shows ten errors and ten warnings of a step.
const maxAnnotations = 10

// WriteAnnotations writes the departures of a concluded report as workflow commands of GitHub Actions,
// so that they are shown beside the features. The first line has the verdict if the run does not exit 0.
func WriteAnnotations(w io.Writer, r *Report) error {
	advice := "warning"
	if r.Selection.Strict {
		advice = "error"
	}
	a := annotations{w: w, written: make(map[string]int)}
	if r.Exit != ExitConforms {
		a.add("error", "title="+property("Countersign"), r.Verdict)
	}
	a.departures(r, verdict.Fail, "error")
	a.departures(r, verdict.Advice, advice)
	if a.err != nil {
		return fmt.Errorf("write annotations: %w", a.err)
	}
	return nil
}

type annotations struct {
	w       io.Writer
	written map[string]int // by level
	err     error
}

func (a *annotations) departures(r *Report, o verdict.Outcome, level string) {
	for _, rule := range Departures(r, o) {
		for _, d := range rule.Departures {
			res, v := d.First(), d.Violation
			line := res.Line
			if v.StepLine > 0 {
				line = v.StepLine
			}
			place := fmt.Sprintf("file=%s,line=%d,title=%s", property("features/"+strings.TrimPrefix(res.Feature, "features/")), line, property(rule.ID+" "+res.Title()))
			a.add(level, place, fmt.Sprintf("wanted %s; got %s (at %s)", v.Wanted, v.Got, strings.Join(d.Fronts(), ", ")))
		}
	}
}

func (a *annotations) add(level, properties, message string) {
	if a.written[level]++; a.written[level] > maxAnnotations || a.err != nil {
		return
	}
	_, a.err = fmt.Fprintf(a.w, "::%s %s::%s\n", level, properties, data(message))
}

// data returns text for the message of a workflow command.
func data(s string) string { return strings.ReplaceAll(printable(s), "%", "%25") }

// property returns text for a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
