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

// maxKeys bounds the published keys of an issuer.
const maxKeys = 16

// A keyring holds the signing key of an issuer and the keys in its JWKS, newest first. It is immutable.
type keyring struct {
	signing   *signingKey
	published []jose.JSONWebKey
}

// rotateKey makes a new signing key (OpenID Connect Core, section 10.1.1). The older keys stay in the JWKS unless they
// are retired.
func (is *issuer) rotateKey(retireOld bool) error {
	key, err := newSigningKey()
	if err != nil {
		return err
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	published := []jose.JSONWebKey{key.public}
	if !retireOld {
		published = append(published, is.keys.Load().published...)
	}
	is.keys.Store(&keyring{signing: key, published: published[:min(len(published), maxKeys)]})
	return nil
}

// describe returns the keys in the form of the management API.
func (k *keyring) describe() control.Keys {
	keys := control.Keys{Signing: k.signing.public.KeyID}
	for _, key := range k.published {
		keys.Published = append(keys.Published, key.KeyID)
	}
	return keys
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
		Issuer:          t.grant.client.claimedIssuer(ex.iss),
		Subject:         t.holder(),
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
		c.Username = t.holder()
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode ID token: %w", err)
	}
	signed, err := ex.is.keys.Load().signing.signer.Sign(text)
	if err != nil {
		return "", fmt.Errorf("sign ID token: %w", err)
	}
	return signed.CompactSerialize()
}

// jwks returns the public keys (RFC 7517, section 5).
func (ex *exchange) jwks() (reply, error) {
	return jsonReply(http.StatusOK, jose.JSONWebKeySet{Keys: ex.is.keys.Load().published})
}
