package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"time"

	"countersign/fakeidp/control"
)

// A tokenReply is the reply of RFC 6749, section 5.1, with the id_token of OpenID Connect.
type tokenReply struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
}

// token implements the token endpoint (RFC 6749, section 3.2).
func (ex *exchange) token() (reply, error) {
	ps, err := ex.form()
	if err != nil {
		return reply{}, err
	}
	// The secrets are journaled before an error can occur, because an invalid request has presented them as well.
	ex.journalPresented(ps)
	c, err := ex.authenticate(ps)
	if err != nil {
		return reply{}, err
	}
	redeem, ok := grants[ps["grant_type"]]
	switch {
	case ps["grant_type"] == "":
		return reply{}, invalidRequest("grant_type is missing")
	case !ok:
		return reply{}, unsupportedGrantType()
	}
	ex.entry.GrantType = ps["grant_type"]
	if !c.may(ps["grant_type"]) {
		return reply{}, unauthorizedClient()
	}
	t, err := redeem(ex, c, ps)
	if err != nil {
		return reply{}, err
	}
	return ex.grantReply(t, ps["grant_type"])
}

// journalPresented journals the secrets of a token request.
func (ex *exchange) journalPresented(ps params) {
	_, ex.entry.HasPKCE = ps["code_verifier"]
	if code := ps["code"]; code != "" {
		ex.presented(control.KindCode, code)
	}
	if token := ps["refresh_token"]; token != "" {
		ex.presented(control.KindRefreshToken, token)
	}
}

// grants maps grant types to functions that redeem a code, token or credentials. See [redeem]
// for concurrent uses.
var grants = map[string]func(*exchange, *client, params) (tokens, error){
	control.GrantAuthorizationCode: (*exchange).redeemCode,
	control.GrantRefreshToken:      (*exchange).redeemRefresh,
	control.GrantClientCredentials: (*exchange).redeemCredentials,
}

// grantReply returns the reply to a successful token request.
func (ex *exchange) grantReply(t tokens, grantType string) (reply, error) {
	ex.entry.Account, ex.entry.Scope = t.holder(), t.scope.String()
	ex.issued(control.KindAccessToken, t.access)
	body := tokenReply{AccessToken: t.access, TokenType: "Bearer", RefreshToken: t.refresh, Scope: t.scope.String()}
	if !ex.is.omitExpiresIn {
		body.ExpiresIn = int(ex.is.accessLifetime / time.Second)
	}
	if t.refresh != "" {
		ex.issued(control.KindRefreshToken, t.refresh)
	}
	if t.scope.has(scopeOpenID) {
		idToken, err := ex.idToken(t, grantType)
		if err != nil {
			return reply{}, err
		}
		body.IDToken = idToken
		ex.issued(control.KindIDToken, idToken)
	}
	return jsonReply(http.StatusOK, body)
}

// redeemCode implements RFC 6749, section 4.1.3, and RFC 7636, section 4.6.
func (ex *exchange) redeemCode(c *client, ps params) (tokens, error) {
	shown, verifier := ps["code"], ps["code_verifier"]
	if shown == "" {
		return tokens{}, invalidRequest("code is missing")
	}
	if ps["redirect_uri"] == "" && !c.lax().AnyRedirectURI {
		return tokens{}, invalidRequest("redirect_uri is missing, and the authorization request had one")
	}
	if verifier != "" && !verifierSyntax.MatchString(verifier) && !c.lax().IgnorePKCE {
		return tokens{}, invalidRequest("code_verifier is not well-formed")
	}
	return redeem(ex, c, ex.is.codes, "code", shown, func(k *code, t *tokens) error {
		k.used = !c.lax().ReuseCodes // also if the checks fail
		if err := k.check(ps["redirect_uri"], verifier, ex.is.now()); err != nil {
			return err
		}
		t.grant, t.scope = k.grant, k.scope
		if !k.scope.has(scopeOffline) {
			t.refresh = ""
		}
		return nil
	})
}

