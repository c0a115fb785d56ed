package fakeidp

import (
	"crypto/sha256"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"countersign/fakeidp/control"
)

// An issuer is one tenant, with all data for one first path segment. Issuers share no data except the table of
// issuers of the provider.
type issuer struct {
	name    string
	clock   func() time.Time
	rand    io.Reader
	journal journal

	keys         atomic.Pointer[keyring]    // changed under mu
	faults       atomic.Pointer[faultSet]   // nil if there are none
	clockSetting atomic.Pointer[clockState] // changed under mu; nil if the clock is that of the provider

	accessLifetime, refreshLifetime time.Duration
	omitExpiresIn, omitRefresh      bool

	// mu guards the following fields and everything in them. It is held for look-ups and assignments only, and never
	// while a value is signed, read or sent.
	mu             sync.Mutex
	clients        map[string]*client
	accounts       map[string]*account
	defaultAccount string
	sessions       *ledger[*session]
	choices        *ledger[*authRequest]
	codes          *ledger[*code]
	access         *ledger[*accessToken]
	refresh        *ledger[*refreshToken]
}

// A client is a registered client. Except laxity it is immutable.
type client struct {
	spec   control.ClientSpec // with defaults, but without the secret
	secret [sha256.Size]byte  // digest
	scopes scope
	laxity atomic.Pointer[control.Lax] // nil if there is none; see lax
}

func (c *client) may(grantType string) bool { return slices.Contains(c.spec.GrantTypes, grantType) }

// An account is a person or a service.
type account struct {
	name    string
	rows    []string
	consent control.Consent
}

// A session assigns an account to a browser.
type session struct {
	account  string
	authTime time.Time
}

func (is *issuer) client(id string) *client {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.clients[id]
}

// rows returns the data that an account may read.
func (is *issuer) rows(name string) []string {
	is.mu.Lock()
	defer is.mu.Unlock()
	if a := is.accounts[name]; a != nil {
		return slices.Clone(a.rows)
	}
	return nil
}

// describe returns the issuer in the form of the management API, without secrets.
func (is *issuer) describe() control.Issuer {
	is.mu.Lock()
	defer is.mu.Unlock()
	d := control.Issuer{
		Name:                 is.name,
		DefaultAccount:       is.defaultAccount,
		AccessTokenLifetime:  int(is.accessLifetime / time.Second),
		RefreshTokenLifetime: int(is.refreshLifetime / time.Second),
		OmitExpiresIn:        is.omitExpiresIn,
		OmitRefreshToken:     is.omitRefresh,
	}
	for _, id := range slices.Sorted(maps.Keys(is.clients)) {
		d.Clients = append(d.Clients, is.clients[id].spec)
	}
	for _, name := range slices.Sorted(maps.Keys(is.accounts)) {
		d.Accounts = append(d.Accounts, control.Account{Name: name, Rows: slices.Clone(is.accounts[name].rows)})
	}
	return d
}

// scopes returns the scopes that at least one client may request, for the metadata.
func (is *issuer) scopes() []string {
	is.mu.Lock()
	defer is.mu.Unlock()
	all := scope(defaultScopes)
	for _, c := range is.clients {
		all = append(all, c.scopes...)
	}
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	if is.omitRefresh {
		all = all.without(scopeOffline)
	}
	return all
}
