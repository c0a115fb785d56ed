package scenario

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// keyGrace is how long after its expiry time a key may still be accepted: the time in the
// server's reply has whole seconds.
const keyGrace = 2 * time.Second

// CreateExpiringKey signs the person in and creates an API key that expires after a time, counted
// from the time in the server's reply to the sign-in.
func (p *Person) CreateExpiringKey(ctx context.Context, after time.Duration) error {
	p.browser, p.signedIn = p.newBrowser(), nil
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	now, err := http.ParseTime(p.signedIn.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	expires := now.Add(after).UTC()
	p.keyExpiry = time.Now().Add(expires.Sub(now))
	return require("creating an API key that expires")(b.CreateKeyAs(ctx, p.guid, driver.NewKey{Name: "made by " + p.Name, Expires: &expires}))
}

// CheckKeyExpires calls the API with the person's key until the server refuses it.
func (p *Person) CheckKeyExpires(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		reply, err := b.KeyWith(ctx)
		if err := p.state.Compared.Try(reply, err); err != nil || !reply.Is(2) {
			if err == nil {
				err = p.state.Compared.Refused()
			}
			return err
		}
		if late := time.Since(p.keyExpiry); late > keyGrace {
			return verdict.Broken("a refusal of a key that has expired", "%s, %s after its expiry time", reply.Summary(), late.Round(time.Second))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return &verdict.Trouble{Op: "wait for the key to expire", Err: context.Cause(ctx)}
		}
	}
}

// DeleteKeys has the person delete all their API keys.
func (p *Person) DeleteKeys(ctx context.Context) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return require("deleting the API keys of " + p.Name)(b.DeleteKeys(ctx, p.guid))
}

// RequestKeyAs has the person ask for an API key with a role.
func (p *Person) RequestKeyAs(ctx context.Context, role string) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	return p.state.Compared.TryFirst(b.CreateKeyAs(ctx, p.guid, driver.NewKey{Name: "as " + role, Role: role}))
}

// RequestKeyOf has a user ask for an API key of the person.
func (p *Person) RequestKeyOf(ctx context.Context, by *driver.Persona) error {
	if _, err := p.User(ctx); err != nil {
		return err
	}
	return p.state.Compared.tryGranted(by.RequestKey(ctx, p.guid, "made by another user"))
}

// ListKeysOf has a user list the API keys of the person.
func (p *Person) ListKeysOf(ctx context.Context, by *driver.Persona) error {
	if _, err := p.User(ctx); err != nil {
		return err
	}
	return p.state.Compared.tryGranted(by.ListKeys(ctx, p.guid))
}

// tryGranted is [Comparison.TryFirst] for replies that may be lists.
func (c *Comparison) tryGranted(reply *driver.Reply, err error) error {
	if err == nil && reply.Is(2) {
		c.Granted = reply
	}
	return c.Try(reply, err)
}

// CheckNoAdministratorKey requires that a key with a higher role was refused, or that the key that
// was created cannot do what administrators can.
func (p *Person) CheckNoAdministratorKey(ctx context.Context) error {
	c := &p.state.Compared
	if !c.Tried.Is(2) {
		return c.Refused()
	}
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	reply, err := b.WithKey().CreateUser(ctx, driver.NewUser{Username: p.state.WireName("made-by-" + p.Name)})
	if err == nil && !reply.Is(4) {
		return verdict.Broken(fmt.Sprintf("a key of %s that cannot create users", p.Name), "%s", reply.Summary())
	}
	return err
}

// CreateContentWithKey has the person create content by API key.
func (p *Person) CreateContentWithKey(ctx context.Context) (*driver.Reply, error) {
	b, err := p.User(ctx)
	if err != nil {
		return nil, err
	}
	return b.WithKey().CreateContent(ctx, p.state.WireName("draft-"+strconv.Itoa(len(p.state.Compared.All))))
}

// CallWithKey calls the API with the person's key in a request that carries their identity too,
// and further header lines.
func (p *Person) CallWithKey(ctx context.Context, lines ...driver.HeaderLine) (*driver.Reply, error) {
	b, err := p.User(ctx)
	if err != nil {
		return nil, err
	}
	p.state.Compared.person, p.tried = p, b
	return b.KeyBeside(ctx, lines...)
}

// RequireCallWithKey is [Person.CallWithKey] for a call that has to be answered to the person.
func (p *Person) RequireCallWithKey(ctx context.Context) error {
	reply, err := p.CallWithKey(ctx)
	if err == nil && reply.Text("username") != p.Identity().Username {
		return notGranted("calling the API with a key", reply)
	}
	return p.state.RequireCall(reply, err)
}

// RequireCall records a call that has to be answered. Later requests are compared with it.
func (s *State) RequireCall(reply *driver.Reply, err error) error {
	if err := s.Compared.TryFirst(reply, err); err != nil {
		return err
	}
	if !answered(reply, nil) {
		return notGranted("the call", reply)
	}
	return nil
}

// A ForgedKey is a way in which a page of another site, or a client without the XSRF token, asks
// for an API key.
type ForgedKey struct {
	ask func(ctx context.Context, p *Person, b *driver.Persona) (*driver.Reply, error)
	// foreign reports that a page of another site asks. A browser sends no cookies then.
	foreign bool
}

// The ways to ask for an API key with a wrong XSRF protection.
var ForgedKeys = map[string]ForgedKey{
	"without the XSRF token": {ask: func(ctx context.Context, p *Person, b *driver.Persona) (*driver.Reply, error) {
		return b.ForgeKey(ctx, p.guid, "forged for "+p.Name)
	}},
	"for a page of another site": {ask: func(ctx context.Context, p *Person, b *driver.Persona) (*driver.Reply, error) {
		return b.ForgeKeyWithoutCookies(ctx, p.guid, "forged for "+p.Name, false)
	}, foreign: true},
	"for a page of another site in an old browser": {ask: func(ctx context.Context, p *Person, b *driver.Persona) (*driver.Reply, error) {
		return b.ForgeKeyWithoutCookies(ctx, p.guid, "forged for "+p.Name, true)
	}, foreign: true},
	"with two XSRF cookies of which one matches":  {ask: keyAmongCookies(true)},
	"with two XSRF cookies of which none matches": {ask: keyAmongCookies(false)},
}

func keyAmongCookies(matching bool) func(ctx context.Context, p *Person, b *driver.Persona) (*driver.Reply, error) {
	return func(ctx context.Context, p *Person, b *driver.Persona) (*driver.Reply, error) {
		reply, err := b.CreateKeyAmong(ctx, p.guid, "made by "+p.Name, matching)
		if err == nil && reply == nil {
			return nil, &verdict.Inapplicable{Reason: "the server sets no XSRF cookie"}
		}
		return reply, err
	}
}

// ForgeKey asks for an API key of the person with a wrong XSRF protection.
func (p *Person) ForgeKey(ctx context.Context, forge ForgedKey) error {
	b, err := p.User(ctx)
	if err != nil {
		return err
	}
	reply, err := forge.ask(ctx, p, b)
	excused := []check.Part{check.Body} // the name of the key
	if forge.foreign {
		excused = append(excused, check.Caller)
	}
	return p.state.Compared.TryExcused(reply, err, excused...)
}
