package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

// Bounds of what the pool waits for.
const (
	readyTimeout = 30 * time.Second
	shortReady   = 10 * time.Second // for further instances, where none was ready
	quickReady   = 5 * time.Second  // for further instances at least, where others were ready
	stopTimeout  = 8 * time.Second  // the equipment kills after five
)

// maxFurther is how many processes scenarios may have beside their instances.
const maxFurther = 2

// A pool holds the instances that are alive. An instance is started when the
// first scenario needs it and stopped after the last one has let go.
type pool struct {
	equipment Equipment
	target    target.Target
	workDir   string
	slots     chan struct{} // one for each instance that may be alive
	further   chan struct{} // one for each process that a scenario may have beside its instance
	patience  *patience

	mu     sync.Mutex
	known  map[*plan.Instance]*instance
	alive  int
	peak   int
	starts int
	ended  func(*instance) // called with each instance after it was stopped
}

// An instance is a process of the subject, made ready for scenarios.
type instance struct {
	*plan.Instance
	Configuration plan.Configuration // what it runs with; a scenario may restart it with another

	subject  driver.Subject
	address  string // of a server that somebody else has started
	operator *operator

	quiet     sync.RWMutex // held for writing by a scenario that must be alone
	start     sync.Once
	err       error // why it cannot be used
	placed    bool  // it holds a slot
	process   Instance
	dir       string
	remaining int

	queued  time.Duration          // how long it waited for its slot
	flooded atomic.Bool            // it was stopped because of the length of its log
	failure atomic.Pointer[string] // the way in which it failed last
	silent  int                    // scenarios in a row without an answer
	givenUp *verdict.Block         // why no further scenario uses it
}

func newPool(e Equipment, t target.Target, workDir string, patience *patience) *pool {
	return &pool{
		patience: patience, equipment: e, target: t, workDir: workDir, slots: make(chan struct{}, t.Instances), further: make(chan struct{}, maxFurther), known: map[*plan.Instance]*instance{},
	}
}

// lease lends a scenario its instance, started if need be. The caller calls
// release once, also after an error.
func (p *pool) lease(ctx context.Context, job *plan.Job) (i *instance, release func(), err error) {
	i = p.get(job.Instance)
	i.start.Do(func() { i.err = p.tryStart(ctx, i) })
	err = i.err
	if err == nil {
		err = p.unusable(i)
	}
	if err != nil {
		return i, func() { p.letGo(i) }, err
	}
	if job.Lease == plan.Quiet {
		i.quiet.Lock()
		return i, func() { i.quiet.Unlock(); p.letGo(i) }, nil
	}
	i.quiet.RLock()
	return i, func() { i.quiet.RUnlock(); p.letGo(i) }, nil
}

func (p *pool) get(planned *plan.Instance) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[planned] == nil {
		p.known[planned] = &instance{Instance: planned, Configuration: planned.Configuration, remaining: planned.Jobs, dir: filepath.Join(p.workDir, planned.ID)}
	}
	return p.known[planned]
}

// tryStart starts an instance unless the subject was given up, and notes what came of it.
func (p *pool) tryStart(ctx context.Context, i *instance) error {
	if err := p.patience.over(); err != nil {
		return err
	}
	began := time.Now()
	err := p.startUp(ctx, i)
	if over := p.patience.over(); err != nil && over != nil {
		return over // the start was ended, or is one more of the kind
	}
	var block *verdict.Block
	switch {
	case err == nil:
		p.patience.succeeded()
	case errors.As(err, &block):
		took := time.Since(began) - i.queued
		p.patience.failed(i.failureKind(block), took, block)
		p.patience.wait(took, block.Reason)
	}
	return err
}

