// Package secrets makes random secrets and the hashes by which they are stored.
package secrets

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// New returns 256 random bits as text that cookies, headers and URLs carry unchanged.
func New() string {
	var b [32]byte
	rand.Read(b[:]) //nolint:errcheck // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Hash returns the form in which a server stores a secret that it only has to recognize. A fast hash suffices,
// because an attacker cannot try all values of 128 random bits or more.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
