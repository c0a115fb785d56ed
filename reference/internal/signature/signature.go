// Package signature verifies requests that deployment clients sign with credentials that a user has confirmed.
package signature

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the protocol's choice
	"encoding/base64"
	"net/http"
)

// Headers of a signed request (document lines 56 to 60).
const (
	TokenHeader    = "X-Auth-Token"
	Header         = "X-Auth-Signature"
	ChecksumHeader = "X-Content-Checksum"
)

// An Error is the reason why a signature is not valid. It is for the log.
type Error string

func (e Error) Error() string { return "signed request: " + string(e) }

// Verify checks the signature of a request: RSA PKCS #1 v1.5 with SHA-1 over method, path, date and checksum, one on
// each line, as rsconnect and Publisher create it. The signature must match one of the paths. The error is an
// [Error].
func Verify(key *rsa.PublicKey, method string, paths []string, h http.Header) error {
	var values [3]string
	for i, name := range [...]string{"Date", ChecksumHeader, Header} {
		lines := h[name]
		if len(lines) != 1 {
			return Error("not one " + name)
		}
		values[i] = lines[0]
	}
	signature, err := base64.StdEncoding.DecodeString(values[2])
	if err != nil {
		return Error("the signature is not base64")
	}
	for _, path := range paths {
		digest := sha1.Sum([]byte(canonical(method, path, values[0], values[1]))) //nolint:gosec // the protocol's choice
		if rsa.VerifyPKCS1v15(key, crypto.SHA1, digest[:], signature) == nil {
			return nil
		}
	}
	return Error("the signature does not fit method, path, date and checksum")
}

// canonical returns the text that a client signs.
func canonical(method, path, date, checksum string) string {
	return method + "\n" + path + "\n" + date + "\n" + checksum
}
