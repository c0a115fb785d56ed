package scenario

import (
	"slices"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// maxRefusals bounds the different refusals that a scenario records.
const maxRefusals = 16

// Refusals returns the different refusals that the scenario has required and seen.
func (s *State) Refusals() []verdict.Refusal { return s.Compared.refusals }

// note records a reply as a refusal if it is one and err, the result of the check, is nil. It
// returns err.
func (c *Comparison) note(reply *driver.Reply, err error) error {
	if err != nil || !reply.Refuses() || len(c.refusals) == maxRefusals {
		return err
	}
	seen := verdict.Refusal{Status: reply.Status}
	seen.Method, seen.Route = reply.Request()
	if code, coded := reply.Int("code"); coded {
		seen.Code = &code
	}
	if !slices.ContainsFunc(c.refusals, seen.Equal) {
		c.refusals = append(c.refusals, seen)
	}
	return nil
}

// Refused is [check.Pair.Refused], and records the refusal.
func (c *Comparison) Refused() error { return c.note(c.Tried, c.Pair.Refused()) }

// RefusedOrEmpty is [check.Pair.RefusedOrEmpty], and records the refusal.
func (c *Comparison) RefusedOrEmpty() error { return c.note(c.Tried, c.Pair.RefusedOrEmpty()) }

// APIError is [check.Pair.APIError], and records the refusal.
func (c *Comparison) APIError() error { return c.note(c.Tried, c.Pair.APIError()) }

// CheckLoginRefused requires that the start of the login was refused.
func (c *Comparison) CheckLoginRefused() error {
	return c.note(c.Tried, check.LoginRefused(c.Granted, c.Tried))
}
