package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"countersign/steps/plan"
	"countersign/steps/verdict"
)

// sayStart: how a server starts, and whether. A configuration that is refused is
// held against that of the scenario's instance, with which the same program runs.
var sayStart = []sentence{
	{plan.StartStep, func(w *World, ctx context.Context, a []string) error { return w.startFurther(ctx, a[0]) }},
	{plan.RestartStep, func(w *World, ctx context.Context, a []string) error { return w.restart(ctx, a[0]) }},
	{`it {starts}`, func(w *World, _ context.Context, a []string) error {
		switch a[0] {
		case "starts":
			return w.start.succeeded()
		case "refuses to start":
			return w.start.refused()
		}
		return w.startsOrRefuses()
	}},
	{`it says what is wrong with {value}`, func(w *World, _ context.Context, a []string) error {
		if err := w.start.refused(); err != nil {
			return err
		}
		return w.start.names(a[0])
	}},
}

// A start is what came of starting a server.
type start struct {
	process *instance
	further bool  // a process of the scenario's own, beside its instance
	err     error // why it does not run
	logFrom int64 // where its log stood before
	outFrom int64 // where its output stood before
	output  string
}

// startFurther starts a process on fresh data and ports of its own, in the place
// of an earlier one. Whether it starts is for the scenario to judge.
func (w *World) startFurther(ctx context.Context, text string) error {
	c, err := w.configuration(text)
	if err != nil {
		return err
	}
	if err := w.stopFurther(); err != nil {
		return err
	}
	select {
	case w.run.pool.further <- struct{}{}:
	case <-ctx.Done():
		return &verdict.Trouble{Op: "wait for a place to start a server in", Err: ctx.Err()}
	}
	planned := &plan.Instance{
		ID: fmt.Sprintf("%s-%s-%d", w.instance.ID, w.suffix, len(w.starts)+1), Configuration: c,
		Front: plan.Direct, Listen: w.job.Listen,
	}
	w.starts = append(w.starts, planned.ID)
	i := &instance{Instance: planned, Configuration: c, dir: filepath.Join(w.run.pool.workDir, planned.ID)}
	w.start = &start{process: i, further: true}
	if err := i.prepare(); err != nil {
		return &verdict.Trouble{Op: "prepare " + i.Name(), Err: err}
	}
	return w.launch(ctx)
}

// restart stops the instance of the scenario, which has it alone, and starts it
// on the same data with another configuration.
func (w *World) restart(ctx context.Context, text string) error {
	c, err := w.configuration(text)
	if err != nil {
		return err
	}
	return w.restartAfter(ctx, c, func() error { return nil })
}

// restartAfter does something while the instance is stopped.
func (w *World) restartAfter(ctx context.Context, c plan.Configuration, meanwhile func() error) error {
	output := w.instance.process.Output()
	if err := w.run.pool.halt(w.instance); err != nil {
		return err
	}
	w.keepLog()
	if err := meanwhile(); err != nil {
		return err
	}
	w.instance.Configuration = c
	w.start = &start{process: w.instance, logFrom: sizeOf(w.instance.log()), output: output}
	return w.launch(ctx)
}

func (w *World) configuration(text string) (plan.Configuration, error) {
	if w.run.config.Target.Running != nil {
		return plan.Configuration{}, &verdict.Inapplicable{Reason: "the server under test was started by somebody else"}
	}
	c, err := plan.ParseConfiguration(text)
	if err != nil {
		return c, &verdict.Trouble{Op: "read a configuration", Err: err}
	}
	return c, nil
}

// launch launches the server that the scenario starts, and notes the time that a
// failed start cost.
func (w *World) launch(ctx context.Context) error {
	began := time.Now()
	err := w.start.launch(ctx, w.run.pool)
	if took := time.Since(began); w.start.err != nil && took >= slowAnswer {
		w.waitedStart += took
	}
	return err
}

// launch starts the process and awaits its first answer or its end.
func (s *start) launch(ctx context.Context, p *pool) error {
	if s.output != "" {
		s.outFrom = sizeOf(s.output)
	}
	err := p.launch(ctx, s.process, s.process.Configuration)
	if s.process.process != nil {
		s.output = s.process.process.Output()
	}
	var block *verdict.Block
	if errors.As(err, &block) {
		s.err = err
		return nil
	}
	return err
}

func (s *start) succeeded() error {
	if s.err != nil {
		return fail("a server that starts", "%v", s.err)
	}
	return nil
}

// refused wants a process that has ended of its own accord, and says so by its
// exit code.
func (s *start) refused() error {
	switch {
	case s.err == nil:
		return fail("a server that refuses to start", "one that answers")
	case !s.process.gone():
		return fail("a server that refuses to start", "one that neither answers nor ends: %v", s.err)
	case s.process.process.ExitError() == nil:
		return fail("an exit code that says that the start failed", "exit code 0")
	}
	return nil
}

// startsOrRefuses accepts a server that refuses a configuration under which there is
// nothing to test: what the scenario says of a server that runs is left out.
func (w *World) startsOrRefuses() error {
	if w.start.err == nil {
		return nil
	}
	err := w.start.refused()
	w.settled = err == nil
	return err
}

// names looks for the name of an option in what the process has written.
func (s *start) names(option string) error {
	said, moreLog := tail(s.process.log(), s.logFrom)
	output, moreOutput := tail(s.output, s.outFrom)
	said = append(said, output...)
	if bytes.Contains(bytes.ToLower(said), bytes.ToLower([]byte(option))) {
		return nil
	}
	if moreLog || moreOutput {
		return s.process.saidTooMuch()
	}
	return fail("a message that names "+option, "%q", redactLog(string(said[:min(len(said), 2000)])))
}

// stopFurther ends the process that the scenario has started beside its instance.
func (w *World) stopFurther() error {
	s := w.start
	if s == nil || !s.further {
		return nil
	}
	w.start = nil
	defer func() { <-w.run.pool.further }()
	return w.run.pool.halt(s.process)
}
