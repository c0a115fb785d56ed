package scenario

import (
	"context"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// LookAtEverything asks for all that the server tells a user about content, an integration and the
// user. It requires some answers; the recorder looks for secrets in them.
func (s *State) LookAtEverything(ctx context.Context, reader *driver.Persona, c *Content, i *Integration) error {
	paths := []string{
		"__api__/v1/user", "__api__/v1/users", "__api__/server_settings",
		"__api__/v1/content", "__api__/v1/content/" + c.guid, "__api__/v1/content/" + c.guid + "/bundles",
		"__api__/v1/content/" + c.guid + "/permissions",
		"__api__/v1/content/" + c.guid + "/oauth/integrations/associations",
		"__api__/v1/oauth/integrations", "__api__/v1/oauth/integrations/" + i.guid,
		"__api__/v1/oauth/integrations/" + i.guid + "/associations",
		"__api__/v1/oauth/sessions", "__api__/v1/oauth/sessions?all=true",
		"connect/", "content/" + c.guid + "/",
		"__oauth__/integrations/" + i.guid + "/login",
	}
	shown := 0
	for _, path := range paths {
		reply, err := reader.Get(ctx, path)
		if err != nil {
			return err
		}
		if reply.Is(2) || reply.Is(3) {
			shown++
		}
	}
	if shown < 5 {
		return verdict.Broken("answers about "+c.Name+" and "+i.Name, "%d of %d", shown, len(paths))
	}
	return nil
}

// CheckNoReplyHolds requires that the recorder found no secret of a kind in a reply, though the
// provider issued one.
func (s *State) CheckNoReplyHolds(ctx context.Context, kind string) error {
	if err := s.requireIssued(ctx, kind); err != nil {
		return err
	}
	return s.checkNotShown(kind, 0)
}

func (s *State) requireIssued(ctx context.Context, kind string) error {
	return s.CheckJournal(ctx, func(journal []control.Entry) error { return check.Issued(journal, kind) })
}

// checkNotShown requires that the server has shown no secret of a kind to the suite itself, in the
// exchange with a number; 0 stands for all exchanges.
func (s *State) checkNotShown(kind string, exchange int) error {
	for _, l := range s.Recorder.Leaks() {
		if l.Kind == kind && (exchange == 0 || l.Seq == exchange) {
			return verdict.Broken("no "+check.Words(kind), "one in %s", l.String())
		}
	}
	return nil
}

// CheckDescribedWithout requires that the last reply describes a session without a secret of a
// kind, though the provider issued one.
func (s *State) CheckDescribedWithout(ctx context.Context, kind string) error {
	if err := s.requireIssued(ctx, kind); err != nil {
		return err
	}
	if err := check.DescribesWithout(s.Compared.Tried, kind); err != nil {
		return err
	}
	return s.checkNotShown(kind, s.Compared.Tried.Exchange.Seq)
}

// CheckNoRefreshTokenReturned requires that no exchange returned a refresh token, though the
// provider issued one.
func (s *State) CheckNoRefreshTokenReturned(ctx context.Context) error {
	if err := s.requireIssued(ctx, control.KindRefreshToken); err != nil {
		return err
	}
	return check.NoRefreshToken(s.reports())
}

// CheckNoRefreshTokenSeen requires that the content saw no refresh token in its environment and in
// the headers of its visit.
func (c *Content) CheckNoRefreshTokenSeen() error {
	return c.CheckReport(func(report *probe.Report) error {
		if err := check.ReportsEnvironment(report); err != nil {
			return err
		}
		return check.NotSeenByContent(report, control.KindRefreshToken)
	})
}
