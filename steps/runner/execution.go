package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cucumber/godog"

	"countersign/steps/driver"
	"countersign/steps/instance"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/scenario"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
	"countersign/steps/vocabulary"
)

// slowAnswer is the time from which a request or a start counts as waiting.
const slowAnswer = time.Second

// An execution is the run of one scenario. It is used by one goroutine at a time.
type execution struct {
	run *run
	job *plan.Job

	ctx      context.Context
	cancel   context.CancelFunc
	taken    time.Time // when the scenario was taken up, before it had its instance
	started  time.Time
	leftOut  bool // a violation has ended the run, with FailFast
	calls    []*vocabulary.Call
	call     *vocabulary.Call // the last
	steps    []time.Duration  // of the executed steps
	ended    bool             // the last executed step ended the scenario
	instance *instance.Instance
	release  func()
	recorder *transcript.Recorder
	state    *scenario.State
	asserted map[string]bool
	errs     []error
	silent   bool // the server owed an answer and gave none
}

// register gives godog the hooks of a scenario and one step for all texts: the steps were
// resolved when the run was planned, and are called in their order.
func (r *run) register(sc *godog.ScenarioContext, jobs map[string]*plan.Job) {
	e := &execution{run: r, asserted: map[string]bool{}}
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
		e.job = jobs[pickle.Id]
		if e.job == nil {
			return ctx, &verdict.Trouble{Op: fmt.Sprintf("%s: %q was not planned", pickle.Uri, pickle.Name)}
		}
		return ctx, e.begin(ctx)
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		if e.job != nil { // a scenario that was not planned has no result; reconcile finds it
			e.end(err)
		}
		return ctx, nil
	})
	sc.Step(anyText, e.next)
}

// begin leases the instance of the scenario.
func (e *execution) begin(ctx context.Context) error {
	r := e.run
	e.taken = time.Now()
	e.started = e.taken
	e.calls = r.calls[e.job.Scenario]
	e.recorder = r.newRecorder(e.job)
	if e.leftOut = r.isOver(); e.leftOut {
		r.pool.Forgo(e.job)
		return errLeftOut
	}
	leased, release, err := r.pool.Lease(ctx, e.job)
	e.instance, e.release = leased, release
	var logFrom int64
	if e.job.Lease != plan.Alone { // the whole log belongs to a scenario that has the instance alone
		logFrom = instance.SizeOf(leased.Log())
	}
	e.started = time.Now()
	e.ctx, e.cancel = context.WithTimeoutCause(ctx, instance.ScenarioTimeout, instance.ErrScenarioTime)
	e.state = scenario.New(scenario.Environment{
		Job: e.job, Suffix: e.job.Suffix(r.plan.Seed), Target: r.config.Target, Pool: r.pool, Instance: leased, Recorder: e.recorder,
		Provider: r.equipment.Provider(), ProviderURL: r.equipment.ProviderURL(), LogPatience: &r.logPatience, LogFrom: logFrom,
	})
	return err
}

// next runs the next step of the scenario.
func (e *execution) next(context.Context) error {
	if len(e.calls) == 0 {
		return &verdict.Trouble{Op: "the scenario has more steps than were planned"}
	}
	e.call, e.calls = e.calls[0], e.calls[1:]
	if e.state.Server.Settled {
		e.steps = append(e.steps, 0)
		return nil
	}
	started := time.Now()
	e.steps, e.ended = append(e.steps, 0), true // unless Run returns
	err := e.judge(e.blame(e.call.Run(e.ctx, e.state)))
	e.steps[len(e.steps)-1] = time.Since(started)
	e.ended = err != nil
	return err
}

// lastStep returns the text and the line of the last executed step.
func (e *execution) lastStep() (text string, line int) {
	n := len(e.steps)
	if n == 0 || n > len(e.job.Scenario.Steps) {
		return "", 0
	}
	step := e.job.Scenario.Steps[n-1]
	return step.Text, step.Line
}

// judge decides what the error of a step means. A violation in a step below Then is recorded for
// each rule that the step checks, and the scenario continues, so that it reports every mismatch.
// A violation in any other step blocks the scenario: the server did not do what a rule builds on.
// Any other error ends it.
func (e *execution) judge(err error) error {
	violation, broken := verdict.AsViolation(err)
	if e.call.Keyword != plan.Then {
		if broken {
			return &verdict.Block{Reason: fmt.Sprintf("%s: wanted %s, got %s", e.call.Text, violation.Wanted, violation.Got), BySubject: true}
		}
		return err
	}
	for _, rule := range e.call.Rules {
		e.asserted[rule] = true
	}
	if !broken {
		return err
	}
	for _, rule := range e.call.Rules {
		of := *violation
		of.Rule, of.Step, of.StepLine = rule, e.call.Text, e.call.Line
		e.errs = append(e.errs, &of)
	}
	return nil
}

// end judges the scenario and gives back what it held. err is that of a hook or a step.
func (e *execution) end(err error) {
	if err != nil && !e.followsViolation(err) {
		e.errs = append(e.errs, known(err))
	}
	if e.state != nil {
		if err := e.state.Server.StopFurther(); err != nil {
			e.errs = append(e.errs, err)
		}
	}
	e.endGivenUp()
	e.checkAsserted()
	if e.ctx != nil {
		e.checkLeaks()
		e.checkRedirects()
	}
	result := e.result()
	e.learn(result)
	e.run.finish(result, e)
	if e.release != nil {
		e.release()
	}
	if e.cancel != nil {
		e.cancel()
	}
}

