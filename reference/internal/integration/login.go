package integration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/dberr"
)

// LoginLifetime is the time within which a user must finish a login at the provider.
const LoginLifetime = 10 * time.Minute

// maxLogins bounds the number of started logins of a user for an integration. Twenty concurrent logins must succeed.
const maxLogins = 64

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
// session does not change until the login succeeds. It returns dberr.NotFound if the integration does not exist, and
// ErrNoLogin for another integration.
func (s *Service) BeginLogin(ctx context.Context, guid, user, redirectURI, returnTo string) (Started, error) {
	var started Started
	err := s.store.Update(ctx, func(tx Tx) error {
		in, err := tx.Integration(ctx, guid)
		if err != nil {
			return err
		}
		if in.Config.AuthType != Viewer {
			return refuse(ErrNoLogin, "Only Viewer integrations have a login.") // OI-116
		}
		if err := s.ensureSession(ctx, tx, user, guid); err != nil {
			return err
		}
		login := &Login{UserGUID: user, IntegrationGUID: guid, RedirectURI: redirectURI, ReturnTo: returnTo}
		started = s.prepare(in, login)
		return s.storeLogin(ctx, tx, login)
	})
	if err != nil {
		return Started{}, err
	}
	return started, nil
}

// ensureSession creates the session of a user with an integration if there is none.
func (s *Service) ensureSession(ctx context.Context, tx Tx, user, guid string) error {
	_, err := tx.SessionOf(ctx, user, guid)
	if !errors.Is(err, dberr.NotFound) {
		return err
	}
	return tx.SaveSession(ctx, s.newSession(user, guid))
}

// newSession returns a session without tokens.
func (s *Service) newSession(user, guid string) *Session {
	now := s.now()
	return &Session{GUID: uuid.NewString(), UserGUID: user, IntegrationGUID: guid, CreatedTime: now, UpdatedTime: now}
}

// prepare chooses the secrets of a login and returns it in the form for the browser.
func (s *Service) prepare(in *Integration, login *Login) Started {
	started := Started{State: secrets.New(), Browser: secrets.New()}
	login.StateHash, login.BrowserHash = secrets.Hash(started.State), secrets.Hash(started.Browser)
	var options []oauth2.AuthCodeOption
	if in.Config.UsePKCE {
		verifier := oauth2.GenerateVerifier()
		login.Verifier = Sealed(s.vault.Seal(verifier, verifierPlace(login.StateHash)))
		options = append(options, oauth2.S256ChallengeOption(verifier))
	}
	started.URL = oauthConfig(in.Config, "", login.RedirectURI).AuthCodeURL(started.State, options...)
	return started
}

// storeLogin stores a login until it expires. It deletes expired logins and, beyond a limit, the oldest ones of the
// user and integration.
func (s *Service) storeLogin(ctx context.Context, tx Tx, login *Login) error {
	now := s.now()
	login.ExpiresTime = now.Add(LoginLifetime)
	if err := tx.DeleteLoginsBefore(ctx, now); err != nil {
		return err
	}
	if err := tx.TrimLogins(ctx, login.UserGUID, login.IntegrationGUID, maxLogins-1); err != nil {
		return err
	}
	return tx.InsertLogin(ctx, login)
}

// Callback is the request to which the provider redirected the browser.
type Callback struct {
	User    string
	Browser string // the secret of Started that the browser kept
	Query   url.Values
}

