// Package cucumber writes a run as Cucumber Messages (newline-delimited JSON), so that Cucumber's own
// formatters and other tools read it. See https://github.com/cucumber/messages.
package cucumber

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// protocol is the version of the protocol, which is that of the module with its types.
const protocol = "21.0.1"

// maxExchanges bounds the octets of the exchanges that are attached.
const maxExchanges = 8 << 20

// Write writes the run of a concluded report. features contains the features that were executed, and
// transcripts, which may be nil, is the folder of the report, whose exchanges are attached to the
// scenarios that did not pass. The report must come from the runner: a stored report has no steps.
//
// Each front has documents of its own, because a pickle is executed once in Cucumber: the URI of a
// feature begins with the front. A step has the status that the scenario has in JUnit. Violations of
// standing checks, and reasons without a step, belong to the hook.
func Write(w io.Writer, r *report.Report, features, transcripts fs.FS) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := &writer{
		json: json.NewEncoder(buffered), report: r, statements: make(map[string]string),
		transcripts: report.NewTranscripts(transcripts, maxExchanges), pickles: make(map[place]*messages.Pickle), lines: make(map[string]int),
	}
	out.json.SetEscapeHTML(false)
	for _, row := range r.Rules {
		out.statements[row.ID] = row.Statement + " (" + row.Source + ")"
	}
	if err := out.all(features); err != nil {
		return fmt.Errorf("write messages: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write messages: %w", err)
	}
	return nil
}

// A writer writes the messages of a report.
type writer struct {
	json        *json.Encoder
	report      *report.Report
	ids         messages.Incrementing
	statements  map[string]string // of rules, with their sources
	transcripts *report.Transcripts
	pickles     map[place]*messages.Pickle
	lines       map[string]int // of scenarios, rows and steps, by the ids of their AST nodes
	hook, step  string         // ids of the hook and the step definition
}

// A place identifies a pickle: by the line of the scenario, or of the row of an outline.
type place struct {
	front, feature string
	line           int
}

func (w *writer) all(features fs.FS) error {
	if err := w.send(messages.Envelope{Meta: &messages.Meta{
		ProtocolVersion: protocol,
		Implementation:  &messages.Product{Name: w.report.Suite.Name, Version: w.report.Suite.Version},
		Runtime:         &messages.Product{Name: "go", Version: runtime.Version()},
		Os:              &messages.Product{Name: runtime.GOOS},
		Cpu:             &messages.Product{Name: runtime.GOARCH},
	}}); err != nil {
		return err
	}
	selected := selectedResults(w.report.Results)
	if err := w.documents(features, selected); err != nil {
		return err
	}
	if err := w.definitions(); err != nil {
		return err
	}
	if err := w.send(messages.Envelope{TestRunStarted: &messages.TestRunStarted{Timestamp: stamp(w.report.Started)}}); err != nil {
		return err
	}
	for _, res := range selected {
		if err := w.testCase(res); err != nil {
			return err
		}
	}
	return w.send(messages.Envelope{TestRunFinished: &messages.TestRunFinished{
		Success: w.report.Exit == report.ExitConforms, Message: report.Visible(w.report.Verdict), Timestamp: stamp(w.report.Finished),
	}})
}

// selectedResults returns the results of selected scenarios in the order in which they were started.
func selectedResults(results []report.Result) []report.Result {
	selected := slices.DeleteFunc(slices.Clone(results), func(r report.Result) bool {
		return r.Outcome == verdict.Skipped && r.Started.IsZero()
	})
	slices.SortStableFunc(selected, func(a, b report.Result) int {
		switch {
		case a.Started.IsZero() == b.Started.IsZero():
			return a.Started.Compare(b.Started)
		case a.Started.IsZero():
			return 1
		default:
			return -1
		}
	})
	return selected
}

// definitions writes the hook of the standing checks, and the one step definition that the runner gives
// Cucumber's parser for all steps, because it resolves them itself.
func (w *writer) definitions() error {
	w.hook, w.step = w.ids.NewId(), w.ids.NewId()
	source := &messages.SourceReference{Uri: "steps/runner"}
	return w.send(
		messages.Envelope{StepDefinition: &messages.StepDefinition{Id: w.step, SourceReference: source,
			Pattern: &messages.StepDefinitionPattern{Source: "^.*$", Type: messages.StepDefinitionPatternType_REGULAR_EXPRESSION}}},
		messages.Envelope{Hook: &messages.Hook{Id: w.hook, Name: "standing checks", SourceReference: source}},
	)
}

func (w *writer) send(all ...messages.Envelope) error {
	for _, e := range all {
		if err := w.json.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func stamp(t time.Time) *messages.Timestamp {
	s := messages.GoTimeToTimestamp(t)
	return &s
}

func length(d time.Duration) *messages.Duration {
	l := messages.GoDurationToDuration(d)
	return &l
}
