package account

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
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

func (s *Service) rounds() int {
	if s.PasswordRounds > 0 {
		return s.PasswordRounds
	}
	return defaultRounds
}

// PasswordSignIn opens a session for a user of the password provider. It returns ErrWrongPassword for an unknown user
// as for a wrong password, after the same time. It returns ErrLocked only if the password is right.
func (s *Service) PasswordSignIn(ctx context.Context, username, password string) (Login, error) {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	users, err := s.Store.UsersByUsername(ctx, username)
	if err != nil {
		return Login{}, err
	}
	if len(users) != 1 || users[0].Credential == "" {
		_, err := hashPassword(password, s.rounds())
		if err != nil {
			return Login{}, err
		}
		return Login{}, ErrWrongPassword
	}
	u := users[0]
	if !passwordMatches(u.Credential, password) {
		return Login{}, ErrWrongPassword
	}
	if u.Locked {
		return Login{}, ErrLocked
	}
	var login Login
	err = s.Store.Update(ctx, func(tx Tx) error {
		u.Active = s.Now()
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		login, err = s.openSession(ctx, tx, u, "")
		return err
	})
	return login, err
}
