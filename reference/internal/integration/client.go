package integration

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// ProviderTimeout bounds every request to a provider. It is less than the five seconds for which clients wait for a
// reply of this server.
const ProviderTimeout = 4 * time.Second

// A Fault is an error in a request to a provider. It contains the kind and the error code, but no text of the
// provider, because a broken provider may return a secret in it.
type Fault struct {
	Kind   FaultKind
	Status int    // of the reply; 0 if there was none
	Code   string // the OAuth error code of the reply, if it is a known one
	Member string // of a token response: the member that cannot be used, and why
}

// FaultKind is the meaning of a fault for the session.
type FaultKind string

const (
	FaultNoAnswer FaultKind = "the provider did not answer"
	FaultError    FaultKind = "the provider answered with an error"
	FaultGrant    FaultKind = "the provider asks for a new login" // the refresh token or code is no longer valid
	FaultReply    FaultKind = "the provider's answer is not a token response"
)

func (f *Fault) Error() string {
	text := string(f.Kind)
	if f.Status != 0 {
		text = fmt.Sprintf("%s (status %d)", text, f.Status)
	}
	if f.Code != "" {
		text += ": " + f.Code
	}
	if f.Member != "" {
		text += ": the member " + f.Member
	}
	return text
}

// grant is the reply of a provider to a token request.
type grant struct {
	access, refresh string
	expires         bool          // whether the provider sent a lifetime
	lifetime        time.Duration // of the access token, from now on
}

// client sends requests to providers. It follows no redirects, because a token request contains secrets. It has a
// time limit, keeps no cookies, and tokenReplies limits the size of replies.
type client struct{ http *http.Client }

func newClient(transport http.RoundTripper) client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return client{&http.Client{
		Transport:     tokenReplies{transport},
		Timeout:       ProviderTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// context returns a context with the HTTP client, from which x/oauth2 takes it, and a time limit.
func (c client) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, ProviderTimeout)
	return context.WithValue(ctx, oauth2.HTTPClient, c.http), cancel
}

// oauthConfig returns the configuration for x/oauth2. AuthStyle is always set, because the automatic detection of the
// library would send a failing request twice. A strict provider would see the second use of a code or of a rotated
// refresh token.
func oauthConfig(cfg Config, secret, redirectURI string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     cfg.ClientID,
		ClientSecret: secret,
		Endpoint:     oauth2.Endpoint{AuthURL: cfg.AuthorizationURI, TokenURL: cfg.TokenURI, AuthStyle: style(cfg)},
		RedirectURL:  redirectURI,
		Scopes:       strings.Fields(cfg.Scopes),
	}
}

func style(cfg Config) oauth2.AuthStyle {
	if cfg.AuthMode == modePublic || cfg.EndpointAuth == authPost {
		return oauth2.AuthStyleInParams // a public client has only its client_id to send
	}
	return oauth2.AuthStyleInHeader
}

// exchangeCode redeems an authorization code. The error is a *Fault.
func (c client) exchangeCode(ctx context.Context, cfg Config, secret, redirectURI, code, verifier string) (grant, error) {
	ctx, cancel := c.context(ctx)
	defer cancel()
	var options []oauth2.AuthCodeOption
	if verifier != "" {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	token, err := oauthConfig(cfg, secret, redirectURI).Exchange(ctx, code, options...)
	return read(token, err)
}

// refresh redeems a refresh token. If the reply has no new refresh token, the grant has the old one, which x/oauth2
// keeps (RFC 6749 section 6).
func (c client) refresh(ctx context.Context, cfg Config, secret, refreshToken string) (grant, error) {
	ctx, cancel := c.context(ctx)
	defer cancel()
	// An expired token makes the source refresh immediately.
	old := &oauth2.Token{RefreshToken: refreshToken, Expiry: time.Unix(1, 0)}
	token, err := oauthConfig(cfg, secret, "").TokenSource(ctx, old).Token()
	return read(token, err)
}

// serviceToken requests a token of a service account. It does not cache tokens.
func (c client) serviceToken(ctx context.Context, cfg Config, secret string) (grant, error) {
	ctx, cancel := c.context(ctx)
	defer cancel()
	token, err := (&clientcredentials.Config{
		ClientID: cfg.ClientID, ClientSecret: secret, TokenURL: cfg.TokenURI,
		Scopes: strings.Fields(cfg.Scopes), AuthStyle: style(cfg),
	}).Token(ctx)
	return read(token, err)
}

// read checks a token response and converts every error to a Fault.
func read(token *oauth2.Token, err error) (grant, error) {
	if err != nil {
		return grant{}, fault(err)
	}
	// token_type is REQUIRED, and a client must not use a token of an unknown type (RFC 6749, 5.1 and 7.1).
	if !strings.EqualFold(token.TokenType, "bearer") {
		return grant{}, &Fault{Kind: FaultReply, Status: http.StatusOK, Member: "token_type is not Bearer"}
	}
	g := grant{access: token.AccessToken, refresh: token.RefreshToken, expires: !token.Expiry.IsZero()}
	if g.expires {
		// x/oauth2 has added expires_in to the time of the machine. Subtracting that time gives the lifetime that the
		// provider sent.
		g.lifetime = time.Until(token.Expiry).Round(time.Second)
	}
	return g, nil
}

// oauthCodes lists the error codes of RFC 6749 section 5.2. Other texts of a provider are not repeated.
var oauthCodes = []string{"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type",
	"invalid_scope", "server_error", "temporarily_unavailable"}

// loginCodes lists errors that only a new login of the user resolves, in the spellings of providers. The status of
// the reply does not matter, because one provider sends them with 200.
var loginCodes = []string{"invalid_grant", "bad_refresh_token", "interaction_required", "login_required", "consent_required"}

func fault(err error) *Fault {
	var reply *oauth2.RetrieveError
	var transport *url.Error
	var member *memberError
	switch {
	case errors.As(err, &member):
		return &Fault{Kind: FaultReply, Status: http.StatusOK, Member: member.Error()}
	case errors.As(err, &reply):
		return replyFault(reply)
	case errors.As(err, &transport): // of net/http, including timeouts
		return &Fault{Kind: FaultNoAnswer}
	}
	return &Fault{Kind: FaultReply} // x/oauth2 could not parse it or found no access_token
}

func replyFault(reply *oauth2.RetrieveError) *Fault {
	var body struct{ Error string }
	json.Unmarshal(reply.Body, &body) //nolint:errcheck // x/oauth2 reads no code if another member has an unexpected type
	f := &Fault{Kind: FaultError, Status: reply.Response.StatusCode}
	switch code := cmp.Or(reply.ErrorCode, body.Error); {
	case slices.Contains(loginCodes, code):
		f.Kind, f.Code = FaultGrant, code
	case slices.Contains(oauthCodes, code):
		f.Code = code
	}
	return f
}
