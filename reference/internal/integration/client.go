package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Bounds of every request to a provider.
const (
	ProviderTimeout = 4 * time.Second // below the five seconds that a client of ours waits for its own answer
	maxReply        = 256 << 10
)

// A Fault is what went wrong between this server and a provider. It tells the kind and the provider's error code, and
// never what the provider wrote: a broken provider may echo a secret.
type Fault struct {
	Kind   FaultKind
	Status int    // of the provider's reply, 0 if there was none
	Code   string // the reply's OAuth error code, if it is one that the RFCs define
}

// FaultKind sorts faults by what they mean for the session.
type FaultKind string

const (
	FaultTransport FaultKind = "the provider could not be reached"
	FaultTimeout   FaultKind = "the provider did not answer in time"
	FaultRefused   FaultKind = "the provider refused"
	FaultGrant     FaultKind = "the provider says the grant is invalid" // invalid_grant: the refresh token or code is dead
	FaultStatus    FaultKind = "the provider answered with an unexpected status"
	FaultReply     FaultKind = "the provider's answer is not a token response"
	FaultSize      FaultKind = "the provider's answer is too long"
)

func (f *Fault) Error() string {
	text := string(f.Kind)
	if f.Status != 0 {
		text = fmt.Sprintf("%s (status %d)", text, f.Status)
	}
	if f.Code != "" {
		text += ": " + f.Code
	}
	return text
}

// grant is what a provider issued.
type grant struct {
	access, refresh string
	expires         bool          // whether the provider said how long access lives
	lifetime        time.Duration // then: how long, from now
}

// client talks to providers. It follows no redirect (a token request must not wander off with its secrets), reads a
// bounded reply in bounded time and keeps no cookies.
type client struct{ http *http.Client }

func newClient(transport http.RoundTripper) client {
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxResponseHeaderBytes = 64 << 10
		transport = t
	}
	return client{&http.Client{
		Transport:     checked{transport},
		Timeout:       ProviderTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// context gives x/oauth2 our HTTP client, which it takes from the context.
func (c client) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, ProviderTimeout)
	return context.WithValue(ctx, oauth2.HTTPClient, c.http), cancel
}

// settings makes the x/oauth2 configuration. AuthStyle is always set: the library's detection would send a failing
// request twice, and a strict provider sees a code or a rotated refresh token used again.
func settings(cfg Config, secret, redirectURI string) *oauth2.Config {
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
	token, err := settings(cfg, secret, redirectURI).Exchange(ctx, code, options...)
	return read(token, err)
}

// refresh redeems a refresh token. A reply without a new one leaves the old in force (RFC 6749 section 6).
func (c client) refresh(ctx context.Context, cfg Config, secret, refreshToken string) (grant, error) {
	ctx, cancel := c.context(ctx)
	defer cancel()
	// An expired token makes the source refresh at once; the source is used once and thrown away.
	old := &oauth2.Token{RefreshToken: refreshToken, Expiry: time.Unix(1, 0)}
	token, err := settings(cfg, secret, "").TokenSource(ctx, old).Token()
	g, err := read(token, err)
	if err == nil && g.refresh == "" {
		g.refresh = refreshToken
	}
	return g, err
}

// serviceToken asks for a service account's token. It is asked for anew each time: nothing is cached.
func (c client) serviceToken(ctx context.Context, cfg Config, secret string) (grant, error) {
	ctx, cancel := c.context(ctx)
	defer cancel()
	token, err := (&clientcredentials.Config{
		ClientID: cfg.ClientID, ClientSecret: secret, TokenURL: cfg.TokenURI,
		Scopes: strings.Fields(cfg.Scopes), AuthStyle: style(cfg),
	}).Token(ctx)
	return read(token, err)
}

// read checks a token response and turns every error into a Fault.
func read(token *oauth2.Token, err error) (grant, error) {
	if err != nil {
		return grant{}, fault(err)
	}
	// token_type is REQUIRED and a client must not use a token of a type it does not understand (RFC 6749, 5.1 and 7.1).
	if !strings.EqualFold(token.TokenType, "bearer") || strings.ContainsFunc(token.AccessToken, isControl) {
		return grant{}, &Fault{Kind: FaultReply, Status: http.StatusOK}
	}
	g := grant{access: token.AccessToken, refresh: token.RefreshToken, expires: !token.Expiry.IsZero()}
	if g.expires {
		// x/oauth2 has added expires_in to the machine's clock a moment ago. Taking it away again leaves what the provider
		// said, to be added to ours.
		g.lifetime = time.Until(token.Expiry).Round(time.Second)
	}
	return g, nil
}

// oauthCodes are the error codes of RFC 6749 section 5.2. Any other text of a provider is not repeated.
var oauthCodes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
	"unsupported_grant_type", "invalid_scope", "server_error", "temporarily_unavailable"}

func fault(err error) *Fault {
	var made *Fault
	if errors.As(err, &made) {
		return made
	}
	var reply *oauth2.RetrieveError
	if errors.As(err, &reply) {
		return replyFault(reply)
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &Fault{Kind: FaultTimeout}
	case isTransport(err):
		return &Fault{Kind: FaultTransport}
	}
	return &Fault{Kind: FaultReply} // x/oauth2 could not parse it, or found no access_token
}

func replyFault(reply *oauth2.RetrieveError) *Fault {
	f := &Fault{Kind: FaultStatus}
	if reply.Response != nil {
		f.Status = reply.Response.StatusCode
	}
	if slices.Contains(oauthCodes, reply.ErrorCode) {
		f.Code = reply.ErrorCode
	}
	switch {
	case f.Code == "invalid_grant" && f.Status >= 400 && f.Status < 500:
		f.Kind = FaultGrant
	case f.Status >= 400 && f.Status < 500:
		f.Kind = FaultRefused
	case f.Status >= 200 && f.Status < 300:
		f.Kind = FaultReply
	}
	return f
}

// transportError marks an error that happened before there was a reply.
type transportError struct{ error }

func (e transportError) Unwrap() error { return e.error }

func isTransport(err error) bool {
	var t transportError
	return errors.As(err, &t)
}

// checked is a RoundTripper that reads a bounded reply and insists on JSON where the provider says success: x/oauth2
// would also take a form, which no token endpoint may answer (RFC 6749 section 5.1). It reads the body here, because an
// error that comes up while x/oauth2 reads loses its kind there.
type checked struct{ next http.RoundTripper }

func (t checked) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper must not change its request
	r.Header.Set("Accept", "application/json")
	reply, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, transportError{err}
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxReply+1))
	reply.Body.Close()
	if err != nil {
		return nil, transportError{err}
	}
	if len(body) > maxReply {
		return nil, &Fault{Kind: FaultSize, Status: reply.StatusCode}
	}
	if reply.StatusCode >= 200 && reply.StatusCode < 300 {
		media, _, err := mime.ParseMediaType(reply.Header.Get("Content-Type"))
		if err != nil || media != "application/json" {
			return nil, &Fault{Kind: FaultReply, Status: reply.StatusCode}
		}
	}
	reply.Body = io.NopCloser(bytes.NewReader(body))
	return reply, nil
}