// followsViolation reports whether an error blocks a scenario that has found a violation before.
// The violation is the result then: what builds on it cannot be granted.
func (e *execution) followsViolation(err error) bool {
	var block *verdict.Block
	return errors.As(err, &block) && block.BySubject && len(verdict.Violations(e.errs)) > 0
}

// known makes an error of godog itself, such as a panic in a step, trouble of the harness.
func known(err error) error {
	var (
		trouble *verdict.Trouble
		block   *verdict.Block
		inapp   *verdict.Inapplicable
	)
	if errors.As(err, &trouble) || errors.As(err, &block) || errors.As(err, &inapp) {
		return err
	}
	return &verdict.Trouble{Op: "run the scenario", Err: err}
}

// checkAsserted records trouble for each rule that the scenario cites and that no executed step
// has checked: a scenario that checks nothing proves nothing.
func (e *execution) checkAsserted() {
	if len(e.errs) > 0 {
		return // it did not get that far
	}
	for _, r := range e.job.Scenario.Rules {
		if !e.asserted[r] {
			e.errs = append(e.errs, &verdict.Trouble{Op: "no assertion checked the cited rule " + r})
		}
	}
}

func (e *execution) result() report.Result {
	s := e.job.Scenario
	class, err := e.run.catalogue.ClassOf(s.Rules)
	if err != nil {
		e.errs = append(e.errs, &verdict.Trouble{Op: "class of the scenario", Err: err})
	}
	outcome, reason := verdict.Judge(e.errs, class)
	if e.leftOut {
		outcome, reason = verdict.Skipped, errLeftOut.Error()
	}
	if e.run.cancelled() && (outcome == verdict.Error || outcome == verdict.Blocked) {
		outcome, reason = verdict.NotRun, "the run was ended while or before it ran"
	}
	cited := verdict.JudgeCited(e.errs, class)
	if cited == outcome || outcome == verdict.Skipped || outcome == verdict.NotRun {
		cited = "" // there is nothing else to say
	}
	line := s.Line
	if s.Row > 0 {
		line = s.Row
	}
	result := report.Result{
		ID: e.job.ID(), Feature: s.Feature, Rule: s.Rule, Scenario: s.Name, Line: line, Row: s.Number,
		Front: e.job.Front, Instance: e.job.Instance.ID, Rules: s.Rules, Class: class,
		Outcome: outcome, Cited: cited, Reason: reason,
		BySubject: outcome == verdict.Blocked && verdict.BySubject(e.errs), Violations: verdict.Violations(e.errs),
		Started: e.taken.UTC(), Duration: time.Since(e.started), Exchanges: e.recorder.Len(), Steps: e.steps,
	}
	if e.state != nil {
		result.Refusals = e.state.Refusals()
	}
	if e.ended && outcome != verdict.Fail && outcome != verdict.Advice {
		result.Step, result.StepLine = e.lastStep()
	}
	return result
}

// blame finds out who is responsible for an error. A server that gives no answer blocks what
// builds on the answer; a provider or a suite that gives none is trouble of the harness.
func (e *execution) blame(err error) error {
	var silence *driver.NoAnswer
	switch {
	case err == nil:
		return nil
	case e.run.cancelled():
		// Without err: a violation inside the trouble would still be counted as one.
		return &verdict.Trouble{Op: "the run was ended", Err: context.Cause(e.run.ctx)}
	case e.givenUp() != nil:
		return e.givenUp()
	case errors.As(err, &silence) && silence.BySubject:
		e.silent = true
		if ended := e.instance.EndOf(silence); ended != nil {
			return ended
		}
		return &verdict.Block{Reason: e.call.Text + ": " + silence.Error(), BySubject: true}
	}
	return err
}

// givenUp returns why the server was given up if that ended the scenario, whose requests were
// ended by the suite and prove nothing.
func (e *execution) givenUp() error {
	if e.ctx == nil || e.ctx.Err() == nil {
		return nil
	}
	return e.run.pool.GivenUp()
}

// endGivenUp replaces what the scenario found by the reason why the server was given up.
func (e *execution) endGivenUp() {
	if over := e.givenUp(); over != nil && !e.run.cancelled() {
		e.errs = []error{over}
	}
}

// learn records what the scenario cost, and whether its instance answered.
func (e *execution) learn(result report.Result) {
	if e.instance == nil || e.run.cancelled() || e.run.pool.GivenUp() != nil {
		return
	}
	e.run.pool.RecordAnswers(e.instance, e.silent, result.Reason)
	switch result.Outcome {
	case verdict.Fail, verdict.Advice, verdict.Blocked, verdict.Error:
		if lost := e.waited(); lost > 0 {
			e.run.pool.RecordWait(lost, result.Reason)
		}
	}
}

// waited returns how long the scenario waited for the server: the whole scenario if an answer was
// missing, otherwise its slow requests and starts.
func (e *execution) waited() time.Duration {
	if took := time.Since(e.started); e.silent && took >= slowAnswer {
		return took
	}
	if e.state == nil {
		return 0
	}
	return e.state.LostTime(slowAnswer)
}
