package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/dberr"
)

// Options configures a Service. Only Store is required.
type Options struct {
	Store  Store
	Policy Policy
	// SessionLifetime is how long a session lasts.
	SessionLifetime time.Duration
	// PasswordRounds is the work factor of new password hashes; zero means the default.
	PasswordRounds int
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	// Log receives what administrators should know; nil discards it.
	Log *slog.Logger
}

// Service applies the rules of accounts on top of a Store. It is safe for concurrent use.
type Service struct {
	// Policy is for reading only while the service is in use.
	Policy Policy

	store           Store
	sessionLifetime time.Duration
	passwordRounds  int
	now             func() time.Time
	log             *slog.Logger
	hashing         turns // of the passwords that are hashed, so that guessing does not occupy the whole machine
}

// New returns a Service.
func New(o Options) *Service {
	s := &Service{
		Policy: o.Policy, store: o.Store, sessionLifetime: o.SessionLifetime, passwordRounds: o.PasswordRounds, now: o.Now, log: o.Log,
	}
	if s.passwordRounds <= 0 {
		s.passwordRounds = defaultRounds
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Login is a session with its user. Cookie is its secret value, which only the browser keeps.
type Login struct {
	User    User
	Session Session
	Cookie  string
}

// XSRFToken returns the token with which the pages of the session with that cookie prove that they belong to it. It is
// derived from the cookie, so that the database, which does not contain the cookie, contains no token either.
func XSRFToken(cookie string) string {
	mac := hmac.New(sha256.New, []byte(cookie))
	mac.Write([]byte("XSRF token of a session")) //nolint:errcheck // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// SessionOf returns the session that belongs to the value of a cookie, with its user. It performs one indexed read
// and writes nothing. It returns ErrNoSession if there is no session or it has expired.
func (s *Service) SessionOf(ctx context.Context, cookie string) (Login, error) {
	session, user, err := s.store.SessionUser(ctx, secrets.Hash(cookie))
	switch {
	case errors.Is(err, dberr.NotFound):
		return Login{}, ErrNoSession
	case err != nil:
		return Login{}, err
	case !session.Expires.After(s.now()):
		return Login{}, ErrNoSession
	}
	return Login{User: user, Session: session, Cookie: cookie}, nil
}

// maxSessions bounds the sessions of one user. A script that sends the header and keeps no cookie creates one with
// each request; the oldest are deleted.
const maxSessions = 200

// openSession creates a session for u and deletes expired sessions.
func (s *Service) openSession(ctx context.Context, tx Tx, u User, headersDigest string) (Login, error) {
	now := s.now()
	cookie := secrets.New()
	session := Session{
		ID: secrets.Hash(cookie), UserGUID: u.GUID, HeadersDigest: headersDigest,
		Created: now, Expires: now.Add(s.sessionLifetime),
	}
	if err := tx.DeleteSessionsBefore(ctx, now); err != nil {
		return Login{}, err
	}
	if err := tx.InsertSession(ctx, session); err != nil {
		return Login{}, err
	}
	if err := tx.TrimSessions(ctx, u.GUID, maxSessions); err != nil {
		return Login{}, err
	}
	return Login{User: u, Session: session, Cookie: cookie}, nil
}

// EndSessions deletes the sessions that belong to the values of cookies, all in one transaction.
func (s *Service) EndSessions(ctx context.Context, cookies []string) error {
	if len(cookies) == 0 {
		return nil
	}
	return s.store.Update(ctx, func(tx Tx) error {
		for _, cookie := range cookies {
			if err := tx.DeleteSession(ctx, secrets.Hash(cookie)); err != nil {
				return err
			}
		}
		return nil
	})
}

func newGUID() string { return uuid.NewString() }
