// Package sarif writes the departures of a report as SARIF 2.1.0, which code scanning services read.
package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// maxResults bounds the number of results: services refuse files with more than 25,000 results.
const maxResults = 10_000

// maxText bounds the octets of a value from the server under test.
const maxText = 2000

// Write writes a concluded report. A violation is a result of the level error and a departure from advice
// one of the level warning, or error if the run is strict. A departure that a deviation covers is
// suppressed with the issue as the justification. Errors of the suite are notifications of the
// invocation, because they say nothing about the server under test.
func Write(w io.Writer, r *report.Report) error {
	b := &builder{report: r, run: sarif.NewRun(), index: make(map[string]int)}
	driver := sarif.NewToolComponent().WithName(r.Suite.Name).WithVersion(visible(r.Suite.Version))
	for _, row := range r.Rules {
		b.index[row.ID] = len(b.index)
		driver.AddRule(descriptor(row))
	}
	b.run.Tool = sarif.NewTool().WithDriver(driver)
	for _, res := range r.Results {
		b.results(res)
	}
	b.run.Invocations = []*sarif.Invocation{b.invocation()}
	if err := sarif.NewReport().AddRun(b.run).PrettyWrite(w); err != nil {
		return fmt.Errorf("write SARIF: %w", err)
	}
	return nil
}

// descriptor returns the description of a rule.
func descriptor(row report.RuleRow) *sarif.ReportingDescriptor {
	text := row.Statement + " (" + row.Source + ")"
	d := sarif.NewRule(row.ID).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(row.Statement)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(text))
	level := sarif.LevelError
	if row.Class == rules.Advice {
		level = sarif.LevelWarning
	}
	d.DefaultConfiguration = sarif.NewReportingConfiguration().WithLevel(level)
	return d
}

// A builder adds results to a run.
type builder struct {
	report *report.Report
	run    *sarif.Run
	index  map[string]int // of the rules
}

// results adds a result for each violation that counts.
func (b *builder) results(res report.Result) {
	for _, v := range res.Violations {
		if !res.Counts(v) || len(b.run.Results) >= maxResults {
			continue
		}
		b.run.AddResult(b.result(res, v))
	}
}

func (b *builder) result(res report.Result, v verdict.Violation) *sarif.Result {
	level := sarif.LevelError
	if res.OutcomeOf(v) == verdict.Advice && !b.report.Selection.Strict {
		level = sarif.LevelWarning
	}
	text := fmt.Sprintf("%s at %s: wanted %s; got %s", res.Title(), res.Front, v.Wanted, v.Got)
	if v.Step != "" {
		text += fmt.Sprintf(" (step %q)", v.Step)
	}
	result := sarif.NewRuleResult(v.Rule).WithLevel(level).WithKind("fail").WithMessage(sarif.NewTextMessage(visible(text))).
		WithLocations([]*sarif.Location{location(res, v)}).
		WithPartialFingerprints(map[string]string{"scenario/v1": fingerprint(res, v)})
	if i, ok := b.index[v.Rule]; ok {
		result.WithRuleIndex(i)
	}
	if v.Accepted != "" {
		result.WithSuppressions([]*sarif.Suppression{sarif.NewSuppression().WithKind("external").WithStatus("accepted").WithJustification(visible(v.Accepted))})
	}
	return result
}

// location returns the step of the feature that found a violation, or the scenario.
func location(res report.Result, v verdict.Violation) *sarif.Location {
	line := max(1, res.Line)
	if v.StepLine > 0 {
		line = v.StepLine
	}
	uri := (&url.URL{Path: "features/" + strings.TrimPrefix(res.Feature, "features/")}).String()
	place := sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri)).
		WithRegion(sarif.NewRegion().WithStartLine(line))
	l := sarif.NewLocationWithPhysicalLocation(place)
	l.LogicalLocations = []*sarif.LogicalLocation{sarif.NewLogicalLocation().WithName(visible(res.Title())).WithFullyQualifiedName(visible(res.Front + "/" + res.ID)).WithKind("function")}
	return l
}

// fingerprint identifies a departure in several runs, also if lines of the feature have moved.
func fingerprint(res report.Result, v verdict.Violation) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{v.Rule, res.Key(), v.Step}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// invocation returns the run of the suite, with its own errors as notifications.
func (b *builder) invocation() *sarif.Invocation {
	r := b.report
	ended := r.Exit == report.ExitConforms || r.Exit == report.ExitViolated
	i := sarif.NewInvocation().WithExecutionSuccessful(ended).WithExitCode(r.Exit).WithExitCodeDescription(visible(r.Verdict)).
		WithCommandLine(visible(report.ShellLine(r.Command)))
	const layout = "2006-01-02T15:04:05.000Z"
	i.WithStartTimeUtc(r.Started.UTC().Format(layout)).WithEndTimeUtc(r.Finished.UTC().Format(layout))
	note := func(text string) {
		i.AddToolExecutionNotification(sarif.NewNotification().WithLevel(sarif.LevelError).WithMessage(sarif.NewTextMessage(visible(text))))
	}
	for _, text := range r.NotStarted {
		note("not started: " + text)
	}
	for _, text := range r.Problems {
		note(text)
	}
	for _, root := range r.Roots {
		note(fmt.Sprintf("%d scenarios are blocked: %s", root.Scenarios, root.Reason))
	}
	for _, res := range r.Results {
		if res.Outcome == verdict.Error && len(i.ToolExecutionNotifications) < maxResults {
			note(fmt.Sprintf("%s at %s: %s", res.Title(), res.Front, res.Reason))
		}
	}
	return i
}

// visible returns text without control characters, shortened.
func visible(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return report.Visible(s)
}
