package fakeidp

import (
	"net/http"

	"countersign/fakeidp/control"
)

// readInspected performs the common part of revocation and introspection: it authenticates the client and reads the
// token. It ignores token_type_hint, because it recognizes the kinds without it (RFC 7009, section 2.1).
func (ex *exchange) readInspected() (*client, digest, error) {
	ps, err := ex.form()
	if err != nil {
		return nil, digest{}, err
	}
	c, err := ex.authenticate(ps)
	if err != nil {
		return nil, digest{}, err
	}
	if ps["token"] == "" {
		return nil, digest{}, invalidRequest("token is missing")
	}
	return c, digestOf(ps["token"]), nil
}

// noteToken journals an inspected token with its kind and its account.
func (ex *exchange) noteToken(kind string, d digest, account string) {
	ex.entry.Presented = append(ex.entry.Presented, control.Issued{Kind: kind, Digest: d.String()})
	ex.entry.Account = account
}

// revoke implements RFC 7009. A refresh token, used or unused, revokes its whole grant; an access token revokes only
// itself. An unknown token counts as revoked.
func (ex *exchange) revoke() (reply, error) {
	c, d, err := ex.readInspected()
	if err != nil {
		return reply{}, err
	}
	others := invalidGrant("the token was issued to another client")
	is := ex.is
	is.mu.Lock()
	defer is.mu.Unlock()
	if t, ok := is.refresh.get(d); ok {
		ex.noteToken(control.KindRefreshToken, d, t.grant.account)
		if t.client != c {
			return reply{}, others
		}
		t.revoked = true
	}
	if t, ok := is.access.get(d); ok {
		ex.noteToken(control.KindAccessToken, d, t.account)
		if t.client != c {
			return reply{}, others
		}
		t.ended = true
	}
	return reply{status: http.StatusOK}, nil
}

// An introspection is the reply of RFC 7662, section 2.2.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Issuer    string `json:"iss,omitempty"`
}

// introspect implements RFC 7662. A client sees its own tokens and a resource server sees all. Tokens that the caller
// may not see are inactive, like tokens that do not exist (section 2.2). Public clients are refused, because they
// cannot authenticate and anyone could use them to test tokens (section 4).
func (ex *exchange) introspect() (reply, error) {
	c, d, err := ex.readInspected()
	if err != nil {
		return reply{}, err
	}
	if c.spec.Public {
		return reply{}, invalidClient("a public client may not introspect")
	}
	return jsonReply(http.StatusOK, ex.about(c, d))
}

func (ex *exchange) about(c *client, d digest) introspection {
	is := ex.is
	is.mu.Lock()
	defer is.mu.Unlock()
	now := is.now()
	if t, ok := is.access.get(d); ok {
		ex.noteToken(control.KindAccessToken, d, t.account)
		if t.active(now) && (t.client == c || c.spec.ResourceServer) {
			a := ex.active(t.grant, t.account, t.scope)
			a.TokenType, a.IssuedAt, a.Expires = "Bearer", t.issued.Unix(), t.expires.Unix()
			return a
		}
	}
	if t, ok := is.refresh.get(d); ok {
		ex.noteToken(control.KindRefreshToken, d, t.grant.account)
		if t.active(now) && (t.client == c || c.spec.ResourceServer) {
			a := ex.active(t.grant, t.grant.account, t.grant.scope)
			a.IssuedAt, a.Expires = t.issued.Unix(), t.expires.Unix()
			return a
		}
	}
	return introspection{}
}

// active describes an active token of a grant. Its account can be another one than that of the grant, if the client
// has asked for that fault.
func (ex *exchange) active(g *grant, account string, s scope) introspection {
	return introspection{
		Active: true, Scope: s.String(), ClientID: g.client.spec.ID,
		Username: account, Subject: account, Issuer: ex.iss,
	}
}