// startUp brings an instance to the point where scenarios can use it: waiting
// for a slot, the seed if its configuration needs one, the first answer, the
// operator's key.
func (p *pool) startUp(ctx context.Context, i *instance) error {
	if i.Configuration.DebugLog && p.target.DebugLog == "" {
		return &verdict.Inapplicable{Reason: "the target does not say how the log level is raised (debug_log)"}
	}
	began := time.Now()
	select {
	case p.slots <- struct{}{}:
		i.placed, i.queued = true, time.Since(began)
	case <-ctx.Done():
		return &verdict.Trouble{Op: "wait for a place among the instances", Err: ctx.Err()}
	}
	p.count(1)
	if p.target.Running != nil {
		return i.join(*p.target.Running)
	}
	if err := i.prepare(); err != nil {
		return &verdict.Trouble{Op: "prepare " + i.Name(), Err: err}
	}
	configuration := i.Configuration
	if seed, needed := configuration.Seed(); needed {
		if err := p.launch(ctx, i, seed); err != nil {
			return err
		}
		if err := i.hire(ctx, seed); err != nil {
			return err
		}
		if err := p.halt(i); err != nil {
			return err
		}
		return p.launch(ctx, i, configuration)
	}
	if err := p.launch(ctx, i, configuration); err != nil {
		return err
	}
	return i.hire(ctx, configuration)
}

// Address is the public base URL.
func (i *instance) Address() string {
	if i.address != "" {
		return i.address
	}
	return i.Instance.Address()
}

// join makes use of a server that somebody else has started. It can serve the
// scenarios of the configuration that it runs with.
func (i *instance) join(r target.Running) error {
	s, err := openRunning(r, i.Front)
	if err != nil {
		return err
	}
	if !s.configuration.Same(i.Configuration) {
		return &verdict.Inapplicable{Reason: "the server runs with another configuration"}
	}
	i.address, i.subject, i.operator = s.address, s.subject, s.operator
	return nil
}

func (i *instance) prepare() error {
	if err := os.MkdirAll(filepath.Join(i.dir, "data"), 0o700); err != nil {
		return err
	}
	subject, err := driver.NewSubject(i.Address(), i.Upstream(), i.Front)
	if err != nil {
		return err
	}
	if written := i.Configuration.Get("Server", "Address"); written != "" {
		if subject, err = subject.SeenAt(written); err != nil {
			return err
		}
	}
	i.subject = subject
	return nil
}

// published is the address at which the configuration publishes the server, with a
// slash at its end.
func (i *instance) published() string {
	if written := i.Configuration.Get("Server", "Address"); written != "" {
		return strings.TrimSuffix(written, "/") + "/"
	}
	return i.Address()
}

// launch starts the process with a configuration and awaits its first answer.
func (p *pool) launch(ctx context.Context, i *instance, c plan.Configuration) error {
	p.mu.Lock()
	p.starts++
	p.mu.Unlock()
	process, err := p.equipment.Launch(ctx, p.spec(i, c))
	if err != nil {
		return &verdict.Trouble{Op: "start " + i.Name(), Err: err}
	}
	i.process = process
	go i.watchLog(process)
	began, limit := time.Now(), p.patience.readyTime()
	err = i.ready(ctx, limit)
	switch took := time.Since(began); {
	case err == nil:
		p.patience.started(took)
	case took >= limit && ctx.Err() == nil:
		p.patience.awaitedInVain()
	}
	return err
}

// spec is what the equipment is told of an instance.
func (p *pool) spec(i *instance, c plan.Configuration) InstanceSpec {
	return InstanceSpec{
		ID: i.ID, Config: c.With(i.Address(), i.Listen, i.data(), p.target.DebugLog),
		Listen: i.Listen, Address: i.Address(), DataDir: i.data(), LogFile: i.log(),
	}
}

func (i *instance) data() string { return filepath.Join(i.dir, "data") }
func (i *instance) log() string  { return filepath.Join(i.dir, "server.log") }

// logs are the log and, where the subject writes that by itself, what it says on
// its standard streams.
func (i *instance) logs() []string { return []string{i.log(), i.log() + ".output"} }

