// Package steps is the suite. It knows its subject only from outside: by URL,
// configuration file, process, log and command line. [Run] plans what the
// features ask for, starts the equipment it is lent, runs every scenario, and
// accounts for each one in a report whose verdict is its own, never godog's.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// ErrNotStarted is wrapped by every error of [Run] that comes before anything
// was started: a selection of nothing, features or a catalogue with errors.
var ErrNotStarted = errors.New("nothing was started")

// Plan says what a run would do. Errors wrap [ErrNotStarted].
func Plan(c Config) (*plan.Plan, *rules.Catalogue, error) {
	p, catalogue, err := makePlan(c)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	return p, catalogue, nil
}

func makePlan(c Config) (*plan.Plan, *rules.Catalogue, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	tags, tagErr := plan.ParseTags(c.Tags)
	catalogue, rulesErr := rules.Load(c.Features)
	documents, readErr := plan.Read(c.Features)
	if err := errors.Join(tagErr, rulesErr, readErr); err != nil {
		return nil, nil, err
	}
	if err := check(catalogue, documents, c.Rules); err != nil {
		return nil, nil, err
	}
	seed := c.Seed
	for seed == 0 {
		seed = rand.Int64N(1 << 31)
	}
	fronts := c.Fronts
	if c.Target.Running != nil {
		fronts = []string{plan.Direct} // whatever stands before it is its own
	}
	p, err := plan.Make(documents, plan.Selection{Fronts: fronts, Spread: c.Spread, Tags: tags, Rules: c.Rules, Groups: c.Groups, Scenarios: c.Scenarios, Seed: seed})
	return p, catalogue, err
}

// check holds the features against the catalogue, and against the vocabulary.
func check(catalogue *rules.Catalogue, documents []*plan.Document, wanted []string) error {
	var problems []error
	for _, p := range rules.Check(catalogue, Scenarios(documents)) {
		problems = append(problems, errors.New(p.String()))
	}
	for _, id := range wanted {
		if _, ok := catalogue.Rule(id); !ok {
			problems = append(problems, fmt.Errorf("rule %q is not in the catalogue; countersign rules lists it", id))
		}
	}
	for _, d := range documents {
		for _, s := range d.Scenarios {
			problems = append(problems, checkSentences(s)...)
		}
	}
	return errors.Join(problems...)
}

// Scenarios lists what the features hold in the form that the catalogue is
// checked against.
func Scenarios(documents []*plan.Document) []rules.ScenarioRef {
	var refs []rules.ScenarioRef
	for _, d := range documents {
		for _, s := range d.Scenarios {
			line := s.Line
			if s.Row > 0 {
				line = s.Row
			}
			refs = append(refs, rules.ScenarioRef{Feature: s.Feature, Line: line, Name: s.Name, Tags: s.Tags, Rules: s.Rules})
		}
	}
	return refs
}

// A run is one execution of a plan.
type run struct {
	config    Config
	plan      *plan.Plan
	catalogue *rules.Catalogue
	equipment Equipment
	pool      *pool
	progress  *report.Progress

	ctx context.Context // ends when a person or the clock ends the run

	logPatience logPatience

	mu      sync.Mutex
	results map[*plan.Job]report.Result
	issuers map[*plan.Job]string // who issued what a scenario's tokens
	leaked  []logLeak
	over    bool     // a violation has ended the run, with FailFast
	unread  []string // logs that could not be read
	notes   []string // what the report has to say beside its results
}

// Run plans and runs the suite. The report accounts for every planned scenario,
// also when ctx is cancelled. The error is for what kept the run from
// happening or from ending cleanly; errors that wrap [ErrNotStarted] come
// without a report.
func Run(ctx context.Context, c Config, e Equipment) (report.Report, error) {
	started := time.Now()
	p, catalogue, err := Plan(c)
	if err != nil {
		return report.Report{}, err
	}
	if running := c.Target.Running; running != nil {
		if err := checkRunning(ctx, *running, p.Seed); err != nil {
			return report.Report{}, fmt.Errorf("%w: %w", ErrNotStarted, err)
		}
	}
	ports, err := plan.Reserve(p.Ports())
	if err != nil {
		return report.Report{}, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	defer ports.Release()
	p.Listen(ports.Ports)

	timeout := c.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("the run took longer than %s", timeout))
	defer cancel()
	patience := newPatience(limited)
	defer patience.close()
	r := &run{
		ctx: limited, config: c, plan: p, catalogue: catalogue, equipment: e,
		pool:     newPool(e, c.Target, c.WorkDir, patience),
		progress: report.NewProgress(output(c), report.ProgressOptions{Total: len(p.Jobs), Terminal: report.IsTerminal(output(c))}),
		results:  map[*plan.Job]report.Result{}, issuers: map[*plan.Job]string{},
	}
	r.pool.ended = r.readLog
	stopFronts, err := r.startFronts(limited)
	if err != nil {
		return report.Report{}, errors.Join(fmt.Errorf("%w: %w", ErrNotStarted, err), stopFronts())
	}
	runErr := r.scenarios(patience.ctx)
	r.progress.Close()
	closeErr := r.pool.close()
	result := r.reconcile(context.WithoutCancel(ctx), started, ctx.Err() != nil)
	return result, errors.Join(runErr, closeErr, stopFronts())
}

