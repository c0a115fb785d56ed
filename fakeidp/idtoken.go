package fakeidp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"countersign/fakeidp/control"
)

// A signingKey signs an issuer's ID tokens with ES256 (RFC 7518, section 3.4).
type signingKey struct {
	signer jose.Signer
	public jose.JSONWebKey
}

// newSigningKey returns a new key. Its id is its thumbprint (RFC 7638).
func newSigningKey() (*signingKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("create signing key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256), Use: "sig"}
	thumb, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("name signing key: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	options := (&jose.SignerOptions{}).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		return nil, fmt.Errorf("create signer: %w", err)
	}
	return &signingKey{signer: signer, public: key.Public()}, nil
}

// claims are the claims of OpenID Connect Core, sections 2 and 3.1.3.6.
type claims struct {
	Issuer          string `json:"iss"`
	Subject         string `json:"sub"`
	Audience        string `json:"aud"`
	Expires         int64  `json:"exp"`
	IssuedAt        int64  `json:"iat"`
	AuthTime        int64  `json:"auth_time"`
	Nonce           string `json:"nonce,omitempty"`
	AccessTokenHash string `json:"at_hash"`
	Username        string `json:"preferred_username,omitempty"`
}

// idToken returns the ID token of the account. At a refresh it has no nonce (OpenID Connect Core, section 12.2).
func (ex *exchange) idToken(t tokens, grantType string) (string, error) {
	half := sha256.Sum256([]byte(t.access))
	c := claims{
		Issuer:          ex.iss,
		Subject:         t.grant.account,
		Audience:        t.grant.client.spec.ID,
		Expires:         t.issued.Add(idTokenLifetime).Unix(),
		IssuedAt:        t.issued.Unix(),
		AuthTime:        t.grant.authTime.Unix(),
		AccessTokenHash: base64.RawURLEncoding.EncodeToString(half[:sha256.Size/2]),
	}
	if grantType == control.GrantAuthorizationCode {
		c.Nonce = t.grant.nonce
	}
	if t.scope.has(scopeProfile) {
		c.Username = t.grant.account
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode ID token: %w", err)
	}
	signed, err := ex.is.key.signer.Sign(text)
	if err != nil {
		return "", fmt.Errorf("sign ID token: %w", err)
	}
	return signed.CompactSerialize()
}

// jwks returns the public key (RFC 7517, section 5).
func (ex *exchange) jwks() (reply, error) {
	return jsonReply(http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{ex.is.key.public}})
}
