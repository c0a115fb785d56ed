// Package instance starts the instances of the server under test that scenarios use, leases them to
// scenarios, and stops them after their last use. It gives up a server that does not reply, and
// bounds the size of a server's log.
package instance

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"countersign/steps/arrival"
	"countersign/steps/equipment"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

// stopTimeout bounds the wait for the end of a process. The equipment kills it after five
// seconds.
const stopTimeout = 8 * time.Second

// maxFurther bounds the processes that scenarios run beside their instances.
const maxFurther = 2

// A Pool holds the instances that are alive. An instance is started when the first scenario
// needs it and stopped after the last one has released it. A Pool is safe for concurrent use.
type Pool struct {
	equipment equipment.Equipment
	target    target.Target
	workDir   string
	slots     chan struct{} // capacity: the instances that may run at once
	further   chan struct{} // capacity: the further processes that may run at once
	failures  *failureTracker
	ended     func(*Instance)
	behind    map[*plan.Instance]arrival.Server // behind a proxy under test

	mu     sync.Mutex
	known  map[*plan.Instance]*Instance
	alive  int
	peak   int
	starts int
}

// NewPool returns an empty pool. workDir holds the data folders and logs of the instances. The pool
// calls ended with each instance after its final stop. The context of the pool ends with ctx.
func NewPool(ctx context.Context, e equipment.Equipment, t target.Target, workDir string, ended func(*Instance)) *Pool {
	return &Pool{
		equipment: e, target: t, workDir: workDir, failures: newFailureTracker(ctx), ended: ended,
		slots: make(chan struct{}, t.Instances), further: make(chan struct{}, maxFurther), known: map[*plan.Instance]*Instance{}, behind: map[*plan.Instance]arrival.Server{},
	}
}

// Behind sets the recording server behind the proxy under test at an instance. It must be called
// before the first lease.
func (p *Pool) Behind(i *plan.Instance, s arrival.Server) { p.behind[i] = s }

// Context returns the context of scenarios. It ends when the server under test is given up.
func (p *Pool) Context() context.Context { return p.failures.ctx }

// GivenUp returns the reason for which the server under test was given up, or nil.
func (p *Pool) GivenUp() error { return p.failures.givenUp() }

// RecordWait records the time that a scenario that did not pass waited for the server.
func (p *Pool) RecordWait(lost time.Duration, reason string) { p.failures.wait(lost, reason) }

// Usage returns the number of started processes and the maximum number of instances that ran at once.
func (p *Pool) Usage() (starts, peak int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts, p.peak
}

// Lease leases its instance to a scenario and starts it if necessary. The caller must call release
// once, even after an error.
func (p *Pool) Lease(ctx context.Context, job *plan.Job) (i *Instance, release func(), err error) {
	i = p.get(job.Instance)
	i.start.Do(func() { i.err = p.tryStart(ctx, i) })
	err = i.err
	if err == nil {
		err = p.unusable(i)
	}
	if err != nil {
		return i, func() { p.release(i) }, err
	}
	if job.Lease == plan.Quiet {
		i.quiet.Lock()
		return i, func() { i.quiet.Unlock(); p.release(i) }, nil
	}
	i.quiet.RLock()
	return i, func() { i.quiet.RUnlock(); p.release(i) }, nil
}

// Forgo releases the instance of a scenario that does not run and did not lease it.
func (p *Pool) Forgo(job *plan.Job) { p.release(p.get(job.Instance)) }

func (p *Pool) get(planned *plan.Instance) *Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[planned] == nil {
		p.known[planned] = At(planned, filepath.Join(p.workDir, planned.ID))
		p.known[planned].remaining = planned.Jobs
	}
	return p.known[planned]
}

// tryStart starts an instance unless the server was given up, and records the result.
func (p *Pool) tryStart(ctx context.Context, i *Instance) error {
	if err := p.failures.givenUp(); err != nil {
		return err
	}
	began := time.Now()
	err := p.startUp(ctx, i)
	if givenUp := p.failures.givenUp(); err != nil && givenUp != nil {
		return givenUp // the start was cancelled, or its failure was the last one allowed
	}
	var block *verdict.Block
	switch {
	case err == nil:
		p.failures.succeeded()
	case errors.As(err, &block):
		took := time.Since(began) - i.queued
		p.failures.failed(i.failureKind(block), took, block)
		p.failures.wait(took, block.Reason)
	}
	return err
}

