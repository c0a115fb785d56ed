package fakeidp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// The marks of the provider's secrets. Leak checks seek them.
const (
	markRefresh = "rt_csn_"
	markAccess  = "at_csn_"
	markCode    = "ac_csn_"
	markSecret  = "cs_csn_"
)

// mint makes a secret: a mark and 256 random bits, twice what RFC 6749,
// section 10.10, asks for.
func (is *issuer) mint(mark string) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(is.rand, b[:]); err != nil {
		return "", fmt.Errorf("mint secret: %w", err)
	}
	return mark + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// A digest stands for a secret. Looking a secret up by its digest tells the
// one who asks nothing by its timing, whatever the map does.
type digest [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// A grant is what an account once agreed to, or a client's own: all codes and
// tokens that go back to it die with it. RFC 9700 calls its refresh tokens a
// family.
type grant struct {
	client   *client
	account  string
	scope    scope
	nonce    string
	authTime time.Time
	revoked  bool
}

// A code is an authorization code.
type code struct {
	*grant
	redirectURI string
	challenge   string
	issued      time.Time
	spent       bool
}

type accessToken struct {
	*grant
	scope   scope // may be narrower than the grant's
	issued  time.Time
	expires time.Time
	ended   bool // revoked by itself
}

func (t *accessToken) active(now time.Time) bool {
	return !t.revoked && !t.ended && now.Before(t.expires)
}

type refreshToken struct {
	*grant
	issued  time.Time
	expires time.Time
	used    bool
}

func (t *refreshToken) active(now time.Time) bool {
	return !t.revoked && !t.used && now.Before(t.expires)
}

// A ledger keeps values by digest, in the order in which they came, and forgets
// the oldest when it has too many or when they are past remembering.
type ledger[T any] struct {
	bound  int
	values map[digest]T
	order  []digest // from head on
	head   int
}

func newLedger[T any](bound int) *ledger[T] {
	return &ledger[T]{bound: bound, values: map[digest]T{}}
}

func (l *ledger[T]) get(d digest) (T, bool) {
	v, ok := l.values[d]
	return v, ok
}

// put adds a value and forgets, from the oldest on, those that are over.
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

// tokens are what one token reply gives.
type tokens struct {
	grant   *grant
	access  string
	refresh string // "" if none
	scope   scope
	issued  time.Time
}

// newTokens mints the secrets of a reply. They open nothing before they are
// stored.
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

// store makes the tokens good. The caller holds is.mu, and has checked under
// the same hold whatever entitles the client to them.
func (is *issuer) store(t tokens) {
	now := is.now()
	is.access.put(digestOf(t.access), &accessToken{
		grant: t.grant, scope: t.scope, issued: now, expires: now.Add(is.accessLifetime),
	}, func(old *accessToken) bool { return !now.Before(old.expires) })
	if t.refresh != "" {
		is.refresh.put(digestOf(t.refresh), &refreshToken{
			grant: t.grant, issued: now, expires: now.Add(is.refreshLifetime),
		}, func(old *refreshToken) bool { return !now.Before(old.expires) })
	}
}

// revokeAccount ends every live grant of an account and says how many.
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
			end(c.grant, !c.revoked && !c.spent && now.Before(c.issued.Add(codeLifetime)))
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
