package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"countersign/reference/internal/account"
	"countersign/reference/internal/proxyauth"
	"countersign/reference/internal/signature"
)

// The cookies of a session. Scripts of the pages of this server read the second one and send it back as X-Rsc-Xsrf.
const (
	sessionCookie = "rsconnect"
	xsrfCookie    = "RSC-XSRF"
)

// authenticate identifies the caller of a request. An API key or deployment token takes precedence over the header of
// the proxy. Without the header, a session cookie is anonymous. An invalid credential is refused and never replaced
// by another one.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) (caller, error) {
	// Before everything else: requests with a key or token are refused as well.
	if err := s.proxy.CheckDuplicates(r.Header); err != nil {
		return caller{}, s.rejectHeaders(r, err)
	}
	switch keys := presentedKeys(r.Header); len(keys) {
	case 0:
	case 1:
		return s.keyCaller(r.Context(), keys[0])
	default:
		return caller{}, errBadCredentials.withCause(errors.New("several API keys"))
	}
	if tokens, present := r.Header[signature.TokenHeader]; present {
		return s.signedCaller(w, r, tokens)
	}
	if s.proxied {
		return s.headerCaller(w, r)
	}
	return s.cookieCaller(r)
}

// rejectHeaders logs a refused set of identity headers and returns an error that gives the client no details. The
// documents prescribe the message for duplicate headers only. Values are not logged; slog quotes the rest.
func (s *Server) rejectHeaders(r *http.Request, err error) error {
	var refusal *proxyauth.Refusal
	if errors.As(err, &refusal) {
		message := "Refused proxied authentication attempt"
		if refusal.Reason == proxyauth.Duplicate {
			message = "Rejected insecure proxied authentication attempt"
		}
		s.Log.Warn(message, "reason", string(refusal.Reason), "header", refusal.Header, "remote", r.RemoteAddr)
	}
	return errBadCredentials.withCause(err)
}

// presentedKeys returns the API keys of a request. If X-RSC-Authorization is present, Authorization is ignored
// (document line 79). Other schemes of Authorization are for the proxy.
func presentedKeys(h http.Header) []string {
	var keys []string
	for _, line := range h["X-Rsc-Authorization"] {
		key, ok := keyScheme(line)
		if !ok {
			key = strings.TrimSpace(line) // rsconnect-python sends the key without a scheme
		}
		keys = append(keys, key)
	}
	if keys != nil {
		return keys
	}
	for _, line := range h["Authorization"] {
		if key, ok := keyScheme(line); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// keyScheme splits "Key <text>".
func keyScheme(v string) (string, bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(v), " ")
	return strings.TrimSpace(rest), strings.EqualFold(scheme, "Key")
}

func (s *Server) keyCaller(ctx context.Context, text string) (caller, error) {
	key, user, err := s.Accounts.UserOfKey(ctx, text)
	switch {
	case errors.Is(err, account.ErrNoKey):
		return caller{}, errBadCredentials.withCause(err)
	case err != nil:
		return caller{}, err
	}
	c := caller{Via: viaKey, User: user, Key: key, Role: user.Role}
	if key.Role.Rank() < c.Role.Rank() {
		c.Role = key.Role
	}
	if key.Kind == account.ContentKey {
		c.Via = viaContent
	}
	return c, nil
}

// headerCaller returns the user whom the proxy names. It performs one indexed read if the session cookie belongs to
// this user and the headers have not changed since the session began. Every other request is a login attempt.
func (s *Server) headerCaller(w http.ResponseWriter, r *http.Request) (caller, error) {
	claim, err := s.proxy.Read(r.Header)
	if err != nil {
		return caller{}, s.rejectHeaders(r, err)
	}
	if claim.Anonymous() {
		return caller{}, nil
	}
	claim.Digest += "." + s.policyDigest
	for _, cookie := range cookiesNamed(r, sessionCookie) {
		seen, err := s.Accounts.SessionOf(r.Context(), cookie.Value)
		switch {
		case errors.Is(err, account.ErrNoSession):
			continue
		case err != nil:
			return caller{}, err
		case seen.User.UniqueID == claim.Identity && seen.Session.HeadersDigest == claim.Digest && !seen.User.Locked:
			return caller{Via: viaHeader, User: seen.User, Role: seen.User.Role, cookie: seen.Cookie}, nil
		}
	}
	return s.loginByHeader(w, r, claim)
}

// undisclosedErrors lists reasons of a refusal that the client is not told, so that an attacker cannot find out which
// usernames have accounts. The administrator finds the reason in the log.
var undisclosedErrors = []error{account.ErrProhibitedUsername, account.ErrNoUsername, account.ErrInvalidUsername, account.ErrNotProvisioned}

func (s *Server) loginByHeader(w http.ResponseWriter, r *http.Request, claim proxyauth.Claim) (caller, error) {
	for _, out := range claim.LeftOut {
		s.Log.Warn("Left out a value of a proxied authentication attempt", "reason", string(out.Reason), "header", out.Header, "remote", r.RemoteAddr)
	}
	login, err := s.Accounts.SignIn(r.Context(), claim)
	if err != nil {
		s.Log.Info("Refused proxied authentication attempt", "reason", err.Error(), "remote", r.RemoteAddr)
		if slices.ContainsFunc(undisclosedErrors, func(known error) bool { return errors.Is(err, known) }) {
			err = errBadCredentials.withCause(err)
		}
		return caller{}, err
	}
	s.setSession(w, login)
	return caller{Via: viaHeader, User: login.User, Role: login.User.Role, cookie: login.Cookie, newSession: true}, nil
}

// cookieCaller returns the user of a session of the password provider. It ignores identity headers.
func (s *Server) cookieCaller(r *http.Request) (caller, error) {
	for _, cookie := range cookiesNamed(r, sessionCookie) {
		seen, err := s.Accounts.SessionOf(r.Context(), cookie.Value)
		switch {
		case errors.Is(err, account.ErrNoSession):
			continue
		case err != nil:
			return caller{}, err
		case !seen.User.Locked && seen.Session.HeadersDigest == "":
			return caller{Via: viaCookie, User: seen.User, Role: seen.User.Role, cookie: seen.Cookie}, nil
		}
	}
	return caller{}, nil
}

// setSession sets the cookies of a session. The session cookie is HttpOnly, so that scripts of content cannot read
// it, and is not sent with requests of pages of other sites.
func (s *Server) setSession(w http.ResponseWriter, login account.Login) {
	w.Header().Set("Cache-Control", "no-store")
	s.setCookie(w, sessionCookie, login.Cookie, true, 0)
	s.setCookie(w, xsrfCookie, account.XSRFToken(login.Cookie), false, 0)
}

func (s *Server) clearSession(w http.ResponseWriter) {
	s.setCookie(w, sessionCookie, "", true, -1)
	s.setCookie(w, xsrfCookie, "", false, -1)
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, httpOnly bool, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: s.publicPath, MaxAge: maxAge,
		HttpOnly: httpOnly, Secure: s.Config.Secure(), SameSite: http.SameSiteLaxMode,
	})
}
