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

	"countersign/reference/internal/dberr"
)

// Token identifies a deployment client, together with the public key for the signatures of the client. It is
// worthless until a signed-in user claims it; from then on the client acts as this user (document lines 52 and 54).
type Token struct {
	Token     string
	PublicKey string // base64 of the SPKI form
	UserGUID  string // empty until a user claims the token
	Created   time.Time
	Claimed   time.Time // zero until a user claims the token
}

// Bounds for unclaimed tokens, which every client may request without signing in.
const (
	// claimTime is given by Connect: "Authentication tokens must be claimed within one hour".
	claimTime = time.Hour
	// keepUnclaimed is how long an unclaimed token is stored, so that a user who opens its address too late gets an
	// explanation.
	keepUnclaimed = 24 * time.Hour
	maxUnclaimed  = 1000
)

// tokenForm matches the tokens of deployment clients: T and 16 random bytes in hexadecimal.
var tokenForm = regexp.MustCompile(`^T[0-9a-f]{32}$`)

// RegisterToken stores the token and the public key of a client until a user claims them. Errors: ErrTokenAttributes,
// ErrInvalidField, ErrTokenTaken, ErrTooManyTokens.
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
	now := s.now()
	return s.store.Update(ctx, func(tx Tx) error {
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
		if errors.Is(err, dberr.Exists) {
			return ErrTokenTaken
		}
		return err
	})
}

// ClaimableToken returns a token that a user may claim now. Errors: dberr.NotFound, ErrTokenClaimed, ErrTokenExpired.
func (s *Service) ClaimableToken(ctx context.Context, token string) (Token, error) {
	t, _, err := s.store.TokenUser(ctx, token)
	if err != nil {
		return Token{}, err
	}
	return t, s.claimable(t)
}

func (s *Service) claimable(t Token) error {
	switch {
	case t.UserGUID != "":
		return ErrTokenClaimed
	case s.now().Sub(t.Created) > claimTime:
		return ErrTokenExpired
	}
	return nil
}

// ClaimToken assigns a token to a user, once. Its errors are those of ClaimableToken.
func (s *Service) ClaimToken(ctx context.Context, token string, u User) error {
	return s.store.Update(ctx, func(tx Tx) error {
		t, _, err := tx.TokenUser(ctx, token)
		if err != nil {
			return err
		}
		if err := s.claimable(t); err != nil {
			return err
		}
		return tx.ClaimToken(ctx, token, u.GUID, s.now())
	})
}

// UserOfToken returns the user who claimed a token, and the public key of the client. Errors: ErrNoToken if the token
// is unknown or unclaimed, ErrTokenExpired if it was not claimed in time, ErrLocked.
func (s *Service) UserOfToken(ctx context.Context, token string) (*rsa.PublicKey, User, error) {
	if !tokenForm.MatchString(token) {
		return nil, User{}, ErrNoToken
	}
	t, u, err := s.store.TokenUser(ctx, token)
	switch {
	case errors.Is(err, dberr.NotFound):
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

// Sizes of RSA keys in bits. Smaller keys can be broken; larger keys cost the server too much time.
const minKeyBits, maxKeyBits = 2048, 8192

// ParsePublicKey parses a public RSA key in SPKI form, encoded as Base64.
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
