// Package runner executes a plan: it starts the fronts, leases instances to scenarios, hands the
// scenarios to godog, and reconciles what was observed with what was planned. Its verdicts are its
// own, never godog's.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"countersign/steps/arrival"
	"countersign/steps/equipment"
	"countersign/steps/instance"
	"countersign/steps/plan"
	"countersign/steps/report"
	"countersign/steps/rules"
	"countersign/steps/scenario"
	"countersign/steps/target"
	"countersign/steps/verdict"
	"countersign/steps/vocabulary"
)

// ErrNotStarted is wrapped by every error that comes before anything was started.
var ErrNotStarted = errors.New("nothing was started")

// A Prepared run has a plan whose steps are resolved.
type Prepared struct {
	Plan      *plan.Plan
	Catalogue *rules.Catalogue
	Calls     map[*plan.Scenario][]*vocabulary.Call
}

// A run is one execution of a plan.
type run struct {
	config    Config
	plan      *plan.Plan
	catalogue *rules.Catalogue
	calls     map[*plan.Scenario][]*vocabulary.Call
	equipment equipment.Equipment
	pool      *instance.Pool
	progress  *report.Progress

	ctx context.Context // ends when the run is interrupted or takes too long

	logPatience scenario.LogPatience

	mu      sync.Mutex
	results map[*plan.Job]report.Result
	issuers map[*plan.Job]string // of the tokens of a scenario
	leaked  []logLeak
	over    bool     // a violation has ended the run, with FailFast
	unread  []string // logs that could not be read
	notes   []string // what the report says beside its results
}

// Run executes a prepared run. The report accounts for every planned scenario, also when ctx is
// cancelled. The error reports what prevented the run or a clean end of it; errors that wrap
// [ErrNotStarted] come without a report.
func Run(ctx context.Context, c Config, e equipment.Equipment, prepared Prepared) (report.Report, error) {
	started := time.Now()
	p := prepared.Plan
	if running := c.Target.Running; running != nil {
		if err := instance.CheckRunning(ctx, *running, p.Seed); err != nil {
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
	r := &run{
		ctx: limited, config: c, plan: p, catalogue: prepared.Catalogue, calls: prepared.Calls, equipment: e,
		progress: report.NewProgress(output(c), report.ProgressOptions{Total: len(p.Jobs), Terminal: report.IsTerminal(output(c))}),
		results:  map[*plan.Job]report.Result{}, issuers: map[*plan.Job]string{},
	}
	r.pool = instance.NewPool(limited, e, c.Target, c.WorkDir, r.readLog)
	stopFronts, err := r.startProxies(limited)
	if err != nil {
		return report.Report{}, errors.Join(fmt.Errorf("%w: %w", ErrNotStarted, err), stopFronts(), r.pool.Close())
	}
	runErr := r.scenarios(r.pool.Context())
	r.progress.Close()
	closeErr := r.pool.Close()
	result := r.reconcile(context.WithoutCancel(ctx), started, ctx.Err() != nil)
	return result, errors.Join(runErr, closeErr, stopFronts())
}

func output(c Config) io.Writer {
	if c.Output == nil {
		return io.Discard
	}
	return c.Output
}

// startProxies starts the proxies that the plan needs, and the recording server if a proxy is under
// test.
func (r *run) startProxies(ctx context.Context) (stop func() error, err error) {
	none := func() error { return nil }
	if r.plan.Seat != plan.SeatProxy {
		return r.startFronts(ctx)
	}
	proxy := r.config.Target.Proxy
	if err := r.startUpstreams(proxy); err != nil {
		return none, err
	}
	if proxy.IsOwn() {
		return r.startFronts(ctx)
	}
	first := r.plan.Instances[0]
	stopProxy, err := r.equipment.Proxy(ctx, equipment.ProxySpec{Listen: first.FrontListen, Upstream: first.Listen})
	if err != nil {
		return none, fmt.Errorf("start the proxy under test: %w", err)
	}
	return func() error { return stopAll([]func(context.Context) error{stopProxy}) }, nil
}

// startUpstreams starts the recording servers: one for each listener of a proxy that the suite
// configures, and one for any other proxy.
func (r *run) startUpstreams(proxy *target.Proxy) error {
	var behind arrival.Server
	for _, i := range r.plan.Instances {
		if behind == nil || proxy.IsOwn() {
			var err error
			if behind, err = r.equipment.Upstream(proxy.Upstream); err != nil {
				return err
			}
		}
		i.Listen = behind.Address()
		if !proxy.IsOwn() {
			i.FrontListen = r.plan.Instances[0].FrontListen
		}
		r.pool.Behind(i, behind)
	}
	return nil
}

// startFronts starts one proxy for each kind that the plan needs, at the same time.
func (r *run) startFronts(ctx context.Context) (stop func() error, err error) {
	specs := map[string][]equipment.FrontSpec{}
	for _, i := range r.plan.Instances {
		if i.Front == plan.Direct {
			continue
		}
		specs[i.Front] = append(specs[i.Front], equipment.FrontSpec{
			ID: i.ID, Kind: i.Front, Flavour: i.Flavour, Listen: i.FrontListen, HTTP2: i.FrontHTTP2, Prefix: i.Prefix,
			Upstream: "http://" + i.Listen, Headers: i.Configuration.Headers,
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

// frontsTimeout bounds the stop of all proxies.
const frontsTimeout = 16 * time.Second

func stopAll(stops []func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), frontsTimeout)
	defer cancel()
	var problems []error
	for _, stop := range stops {
		problems = append(problems, stop(ctx))
	}
	return errors.Join(problems...)
}

// anyText is the one pattern that godog has to match.
var anyText = regexp.MustCompile(`(?s)^.*$`)

// scenarios hands the plan to godog. Its exit code is not used: each execution records the result
// of its scenario.
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
	suite.ScenarioInitializer = func(sc *godog.ScenarioContext) { r.register(sc, jobs) }
	suite.Run()
	return nil
}

// workers returns how many scenarios run at once. They wait more than they work, so that there are
// more of them than cores.
func (r *run) workers() int {
	if r.config.Parallel > 0 {
		return r.config.Parallel
	}
	return 4 * runtime.NumCPU()
}

// jobsByPickle finds out under which id godog will run each job. Reading the same texts twice
// gives the same ids.
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

// formatter is the name of a godog formatter that writes nothing: godog's own formatters report
// scenarios as passed that checked nothing.
const formatter = "countersign"

func init() {
	godog.Format(formatter, "writes nothing; the suite reports for itself", func(string, io.Writer) godog.Formatter { return silent{} })
}
