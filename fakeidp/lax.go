package fakeidp

import (
	"cmp"
	"errors"
	"fmt"

	"countersign/fakeidp/control"
)

// lax returns what the provider does not check for the client.
func (c *client) lax() control.Lax {
	if l := c.laxity.Load(); l != nil {
		return *l
	}
	return control.Lax{}
}

// setLax sets what the provider does not check for a client.
func (is *issuer) setLax(id string, l control.Lax) error {
	is.mu.Lock()
	defer is.mu.Unlock()
	c := is.clients[id]
	switch {
	case c == nil:
		return fmt.Errorf("client %q %w", id, errMissing)
	case l.Account != "" && is.accounts[l.Account] == nil:
		return fmt.Errorf("account: %q is not an account of the issuer", l.Account)
	case !visible(l.Issuer):
		return errors.New("iss: want printable ASCII")
	}
	c.laxity.Store(&l)
	return nil
}

// claimedIssuer returns the issuer identifier in authorization replies and ID tokens for the client.
func (c *client) claimedIssuer(iss string) string { return cmp.Or(c.lax().Issuer, iss) }

// holder returns the account of the access token and the ID token of a reply.
func (t tokens) holder() string { return cmp.Or(t.grant.client.lax().Account, t.grant.account) }
