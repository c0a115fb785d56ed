package probe

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// Content keeps nothing between visits: a server may execute each visit in another process, on another machine, and
// from another folder. To use a secret of one visit in a later one, the client of both carries the secret. The
// content seals it, so that the client never has the secret itself. The client has the key, and keeps the key out of
// what it records.

const (
	// SealKeySize is the size of the key of seal and open in bytes.
	SealKeySize = 32
	// maxSealed is the maximum size of a value that seal accepts, in bytes. The sealed value must fit into the query of
	// a later visit, which encodes it in base64 twice.
	maxSealed = 4096
)

// NewSealKey returns a new key for the member Key of [Action].
func NewSealKey() string {
	key := make([]byte, SealKeySize)
	_, _ = rand.Read(key) // it never returns an error
	return base64.RawURLEncoding.EncodeToString(key)
}

// seal encrypts a value. The result contains the encrypted value and the digest of the value.
func (v *visit) seal(_ context.Context, _ int, a Action) Result {
	value, err := v.fill(a.Value)
	if err != nil {
		return Result{Error: err.Error()}
	}
	if len(value) > maxSealed {
		return Result{Error: fmt.Sprintf("seal: the value has %d bytes; at most %d are allowed", len(value), maxSealed)}
	}
	box, err := sealBox(a.Key)
	if err != nil {
		return Result{Error: err.Error()}
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce)
	text := box.Seal(nonce, nonce, []byte(value), []byte(Version))
	return Result{Sealed: base64.RawURLEncoding.EncodeToString(text), Digest: Digest(value)}
}

// open decrypts a value that seal has encrypted. Later actions of the visit use it by the placeholder {opened}. The
// result contains its digest.
func (v *visit) open(_ context.Context, _ int, a Action) Result {
	box, err := sealBox(a.Key)
	if err != nil {
		return Result{Error: err.Error()}
	}
	text, err := base64.RawURLEncoding.DecodeString(a.Value)
	if err != nil || len(text) < box.NonceSize() || len(text) > box.NonceSize()+maxSealed+box.Overhead() {
		return Result{Error: "open: the value is none that seal returned"}
	}
	value, err := box.Open(nil, text[:box.NonceSize()], text[box.NonceSize():], []byte(Version))
	if err != nil {
		return Result{Error: "open: the value was not sealed with this key"}
	}
	v.opened = string(value)
	return Result{Digest: Digest(v.opened)}
}

// sealBox returns the cipher of seal and open for a key in base64url.
func sealBox(key string) (cipher.AEAD, error) {
	raw, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || len(raw) != SealKeySize {
		return nil, errSealKey
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// errSealKey does not quote the key, because an error is part of a report.
var errSealKey = errors.New("the member key is not base64url of 32 bytes without padding")

// checkSealing returns an error if an action lacks what seal and open need, or has it although it is another action.
func checkSealing(a Action) error {
	if a.Do != DoSeal && a.Do != DoOpen {
		if a.Key != "" || a.Value != "" {
			return fmt.Errorf("the members key and value belong to %q and %q only", DoSeal, DoOpen)
		}
		return nil
	}
	if a.Value == "" {
		return fmt.Errorf("%s without a value; give a placeholder or what seal returned", a.Do)
	}
	_, err := sealBox(a.Key)
	return err
}
