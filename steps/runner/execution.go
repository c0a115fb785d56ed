package runner

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// scenarioTimeout bounds one scenario.
const scenarioTimeout = 60 * time.Second

// errScenarioTime is the cause of a context that scenarioTimeout has ended.
var errScenarioTime = fmt.Errorf("the scenario took longer than %s", scenarioTimeout)

// A World is what one scenario remembers. It is made anew for each scenario
// and used by one goroutine at a time.
type World struct {
	run  *run
	jobs map[string]*plan.Job // by id of godog's pickle

	job      *plan.Job
	ctx      context.Context
	cancel   context.CancelFunc
	taken    time.Time // when the scenario was taken up, before it had its instance
	started  time.Time
	leftOut  bool // a violation has ended the run, with FailFast
	step     *godog.Step
	instance *instance
	release  func()
	recorder *transcript.Recorder
	asserted map[string]bool
	errs     []error

	suffix       string // makes the names of the scenario its own
	personas     map[string]*persona
	identities   map[string]driver.Identity // as the scenario has altered them
	items        map[string]*item
	integrations map[string]*integration
	book         groupBook
	provider     *provider
	attempts     attempts
	answer       *url.URL        // by which the provider has sent a browser back that has not come yet
	dashboard    dashboardVisit  // the last
	loginChain   []*driver.Reply // every hop of the last login that began at a departure
	edits        []*edit
	keyExpiry    time.Time  // when the key that was created to expire does
	tools        []*toolRun // what usermanager was told
	start        *start     // the last start of a server by the scenario itself
	starts       []string   // ids of the processes started beside the instance
	settled      bool       // the server has refused to start, and nothing is left to test
	logFrom      int64      // where the log of the instance stood when the scenario began
	log          *scenarioLog
	silent       bool          // the subject owed an answer and gave none
	waitedStart  time.Duration // lost in starts that failed
	warnings     warnings
}

func newWorld(r *run, jobs map[string]*plan.Job) *World {
	return &World{
		run: r, jobs: jobs, asserted: map[string]bool{},
		personas: map[string]*persona{}, identities: map[string]driver.Identity{}, items: map[string]*item{}, integrations: map[string]*integration{}, book: newGroupBook(),
	}
}

// begin leases the instance of the scenario.
func (w *World) begin(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
	w.taken = time.Now()
	w.started = w.taken
	w.job = w.jobs[pickle.Id]
	if w.job == nil {
		return ctx, &verdict.Trouble{Op: fmt.Sprintf("%s: %q was not planned", pickle.Uri, pickle.Name)}
	}
	w.suffix = suffixOf(w.job, w.run.plan.Seed)
	w.recorder = w.run.newRecorder(w.job)
	if w.leftOut = w.run.isOver(); w.leftOut {
		w.run.pool.forgo(w.job)
		return ctx, errLeftOut
	}
	instance, release, err := w.run.pool.lease(ctx, w.job)
	w.instance, w.release = instance, release
	if w.instance != nil && w.job.Lease != plan.Alone { // all that was said belongs to who has it alone
		w.logFrom = sizeOf(w.instance.log())
	}
	w.started = time.Now()
	w.ctx, w.cancel = context.WithTimeoutCause(ctx, scenarioTimeout, errScenarioTime)
	return ctx, err
}

// suffixOf makes names that belong to one scenario: consonants only, since
// names that a server generates end in digits.
func suffixOf(job *plan.Job, seed int64) string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%s %d", job.ID(), seed)
	return consonants(sum.Sum64())
}

// consonants returns a number as seven consonants.
func consonants(n uint64) string {
	const letters = "bcdfghjklmnpqrstvwxz"
	var b strings.Builder
	for range 7 {
		b.WriteByte(letters[n%uint64(len(letters))])
		n /= uint64(len(letters))
	}
	return b.String()
}

// name is the name on the wire of what a feature calls by a short one.
func (w *World) name(short string) string { return short + "-" + w.suffix }

// end judges the scenario and gives back what it held.
func (w *World) end(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
	if w.job == nil {
		return ctx, nil // what was not planned has no result; reconciling finds it
	}
	if err != nil {
		w.errs = append(w.errs, known(err))
	}
	if err := w.stopFurther(); err != nil {
		w.errs = append(w.errs, err)
	}
	w.endGivenUp()
	w.checkAsserted()
	if w.ctx != nil {
		w.seekLeaks()
		w.checkRedirects()
	}
	result := w.result()
	w.learn(result)
	w.run.finish(result, w)
	if w.release != nil {
		w.release()
	}
	if w.cancel != nil {
		w.cancel()
	}
	return ctx, nil
}

