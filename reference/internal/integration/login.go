package integration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/vault"
)

// LoginLifetime is the time within which a user must finish a login at the provider.
const LoginLifetime = 10 * time.Minute

// Options configures a Service. Store, Vault, Content and Log are required.
type Options struct {
	Store     Store
	Vault     *vault.Vault
	Content   Content // reads content and users for an exchange
	Log       *slog.Logger
	Transport http.RoundTripper // for requests to providers; nil means the default of net/http
	Now       func() time.Time  // nil means time.Now
}

// Service implements logins, sessions and exchanges. It is safe for concurrent use.
type Service struct {
	Options
	client    client
	refreshes singleflight.Group // one refresh for each session within this process
	tokens    *UserTokens
}

// New returns a Service.
func New(o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	tokens, err := newUserTokens(o.Vault.Key("user session token"), o.Now)
	if err != nil {
		return nil, err
	}
	return &Service{Options: o, client: newClient(o.Transport), tokens: tokens}, nil
}

// LoginError reports why a login failed. Text is for the user.
type LoginError struct {
	Reason LoginReason
	Text   string
}

// LoginReason is the kind of a login error.
type LoginReason string

const (
	LoginState    LoginReason = "state"    // missing, unknown, used, expired, or of another user or browser
	LoginRefused  LoginReason = "refused"  // the provider returned an error
	LoginIssuer   LoginReason = "issuer"   // the reply came from another provider
	LoginProvider LoginReason = "provider" // the code could not be redeemed
	LoginRefresh  LoginReason = "refresh"  // the provider returned no refresh token
	LoginType     LoginReason = "type"     // the integration does not support logins
)

func (e *LoginError) Error() string { return "login: " + string(e.Reason) + ": " + e.Text }

// noRefreshToken is the documented message (from the troubleshooting page of Connect).
const noRefreshToken = "No refresh token found in response. Refresh tokens are required to update access tokens when they expire. " +
	"Are you missing the offline_access scope in the OAuth integration configuration?"

// Started is a login that BeginLogin has prepared.
type Started struct {
	URL     string // the authorization endpoint of the provider, with the request in its query
	State   string
	Browser string // a secret that the browser keeps in a cookie until the callback
}

// BeginLogin starts a login of a user to a Viewer integration. It creates the session immediately, without tokens:
// "An OAuth session is created when a Connect user visits the /login endpoint" (OAuth document, line 44). An existing
// session does not change until the login succeeds. The error may be a *LoginError (LoginType).
func (s *Service) BeginLogin(ctx context.Context, in *Integration, user, redirectURI, returnTo string) (Started, error) {
	if in.Config.AuthType != Viewer {
		return Started{}, &LoginError{LoginType, "Only Viewer integrations have a login."} // OI-116
	}
	now := s.Now()
	if _, err := s.Store.EnsureSession(ctx, &Session{
		GUID: newGUID(), UserGUID: user, IntegrationGUID: in.GUID, CreatedTime: now, UpdatedTime: now,
	}); err != nil {
		return Started{}, fmt.Errorf("create session: %w", err)
	}
	started := Started{State: secrets.New(), Browser: secrets.New()}
	login := &Login{
		StateHash: secrets.Hash(started.State), BrowserHash: secrets.Hash(started.Browser), UserGUID: user, IntegrationGUID: in.GUID,
		RedirectURI: redirectURI, ReturnTo: returnTo, ExpiresTime: now.Add(LoginLifetime),
	}
	var options []oauth2.AuthCodeOption
	if in.Config.UsePKCE {
		verifier := oauth2.GenerateVerifier()
		login.Verifier = Sealed(s.Vault.Seal(verifier, verifierPlace(login.StateHash)))
		options = append(options, oauth2.S256ChallengeOption(verifier))
	}
	if err := s.Store.StartLogin(ctx, login, now); err != nil {
		return Started{}, fmt.Errorf("store login: %w", err)
	}
	started.URL = oauthConfig(in.Config, "", redirectURI).AuthCodeURL(started.State, options...)
	return started, nil
}

// Callback is the request to which the provider redirected the browser.
type Callback struct {
	User    string
	Browser string // the secret of Started that the browser kept
	Query   url.Values
}

// FinishLogin ends a login. It takes the state, which is valid once and only for the user and browser that started
// the login, redeems the code and stores the tokens. It returns the path to which the browser returns. If the login
// is known, it returns the path together with a *LoginError.
func (s *Service) FinishLogin(ctx context.Context, back Callback) (returnTo string, err error) {
	if repeated(back.Query) {
		return "", badState()
	}
	login, err := s.Store.TakeLogin(ctx, secrets.Hash(back.Query.Get("state")), secrets.Hash(back.Browser), back.User, s.Now())
	if errors.Is(err, dberr.NotFound) {
		return "", badState()
	}
	if err != nil {
		return "", fmt.Errorf("take login: %w", err)
	}
	in, err := s.Store.Integration(ctx, login.IntegrationGUID)
	if errors.Is(err, dberr.NotFound) {
		return "", badState()
	}
	if err != nil {
		return "", fmt.Errorf("read integration: %w", err)
	}
	if err := checkIssuer(in.Config, back.Query); err != nil {
		return login.ReturnTo, err
	}
	if back.Query.Has("error") {
		return login.ReturnTo, refusal(back.Query.Get("error"))
	}
	code := back.Query.Get("code")
	if code == "" {
		return login.ReturnTo, &LoginError{LoginProvider, "The OAuth provider sent no authorization code."}
	}
	return login.ReturnTo, s.redeem(ctx, in, login, code)
}