// startUp makes an instance usable. It waits for a slot, starts the instance with the seed
// configuration if necessary, waits for the first reply and creates the operator's API key.
func (p *Pool) startUp(ctx context.Context, i *Instance) error {
	if i.Configuration.DebugLog && p.target.DebugLog == "" {
		return &verdict.Inapplicable{Reason: "the target does not define debug_log, the text that raises the log level"}
	}
	began := time.Now()
	select {
	case p.slots <- struct{}{}:
		i.placed, i.queued = true, time.Since(began)
	case <-ctx.Done():
		return &verdict.Trouble{Op: "wait for a free slot for an instance", Err: ctx.Err()}
	}
	p.count(1)
	if p.target.Proxy != nil {
		return i.joinProxy(ctx, *p.target.Proxy, p.behind[i.Instance])
	}
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
		if err := i.createOperator(ctx, seed); err != nil {
			return err
		}
		if err := p.Stop(i); err != nil {
			return err
		}
		return p.launch(ctx, i, configuration)
	}
	if err := p.launch(ctx, i, configuration); err != nil {
		return err
	}
	return i.createOperator(ctx, configuration)
}

// launch starts the process with a configuration and waits for its first reply.
func (p *Pool) launch(ctx context.Context, i *Instance, c plan.Configuration) error {
	p.mu.Lock()
	p.starts++
	p.mu.Unlock()
	process, err := p.equipment.Launch(ctx, p.spec(i, c))
	if err != nil {
		return &verdict.Trouble{Op: "start " + i.Name(), Err: err}
	}
	i.process = process
	go i.watchLog(process)
	began, limit := time.Now(), p.failures.readyTime()
	err = i.awaitReady(ctx, limit)
	switch took := time.Since(began); {
	case err == nil:
		p.failures.started(took)
	case took >= limit && ctx.Err() == nil:
		p.failures.startTimedOut()
	}
	return err
}

// spec returns the description of an instance for the equipment.
func (p *Pool) spec(i *Instance, c plan.Configuration) equipment.InstanceSpec {
	return equipment.InstanceSpec{
		ID: i.ID, Config: c.With(i.Address(), i.Listen, i.data(), p.target.DebugLog),
		Listen: i.Listen, Address: i.Address(), DataDir: i.data(), LogFile: i.Log(),
	}
}

// RunTool runs a command line of the server under test while an instance is stopped.
func (p *Pool) RunTool(ctx context.Context, i *Instance, args []string) (exit int, output string, err error) {
	return p.equipment.Tool(ctx, p.spec(i, i.Configuration), args)
}

// RecordAnswers counts consecutive scenarios in which an instance sent no reply. After maxSilent of
// them no further scenario uses the instance.
func (p *Pool) RecordAnswers(i *Instance, silent bool, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !silent {
		i.silent = 0
		return
	}
	if i.silent++; i.silent == maxSilent {
		i.givenUp = &verdict.Block{Reason: fmt.Sprintf("%s was given up: it gave no answer in %d consecutive scenarios; the last: %s", i.Name(), maxSilent, reason), BySubject: true}
	}
}

// unusable returns the reason for which a started instance cannot be used any more, or nil.
func (p *Pool) unusable(i *Instance) error {
	if err := p.failures.givenUp(); err != nil {
		return err
	}
	p.mu.Lock()
	givenUp := i.givenUp
	p.mu.Unlock()
	switch {
	case givenUp != nil:
		return givenUp
	case i.process != nil && i.HasExited():
		return i.blockedBySubject("it ended while scenarios ran (%v)", i.process.ExitError())
	}
	return nil
}

// release releases an instance and stops it after its last use.
func (p *Pool) release(i *Instance) {
	p.mu.Lock()
	i.remaining--
	last := i.remaining == 0
	p.mu.Unlock()
	if last {
		_ = p.retire(i) // Close reports processes that could not be stopped
	}
}

// retire stops an instance finally and frees its slot.
func (p *Pool) retire(i *Instance) error {
	err := p.Stop(i)
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

// Stop stops the process of an instance and keeps its data.
func (p *Pool) Stop(i *Instance) error {
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

// Close stops the remaining instances and ends the context of the scenarios.
func (p *Pool) Close() error {
	defer p.failures.close()
	p.mu.Lock()
	var left []*Instance
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

func (p *Pool) count(change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alive += change
	p.peak = max(p.peak, p.alive)
}