// known gives an error of godog itself, an undefined step or a panic, its place.
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

// checkAsserted finds rules that the scenario cites and no assertion has named:
// a scenario that checks nothing passes nothing.
func (w *World) checkAsserted() {
	if len(w.errs) > 0 {
		return // it did not get that far
	}
	for _, r := range w.job.Scenario.Rules {
		if !w.asserted[r] {
			w.errs = append(w.errs, &verdict.Trouble{Op: "no assertion checked the cited rule " + r})
		}
	}
}

func (w *World) result() report.Result {
	s := w.job.Scenario
	class, err := w.run.catalogue.ClassOf(s.Rules)
	if err != nil {
		w.errs = append(w.errs, &verdict.Trouble{Op: "class of the scenario", Err: err})
	}
	outcome, reason := verdict.Judge(w.errs, class)
	if w.leftOut {
		outcome, reason = verdict.Skipped, errLeftOut.Error()
	}
	if w.run.cancelled() && (outcome == verdict.Error || outcome == verdict.Blocked) {
		outcome, reason = verdict.NotRun, "the run was ended while or before it ran"
	}
	cited := verdict.JudgeCited(w.errs, class)
	if cited == outcome || outcome == verdict.Skipped || outcome == verdict.NotRun {
		cited = "" // there is nothing else to say
	}
	line := s.Line
	if s.Row > 0 {
		line = s.Row
	}
	return report.Result{
		ID: w.job.ID(), Feature: s.Feature, Rule: s.Rule, Scenario: s.Name, Line: line, Row: s.Number,
		Front: w.job.Front, Instance: w.job.Instance.ID, Rules: s.Rules, Class: class,
		Outcome: outcome, Cited: cited, Reason: reason,
		BySubject: outcome == verdict.Blocked && verdict.BySubject(w.errs), Violations: verdict.Violations(w.errs),
		Started: w.taken.UTC(), Duration: time.Since(w.started), Exchanges: w.recorder.Len(),
	}
}

// note remembers a violation without ending the scenario.
func (w *World) note(v *verdict.Violation) { w.errs = append(w.errs, v) }

// fail makes the violation of a sentence.
func fail(wanted, got string, args ...any) error {
	return &verdict.Violation{Wanted: wanted, Got: fmt.Sprintf(got, args...)}
}

func asViolation(err error) (*verdict.Violation, bool) {
	var v *verdict.Violation
	ok := errors.As(err, &v)
	return v, ok
}

// prerequisite turns what would be a violation in a Then into a block: the
// subject did not do what a rule builds on, so the rule was not put to the test.
func (w *World) prerequisite(err error) error {
	if v, broken := asViolation(err); broken {
		return &verdict.Block{Reason: fmt.Sprintf("%s: wanted %s, got %s", w.step.Text, v.Wanted, v.Got), BySubject: true}
	}
	return err
}

// blame finds out whose fault an error of the driver is. A subject that gives no
// answer blocks what builds on the answer; a provider or a suite that gives
// none is trouble of the harness.
func (w *World) blame(err error) error {
	var silence *driver.NoAnswer
	switch {
	case err == nil:
		return nil
	case w.run.cancelled():
		// Without err: a violation inside the trouble would still be counted as one.
		return &verdict.Trouble{Op: "the run was ended", Err: context.Cause(w.run.ctx)}
	case w.givenUp() != nil:
		return w.givenUp()
	case errors.As(err, &silence) && silence.BySubject:
		w.silent = true
		if w.instance.ends(silence) {
			return w.instance.blockedBySubject("it ended while a scenario ran (%v)", w.instance.process.ExitError())
		}
		return &verdict.Block{Reason: w.step.Text + ": " + silence.Error(), BySubject: true}
	}
	return err
}

// givenUp returns why the subject was given up if that ended the scenario, whose
// requests were ended by the suite and prove nothing.
func (w *World) givenUp() error {
	if w.ctx == nil || w.ctx.Err() == nil {
		return nil
	}
	return w.run.pool.patience.over()
}

// endGivenUp replaces what a scenario found by the reason why the subject was given up.
func (w *World) endGivenUp() {
	if over := w.givenUp(); over != nil && !w.run.cancelled() {
		w.errs = []error{over}
	}
}

// refused is the block of a prerequisite that the subject did not grant.
func refused(what string, reply *driver.Reply) error {
	return &verdict.Block{Reason: what + " was not granted: " + reply.Summary(), BySubject: true}
}