// repeated reports whether an authorization reply has a parameter more than once, which RFC 6749, section 3.1, forbids:
// programs could use different values of it.
func repeated(query url.Values) bool {
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(query[name]) > 1 {
			return true
		}
	}
	return false
}

func badState() error {
	return &LoginError{LoginState, "This login is not known. It may have expired or been used already, or been started by another user or in another browser."}
}

// refusalCodes lists the error codes of RFC 6749 section 4.1.2.1.
var refusalCodes = append([]string{"access_denied", "unsupported_response_type"}, oauthCodes...)

// refusal returns the error for an error code of the provider. It repeats known codes only.
func refusal(code string) error {
	text := "The OAuth provider refused the login"
	if slices.Contains(refusalCodes, code) {
		text += " (" + code + ")"
	}
	return &LoginError{LoginRefused, text + "."}
}

// redeem redeems the code and stores the tokens. It continues if the client disconnects, because a code can be used
// only once.
func (s *Service) redeem(ctx context.Context, in *Integration, login *Login, code string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*ProviderTimeout)
	defer cancel()
	secret, err := s.clientSecret(in)
	if err != nil {
		return err
	}
	var verifier string
	if login.Verifier != "" {
		if verifier, err = s.Vault.Open(string(login.Verifier), verifierPlace(login.StateHash)); err != nil {
			return fmt.Errorf("open verifier: %w", err)
		}
	}
	got, err := s.client.exchangeCode(ctx, in.Config, secret, login.RedirectURI, code, verifier)
	if err != nil {
		s.Log.Warn("OAuth login failed", "integration", in.GUID, "user", login.UserGUID, "fault", err)
		return &LoginError{LoginProvider, "The login could not be completed: " + err.Error() + "."}
	}
	session := &Session{GUID: newGUID(), UserGUID: login.UserGUID, IntegrationGUID: in.GUID}
	var missing error
	if got.refresh == "" {
		// A user is logged in only with a refresh token (line 54), so an access token alone is not stored either.
		missing = &LoginError{LoginRefresh, noRefreshToken}
	} else {
		session.Tokens = s.seal(session, got)
	}
	if err := s.Store.SaveTokens(ctx, session, s.Now()); err != nil {
		return fmt.Errorf("store tokens: %w", err)
	}
	return missing
}

// checkIssuer compares the parameter iss, if the provider sends it, with the provider of this login (RFC 9207: the
// protection against a reply of another provider). The configuration does not contain the issuer. Therefore iss must
// have the host of the authorization endpoint and, if it has a path, the same first path segment.
func checkIssuer(cfg Config, query url.Values) error {
	wrong := &LoginError{LoginIssuer, "The answer came from another OAuth provider than the one this login was sent to."}
	if !query.Has("iss") {
		return nil
	}
	from, err := url.Parse(query.Get("iss"))
	if err != nil {
		return wrong
	}
	to, err := url.Parse(cfg.AuthorizationURI)
	if err != nil {
		return fmt.Errorf("read authorization_uri: %w", err)
	}
	if from.Scheme+"://"+from.Host != to.Scheme+"://"+to.Host {
		return wrong
	}
	if first := firstSegment(from); first != "" && first != firstSegment(to) {
		return wrong
	}
	return nil
}

func firstSegment(u *url.URL) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	return first
}

// clientSecret returns the client secret of an integration, or "" if it has none.
func (s *Service) clientSecret(in *Integration) (string, error) {
	if in.Secret == "" {
		return "", nil
	}
	secret, err := s.Vault.Open(string(in.Secret), secretPlace(in.GUID))
	if err != nil {
		return "", fmt.Errorf("open client secret of %s: %w", in.GUID, err)
	}
	return secret, nil
}

// SealSecret seals the client secret of an integration.
func (s *Service) SealSecret(guid, secret string) Sealed {
	if secret == "" {
		return ""
	}
	return Sealed(s.Vault.Seal(secret, secretPlace(guid)))
}

func (s *Service) seal(session *Session, g grant) SealedTokens {
	return SealedTokens{
		Access:       Sealed(s.Vault.Seal(g.access, tokenPlace(session, "access_token"))),
		Refresh:      Sealed(s.Vault.Seal(g.refresh, tokenPlace(session, "refresh_token"))),
		ObtainedTime: s.Now(), ExpiresTime: s.expiryOf(g),
	}
}

// expiryOf returns the time at which the access token of a grant expires, or zero if the provider sent no lifetime.
func (s *Service) expiryOf(g grant) time.Time {
	if !g.expires {
		return time.Time{}
	}
	return s.Now().Add(g.lifetime)
}

// The places of sealed values. The place of a session consists of user and integration, which are unique and do not
// change when its guid does.

func secretPlace(guid string) string { return vault.Place("oauth_integrations", "client_secret", guid) }

func verifierPlace(stateHash string) string {
	return vault.Place("oauth_logins", "verifier", stateHash)
}

func tokenPlace(s *Session, column string) string {
	return vault.Place("oauth_sessions", column, s.UserGUID+"/"+s.IntegrationGUID)
}
