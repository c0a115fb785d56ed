package control

import "time"

// A Lax is the set of checks that an issuer omits for one client, and of false statements that it makes to it. The zero
// value, which is the default, omits nothing. It is a negative control: a test of the client, or of the server under
// test, must notice that the provider is lax, or does not depend on the strictness that the member names.
type Lax struct {
	// ReuseCodes accepts an authorization code again until it expires. RFC 6749, section 4.1.2: the client must not use
	// the code more than once, and the server must deny a second use.
	ReuseCodes bool `json:"reuse_codes,omitempty"`
	// IgnorePKCE ignores code_challenge and code_verifier. RFC 7636, section 4.6, requires that the server compares
	// them; RFC 9700, section 2.1.1, requires that it enforces the use of the verifier.
	IgnorePKCE bool `json:"ignore_pkce,omitempty"`
	// AnyRedirectURI accepts every http and https redirect URI, and a different one at the token endpoint. RFC 9700,
	// section 2.1, requires exact matching with a registered URI; RFC 6749, section 4.1.3, requires that the token
	// request has the redirect URI of the authorization request.
	AnyRedirectURI bool `json:"any_redirect_uri,omitempty"`
	// ReuseRefreshTokens accepts a refresh token again after it was used. RFC 9700, section 2.2.2, requires rotation or
	// sender-constrained refresh tokens for public clients, and section 4.14.2 the detection of reuse.
	ReuseRefreshTokens bool `json:"reuse_refresh_tokens,omitempty"`
	// Account is the account of all access tokens and ID tokens, instead of the account that granted access. RFC 6749, section 1.4: an access token represents the authorization of the resource owner.
	// OpenID Connect Core, section 12.2: the sub of a refreshed ID token must be the original one.
	Account string `json:"account,omitempty"`
	// Issuer is the iss of authorization replies and ID tokens. RFC 9207, section 2.4, and OpenID Connect Core, section
	// 3.1.3.7, require that clients compare it with the issuer that they use.
	Issuer string `json:"iss,omitempty"`
}

// A ClockSetting sets the clock of an issuer. It determines the expiry of codes and tokens, the times in ID tokens and
// introspection replies, the header Date, and the times in the journal.
type ClockSetting struct {
	// OffsetSeconds is added to the time. It is at most ten years in either direction.
	OffsetSeconds int `json:"offset_seconds,omitempty"`
	// Frozen stops the clock at the time of the first request that freezes it; OffsetSeconds still moves it.
	Frozen bool `json:"frozen,omitempty"`
}

// A Clock is the clock of an issuer.
type Clock struct {
	ClockSetting
	Now time.Time `json:"now"`
}

// A KeyRotation is the body of POST /issuers/{name}/keys, which makes a new signing key (OpenID Connect Core, section
// 10.1.1).
type KeyRotation struct {
	// RetireOld removes all older keys from the JWKS at once. ID tokens that they have signed can then no longer be
	// verified.
	RetireOld bool `json:"retire_old,omitempty"`
}

// Keys are the signing keys of an issuer, by key id.
type Keys struct {
	Signing   string   `json:"signing"`   // of new ID tokens
	Published []string `json:"published"` // in the JWKS, newest first
}