// FinishLogin ends a login. It takes the state, which is valid once and only for the user and browser that started
// the login, redeems the code and stores the tokens. It returns the path to which the browser returns. If the login
// is known, it returns the path together with an error. The errors are ErrLoginState, ErrLoginIssuer, ErrLoginRefused,
// ErrProvider and ErrNoRefreshToken.
func (s *Service) FinishLogin(ctx context.Context, back Callback) (returnTo string, err error) {
	login, in, err := s.takeLogin(ctx, back)
	if err != nil {
		return "", err
	}
	if err := s.checkIssuer(in, back.Query); err != nil {
		return login.ReturnTo, err
	}
	if back.Query.Has("error") {
		return login.ReturnTo, refusal(back.Query.Get("error"))
	}
	code := back.Query.Get("code")
	if code == "" {
		return login.ReturnTo, refuse(ErrProvider, "The OAuth provider sent no authorization code.")
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

// takeLogin returns the login of a callback and its integration, and deletes the login.
func (s *Service) takeLogin(ctx context.Context, back Callback) (login *Login, in *Integration, err error) {
	if repeated(back.Query) {
		return nil, nil, refuse(ErrLoginState, "The answer of the OAuth provider has a parameter more than once.")
	}
	err = s.store.Update(ctx, func(tx Tx) (err error) {
		login, err = tx.TakeLogin(ctx, secrets.Hash(back.Query.Get("state")), secrets.Hash(back.Browser), back.User, s.now())
		if err != nil {
			return err
		}
		in, err = tx.Integration(ctx, login.IntegrationGUID)
		return err
	})
	if errors.Is(err, dberr.NotFound) {
		return nil, nil, refuse(ErrLoginState, "This login is not known. It may have expired or been used already, or been started by another user or in another browser.")
	}
	return login, in, err
}

// refusalCodes lists the error codes of RFC 6749 section 4.1.2.1.
var refusalCodes = append([]string{"access_denied", "unsupported_response_type"}, oauthCodes...)

// refusal returns the error for an error code of the provider. It repeats known codes only.
func refusal(code string) error {
	text := "The OAuth provider refused the login"
	if slices.Contains(refusalCodes, code) {
		text += " (" + code + ")"
	}
	return refuse(ErrLoginRefused, "%s.", text)
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
		if verifier, err = s.vault.Open(string(login.Verifier), verifierPlace(login.StateHash)); err != nil {
			return fmt.Errorf("open verifier: %w", err)
		}
	}
	got, err := s.client.exchangeCode(ctx, in.Config, secret, login.RedirectURI, code, verifier)
	if err != nil {
		s.log.Warn("OAuth login failed", "integration", in.GUID, "user", login.UserGUID, "fault", err)
		return refuse(ErrProvider, "The login could not be completed: %s.", err)
	}
	session := s.newSession(login.UserGUID, in.GUID)
	var missing error
	if got.refresh == "" {
		// A user is logged in only with a refresh token (line 54), so an access token alone is not stored either.
		missing = refuse(ErrNoRefreshToken, "%s", noRefreshToken)
	} else {
		session.Tokens = s.seal(session, got)
	}
	if err := s.store.Update(ctx, func(tx Tx) error { return tx.SaveSession(ctx, session) }); err != nil {
		return err
	}
	return missing
}

// checkIssuer compares the parameter iss, if the provider sends it, with the provider of this login (RFC 9207: the
// protection against a reply of another provider). The log receives both values if they differ.
func (s *Service) checkIssuer(in *Integration, query url.Values) error {
	if !query.Has("iss") || fromIssuer(in.Config, query.Get("iss")) {
		return nil
	}
	expected := cmp.Or(in.Config.Issuer, in.Config.AuthorizationURI)
	s.log.Warn("OAuth login refused: another issuer", "integration", in.GUID, "iss", shortened(query.Get("iss")), "expected", expected)
	return refuse(ErrLoginIssuer, "The answer came from another OAuth provider than the one this login was sent to.")
}

// fromIssuer reports whether iss is the issuer of an integration. Issuers are compared as texts (RFC 9207, section 2.4)
// and need not be URLs. If the configuration has no issuer, iss must have the host of the authorization endpoint and, if
// it has a path, the same first path segment.
func fromIssuer(cfg Config, iss string) bool {
	if cfg.Issuer != "" {
		return iss == cfg.Issuer
	}
	from, err := url.Parse(iss)
	if err != nil {
		return false
	}
	to, err := url.Parse(cfg.AuthorizationURI)
	if err != nil || from.Scheme+"://"+from.Host != to.Scheme+"://"+to.Host {
		return false
	}
	first := firstSegment(from)
	return first == "" || first == firstSegment(to)
}

// shortened bounds a value of a client for the log.
func shortened(text string) string { return text[:min(len(text), 200)] }

func firstSegment(u *url.URL) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	return first
}
