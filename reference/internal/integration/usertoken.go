package integration

import (
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// UserTokenLifetime bounds how long content may use the token of a visit. Each request of a visit brings a new one.
const UserTokenLifetime = 5 * time.Minute

const userTokenIssuer = "countersign:user-session"

// ErrUserToken is answered for every user session token that does not hold: forged, expired, another server's.
var ErrUserToken = errors.New("invalid user session token")

// Visit is what a user session token stands for: this user, seeing this item, answered by this execution of it.
type Visit struct {
	User      string
	Content   string
	Execution string
}

// UserTokens signs and checks user session tokens: JWTs under a key that only this server (all its nodes) has. Content
// can read one and cannot make one, so it cannot name a user who is not visiting it (OAuth document, line 56).
type UserTokens struct {
	signer jose.Signer
	key    []byte
	now    func() time.Time
}

func newUserTokens(key []byte, now func() time.Time) (*UserTokens, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &UserTokens{signer, key, now}, nil
}

// userClaims has the execution beside the registered claims: iss, sub the user, aud the item.
type userClaims struct {
	jwt.Claims
	Execution string `json:"exe"`
}

// IssueUserToken makes the token that goes with one request of a visit.
func (s *Service) IssueUserToken(v Visit) (string, error) { return s.tokens.issue(v) }

func (t *UserTokens) issue(v Visit) (string, error) {
	now := t.now()
	return jwt.Signed(t.signer).Claims(userClaims{
		Claims: jwt.Claims{
			Issuer: userTokenIssuer, Subject: v.User, Audience: jwt.Audience{v.Content}, ID: newGUID(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(UserTokenLifetime)),
		},
		Execution: v.Execution,
	}).Serialize()
}

// verify reads a token. Every failure is ErrUserToken.
func (t *UserTokens) verify(token string) (Visit, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return Visit{}, ErrUserToken
	}
	var claims userClaims
	if err := parsed.Claims(t.key, &claims); err != nil {
		return Visit{}, ErrUserToken
	}
	// No leeway: the same clock signs and checks, or clocks of nodes that share a database.
	if err := claims.ValidateWithLeeway(jwt.Expected{Issuer: userTokenIssuer, Time: t.now()}, 0); err != nil {
		return Visit{}, ErrUserToken
	}
	// What this key has signed is complete: only issue uses it.
	return Visit{User: claims.Subject, Content: claims.Audience[0], Execution: claims.Execution}, nil
}
