package account

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"countersign/reference/internal/dberr"
)

// defaultRounds is the number of iterations that OWASP recommends for PBKDF2-HMAC-SHA256.
const defaultRounds = 600_000

// minPassword is the length of the shortest password that is accepted.
const minPassword = 8

// hashPassword returns the stored form of a password: scheme, rounds, salt, hash.
func hashPassword(password string, rounds int) (string, error) {
	var salt [16]byte
	rand.Read(salt[:]) //nolint:errcheck // never fails (crypto/rand)
	key, err := pbkdf2.Key(sha256.New, password, salt[:], rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("pbkdf2-sha256$%d$%s$%s", rounds, b64(salt[:]), b64(key)), nil
}

// passwordMatches compares a password with its stored form in constant time.
func passwordMatches(stored, password string) bool {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 || parts[0] != "pbkdf2-sha256" {
		return false
	}
	rounds, err := strconv.Atoi(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[2])
	want, err3 := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil || err2 != nil || err3 != nil || rounds < 1 {
		return false
	}
	got, err := pbkdf2.Key(sha256.New, password, salt, rounds, len(want))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1
}

// maxWaiting bounds the number of requests that wait for their turn. At the default number of rounds, the last of
// them waits for some seconds.
const maxWaiting = 32

// turns bounds how many passwords are hashed concurrently: half as many as the machine has processors. Its zero value
// is ready for use.
type turns struct {
	once    sync.Once
	taken   chan struct{}
	waiting atomic.Int64
}

// enter waits for a turn, which leave ends. It returns ErrTooManyPasswords if too many requests wait already, and the
// error of the context if that ends first.
func (t *turns) enter(ctx context.Context) (leave func(), err error) {
	t.once.Do(func() { t.taken = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	leave = func() { <-t.taken }
	select {
	case t.taken <- struct{}{}:
		return leave, nil
	default:
	}
	defer t.waiting.Add(-1)
	if t.waiting.Add(1) > maxWaiting {
		return nil, ErrTooManyPasswords
	}
	select {
	case t.taken <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// PasswordSignIn opens a session for a user of the password provider. It returns ErrWrongPassword for an unknown user
// as for a wrong password, after the same time. It returns ErrLocked only if the password is right, and
// ErrTooManyPasswords if it does not check the password.
func (s *Service) PasswordSignIn(ctx context.Context, username, password string) (Login, error) {
	users, err := s.store.UsersByUsername(ctx, username)
	if err != nil {
		return Login{}, err
	}
	credential := ""
	if len(users) == 1 {
		credential = users[0].Credential
	}
	if err := s.checkPassword(ctx, credential, password); err != nil {
		return Login{}, err
	}
	var login Login
	err = s.store.Update(ctx, func(tx Tx) error {
		// The user can have been locked, changed or deleted since the password was read: hashing takes long.
		u, err := tx.UserByGUID(ctx, users[0].GUID)
		switch {
		case errors.Is(err, dberr.NotFound), err == nil && u.Credential != credential:
			return ErrWrongPassword
		case err != nil:
			return err
		case u.Locked:
			return ErrLocked
		}
		u.Active = s.now()
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		login, err = s.openSession(ctx, tx, u, "")
		return err
	})
	return login, err
}

// checkPassword returns ErrWrongPassword if a password does not match its stored form. It hashes the password even if
// there is no stored form, so that the time of a reply does not tell whether a user exists.
func (s *Service) checkPassword(ctx context.Context, stored, password string) error {
	leave, err := s.hashing.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if stored == "" {
		if _, err := hashPassword(password, s.passwordRounds); err != nil {
			return err
		}
		return ErrWrongPassword
	}
	if !passwordMatches(stored, password) {
		return ErrWrongPassword
	}
	return nil
}
