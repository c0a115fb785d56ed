package instance

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

// A Start is the result of an attempt to start a server in a scenario.
type Start struct {
	Instance *Instance
	Err      error         // why the server does not run, nil if it runs
	LogFrom  int64         // the size of the log before the start
	Took     time.Duration // until the first reply or the failure

	further bool // a process beside the instance of the scenario
	outFrom int64
	output  string
}

// StartFurther starts a process on fresh data for a scenario. The caller must stop it with
// [Pool.StopFurther] before it starts another one.
func (p *Pool) StartFurther(ctx context.Context, planned *plan.Instance) (*Start, error) {
	select {
	case p.further <- struct{}{}:
	case <-ctx.Done():
		return nil, &verdict.Trouble{Op: "wait for a free slot for a further server", Err: ctx.Err()}
	}
	i := At(planned, filepath.Join(p.workDir, planned.ID))
	s := &Start{Instance: i, further: true}
	if err := i.prepare(); err != nil {
		return s, &verdict.Trouble{Op: "prepare " + i.Name(), Err: err}
	}
	return s, s.launch(ctx, p)
}

// StopFurther stops a process that [Pool.StartFurther] started. It does nothing for other starts.
func (p *Pool) StopFurther(s *Start) error {
	if s == nil || !s.further {
		return nil
	}
	defer func() { <-p.further }()
	return p.Stop(s.Instance)
}

// Restart starts a stopped instance with a configuration and its existing data. output is the path
// of the file with the output of its last process.
func (p *Pool) Restart(ctx context.Context, i *Instance, c plan.Configuration, output string) (*Start, error) {
	i.Configuration = c
	s := &Start{Instance: i, LogFrom: SizeOf(i.Log()), output: output}
	return s, s.launch(ctx, p)
}

// Output returns the path of the file with the output of the instance's process.
func (i *Instance) Output() string { return i.process.Output() }

// launch starts the process and waits for its first reply or its end.
func (s *Start) launch(ctx context.Context, p *Pool) error {
	if s.output != "" {
		s.outFrom = SizeOf(s.output)
	}
	began := time.Now()
	err := p.launch(ctx, s.Instance, s.Instance.Configuration)
	s.Took = time.Since(began)
	if s.Instance.process != nil {
		s.output = s.Instance.process.Output()
	}
	var block *verdict.Block
	if errors.As(err, &block) {
		s.Err = err
		return nil
	}
	return err
}

// RequireRunning returns a violation unless the server runs.
func (s *Start) RequireRunning() error {
	if s.Err != nil {
		return verdict.Broken("a server that starts", "%v", s.Err)
	}
	return nil
}

// RequireRefused returns a violation unless the process ended by itself with an exit code other than
// 0.
func (s *Start) RequireRefused() error {
	switch {
	case s.Err == nil:
		return verdict.Broken("a server that refuses to start", "one that replies")
	case !s.Instance.HasExited():
		return verdict.Broken("a server that refuses to start", "one that neither replies nor ends: %v", s.Err)
	case s.Instance.process.ExitError() == nil:
		return verdict.Broken("an exit code other than 0", "exit code 0")
	}
	return nil
}

// RequireMessage returns a violation unless the process has written a text, in upper or lower case, to
// its log or its output.
func (s *Start) RequireMessage(text string) error {
	written, moreLog := tail(s.Instance.Log(), s.LogFrom)
	output, moreOutput := tail(s.output, s.outFrom)
	written = append(written, output...)
	if bytes.Contains(bytes.ToLower(written), bytes.ToLower([]byte(text))) {
		return nil
	}
	if moreLog || moreOutput {
		return s.Instance.LogNotRead()
	}
	return verdict.Broken("a message that contains "+text, "%q", hide(written))
}

// LogNotRead returns the block of a scenario that needs the whole log if the log is longer than the
// suite reads.
func (i *Instance) LogNotRead() error {
	return &verdict.Block{BySubject: true, Reason: fmt.Sprintf("%s wrote more than %d MiB to its log during the scenario, which is the limit of the suite", i.Name(), maxRead>>20)}
}