func output(c Config) io.Writer {
	if c.Output == nil {
		return io.Discard
	}
	return c.Output
}

// startFronts starts one proxy for each kind that the plan needs, side by side.
func (r *run) startFronts(ctx context.Context) (stop func() error, err error) {
	specs := map[string][]FrontSpec{}
	for _, i := range r.plan.Instances {
		if i.Front == plan.Direct {
			continue
		}
		specs[i.Front] = append(specs[i.Front], FrontSpec{
			ID: i.ID, Kind: i.Front, Flavour: i.Flavour, Listen: i.FrontListen, Prefix: plan.Prefix,
			Upstream: "http://" + i.Listen, Headers: HeaderNames(i.Configuration.Headers),
			GroupsSeparator: i.Configuration.GroupsSeparator, Gate: i.Configuration.Gate(),
		})
	}
	var (
		mu       sync.Mutex
		wait     sync.WaitGroup
		stops    []func(context.Context) error
		problems []error
	)
	for kind, wanted := range specs {
		wait.Go(func() {
			stop, err := r.equipment.Fronts(ctx, kind, wanted)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problems = append(problems, fmt.Errorf("start %s: %w", kind, err))
			}
			if stop != nil {
				stops = append(stops, stop)
			}
		})
	}
	wait.Wait()
	return func() error { return stopAll(stops) }, errors.Join(problems...)
}

func stopAll(stops []func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*stopTimeout)
	defer cancel()
	var problems []error
	for _, stop := range stops {
		problems = append(problems, stop(ctx))
	}
	return errors.Join(problems...)
}

// scenarios hands the plan to godog. Its exit code is not looked at: what each
// scenario came to is noted by its own World.
func (r *run) scenarios(ctx context.Context) error {
	texts, files := r.plan.Texts()
	var paths []string
	for _, text := range texts {
		paths = append(paths, text.Path)
	}
	suite := godog.TestSuite{Options: &godog.Options{
		FS: files, Paths: paths, Format: formatter, Output: io.Discard, NoColors: true,
		Strict: true, Concurrency: r.workers(), Randomize: r.plan.Seed, DefaultContext: ctx,
	}}
	jobs, err := jobsByPickle(suite, texts)
	if err != nil {
		return &verdict.Trouble{Op: "hand the plan to godog", Err: err}
	}
	suite.ScenarioInitializer = func(sc *godog.ScenarioContext) { newWorld(r, jobs).register(sc) }
	suite.Run()
	return nil
}

// workers is how many scenarios run at once. They wait more than they work, so
// there are more of them than cores.
func (r *run) workers() int {
	if r.config.Parallel > 0 {
		return r.config.Parallel
	}
	return 4 * runtime.NumCPU()
}

// jobsByPickle finds out under which id godog will run each job. Reading the
// same texts twice gives the same ids.
func jobsByPickle(suite godog.TestSuite, texts []plan.Text) (map[string]*plan.Job, error) {
	features, err := suite.RetrieveFeatures()
	if err != nil {
		return nil, err
	}
	if len(features) != len(texts) {
		return nil, fmt.Errorf("%d texts were written, %d are read", len(texts), len(features))
	}
	jobs := map[string]*plan.Job{}
	for n, feature := range features {
		inOrder := texts[n].InOrder()
		if len(feature.Pickles) != len(inOrder) {
			return nil, fmt.Errorf("%s: %d scenarios were written, %d are read", texts[n].Path, len(inOrder), len(feature.Pickles))
		}
		for k, pickle := range feature.Pickles {
			jobs[pickle.Id] = inOrder[k]
		}
	}
	return jobs, nil
}

// formatter is the name of a godog formatter that writes nothing: godog's own
// count what nobody checked as passed.
const formatter = "countersign"

func init() {
	godog.Format(formatter, "writes nothing; the suite reports for itself", func(string, io.Writer) godog.Formatter { return silent{} })
}
