package integration

import (
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// UserTokenLifetime is the time for which content may use the token of a visit. Each request of a visit has a new
// one.
const UserTokenLifetime = 5 * time.Minute

const userTokenIssuer = "countersign:user-session"

// errUserToken is returned for every invalid user session token: forged, expired, or of another server.
var errUserToken = errors.New("invalid user session token")

// Visit is the content of a user session token: a user, the item that the user visits, and the execution that
// replies.
type Visit struct {
	User      string
	Content   string
	Execution string
}

// userTokens signs and verifies user session tokens. They are JWTs with a key that only the nodes of this server
// have. Content can read a token but cannot create one, so it cannot name a user who does not visit it (OAuth
// document, line 56).
type userTokens struct {
	signer jose.Signer
	key    []byte
	now    func() time.Time
}

func newUserTokens(key []byte, now func() time.Time) (*userTokens, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &userTokens{signer, key, now}, nil
}

// userClaims adds the execution to the registered claims: iss, sub for the user, aud for the item.
type userClaims struct {
	jwt.Claims
	Execution string `json:"exe"`
}

// IssueUserToken returns the token for one request of a visit.
func (s *Service) IssueUserToken(v Visit) (string, error) { return s.tokens.issue(v) }

func (t *userTokens) issue(v Visit) (string, error) {
	now := t.now()
	return jwt.Signed(t.signer).Claims(userClaims{
		Claims: jwt.Claims{
			Issuer: userTokenIssuer, Subject: v.User, Audience: jwt.Audience{v.Content}, ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(UserTokenLifetime)),
		},
		Execution: v.Execution,
	}).Serialize()
}

// verify parses and verifies a token. Its error is errUserToken.
func (t *userTokens) verify(token string) (Visit, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return Visit{}, errUserToken
	}
	var claims userClaims
	if err := parsed.Claims(t.key, &claims); err != nil {
		return Visit{}, errUserToken
	}
	// There is no leeway, because the clock that signs is the one that verifies, or belongs to a node with the same
	// database.
	if err := claims.ValidateWithLeeway(jwt.Expected{Issuer: userTokenIssuer, Time: t.now()}, 0); err != nil {
		return Visit{}, errUserToken
	}
	// Tokens with a valid signature are complete, because only issue uses this key.
	return Visit{User: claims.Subject, Content: claims.Audience[0], Execution: claims.Execution}, nil
}
