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

// A Start is an attempt of a scenario to start a server.
type Start struct {
	Instance *Instance
	Err      error         // why the server does not run, nil if it runs
	LogFrom  int64         // the size of its log before
	Took     time.Duration // until the first answer, or until the attempt failed

	further bool // a process of the scenario's own, beside its instance
	outFrom int64
	output  string
}

// StartFurther starts a process on fresh data for one scenario. The caller stops it with
// [Pool.StopFurther], and starts no other one before.
func (p *Pool) StartFurther(ctx context.Context, planned *plan.Instance) (*Start, error) {
	select {
	case p.further <- struct{}{}:
	case <-ctx.Done():
		return nil, &verdict.Trouble{Op: "wait for a place to start a server in", Err: ctx.Err()}
	}
	i := At(planned, filepath.Join(p.workDir, planned.ID))
	s := &Start{Instance: i, further: true}
	if err := i.prepare(); err != nil {
		return s, &verdict.Trouble{Op: "prepare " + i.Name(), Err: err}
	}
	return s, s.launch(ctx, p)
}

// StopFurther stops a process that [Pool.StartFurther] has started. It does nothing for any
// other start.
func (p *Pool) StopFurther(s *Start) error {
	if s == nil || !s.further {
		return nil
	}
	defer func() { <-p.further }()
	return p.Stop(s.Instance)
}

// Restart starts a stopped instance on its data with a configuration. output is the file with
// the output of its last process.
func (p *Pool) Restart(ctx context.Context, i *Instance, c plan.Configuration, output string) (*Start, error) {
	i.Configuration = c
	s := &Start{Instance: i, LogFrom: SizeOf(i.Log()), output: output}
	return s, s.launch(ctx, p)
}

// Output returns the path of the file with the output of the instance's process.
func (i *Instance) Output() string { return i.process.Output() }

// launch starts the process and waits for its first answer or its end.
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

// RequireRefused returns a violation unless the process has ended by itself with an exit code
// that reports a failure.
func (s *Start) RequireRefused() error {
	switch {
	case s.Err == nil:
		return verdict.Broken("a server that refuses to start", "one that answers")
	case !s.Instance.HasExited():
		return verdict.Broken("a server that refuses to start", "one that neither answers nor ends: %v", s.Err)
	case s.Instance.process.ExitError() == nil:
		return verdict.Broken("an exit code that reports that the start failed", "exit code 0")
	}
	return nil
}

// RequireMessage returns a violation unless the process has written a text to its log or its
// output, in upper or lower case.
func (s *Start) RequireMessage(text string) error {
	said, moreLog := tail(s.Instance.Log(), s.LogFrom)
	output, moreOutput := tail(s.output, s.outFrom)
	said = append(said, output...)
	if bytes.Contains(bytes.ToLower(said), bytes.ToLower([]byte(text))) {
		return nil
	}
	if moreLog || moreOutput {
		return s.Instance.LogNotRead()
	}
	return verdict.Broken("a message that names "+text, "%q", hide(said))
}

// LogNotRead returns the block of a scenario that needs to know all of a log that is longer
// than the suite reads.
func (i *Instance) LogNotRead() error {
	return &verdict.Block{BySubject: true, Reason: fmt.Sprintf("%s wrote more than %d MiB to its log during the scenario; the suite reads no further", i.Name(), maxRead>>20)}
}
