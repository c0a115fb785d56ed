package scenario

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// A Comparison is two requests of a scenario that differ in one thing: the first was granted,
// the second is tried. A refusal proves something only if the other request was granted.
type Comparison struct {
	check.Pair
	All []*driver.Reply // to all requests that were tried

	person  *Person  // that tried to sign in, nil if no person did
	content *Content // that was visited, nil for a call of the API
	secrets []string // that a refusal does not repeat

	refusals []verdict.Refusal // that the scenario required
}

// Try records the reply to a request that is tried.
func (c *Comparison) Try(reply *driver.Reply, err error) error {
	c.Tried, c.content, c.Excused = reply, nil, nil
	c.All = append(c.All, reply)
	return err
}

// TryExcused is [Comparison.Try] for a request in which some parts may differ from the granted one.
func (c *Comparison) TryExcused(reply *driver.Reply, err error, parts ...check.Part) error {
	err = c.Try(reply, err)
	c.Excused = parts
	return err
}

// tryAt is [Comparison.Try] for a request to content. If the content answered, later requests are
// compared with it.
func (c *Comparison) tryAt(content *Content, reply *driver.Reply) error {
	err := c.Try(reply, nil)
	c.content = content
	if content.answered {
		c.Granted = reply
	}
	return err
}

// CheckGranted requires that the tried request was granted. Later requests are compared with it.
func (c *Comparison) CheckGranted() error {
	err := check.Success(c.Tried)
	if err == nil {
		c.Granted = c.Tried
	}
	return err
}

// TryFirst records the reply to a request that is tried. If it is granted, later requests are
// compared with it. An empty object is no answer.
func (c *Comparison) TryFirst(reply *driver.Reply, err error) error {
	if answered(reply, err) {
		c.Granted = reply
	}
	return c.Try(reply, err)
}

func answered(reply *driver.Reply, err error) bool {
	return err == nil && reply.Is(2) && len(reply.Object()) > 0
}

// Require records the reply to a request that later requests are compared with. It blocks the
// scenario if the request was not granted.
func (c *Comparison) Require(what string) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		c.Granted = reply
		return require(what)(reply, err)
	}
}

// tryBy is [Comparison.Try] for a sign-in of a person.
func (c *Comparison) tryBy(p *Person) func(*driver.Reply, error) error {
	c.person = p
	return c.Try
}

// shown reports whether the reply to the tried request shows what was asked for.
func (c *Comparison) shown() bool {
	if c.content != nil {
		return c.content.answered
	}
	return c.Tried.Is(2)
}

// CheckAskedToLogIn requires that the tried request was refused, or that its client was asked to
// log in.
func (c *Comparison) CheckAskedToLogIn() error {
	return c.note(c.Tried, c.RefusedOrAskedToLogIn(c.shown()))
}

// CheckKeptHere requires that an anonymous visitor was shown nothing, and was redirected to pages
// of the server only.
func (s *State) CheckKeptHere(ctx context.Context) error {
	if err := s.Compared.CheckAskedToLogIn(); err != nil {
		return err
	}
	chain, err := s.Anonymous().Follow(ctx, s.Compared.Tried)
	if err != nil {
		return err
	}
	return check.NoRedirect(chain)
}

// CheckGeneric requires that the refusal repeats neither the name of the header that was sent
// nor a value.
func (c *Comparison) CheckGeneric() error { return check.RepeatsNone(c.Tried, c.secrets) }

// CheckNextAnonymous requires that a request without identity headers, with the cookies of the
// tried sign-in, is anonymous.
func (s *State) CheckNextAnonymous(ctx context.Context) error {
	if s.Compared.person == nil {
		return missing("no person has tried to sign in")
	}
	reply, err := s.Compared.person.tried.Anonymous(ctx)
	if err != nil {
		return err
	}
	return check.Anonymous(reply)
}

// CheckNewBrowserAnonymous requires that a request from a new browser without identity headers
// is anonymous.
func (s *State) CheckNewBrowserAnonymous(ctx context.Context) error {
	reply, err := s.Anonymous().Whoami(ctx)
	if err != nil {
		return err
	}
	return check.Anonymous(reply)
}