// redeem finds the code or refresh token with a secret, which it calls by name in errors, and checks that the client
// may use it for the first time. use performs the other checks, marks it as used and completes the new tokens. All
// this and the storing of the tokens is done under the lock of the issuer, so that only one of several concurrent uses
// succeeds.
func redeem[T interface {
	claim(*exchange, *client, string) error
}](ex *exchange, c *client, from *ledger[T], name, secret string, use func(T, *tokens) error) (tokens, error) {
	t, err := ex.is.newTokens(true)
	if err != nil {
		return tokens{}, err
	}
	ex.is.mu.Lock()
	defer ex.is.mu.Unlock()
	found, ok := from.get(digestOf(secret))
	if !ok {
		return tokens{}, invalidGrant("the " + name + " is unknown")
	}
	if err := found.claim(ex, c, name); err != nil {
		return tokens{}, err
	}
	if err := use(found, &t); err != nil {
		return tokens{}, err
	}
	ex.is.store(t)
	return t, nil
}

// check returns an error if a token request does not belong to the authorization request of its code.
func (k *code) check(redirectURI, verifier string, now time.Time) error {
	lax := k.client.lax()
	switch {
	case k.revoked:
		return invalidGrant("the grant is revoked")
	case !now.Before(k.issued.Add(codeLifetime)):
		return invalidGrant("the code has expired")
	case redirectURI != k.redirectURI && !lax.AnyRedirectURI:
		return invalidGrant("redirect_uri is not that of the authorization request")
	case lax.IgnorePKCE:
		return nil
	case k.challenge == "" && verifier != "":
		// RFC 9700, section 4.8.2: otherwise an attacker could remove the challenge.
		return invalidGrant("code_verifier without a code_challenge in the authorization request")
	case k.challenge != "" && verifier == "":
		return invalidGrant("code_verifier is missing")
	case k.challenge != "" && !matches(k.challenge, verifier):
		return invalidGrant("code_verifier does not match the code_challenge")
	}
	return nil
}

// matches implements the method S256 of RFC 7636, section 4.6.
func matches(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

// redeemRefresh implements RFC 6749, section 6, with the rotation and the detection of reuse of RFC 9700, section
// 4.14.2.
func (ex *exchange) redeemRefresh(c *client, ps params) (tokens, error) {
	shown := ps["refresh_token"]
	if shown == "" {
		return tokens{}, invalidRequest("refresh_token is missing")
	}
	asked, err := parseScope(ps["scope"])
	if err != nil {
		return tokens{}, err
	}
	return redeem(ex, c, ex.is.refresh, "refresh token", shown, func(old *refreshToken, t *tokens) error {
		switch {
		case old.revoked:
			return invalidGrant("the grant is revoked")
		case !ex.is.now().Before(old.expires):
			return invalidGrant("the refresh token has expired")
		case !asked.within(old.scope):
			return invalidScope("the scope exceeds what was granted")
		}
		old.used = !c.lax().ReuseRefreshTokens
		t.grant, t.scope = old.grant, old.scope
		if len(asked) > 0 {
			t.scope = asked // of the access token; the new refresh token keeps the whole scope
		}
		return nil
	})
}

// redeemCredentials implements RFC 6749, section 4.4: it returns a token of the service account. There is no refresh
// token (section 4.4.3) and no ID token.
func (ex *exchange) redeemCredentials(c *client, ps params) (tokens, error) {
	granted, err := c.grantable(ps["scope"])
	if err != nil {
		return tokens{}, err
	}
	t, err := ex.is.newTokens(false)
	if err != nil {
		return tokens{}, err
	}
	t.scope = granted.without(scopeOpenID, scopeProfile, scopeOffline)
	t.grant = &grant{client: c, account: c.spec.ServiceAccount, scope: t.scope}
	ex.is.mu.Lock()
	defer ex.is.mu.Unlock()
	ex.is.store(t)
	return t, nil
}

// grantable parses the parameter scope and checks it against the registration of the client. Without the parameter it
// returns all scopes except those that must be requested by name (RFC 6749, section 3.3).
func (c *client) grantable(text string) (scope, error) {
	asked, err := parseScope(text)
	switch {
	case err != nil:
		return nil, err
	case len(asked) == 0:
		return c.scopes.without(scopeOpenID, scopeProfile, scopeOffline), nil
	case !asked.within(c.scopes):
		return nil, invalidScope("the client is not registered for the scope")
	}
	return asked, nil
}
