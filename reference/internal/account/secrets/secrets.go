// Package secrets makes random secrets and the hashes by which they are stored.
package secrets

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// New returns more than 256 random bits as text that cookies, headers and URLs carry unchanged. It consists of 52
// capital letters and digits, so that it never begins with the hyphen of a command-line option, and is long enough for
// the code_verifier of RFC 7636 section 4.1 (43 characters).
func New() string { return rand.Text() + rand.Text() }

// Hash returns the form in which a server stores a secret that it only has to recognize. A fast hash suffices,
// because an attacker cannot try all values of 128 random bits or more.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
