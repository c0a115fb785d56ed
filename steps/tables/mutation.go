package tables

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"countersign/steps/report"
)

// mutationSchema names the version of the report of the mutation tester that [ReadMutation] reads.
const mutationSchema = "countersign.mutation/1"

// maxMutation bounds the size of a report of the mutation tester.
const maxMutation = 64 << 20

// A Mutation is what a report of the mutation tester says about named faults.
type Mutation struct {
	Schema  string    `json:"schema"`
	Started time.Time `json:"started"`
	Faults  []Fault   `json:"faults"`
	Verdict string    `json:"verdict"`
}

// A Fault is a deliberate mistake in a server, and what the suite noticed of it.
type Fault struct {
	Name    string              `json:"name"`
	Mistake string              `json:"mistake"`
	Place   string              `json:"place"`
	Noticed map[string][]string `json:"noticed"` // rules with the scenarios that failed
	Missed  []string            `json:"missed"`  // rules without a failed scenario
}

// ReadMutation reads the mutation.json of the mutation tester. It returns an error for another version
// and for a file that is not complete.
func ReadMutation(rd io.Reader) (*Mutation, error) {
	raw, err := io.ReadAll(io.LimitReader(rd, maxMutation+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read mutation report: %w", err)
	case len(raw) > maxMutation:
		return nil, fmt.Errorf("read mutation report: it is longer than %d bytes; give the mutation.json of countersign-mutate", maxMutation)
	}
	var m Mutation
	in := json.NewDecoder(bytes.NewReader(raw))
	err = in.Decode(&m)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("read mutation report: it ends after %d bytes and is not complete; it was truncated or is still being written", len(raw))
	case err != nil:
		return nil, fmt.Errorf("read mutation report: %w", err)
	case m.Schema != mutationSchema:
		return nil, fmt.Errorf("read mutation report: its schema is %q, and this program reads %q; give the mutation.json of countersign-mutate of this version", m.Schema, mutationSchema)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read mutation report: there is data after the report; give a file with one report")
	}
	return &m, nil
}

// Stamp says which report it is.
func (m *Mutation) Stamp() string {
	if m == nil {
		return "No report of the mutation tester was given, so these pages name no faults."
	}
	return fmt.Sprintf("Faults: run of the mutation tester of %s, %s.", m.Started.UTC().Format("2006-01-02 15:04 UTC"), report.Visible(m.Verdict))
}

// A proof of a rule by a fault: the scenarios that fail on the faulty server.
type faultView struct {
	Name, Mistake, Place string
	By                   []string // the first ones
	More                 int
	Missed               bool
}

// maxNamed bounds the scenarios that are named for a fault.
const maxNamed = 3

// of returns the faults of a rule, those that were noticed first.
func (m *Mutation) of(rule string) []faultView {
	if m == nil {
		return nil
	}
	var noticed, missed []faultView
	for _, f := range m.Faults {
		view := faultView{Name: report.Visible(f.Name), Mistake: report.Visible(f.Mistake), Place: report.Visible(f.Place)}
		by := slices.Clone(f.Noticed[rule])
		switch {
		case len(by) > 0:
			for _, id := range by[:min(maxNamed, len(by))] {
				view.By = append(view.By, report.Visible(id))
			}
			view.More = len(by) - len(view.By)
			noticed = append(noticed, view)
		case slices.Contains(f.Missed, rule):
			view.Missed = true
			missed = append(missed, view)
		}
	}
	return append(noticed, missed...)
}
