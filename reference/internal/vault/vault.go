// Package vault encrypts values that must not be readable in a stolen database: OAuth access and refresh tokens,
// client secrets, PKCE verifiers. It also derives the keys that sign short-lived session tokens.
//
// A sealed value is text that is bound to its place (table, column and row), so that a value copied into another row
// cannot be opened there. Each value contains the id of its key. A key file may hold older keys, which only open. The
// package does not interpret the values and does not store them.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the length of a master key: 256 bits, as AES-256 and HMAC-SHA-256 require.
const KeySize = 32

// format is the first part of each sealed value. A later algorithm can use another format, so that both remain
// readable.
const format = "v1"

// ErrSealed is the error of Open for another key, another place or a damaged value. It does not distinguish them,
// because the difference would help an attacker only.
var ErrSealed = errors.New("sealed value cannot be opened")

// A Vault seals and opens values. It is safe for concurrent use.
type Vault struct {
	current key
	byID    map[string]key
}

// key is a master key with the keys derived from it.
type key struct {
	id     string
	master []byte
	aead   cipher.AEAD
}

// New returns a vault with master keys of KeySize bytes each. The first key seals and signs; all of them open.
func New(masters ...[]byte) (*Vault, error) {
	if len(masters) == 0 {
		return nil, errors.New("vault: no key")
	}
	v := &Vault{byID: make(map[string]key, len(masters))}
	for i, master := range masters {
		k, err := derive(master)
		if err != nil {
			return nil, fmt.Errorf("vault: key %d: %w", i+1, err)
		}
		if _, twice := v.byID[k.id]; twice {
			return nil, fmt.Errorf("vault: key %d is a duplicate", i+1)
		}
		if i == 0 {
			v.current = k
		}
		v.byID[k.id] = k
	}
	return v, nil
}

// derive derives the sealing key and the public id of a master key with HKDF (RFC 5869), so that neither reveals the
// master key.
func derive(master []byte) (key, error) {
	if len(master) != KeySize {
		return key{}, fmt.Errorf("%d bytes, %d wanted", len(master), KeySize)
	}
	sealing, err := hkdf.Key(sha256.New, master, nil, "countersign seal", KeySize)
	if err != nil {
		return key{}, fmt.Errorf("derive sealing key: %w", err)
	}
	name, err := hkdf.Key(sha256.New, master, nil, "countersign key id", 4)
	if err != nil {
		return key{}, fmt.Errorf("derive key id: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, err
	}
	return key{id: hex.EncodeToString(name), master: append([]byte(nil), master...), aead: aead}, nil
}

// ID returns the public id of the key that seals.
func (v *Vault) ID() string { return v.current.id }

// Has reports whether the vault has the key with that id.
func (v *Vault) Has(id string) bool {
	_, known := v.byID[id]
	return known
}

// Place returns the name of the place of a sealed value. Different arguments give different names.
func Place(table, column, row string) string {
	// The lengths distinguish triples whose concatenations are equal.
	return fmt.Sprintf("%d:%s/%d:%s/%s", len(table), table, len(column), column, row)
}

// Seal encrypts plaintext, which may be empty, for place.
func (v *Vault) Seal(plaintext, place string) string {
	box := v.current.aead.Seal(nil, nil, []byte(plaintext), []byte(place))
	return format + "." + v.current.id + "." + base64.RawURLEncoding.EncodeToString(box)
}

// Open decrypts a value that Seal returned for the same place. The error is ErrSealed.
func (v *Vault) Open(sealed, place string) (string, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != format {
		return "", ErrSealed
	}
	k, known := v.byID[parts[1]]
	if !known {
		return "", ErrSealed
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return "", ErrSealed
	}
	plaintext, err := k.aead.Open(nil, nil, box, []byte(place))
	if err != nil {
		return "", ErrSealed
	}
	return string(plaintext), nil
}

// Key derives a key of KeySize bytes for one purpose, such as signing. Nodes that share a master key derive the same
// key.
func (v *Vault) Key(purpose string) []byte {
	k, err := hkdf.Key(sha256.New, v.current.master, nil, "countersign purpose "+purpose, KeySize)
	if err != nil { // only for lengths beyond 255 hashes
		panic("vault: " + err.Error())
	}
	return k
}