// ready awaits the first answer of the subject, or its end.
func (i *instance) ready(ctx context.Context, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := driver.AwaitReady(limited, i.subject, i.process.Exited())
	switch {
	case err == nil:
		return i.checkListener()
	case i.gone() && i.process.ExitError() == nil:
		return i.blockedBySubject("it ended with exit code 0 before it answered; launch.command must stay in the foreground until SIGTERM")
	case i.gone():
		return i.blockedBySubject("it ended before it answered (%v)", i.process.ExitError())
	case errors.Is(context.Cause(ctx), errScenarioTime):
		return i.blockedBySubject("it had not answered GET /__ping__ when %v (%v)", errScenarioTime, err)
	case ctx.Err() != nil:
		return waitEnded(ctx, "await the first answer of "+i.Name())
	default:
		return i.blockedBySubject("it gave no answer to GET /__ping__ within %s (%v)", limit, err)
	}
}

// waitEnded is the error of a wait that the suite itself has ended, which says
// nothing about the subject.
func waitEnded(ctx context.Context, op string) error {
	return &verdict.Trouble{Op: op, Err: context.Cause(ctx)}
}

// checkListener returns an error if another process than the subject listens at
// the subject's address: its replies must not be taken for the subject's.
func (i *instance) checkListener() error {
	if err := i.process.CheckListener(i.Listen); err != nil {
		return &verdict.Trouble{Op: i.Name(), Err: err}
	}
	return nil
}

// gone says whether the process has ended.
func (i *instance) gone() bool {
	select {
	case <-i.process.Exited():
		return true
	default:
		return false
	}
}

// ends says whether a request was not answered because the process is ending. A
// connection can break a moment before the end is known, so that is awaited; a
// request whose time ran out says nothing of the kind.
func (i *instance) ends(silence *driver.NoAnswer) bool {
	if i.process == nil || errors.Is(silence.Err, context.DeadlineExceeded) {
		return false
	}
	const reaping = 500 * time.Millisecond
	timer := time.NewTimer(reaping)
	defer timer.Stop()
	select {
	case <-i.process.Exited():
		return true
	case <-timer.C:
		return false
	}
}

// blockedBySubject blames the subject, and shows the end of its log.
func (i *instance) blockedBySubject(format string, args ...any) error {
	said := fmt.Sprintf(format, args...)
	if i.flooded.Load() {
		format, said = logTooLong(), logTooLong()
	}
	i.failure.Store(&format)
	reason := i.Name() + ": " + said
	for _, file := range i.logs() {
		if tail := logTail(file); tail != "" {
			reason += "; its log ends:\n" + tail
		}
	}
	return &verdict.Block{Reason: reason, BySubject: true}
}

// failureKind returns in which way the instance failed: how blockedBySubject put it, or
// the reason of a block that was made without it.
func (i *instance) failureKind(block *verdict.Block) string {
	if format := i.failure.Load(); format != nil {
		return *format
	}
	return block.Reason
}

// forgo gives up a scenario's use of its instance before the instance was leased.
func (p *pool) forgo(job *plan.Job) { p.letGo(p.get(job.Instance)) }

// letGo stops an instance after its last use.
func (p *pool) letGo(i *instance) {
	p.mu.Lock()
	i.remaining--
	last := i.remaining == 0
	p.mu.Unlock()
	if last {
		_ = p.retire(i) // close reports what could not be stopped
	}
}

// retire stops an instance for good and gives its slot back.
func (p *pool) retire(i *instance) error {
	err := p.halt(i)
	p.mu.Lock()
	delete(p.known, i.Instance)
	p.mu.Unlock()
	if i.placed {
		p.ended(i)
		<-p.slots
		p.count(-1)
	}
	return err
}

func (p *pool) halt(i *instance) error {
	if i.process == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	process := i.process
	i.process = nil
	if err := process.Stop(ctx); err != nil {
		return &verdict.Trouble{Op: "stop " + i.Name(), Err: err}
	}
	return nil
}

// close stops whatever is still alive.
func (p *pool) close() error {
	p.mu.Lock()
	var left []*instance
	for _, i := range p.known {
		left = append(left, i)
	}
	p.mu.Unlock()
	var problems []error
	for _, i := range left {
		problems = append(problems, p.retire(i))
	}
	return errors.Join(problems...)
}

func (p *pool) count(change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alive += change
	p.peak = max(p.peak, p.alive)
}
