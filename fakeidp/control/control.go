// Package control is the management API of the fake OAuth provider: its wire
// types and a client.
//
// It is a leaf. It knows nothing of the provider itself, so that a suite may be
// lent a provider, in its own process or in another, and prepare issuers, read
// journals and script consent without linking one.
//
// What travels here is for tests. The management listener is never the
// listener of the protocol, has no authentication, and belongs on a loopback
// address.
package control

import (
	"fmt"
	"time"
)

// The grant types that a client can be registered for.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
)

// The ways in which a client authenticates at the token endpoint (RFC 7591,
// section 2).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
)

// The kinds of secrets that a provider issues, as [Issued] names them.
const (
	KindAccessToken  = "access_token"
	KindRefreshToken = "refresh_token"
	KindCode         = "authorization_code"
	KindIDToken      = "id_token"
)

// An Issuer is one tenant of the provider: everything under its first path
// segment. Clients, accounts, keys, tokens and journal are its own, so that
// scenarios that run at once do not see each other.
type Issuer struct {
	// Name is the first path segment: lower-case letters, digits and hyphens.
	Name     string       `json:"name"`
	Clients  []ClientSpec `json:"clients,omitempty"`
	Accounts []Account    `json:"accounts,omitempty"`
	// DefaultAccount is who a browser without a session is. Empty: the
	// authorization endpoint asks by a page.
	DefaultAccount string `json:"default_account,omitempty"`
	// AccessTokenLifetime is in seconds; 0 means one hour.
	AccessTokenLifetime int `json:"access_token_lifetime,omitempty"`
	// RefreshTokenLifetime is how many seconds a refresh token lives without
	// being used; 0 means fourteen days.
	RefreshTokenLifetime int `json:"refresh_token_lifetime,omitempty"`
	// OmitExpiresIn leaves expires_in out of token replies, where RFC 6749,
	// section 5.1, only recommends it.
	OmitExpiresIn bool `json:"omit_expires_in,omitempty"`
	// OmitRefreshToken makes an issuer that knows no refresh tokens: it never
	// grants offline_access, whoever asks.
	OmitRefreshToken bool `json:"omit_refresh_token,omitempty"`
}

// A ClientSpec registers one client. A client uses exactly the grant types,
// redirect URIs, scopes and the one authentication method it is registered for.
type ClientSpec struct {
	ID string `json:"id"`
	// Secret of a confidential client. Empty: the provider makes one and
	// returns it in the reply that registers the client, and nowhere else.
	Secret string `json:"secret,omitempty"`
	// Public clients have no secret and must use PKCE.
	Public       bool     `json:"public,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	// GrantTypes has no default: a client that may do nothing is a mistake.
	GrantTypes []string `json:"grant_types,omitempty"`
	// TokenEndpointAuthMethod defaults to client_secret_basic, for public
	// clients to none.
	TokenEndpointAuthMethod string `json:"token_endpoint_auth_method,omitempty"`
	// RequirePKCE refuses authorization requests without a code challenge;
	// public clients are always held to it (RFC 9700, section 2.1.1).
	RequirePKCE bool `json:"require_pkce,omitempty"`
	// Scopes the client may ask for. Empty: openid, profile, offline_access.
	Scopes []string `json:"scopes,omitempty"`
	// ServiceAccount is the account that a token of the client credentials
	// grant acts for. It needs to exist.
	ServiceAccount string `json:"service_account,omitempty"`
	// ResourceServer may introspect every token of the issuer, not only its
	// own; it needs no grant type.
	ResourceServer bool `json:"resource_server,omitempty"`
}

// String describes the client without its secret, so that a specification that
// is printed whole does not give it away.
func (c ClientSpec) String() string {
	return fmt.Sprintf("client %q (grants %v, redirects %v)", c.ID, c.GrantTypes, c.RedirectURIs)
}

// GoString is String: %#v must not show the secret either.
func (c ClientSpec) GoString() string { return c.String() }

// An Account is a person or a service at the provider. Its name is the subject
// of its tokens.
type Account struct {
	Name string `json:"name"`
	// Rows are what /resource gives to a token of this account. An account
	// without rows is refused there.
	Rows []string `json:"rows,omitempty"`
}

// Consent scripts what an account answers when a client asks for access. An
// account without a script approves.
type Consent struct {
	Approve bool `json:"approve"`
	// Error is the code of a refusal, access_denied if empty.
	Error string `json:"error,omitempty"`
	// Withhold names scopes that an approval leaves out, such as
	// offline_access.
	Withhold []string `json:"withhold,omitempty"`
}

// A Trouble is an error that the token endpoint answers in place of a refresh. The
// refresh token that came with the request is not used up by it. The zero value is no
// trouble.
type Trouble struct {
	Status int `json:"status"` // of the reply, from 200 to 599
	// Error is the code in the reply; it may be empty, as from a provider that is
	// out of order.
	Error string `json:"error,omitempty"`
	// PlainText sends the JSON of the reply as text/plain, which is wrong and happens.
	PlainText bool `json:"plain_text,omitempty"`
}

// An Entry is one request that an issuer answered. It holds digests, never
// secrets, and of what the caller sent only what the issuer recognised.
type Entry struct {
	Seq  int       `json:"seq"` // from 1, without gaps
	Time time.Time `json:"time"`
	// Endpoint is authorize, token, userinfo, resource, revoke, introspect,
	// jwks, discovery, signin, signout or unknown.
	Endpoint  string `json:"endpoint"`
	GrantType string `json:"grant_type,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Account   string `json:"account,omitempty"`
	// Outcome is ok, or the error code that was answered.
	Outcome string `json:"outcome"`
	Detail  string `json:"detail,omitempty"`
	// Issued and Presented are the secrets given and received.
	Issued      []Issued `json:"issued,omitempty"`
	Presented   []Issued `json:"presented,omitempty"`
	Status      int      `json:"status"`
	HasPKCE     bool     `json:"has_pkce,omitempty"`
	RedirectURI string   `json:"redirect_uri,omitempty"`
	Scope       string   `json:"scope,omitempty"`
	RemoteAddr  string   `json:"remote_addr"`
}

// Issued names a secret by its kind and the SHA-256 of its whole value, mark
// included, in lower-case hex.
type Issued struct {
	Kind   string `json:"kind"`
	Digest string `json:"digest"`
}

// Journal is the body of GET /issuers/{name}/journal.
type Journal struct {
	Entries []Entry `json:"entries"`
	// Dropped counts the oldest entries that no longer fit.
	Dropped int `json:"dropped"`
}

// Names is the body of GET /issuers.
type Names struct {
	Issuers []string `json:"issuers"`
}

// Rows is the body of PUT /issuers/{name}/accounts/{account}/rows.
type Rows struct {
	Rows []string `json:"rows"`
}

// Who is the body of PUT /issuers/{name}/default-account; empty is nobody.
type Who struct {
	Account string `json:"account"`
}

// Revoked is the reply of DELETE /issuers/{name}/accounts/{account}/grants.
type Revoked struct {
	Revoked int `json:"revoked"`
}

// Failure is the body of every refusal.
type Failure struct {
	Message string `json:"error"`
}
