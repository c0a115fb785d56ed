package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/dberr"
)

// Service applies the rules of accounts on top of a Store. It is safe for concurrent use.
type Service struct {
	Store  Store
	Policy Policy
	Now    func() time.Time
	Log    *slog.Logger
	// SessionLifetime is how long a session lasts.
	SessionLifetime time.Duration
	// PasswordRounds is the work factor of new password hashes; zero means the default.
	PasswordRounds int

	hashing turns // of the passwords that are hashed, so that guessing does not occupy the whole machine
}

// Seen is the session of a request, with its user.
type Seen struct {
	User    User
	Session Session
}

// SessionOf returns the session that belongs to the value of a cookie, with its user. It performs one indexed read
// and writes nothing. It returns ErrNoSession if there is no session or it has expired.
func (s *Service) SessionOf(ctx context.Context, cookie string) (Seen, error) {
	session, user, err := s.Store.SessionUser(ctx, digest(cookie))
	switch {
	case errors.Is(err, dberr.NotFound):
		return Seen{}, ErrNoSession
	case err != nil:
		return Seen{}, err
	case !session.Expires.After(s.Now()):
		return Seen{}, ErrNoSession
	}
	return Seen{User: user, Session: session}, nil
}

// maxSessions bounds the sessions of one user. A script that sends the header and keeps no cookie creates one with
// each request; the oldest are deleted.
const maxSessions = 200

// Login is a new session. Cookie is its secret value, which only the browser keeps.
type Login struct {
	User    User
	Session Session
	Cookie  string
}

// openSession creates a session for u and deletes expired sessions.
func (s *Service) openSession(ctx context.Context, tx Tx, u User, headersDigest string) (Login, error) {
	now := s.Now()
	cookie := secrets.New()
	session := Session{
		ID: digest(cookie), UserGUID: u.GUID, XSRF: secrets.New(), HeadersDigest: headersDigest,
		Created: now, Expires: now.Add(s.SessionLifetime),
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
	return s.Store.Update(ctx, func(tx Tx) error {
		for _, cookie := range cookies {
			if err := tx.DeleteSession(ctx, digest(cookie)); err != nil {
				return err
			}
		}
		return nil
	})
}

// digest returns the form in which sessions and keys are stored and found. It is the hash of secrets.Hash in Base64,
// the encoding that existing databases have.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newGUID() string { return uuid.NewString() }
