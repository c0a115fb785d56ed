package reference

import (
	"context"
	"time"

	"countersign/reference/internal/web"
)

// parts are the services that run by themselves and must be closed.
type parts struct {
	closers []func(context.Context) error
}

func (p *parts) close(ctx context.Context) error {
	var first error
	for i := len(p.closers) - 1; i >= 0; i-- {
		if err := p.closers[i](ctx); err != nil && first == nil {
			first = err
		}
	}
	p.closers = nil
	return first
}

// assemble makes the services and the HTTP server that fronts them.
func (s *Server) assemble(ctx context.Context, c Config) error {
	s.serve(web.New(web.Options{
		Config: s.cfg, Log: s.log, Now: time.Now, Base: s.Base(), Accounts: s.accounts(),
	}))
	return nil
}
