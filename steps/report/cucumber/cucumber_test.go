package cucumber_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	messages "github.com/cucumber/messages/go/v34"

	"countersign/features"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/report/cucumber"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

var start = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// sample returns a concluded report of all scenarios of the features at two fronts. change may change
// each result.
func sample(t testing.TB, change func(i int, res *report.Result)) *report.Report {
	t.Helper()
	cat, err := rules.Load(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{
		Suite: report.Suite{Name: "countersign", Version: "0.1"}, Target: report.Target{Name: "example-server", Version: "2.0", Seat: "server"},
		Started: start, Finished: start.Add(time.Minute), Selection: report.Selection{Fronts: []string{"direct", "nginx"}},
	}
	for _, front := range r.Selection.Fronts {
		for _, d := range documents {
			for _, s := range d.Scenarios {
				res := resultOf(cat, s, front)
				if change != nil {
					change(len(r.Results), &res)
				}
				r.Results = append(r.Results, res)
			}
		}
	}
	r.Planned = len(r.Results)
	report.Conclude(r, cat)
	return r
}

func resultOf(cat *rules.Catalogue, s *plan.Scenario, front string) report.Result {
	class, _ := cat.ClassOf(s.Rules)
	line := s.Line
	if s.Row > 0 {
		line = s.Row
	}
	res := report.Result{ID: s.ID() + "@" + front, Feature: s.Feature, Scenario: s.Name, Line: line, Row: s.Number, Front: front,
		Rules: s.Rules, Class: class, Outcome: verdict.Pass, Started: start}
	for range s.Steps {
		res.Steps = append(res.Steps, 3*time.Millisecond)
		res.Duration += 3 * time.Millisecond
	}
	return res
}

// everyOutcome gives the first results one outcome each.
func everyOutcome(i int, res *report.Result) {
	outcomes := verdict.Outcomes()
	if i >= len(outcomes) {
		return
	}
	res.Outcome = outcomes[i]
	switch res.Outcome {
	case verdict.Pass:
	case verdict.Fail, verdict.Advice:
		class := rules.Must
		if res.Outcome == verdict.Advice {
			class = rules.Advice
		}
		res.Violations = []verdict.Violation{{Rule: res.Rules[0], Class: class, Wanted: "a refusal", Got: "200 \x1b[2J<script>", Standing: res.Outcome == verdict.Advice}}
		res.Reason, res.Transcript = "not refused", "transcripts/1.txt"
	case verdict.Skipped, verdict.NotRun:
		res.Steps, res.Started, res.Reason = nil, time.Time{}, "not selected"
	default:
		res.Reason, res.Step, res.StepLine = "because of "+string(res.Outcome), "a step", 1
	}
}

// write returns the messages as another version of Cucumber's own types decodes them. Unknown members are
// errors.
func write(t testing.TB, r *report.Report) []*messages.Envelope {
	t.Helper()
	var b bytes.Buffer
	if err := cucumber.Write(&b, r, features.FS(), fstest.MapFS{"transcripts/1.txt": {Data: []byte("#1 client as alice")}}); err != nil {
		t.Fatal(err)
	}
	var all []*messages.Envelope
	for line := range strings.Lines(b.String()) {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		e := new(messages.Envelope)
		if err := dec.Decode(e); err != nil {
			t.Fatalf("message %d: %v: %s", len(all)+1, err, line)
		}
		all = append(all, e)
	}
	return all
}

// TestReferences checks that each id is unique, and that each message refers to ids of earlier messages.
func TestReferences(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	declare := func(kind, id string) {
		if id == "" || seen[id] {
			t.Errorf("the %s has the id %q, which is empty or not unique", kind, id)
		}
		seen[id] = true
	}
	refer := func(kind, id string) {
		if !seen[id] {
			t.Errorf("the %s refers to the unknown id %q", kind, id)
		}
	}
	running := map[string]bool{}
	for _, e := range write(t, sample(t, everyOutcome)) {
		switch {
		case e.Pickle != nil:
			declare("pickle", e.Pickle.Id)
			for _, step := range e.Pickle.Steps {
				declare("pickle step", step.Id)
			}
		case e.Hook != nil:
			declare("hook", e.Hook.Id)
		case e.StepDefinition != nil:
			declare("step definition", e.StepDefinition.Id)
		case e.TestCase != nil:
			declare("test case", e.TestCase.Id)
			refer("test case", e.TestCase.PickleId)
			for _, step := range e.TestCase.TestSteps {
				declare("test step", step.Id)
				refer("test step", step.PickleStepId+step.HookId)
			}
		case e.TestCaseStarted != nil:
			declare("test case started", e.TestCaseStarted.Id)
			refer("test case started", e.TestCaseStarted.TestCaseId)
			running[e.TestCaseStarted.Id] = true
		case e.TestStepFinished != nil:
			refer("test step finished", e.TestStepFinished.TestStepId)
			refer("test step finished", e.TestStepFinished.TestCaseStartedId)
		case e.Attachment != nil:
			refer("attachment", e.Attachment.TestStepId)
			refer("attachment", e.Attachment.TestCaseStartedId)
		case e.TestCaseFinished != nil:
			delete(running, e.TestCaseFinished.TestCaseStartedId)
		}
	}
	if len(running) > 0 {
		t.Errorf("%d test cases have no end", len(running))
	}
}

// TestStatuses checks the status of the test case for each outcome.
func TestStatuses(t *testing.T) {
	t.Parallel()
	const passed, failed, skipped = messages.TestStepResultStatus_PASSED, messages.TestStepResultStatus_FAILED, messages.TestStepResultStatus_SKIPPED
	want := map[verdict.Outcome]messages.TestStepResultStatus{
		verdict.Pass: passed, verdict.Fail: failed, verdict.Error: failed, verdict.Advice: skipped,
		verdict.Blocked: skipped, verdict.NotRun: skipped, verdict.NotApplicable: skipped,
	}
	for outcome, status := range want {
		r := sample(t, func(n int, res *report.Result) {
			if n != 0 {
				res.Outcome, res.Started, res.Reason = verdict.Skipped, time.Time{}, "not selected"
				return
			}
			for k, o := range verdict.Outcomes() {
				if o == outcome {
					everyOutcome(k, res)
				}
			}
		})
		var got []messages.TestStepResultStatus
		text := ""
		for _, e := range write(t, r) {
			if e.TestStepFinished != nil {
				got = append(got, e.TestStepFinished.TestStepResult.Status)
				text += e.TestStepFinished.TestStepResult.Message
			}
		}
		if worst := worstOf(got); worst != status {
			t.Errorf("%s: the status is %s, want %s (steps %v)", outcome, worst, status, got)
		}
		if outcome != verdict.Pass && text == "" {
			t.Errorf("%s: no step has a message", outcome)
		}
		if strings.ContainsRune(text, '\x1b') {
			t.Errorf("%s: the message contains a control character: %q", outcome, text)
		}
	}
}

// worstOf returns the worst status, as Cucumber orders them.
func worstOf(all []messages.TestStepResultStatus) messages.TestStepResultStatus {
	rank := map[messages.TestStepResultStatus]int{messages.TestStepResultStatus_PASSED: 1, messages.TestStepResultStatus_SKIPPED: 2, messages.TestStepResultStatus_FAILED: 3}
	var worst messages.TestStepResultStatus
	for _, s := range all {
		if rank[s] > rank[worst] {
			worst = s
		}
	}
	return worst
}

// TestContents checks that the messages have the rules, tags, rows, timings and attachments of the run.
func TestContents(t *testing.T) {
	t.Parallel()
	r := sample(t, everyOutcome)
	count := map[string]int{}
	for _, e := range write(t, r) {
		switch {
		case e.GherkinDocument != nil:
			for _, child := range e.GherkinDocument.Feature.Children {
				if child.Rule != nil {
					count["rules"]++
				}
			}
		case e.Pickle != nil:
			count["pickles"]++
			if len(e.Pickle.AstNodeIds) > 1 {
				count["rows"]++
			}
			count["tags"] += len(e.Pickle.Tags)
		case e.TestStepFinished != nil:
			if e.TestStepFinished.TestStepResult.Duration.Nanos > 0 {
				count["timings"]++
			}
		case e.Attachment != nil && e.Attachment.Body == "#1 client as alice":
			count["attachments"]++
		case e.TestCase != nil:
			count["test cases"]++
		case e.TestRunFinished != nil:
			count["ends"]++
			if e.TestRunFinished.Success {
				t.Error("the run has success, and the verdict is " + r.Verdict)
			}
		}
	}
	if count["test cases"] != len(r.Results)-1 { // one scenario was not selected
		t.Errorf("%d test cases for %d selected scenarios", count["test cases"], len(r.Results)-1)
	}
	for _, kind := range []string{"rules", "rows", "tags", "timings"} {
		if count[kind] < 100 {
			t.Errorf("the messages have %d %s, want those of the features", count[kind], kind)
		}
	}
	if count["attachments"] != 2 || count["ends"] != 1 {
		t.Errorf("%d attachments and %d ends, want 2 and 1", count["attachments"], count["ends"])
	}
}

// TestStepOfViolation checks that a violation is in the step that found it, also if a step of the same
// text is before it.
func TestStepOfViolation(t *testing.T) {
	t.Parallel()
	const text = "Feature: f\n  Background:\n    Given a\n\n  Scenario: s\n    When b\n    Then c\n    When d\n    Then c\n"
	res := report.Result{ID: "x/f.feature:5@direct", Feature: "x/f.feature", Scenario: "s", Line: 5, Front: "direct", Outcome: verdict.Fail, Started: start,
		Violations: []verdict.Violation{{Rule: "PA-001", Wanted: "w", Got: "g", Step: "c", StepLine: 9}}}
	for range 5 {
		res.Steps = append(res.Steps, 0)
	}
	var b bytes.Buffer
	err := cucumber.Write(&b, &report.Report{Results: []report.Result{res}}, fstest.MapFS{"x/f.feature": {Data: []byte(text)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(b.String()) {
		var e messages.Envelope
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.TestStepFinished != nil {
			got = append(got, string(e.TestStepFinished.TestStepResult.Status))
		}
	}
	if want := "[PASSED PASSED PASSED PASSED FAILED PASSED]"; fmt.Sprint(got) != want {
		t.Errorf("the steps are %v, want %s", got, want)
	}
}
