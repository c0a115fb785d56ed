package cucumber

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"countersign/steps/report"
)

// documents writes the features that selected scenarios need, once for each front.
func (w *writer) documents(features fs.FS, selected []report.Result) error {
	type document struct{ front, feature string }
	var needed []document
	for _, res := range selected {
		if d := (document{res.Front, res.Feature}); !slices.Contains(needed, d) {
			needed = append(needed, d)
		}
	}
	slices.SortFunc(needed, func(a, b document) int {
		if c := report.CompareFronts(a.front, b.front); c != 0 {
			return c
		}
		return bytes.Compare([]byte(a.feature), []byte(b.feature))
	})
	for _, d := range needed {
		if err := w.document(features, d.front, d.feature); err != nil {
			return err
		}
	}
	return nil
}

// document writes a feature with all of its pickles.
func (w *writer) document(features fs.FS, front, feature string) error {
	text, err := fs.ReadFile(features, feature)
	if err != nil {
		return err
	}
	parsed, err := gherkin.ParseGherkinDocument(bytes.NewReader(text), w.ids.NewId)
	if err != nil {
		return fmt.Errorf("%s: %w", feature, err)
	}
	parsed.Uri = front + "/" + feature
	err = w.send(
		messages.Envelope{Source: &messages.Source{Uri: parsed.Uri, Data: string(text), MediaType: messages.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN}},
		messages.Envelope{GherkinDocument: parsed},
	)
	if err != nil {
		return err
	}
	lines := linesOf(parsed)
	for id, line := range lines {
		w.lines[id] = line
	}
	for _, pickle := range gherkin.Pickles(*parsed, parsed.Uri, w.ids.NewId) {
		last := pickle.AstNodeIds[len(pickle.AstNodeIds)-1] // the row, or the scenario
		w.pickles[place{front, feature, lines[last]}] = pickle
		if err := w.send(messages.Envelope{Pickle: pickle}); err != nil {
			return err
		}
	}
	return nil
}

// linesOf returns the lines of the scenarios, rows and steps of a document by their ids.
func linesOf(document *messages.GherkinDocument) map[string]int {
	lines := make(map[string]int)
	steps := func(all []*messages.Step) {
		for _, step := range all {
			lines[step.Id] = int(step.Location.Line)
		}
	}
	background := func(b *messages.Background) {
		if b != nil {
			steps(b.Steps)
		}
	}
	add := func(s *messages.Scenario) {
		if s == nil {
			return
		}
		lines[s.Id] = int(s.Location.Line)
		steps(s.Steps)
		for _, e := range s.Examples {
			for _, row := range e.TableBody {
				lines[row.Id] = int(row.Location.Line)
			}
		}
	}
	for _, child := range document.Feature.Children {
		background(child.Background)
		add(child.Scenario)
		if child.Rule != nil {
			for _, grandchild := range child.Rule.Children {
				background(grandchild.Background)
				add(grandchild.Scenario)
			}
		}
	}
	return lines
}
