package account

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Token is what a deployment client names itself by, beside the public half of the key that
// it signs its requests with. It says nothing until a signed-in person has claimed it; from
// then on the client acts as that person (document lines 52 and 54).
type Token struct {
	Token     string
	PublicKey string // base64 of the SPKI form
	UserGUID  string // empty until it is claimed
	Created   time.Time
	Claimed   time.Time // zero until then
}

// Bounds of tokens that nobody has claimed: anybody may ask for one.
const (
	// claimTime is in Connect's own words: "Authentication tokens must be claimed within one hour".
	claimTime = time.Hour
	// keepUnclaimed is how long a token that was never claimed is remembered, so that whoever
	// comes late is told what happened.
	keepUnclaimed = 24 * time.Hour
	maxUnclaimed  = 1000
)

// tokenForm is what deployment clients make: T and 16 random bytes in hexadecimal.
var tokenForm = regexp.MustCompile(`^T[0-9a-f]{32}$`)

// RegisterToken remembers a client's token and public key until somebody claims them. Errors:
// ErrTokenAttributes, ErrInvalidField, ErrTokenTaken, ErrTooManyTokens.
func (s *Service) RegisterToken(ctx context.Context, token, publicKey string) error {
	if token == "" || publicKey == "" {
		return ErrTokenAttributes
	}
	if !tokenForm.MatchString(token) {
		return fmt.Errorf("token: %w", ErrInvalidField)
	}
	if _, err := ParsePublicKey(publicKey); err != nil {
		return fmt.Errorf("public key: %w: %w", ErrInvalidField, err)
	}
	now := s.Now()
	return s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.DeleteUnclaimedTokensBefore(ctx, now.Add(-keepUnclaimed)); err != nil {
			return err
		}
		n, err := tx.CountUnclaimedTokens(ctx)
		if err != nil {
			return err
		}
		if n >= maxUnclaimed {
			return ErrTooManyTokens
		}
		err = tx.InsertToken(ctx, Token{Token: token, PublicKey: publicKey, Created: now})
		if errors.Is(err, ErrExists) {
			return ErrTokenTaken
		}
		return err
	})
}

// ClaimableToken returns a token that somebody may claim now. Errors: ErrNotFound,
// ErrTokenClaimed, ErrTokenExpired.
func (s *Service) ClaimableToken(ctx context.Context, token string) (Token, error) {
	t, _, err := s.Store.TokenUser(ctx, token)
	if err != nil {
		return Token{}, err
	}
	return t, s.claimable(t)
}

func (s *Service) claimable(t Token) error {
	switch {
	case t.UserGUID != "":
		return ErrTokenClaimed
	case s.Now().Sub(t.Created) > claimTime:
		return ErrTokenExpired
	}
	return nil
}

// ClaimToken gives a token to a user, once. Errors as of ClaimableToken.
func (s *Service) ClaimToken(ctx context.Context, token string, u User) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		t, _, err := tx.TokenUser(ctx, token)
		if err != nil {
			return err
		}
		if err := s.claimable(t); err != nil {
			return err
		}
		err = tx.ClaimToken(ctx, token, u.GUID, s.Now())
		if errors.Is(err, ErrNotFound) {
			return ErrTokenClaimed // by somebody who was faster
		}
		return err
	})
}

// UserOfToken returns who claimed a token, and the key that the client signs with. Errors:
// ErrNoToken for a token that is unknown or that nobody has claimed, ErrTokenExpired for one
// that nobody has claimed in time, ErrLocked.
func (s *Service) UserOfToken(ctx context.Context, token string) (*rsa.PublicKey, User, error) {
	if !tokenForm.MatchString(token) {
		return nil, User{}, ErrNoToken
	}
	t, u, err := s.Store.TokenUser(ctx, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, User{}, ErrNoToken
	case err != nil:
		return nil, User{}, err
	case t.UserGUID == "" && errors.Is(s.claimable(t), ErrTokenExpired):
		return nil, User{}, ErrTokenExpired
	case t.UserGUID == "":
		return nil, User{}, ErrNoToken
	case u.Locked:
		return nil, User{}, ErrLocked
	}
	key, err := ParsePublicKey(t.PublicKey)
	if err != nil {
		return nil, User{}, fmt.Errorf("stored public key: %w", err)
	}
	return key, u, nil
}

// Sizes of RSA keys in bits: smaller ones can be broken, larger ones cost the server too much.
const minKeyBits, maxKeyBits = 2048, 8192

// ParsePublicKey reads the base64 of a public RSA key in SPKI form.
func ParsePublicKey(text string) (*rsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("not base64")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("not a public key in SPKI form")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return nil, fmt.Errorf("a key of %d bits; allowed: %d to %d", bits, minKeyBits, maxKeyBits)
	}
	return key, nil
}
