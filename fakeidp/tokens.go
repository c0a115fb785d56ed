package fakeidp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// The prefixes of secrets, which leak checks search for.
const (
	markRefresh = "rt_csn_"
	markAccess  = "at_csn_"
	markCode    = "ac_csn_"
	markSecret  = "cs_csn_"
)

// mint returns a secret: a prefix and 256 random bits, which is twice the number that RFC 6749, section 10.10,
// requires.
func (is *issuer) mint(mark string) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(is.rand, b[:]); err != nil {
		return "", fmt.Errorf("mint secret: %w", err)
	}
	return mark + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// A digest stands for a secret. A look-up by digest does not reveal the secret by its timing.
type digest [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// A grant is the permission that an account gave to a client, or the permission of a client itself. Revoking it
// invalidates all its codes and tokens. RFC 9700 calls its refresh tokens a family.
type grant struct {
	client   *client
	account  string
	scope    scope
	nonce    string
	authTime time.Time
	revoked  bool
}

// A single is the part that codes and refresh tokens have in common: they can be used once.
type single struct {
	*grant
	issued time.Time
	used   bool
}

// claim returns an error unless the client may use a code or a refresh token, which it calls by name, for the first
// time. The caller holds the lock of the issuer and sets used.
//
// A use by another client changes nothing: a client that stole the secret must not prevent its use by the owner. A
// second use revokes the grant, because the provider cannot know which of the two uses is that of an attacker.
func (u *single) claim(ex *exchange, c *client, name string) error {
	if u.client != c {
		return invalidGrant("the " + name + " was issued to another client")
	}
	ex.entry.Account = u.account
	if u.used {
		u.revoked = true
		return invalidGrant("the " + name + " was used before, and its whole grant is revoked")
	}
	return nil
}

// A code is an authorization code.
type code struct {
	single
	redirectURI string
	challenge   string
}

type accessToken struct {
	*grant
	account string // that of the grant, unless the provider is lax
	scope   scope  // may be a subset of the scope of the grant
	issued  time.Time
	expires time.Time
	ended   bool // revoked separately
}

func (t *accessToken) active(now time.Time) bool {
	return !t.revoked && !t.ended && now.Before(t.expires)
}

type refreshToken struct {
	single
	expires time.Time
}

func (t *refreshToken) active(now time.Time) bool {
	return !t.revoked && !t.used && now.Before(t.expires)
}

// A ledger holds values by digest in the order of insertion. It removes the oldest ones if there are too many or if
// they have expired.
type ledger[T any] struct {
	bound  int
	values map[digest]T
	order  []digest // starts at head
	head   int
}

func newLedger[T any](bound int) *ledger[T] {
	return &ledger[T]{bound: bound, values: map[digest]T{}}
}

func (l *ledger[T]) get(d digest) (T, bool) {
	v, ok := l.values[d]
	return v, ok
}

// put adds a value and removes expired values from the oldest on.
func (l *ledger[T]) put(d digest, v T, over func(T) bool) {
	for l.head < len(l.order) {
		oldest, ok := l.values[l.order[l.head]]
		if ok && !over(oldest) && len(l.values) < l.bound {
			break
		}
		delete(l.values, l.order[l.head])
		l.head++
	}
	if l.head > len(l.order)/2 {
		l.order = append(l.order[:0], l.order[l.head:]...)
		l.head = 0
	}
	l.values[d] = v
	l.order = append(l.order, d)
}

// take removes a value and returns it.
func (l *ledger[T]) take(d digest) (T, bool) {
	v, ok := l.values[d]
	delete(l.values, d)
	return v, ok
}

// tokens are the secrets of one token reply.
type tokens struct {
	grant   *grant
	access  string
	refresh string // "" if none
	scope   scope
	issued  time.Time
}

// newTokens creates the secrets of a reply. They are not valid until they are stored.
func (is *issuer) newTokens(refresh bool) (tokens, error) {
	access, err := is.mint(markAccess)
	if err != nil {
		return tokens{}, err
	}
	t := tokens{access: access, issued: is.now()}
	if refresh {
		t.refresh, err = is.mint(markRefresh)
	}
	return t, err
}

// store makes the tokens valid. The caller holds is.mu and has checked the request under the same lock.
func (is *issuer) store(t tokens) {
	now := is.now()
	is.access.put(digestOf(t.access), &accessToken{
		grant: t.grant, account: t.holder(), scope: t.scope, issued: now, expires: now.Add(is.accessLifetime),
	}, func(old *accessToken) bool { return !now.Before(old.expires) })
	if t.refresh != "" {
		is.refresh.put(digestOf(t.refresh), &refreshToken{
			single: single{grant: t.grant, issued: now}, expires: now.Add(is.refreshLifetime),
		}, func(old *refreshToken) bool { return !now.Before(old.expires) })
	}
}

// revokeAccount revokes every live grant of an account and returns their number.
func (is *issuer) revokeAccount(name string) (int, error) {
	now, n := is.now(), 0
	end := func(g *grant, alive bool) {
		if alive && g.account == name {
			g.revoked = true
			n++
		}
	}
	err := is.change(name, func(*account) {
		for _, c := range is.codes.values {
			end(c.grant, !c.revoked && !c.used && now.Before(c.issued.Add(codeLifetime)))
		}
		for _, t := range is.refresh.values {
			end(t.grant, t.active(now))
		}
		for _, t := range is.access.values {
			end(t.grant, t.active(now))
		}
	})
	return n, err
}
