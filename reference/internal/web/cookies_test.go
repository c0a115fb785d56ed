package web_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"countersign/reference/internal/account"
	"countersign/reference/internal/store"
	"countersign/reference/internal/web"
)

// countingStore counts the reads of sessions and the write transactions.
type countingStore struct {
	account.Store
	reads, writes atomic.Int64
}

func (c *countingStore) SessionUser(ctx context.Context, id string) (account.Session, account.User, error) {
	c.reads.Add(1)
	return c.Store.SessionUser(ctx, id)
}

func (c *countingStore) Update(ctx context.Context, do func(account.Tx) error) error {
	c.writes.Add(1)
	return c.Store.Update(ctx, do)
}

// A request with thousands of session cookies costs a bounded number of reads, and a logout with them one transaction.
func TestManySessionCookies(t *testing.T) {
	t.Parallel()
	for _, configuration := range []string{proxied, "[Authentication]\nProvider = password\n"} {
		counted := &countingStore{}
		s := newSite(t, configuration, func(o *web.Options, db *store.DB) {
			counted.Store = db.Accounts()
			o.Accounts = account.New(account.Options{Store: counted, Policy: o.Accounts.Policy, Now: o.Now, SessionLifetime: time.Hour})
		})
		s.user("ada").get("__api__/server_settings").want(200, 0)
		many := "Cookie: " + strings.Repeat("rsconnect=x; ", 2999) + "other=y"
		counted.reads.Store(0)
		s.user("ada").get("__api__/server_settings", many).want(200, 0)
		if n := counted.reads.Load(); n != 16 {
			t.Errorf("%s: %d reads of sessions, want 16", configuration, n)
		}
		counted.writes.Store(0)
		s.visitor().get("__logout__", many).want(302, 0)
		if n := counted.writes.Load(); n != 1 {
			t.Errorf("%s: %d transactions, want 1", configuration, n)
		}
		s.visitor().get("__logout__").want(302, 0)
		if n := counted.writes.Load(); n != 1 {
			t.Errorf("%s: a logout without cookies made %d transactions", configuration, n-1)
		}
	}
}

// A logout ends the session of every cookie that the browser sends.
func TestLogoutEndsEverySession(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	first, second := s.signIn("ada").cookie("rsconnect"), s.signIn("ada").cookie("rsconnect")
	s.visitor().get("__logout__", "Cookie: rsconnect="+first+"; rsconnect=x; rsconnect="+second).want(302, 0)
	for _, cookie := range []string{first, second} {
		if _, err := s.accounts.SessionOf(context.Background(), cookie); err != account.ErrNoSession {
			t.Errorf("the session remains: %v", err)
		}
	}
}
