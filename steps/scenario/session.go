package scenario

import (
	"context"
	"time"

	"countersign/fakeidp/control"
	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sessions returns those of the person with an integration, as the person lists them.
func (p *Person) sessions(ctx context.Context, i *Integration) ([]driver.Session, error) {
	b, err := p.User(ctx)
	if err != nil {
		return nil, err
	}
	all, reply, err := b.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	if all == nil {
		return nil, verdict.Broken("a list of sessions", "%s", reply.Summary())
	}
	var found []driver.Session
	for _, s := range all {
		if s.IntegrationGUID == i.guid && s.UserGUID == p.guid {
			found = append(found, s)
		}
	}
	return found, nil
}

// CheckSessions judges the sessions of the person with an integration.
func (p *Person) CheckSessions(ctx context.Context, i *Integration, judge func(found []driver.Session, of string) error) error {
	found, err := p.sessions(ctx, i)
	if err != nil {
		return err
	}
	return judge(found, p.Name+" with "+i.Name)
}

// oneSession returns the only session of the person with an integration.
func (p *Person) oneSession(ctx context.Context, i *Integration) (driver.Session, error) {
	found, err := p.sessions(ctx, i)
	if err != nil {
		return driver.Session{}, err
	}
	return check.OneSession(found, p.Name+" with "+i.Name)
}

// DeleteSession has a user delete the session of the person with an integration.
func (p *Person) DeleteSession(ctx context.Context, by *driver.Persona, i *Integration) error {
	session, err := p.oneSession(ctx, i)
	if err != nil {
		return err
	}
	reply, err := by.DeleteSession(ctx, session.GUID)
	granted := err == nil && reply.Is(2)
	if err := p.state.Compared.TryExcused(reply, err, check.Resource); err != nil { // a session is deleted once
		return err
	}
	if granted {
		p.state.Compared.Granted = reply
	}
	return nil
}

// ReadSession has a user read the session of the person with an integration.
func (p *Person) ReadSession(ctx context.Context, by *driver.Persona, i *Integration) error {
	session, err := p.oneSession(ctx, i)
	if err != nil {
		return err
	}
	return p.state.Compared.tryGranted(by.Session(ctx, session.GUID))
}

// CheckDescribed requires that the last reply describes the session of the person with an
// integration.
func (p *Person) CheckDescribed(ctx context.Context, i *Integration) error {
	if _, err := p.User(ctx); err != nil {
		return err
	}
	return check.DescribesSession(p.state.Compared.Tried, p.guid, i.guid)
}

// CheckOwnSessions reads the person's list of sessions in both ways in which it can be asked for.
// To ask for the sessions of all users may be refused.
func (p *Person) CheckOwnSessions(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	own, _, err := b.Sessions(ctx)
	if err != nil {
		return err
	}
	if err := check.OwnSessions(own, p.guid); err != nil {
		return err
	}
	all, _, err := b.AllSessions(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	return check.OwnSessions(all, p.guid)
}

// CheckAllSessions requires that the administrator's lists contain sessions of the people.
func (s *State) CheckAllSessions(ctx context.Context, people ...*Person) error {
	listed, _, err := s.Operator().Sessions(ctx)
	if err != nil {
		return err
	}
	all, _, err := s.Operator().AllSessions(ctx)
	if err != nil {
		return err
	}
	var guids []string
	for _, p := range people {
		if _, err := p.User(ctx); err != nil {
			return err
		}
		guids = append(guids, p.guid)
	}
	return check.SessionsOf(append(listed, all...), guids...)
}

// AwaitTokenExpiry waits for the end of the access token that the provider issued last to an
// account.
func (s *State) AwaitTokenExpiry(ctx context.Context, account string) error {
	journal, err := s.journal(ctx)
	if err != nil {
		return err
	}
	issued := lastIssued(journal, account)
	if issued.IsZero() || s.issuer.lifetime == 0 {
		return &verdict.Block{Reason: "the provider has issued no token to " + account + " that expires soon", BySubject: true}
	}
	timer := time.NewTimer(time.Until(issued.Add(s.issuer.lifetime)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &verdict.Trouble{Op: "wait for the access token to expire", Err: context.Cause(ctx)}
	}
}

func lastIssued(journal []control.Entry, account string) (at time.Time) {
	for _, e := range journal {
		for _, one := range e.Issued {
			if one.Kind == control.KindAccessToken && e.Account == account {
				at = e.Time
			}
		}
	}
	return at
}
