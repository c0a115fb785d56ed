// Package control is the management API of the fake OAuth provider: its wire
// types and a client.
//
// The package does not depend on the provider, so that tests can prepare issuers, read journals and script consent of
// a provider in their own process or in another one.
//
// These calls change how an issuer or a client is treated; all are off at first:
//
//   - [Client.SetFaults]: replies that differ, are late, are cut or are not sent
//   - [Client.SetClock] and [Client.RotateKey]: the time and the signing keys of an issuer
//   - [Client.SetLax]: checks that the issuer omits for one client
//   - [Client.SetConsent], [Client.SetDefaultAccount], [Client.Grant] and [Client.RevokeGrants]: what an account does
//
// It is for tests only. The management listener is never the listener of the protocol, has no authentication, and
// must have a loopback address.
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

// OutcomeFault is the outcome of a request that a fault kept from the provider.
const OutcomeFault = "fault"

// The kinds of secrets that a provider issues, as [Issued] names them.
const (
	KindAccessToken  = "access_token"
	KindRefreshToken = "refresh_token"
	KindCode         = "authorization_code"
	KindIDToken      = "id_token"
)

// An Issuer is one tenant of the provider: everything under its first path segment. It has its own clients, accounts,
// keys, tokens and journal, so that concurrent scenarios do not see each other's.
type Issuer struct {
	// Name is the first path segment: lower-case letters, digits and hyphens.
	Name     string       `json:"name"`
	Clients  []ClientSpec `json:"clients,omitempty"`
	Accounts []Account    `json:"accounts,omitempty"`
	// DefaultAccount is the account of browsers without a session. If it is empty, the authorization endpoint shows a
	// page.
	DefaultAccount string `json:"default_account,omitempty"`
	// AccessTokenLifetime is in seconds; 0 means one hour.
	AccessTokenLifetime int `json:"access_token_lifetime,omitempty"`
	// RefreshTokenLifetime is the number of seconds after which an unused refresh token expires; 0 means fourteen
	// days.
	RefreshTokenLifetime int `json:"refresh_token_lifetime,omitempty"`
	// OmitExpiresIn leaves out expires_in in token replies, which RFC 6749, section 5.1, permits.
	OmitExpiresIn bool `json:"omit_expires_in,omitempty"`
	// OmitRefreshToken creates an issuer without refresh tokens, which never grants offline_access.
	OmitRefreshToken bool `json:"omit_refresh_token,omitempty"`
}

// A ClientSpec registers one client. A client may use only the grant types, redirect URIs, scopes and authentication
// method for which it is registered.
type ClientSpec struct {
	ID string `json:"id"`
	// Secret is the secret of a confidential client. If it is empty, the provider creates one and returns it only in
	// the reply that registers the client.
	Secret string `json:"secret,omitempty"`
	// Public clients have no secret and must use PKCE.
	Public       bool     `json:"public,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	// GrantTypes has no default, because a client without grant types is a mistake.
	GrantTypes []string `json:"grant_types,omitempty"`
	// TokenEndpointAuthMethod defaults to client_secret_basic, and to none for public clients.
	TokenEndpointAuthMethod string `json:"token_endpoint_auth_method,omitempty"`
	// OptionalPKCE accepts authorization requests of a confidential client without a code challenge, which RFC 9700,
	// section 2.1.1, permits but does not recommend. Public clients always need one.
	OptionalPKCE bool `json:"optional_pkce,omitempty"`
	// Scopes are the scopes that the client may request. Empty means openid, profile, offline_access.
	Scopes []string `json:"scopes,omitempty"`
	// ServiceAccount is the account of tokens of the client credentials grant. It must exist.
	ServiceAccount string `json:"service_account,omitempty"`
	// ResourceServer permits the introspection of every token of the issuer. It requires no grant type.
	ResourceServer bool `json:"resource_server,omitempty"`
}

// String describes the client without its secret, so that printing a specification does not reveal it.
func (c ClientSpec) String() string {
	return fmt.Sprintf("client %q (grants %v, redirects %v)", c.ID, c.GrantTypes, c.RedirectURIs)
}

// GoString returns String, so that %#v does not reveal the secret either.
func (c ClientSpec) GoString() string { return c.String() }

// An Account is a user or a service at the provider. Its name is the subject of its tokens.
type Account struct {
	Name string `json:"name"`
	// Rows are the data that /resource returns for tokens of this account. An account without rows is refused.
	Rows []string `json:"rows,omitempty"`
}

// Consent scripts the reply of an account to a request for access. An account without a script approves.
type Consent struct {
	Approve bool `json:"approve"`
	// Error is the code of a refusal, access_denied if empty.
	Error string `json:"error,omitempty"`
	// Withhold names scopes that an approval leaves out, such as
	// offline_access.
	Withhold []string `json:"withhold,omitempty"`
}

// An Entry is one request that an issuer handled. It contains digests and no secrets. Of the request it contains only
// values that the issuer recognized.
type Entry struct {
	Seq  int       `json:"seq"` // from 1, without gaps
	Time time.Time `json:"time"`
	// Endpoint is authorize, token, userinfo, resource, revoke, introspect,
	// jwks, discovery, signin, signout or unknown.
	Endpoint  string `json:"endpoint"`
	GrantType string `json:"grant_type,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Account   string `json:"account,omitempty"`
	// Outcome is ok, or the error code with which the provider refused the request, or fault if a fault kept the
	// request from the provider.
	Outcome string `json:"outcome"`
	// Detail is why the provider refused the request. It can say more than the reply to the client.
	Detail string `json:"detail,omitempty"`
	// Fault is the name of the fault that applied, and FaultMoment is when.
	Fault       string `json:"fault,omitempty"`
	FaultMoment string `json:"fault_moment,omitempty"`
	// Issued and Presented are the secrets in the reply and in the request.
	Issued    []Issued `json:"issued,omitempty"`
	Presented []Issued `json:"presented,omitempty"`
	// Status is the status of the reply as sent; 0 means that a fault closed the connection without a reply.
	Status      int    `json:"status"`
	HasPKCE     bool   `json:"has_pkce,omitempty"`
	RedirectURI string `json:"redirect_uri,omitempty"`
	Scope       string `json:"scope,omitempty"`
	RemoteAddr  string `json:"remote_addr"`
}

// Issued identifies a secret by its kind and the SHA-256 of its whole value, including the prefix, in lower-case hex.
type Issued struct {
	Kind   string `json:"kind"`
	Digest string `json:"digest"`
}

// Journal is the body of GET /issuers/{name}/journal.
type Journal struct {
	Entries []Entry `json:"entries"`
	// Dropped is the number of oldest entries that were removed.
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

// Who is the body of PUT /issuers/{name}/default-account. Empty means no account.
type Who struct {
	Account string `json:"account"`
}

// Revoked is the reply of DELETE /issuers/{name}/accounts/{account}/grants.
type Revoked struct {
	Revoked int `json:"revoked"`
}

// Failure is the body of every error.
type Failure struct {
	Message string `json:"error"`
}
