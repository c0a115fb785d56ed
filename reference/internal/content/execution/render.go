package execution

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	renderTimeout = 60 * time.Second
	maxRender     = 8 << 20
)

// Render executes a program once and returns its standard output and the end of its standard error. The error is a
// *Failure, ErrNoProgram, ErrStopped, the error of the context, or an internal one.
func (rt *Runtime) Render(ctx context.Context, w Work) (body []byte, output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, renderTimeout)
	defer cancel()
	if err := rt.Check(KindRender); err != nil {
		return nil, "", err
	}
	la := rt.launcher
	l, err := la.begin(ctx, w, KindRender, la.Keys)
	if err != nil {
		return nil, "", err
	}
	defer la.end(l)
	cmd, err := la.prepare(l, w, "render")
	if err != nil {
		return nil, "", err
	}
	page, log := &bounded{max: maxRender}, &tail{max: maxOutput}
	cmd.Stdout, cmd.Stderr = page, log
	if l.program, err = la.start(cmd); err != nil {
		var start *StartError
		if errors.As(err, &start) {
			err = failure(codeExecution, "The content could not be executed: %s", start.Err)
		}
		return nil, "", err
	}
	select {
	case <-l.ended():
	case <-ctx.Done():
		la.end(l) // so that its output is complete
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, log.String(), failure(codeExecution, "The render took longer than %s.", renderTimeout)
		}
		return nil, log.String(), ctx.Err()
	}
	switch {
	case l.program.err != nil:
		return nil, log.String(), failure(codeExecution, "The render failed: %s", l.program.err)
	case page.over:
		return nil, log.String(), failure(codeExecution, "The render wrote more than %d bytes.", maxRender)
	}
	return page.text.Bytes(), log.String(), nil
}

// bounded stores written data up to a limit and records whether there was more. The buffer is not embedded because
// io.Copy would use its ReadFrom, which ignores the limit.
type bounded struct {
	text bytes.Buffer
	max  int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.max - b.text.Len(); len(p) > room {
		b.over = true
		b.text.Write(p[:room])
		return len(p), nil
	}
	return b.text.Write(p)
}

// codeExecution is the code of Connect for programs that cannot be executed.
const codeExecution = 59

func failure(code int, format string, args ...any) *Failure {
	return &Failure{code, fmt.Sprintf(format, args...)}
}
