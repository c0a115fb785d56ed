package cucumber

import (
	"fmt"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"countersign/steps/report"
	"countersign/steps/verdict"
)

// A stepResult is the result of a step of a test case.
type stepResult struct {
	status   messages.TestStepResultStatus
	kind     string // of the exception
	message  string
	duration time.Duration
}

const (
	passed  = messages.TestStepResultStatus_PASSED
	failed  = messages.TestStepResultStatus_FAILED
	skipped = messages.TestStepResultStatus_SKIPPED
)

// testCase writes the execution of a scenario: its steps and, as the last step, the hook.
func (w *writer) testCase(res report.Result) error {
	pickle := w.pickles[place{res.Front, res.Feature, res.Line}]
	if pickle == nil {
		return fmt.Errorf("%s is not in the features", res.ID)
	}
	test := &messages.TestCase{Id: w.ids.NewId(), PickleId: pickle.Id}
	for _, step := range pickle.Steps {
		test.TestSteps = append(test.TestSteps, &messages.TestStep{
			Id: w.ids.NewId(), PickleStepId: step.Id, StepDefinitionIds: []string{w.step},
			StepMatchArgumentsLists: []*messages.StepMatchArgumentsList{{StepMatchArguments: []*messages.StepMatchArgument{}}},
		})
	}
	test.TestSteps = append(test.TestSteps, &messages.TestStep{Id: w.ids.NewId(), HookId: w.hook})
	started := &messages.TestCaseStarted{Id: w.ids.NewId(), TestCaseId: test.Id, Timestamp: stamp(w.startOf(res))}
	if err := w.send(messages.Envelope{TestCase: test}, messages.Envelope{TestCaseStarted: started}); err != nil {
		return err
	}
	at := w.startOf(res)
	for i, result := range w.stepResults(res, len(pickle.Steps)) {
		step := test.TestSteps[i]
		begun := &messages.TestStepStarted{TestCaseStartedId: started.Id, TestStepId: step.Id, Timestamp: stamp(at)}
		if err := w.send(messages.Envelope{TestStepStarted: begun}); err != nil {
			return err
		}
		if step.HookId != "" {
			if err := w.attach(res, started.Id, step.Id); err != nil {
				return err
			}
		}
		at = at.Add(result.duration)
		ended := &messages.TestStepFinished{TestCaseStartedId: started.Id, TestStepId: step.Id, TestStepResult: result.encode(), Timestamp: stamp(at)}
		if err := w.send(messages.Envelope{TestStepFinished: ended}); err != nil {
			return err
		}
	}
	return w.send(messages.Envelope{TestCaseFinished: &messages.TestCaseFinished{TestCaseStartedId: started.Id, Timestamp: stamp(at)}})
}

// startOf returns when the scenario was started. A scenario that was not run has the end of the run.
func (w *writer) startOf(res report.Result) time.Time {
	if res.Started.IsZero() {
		return w.report.Finished
	}
	return res.Started
}

// attach writes the transcript of a scenario that did not pass.
func (w *writer) attach(res report.Result, testCaseStarted, step string) error {
	if res.Transcript == "" {
		return nil
	}
	text, missing := w.transcripts.Read(res.Transcript)
	if missing != "" {
		text = res.Transcript + ": " + missing
	}
	return w.send(messages.Envelope{Attachment: &messages.Attachment{
		Body: text, ContentEncoding: messages.AttachmentContentEncoding_IDENTITY, MediaType: "text/plain",
		FileName: res.Transcript, TestCaseStartedId: testCaseStarted, TestStepId: step,
	}})
}

// stepResults returns the results of the n steps of a scenario and of its hook.
func (w *writer) stepResults(res report.Result, n int) []stepResult {
	all := make([]stepResult, n+1)
	for i := range all {
		all[i].status = skipped
		if i < len(res.Steps) {
			all[i] = stepResult{status: passed, duration: res.Steps[i]}
		}
		if res.Outcome == verdict.Pass {
			all[i].status = passed
		}
	}
	hook := &all[n]
	if executed(res) {
		hook.status = passed
	}
	w.violations(res, all)
	if reason := res.Reason; res.Outcome != verdict.Pass && len(res.Violations) == 0 {
		last := hook
		if res.Step != "" && len(res.Steps) > 0 && len(res.Steps) <= n {
			last = &all[len(res.Steps)-1]
		}
		status := skipped
		if res.Outcome == verdict.Error {
			status = failed
		}
		last.set(status, string(res.Outcome), string(res.Outcome)+": "+reason)
	}
	return all
}

// executed reports whether the steps of the scenario were executed to the end.
func executed(res report.Result) bool {
	return res.Outcome == verdict.Pass || res.Outcome == verdict.Fail || res.Outcome == verdict.Advice
}

// violations adds the violations of a scenario to the steps that found them, or to the hook.
func (w *writer) violations(res report.Result, all []stepResult) {
	for _, v := range res.Violations {
		at := &all[len(all)-1]
		if i := w.stepOf(res, v); i >= 0 && i < len(all)-1 {
			at = &all[i]
		}
		status, kind := failed, "violation"
		switch {
		case v.Accepted != "" || res.Accepted != "":
			status, kind = skipped, "accepted deviation"
		case !res.Counts(v):
			status, kind = skipped, string(res.Outcome)
		case res.OutcomeOf(v) == verdict.Advice && !w.report.Selection.Strict:
			status, kind = skipped, "advice"
		}
		at.set(status, kind, fmt.Sprintf("%s: %s\nwanted: %s\ngot: %s", v.Rule, w.statements[v.Rule], v.Wanted, v.Got))
	}
}

// stepOf returns the index of the executed step that found a violation, or -1.
func (w *writer) stepOf(res report.Result, v verdict.Violation) int {
	if v.Step == "" {
		return -1
	}
	pickle := w.pickles[place{res.Front, res.Feature, res.Line}]
	for i, step := range pickle.Steps {
		if w.lines[step.AstNodeIds[0]] == v.StepLine && i < len(res.Steps) {
			return i
		}
	}
	return -1
}

// set adds a status and a message to a result. The worse status remains.
func (s *stepResult) set(status messages.TestStepResultStatus, kind, message string) {
	if s.status != failed {
		s.status, s.kind = status, kind
	}
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		lines[i] = report.Visible(line)
	}
	s.message = strings.TrimPrefix(s.message+"\n\n"+strings.Join(lines, "\n"), "\n\n")
}

// encode returns the result as a message.
func (s stepResult) encode() *messages.TestStepResult {
	result := &messages.TestStepResult{Duration: length(s.duration), Message: s.message, Status: s.status}
	if s.status == failed {
		result.Exception = &messages.Exception{Type: s.kind, Message: s.message}
	}
	return result
}
