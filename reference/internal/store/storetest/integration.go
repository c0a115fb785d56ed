package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/integration"
	"countersign/reference/internal/store"
)

// RunIntegrations tests the contract of OAuth integrations. open is as for Run.
func RunIntegrations(t *testing.T, open func(testing.TB) *store.DB) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *store.DB)
	}{
		{"Integrations", oauthIntegrations},
		{"Associations", oauthAssociations},
		{"Sessions", oauthSessions},
		{"OneSession", oauthOneSession},
		{"Refresh", oauthRefresh},
		{"OneLease", oauthOneLease},
		{"Logins", oauthLogins},
		{"OldLogins", oauthOldLogins},
		{"OneLogin", oauthOneLogin},
		{"Cascades", oauthCascades},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func addIntegration(t *testing.T, db *store.DB, guid string) *integration.Integration {
	t.Helper()
	name := "Name of " + guid
	i := &integration.Integration{GUID: guid, Name: &name, Template: "custom", Secret: "sealed", CreatedTime: day, UpdatedTime: day,
		Config: integration.Config{AuthMode: "Confidential", AuthType: integration.Viewer, ClientID: "c", AuthorizationURI: "https://i/a",
			TokenURI: "https://i/t", EndpointAuth: "client_secret_basic", UsePKCE: true}}
	write(t, db, func(tx integration.Tx) error { return tx.InsertIntegration(ctx, i) })
	return i
}

// write executes one Update, which must succeed.
func write(t *testing.T, db *store.DB, do func(integration.Tx) error) {
	t.Helper()
	if err := db.Integrations().Update(ctx, do); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// wantNotFound executes one Update, which must return dberr.NotFound.
func wantNotFound(t *testing.T, db *store.DB, name string, do func(integration.Tx) error) {
	t.Helper()
	if err := db.Integrations().Update(ctx, do); !errors.Is(err, dberr.NotFound) {
		t.Errorf("%s = %v, want dberr.NotFound", name, err)
	}
}

func oauthIntegrations(t *testing.T, db *store.DB) {
	s := db.Integrations()
	first, next := addIntegration(t, db, "zz"), addIntegration(t, db, "aa")
	if got, err := s.Integration(ctx, "zz"); err != nil || cmp.Diff(first, got) != "" {
		t.Errorf("Integration: %v\n%s", err, cmp.Diff(first, got))
	}
	if list, err := s.Integrations(ctx); err != nil || cmp.Diff([]*integration.Integration{first, next}, list) != "" {
		t.Errorf("Integrations is not in the order of creation: %v", err)
	}
	first.Name, first.Secret, first.Config.Scopes, first.UpdatedTime = nil, "other", "s", day.Add(time.Hour)
	write(t, db, func(tx integration.Tx) error { return tx.UpdateIntegration(ctx, first) })
	if got, err := s.Integration(ctx, "zz"); err != nil || cmp.Diff(first, got) != "" {
		t.Errorf("after UpdateIntegration: %v\n%s", err, cmp.Diff(first, got))
	}
	refusal := errors.New("no")
	if err := s.Update(ctx, func(tx integration.Tx) error {
		return errors.Join(tx.UpdateIntegration(ctx, &integration.Integration{GUID: "zz", Secret: "x"}), refusal)
	}); !errors.Is(err, refusal) {
		t.Errorf("Update = %v, want the error of do", err)
	}
	if got, _ := s.Integration(ctx, "zz"); got.Secret != "other" {
		t.Error("Update stored a change although do returned an error")
	}
	write(t, db, func(tx integration.Tx) error { return tx.DeleteIntegration(ctx, "zz") })
	if err := second(s.Integration(ctx, "zz")); !errors.Is(err, dberr.NotFound) {
		t.Errorf("Integration of nothing = %v", err)
	}
	wantNotFound(t, db, "UpdateIntegration of nothing", func(tx integration.Tx) error { return tx.UpdateIntegration(ctx, first) })
	wantNotFound(t, db, "DeleteIntegration of nothing", func(tx integration.Tx) error { return tx.DeleteIntegration(ctx, "zz") })
}

func guidsOf(list []integration.Association) []string {
	guids := []string{}
	for _, a := range list {
		guids = append(guids, a.ContentGUID+" "+a.Integration.GUID)
	}
	return guids
}

func oauthAssociations(t *testing.T, db *store.DB) {
	s := db.Integrations()
	paula := addUser(t, db, account.User{Username: "paula"})
	x, y := addItem(t, db, paula, "x-item"), addItem(t, db, paula, "y-item")
	addIntegration(t, db, "a")
	addIntegration(t, db, "b")
	associate(t, db, x.GUID, "b", day)
	associate(t, db, y.GUID, "b", day)
	associate(t, db, x.GUID, "a", day.Add(time.Hour))
	list, err := s.Associations(ctx, x.GUID)
	if diff := cmp.Diff([]string{x.GUID + " a", x.GUID + " b"}, guidsOf(list)); err != nil || diff != "" {
		t.Errorf("Associations: %v\n%s", err, diff)
	}
	if !list[1].CreatedTime.Equal(day) || !list[0].CreatedTime.Equal(day.Add(time.Hour)) {
		t.Errorf("times %v, %v", list[0].CreatedTime, list[1].CreatedTime)
	}
	if list, err := s.AssociationsOf(ctx, "b"); err != nil || len(list) != 2 {
		t.Errorf("AssociationsOf = %v, %v", guidsOf(list), err)
	}
	for _, pair := range [][2]string{{x.GUID, "nothing"}, {"nothing", "a"}} {
		wantNotFound(t, db, "InsertAssociation of "+pair[0]+" and "+pair[1],
			func(tx integration.Tx) error { return tx.InsertAssociation(ctx, pair[0], pair[1], day) })
	}
	if err := s.Update(ctx, func(tx integration.Tx) error { return tx.InsertAssociation(ctx, x.GUID, "a", day) }); !errors.Is(err, dberr.Exists) {
		t.Errorf("InsertAssociation twice = %v", err)
	}
	write(t, db, func(tx integration.Tx) error { return tx.DeleteAssociations(ctx, x.GUID) })
	if list, err := s.Associations(ctx, x.GUID); err != nil || len(list) != 0 {
		t.Errorf("after DeleteAssociations: %v, %v", guidsOf(list), err)
	}
	if list, err := s.AssociationsOf(ctx, "b"); err != nil || len(list) != 1 || list[0].ContentGUID != y.GUID {
		t.Errorf("associations of another item after DeleteAssociations: %v, %v", guidsOf(list), err)
	}
}

func associate(t *testing.T, db *store.DB, item, guid string, at time.Time) {
	t.Helper()
	write(t, db, func(tx integration.Tx) error { return tx.InsertAssociation(ctx, item, guid, at) })
}

func newSession(guid, user, in string) *integration.Session {
	return &integration.Session{GUID: guid, UserGUID: user, IntegrationGUID: in, CreatedTime: day, UpdatedTime: day}
}

func addSession(t *testing.T, db *store.DB, guid, user, in string) *integration.Session {
	t.Helper()
	write(t, db, func(tx integration.Tx) error { return tx.SaveSession(ctx, newSession(guid, user, in)) })
	got, err := db.Integrations().Session(ctx, guid)
	if err != nil {
		t.Fatalf("Session: %v", err)
	}
	return got
}

func oauthSessions(t *testing.T, db *store.DB) {
	s := db.Integrations()
	alice, bob := addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	addIntegration(t, db, "a")
	addIntegration(t, db, "b")
	first := addSession(t, db, "s1", alice.GUID, "a")
	addSession(t, db, "s3", alice.GUID, "b")
	addSession(t, db, "s4", bob.GUID, "a")
	wantNotFound(t, db, "SaveSession with no integration", func(tx integration.Tx) error { return tx.SaveSession(ctx, newSession("s5", alice.GUID, "nothing")) })
	own, err1 := s.SessionsOf(ctx, alice.GUID)
	all, err2 := s.Sessions(ctx)
	if err1 != nil || err2 != nil || len(own) != 2 || len(all) != 3 {
		t.Errorf("%d own sessions (%v), %d in all (%v); want 2 and 3", len(own), err1, len(all), err2)
	}
	save := newSession("other-guid", alice.GUID, "a")
	save.Tokens = integration.SealedTokens{Access: "a", Refresh: "r", ObtainedTime: day, ExpiresTime: day.Add(time.Hour)}
	save.CreatedTime, save.UpdatedTime = day.Add(time.Minute), day.Add(time.Minute)
	write(t, db, func(tx integration.Tx) error { return tx.SaveSession(ctx, save) })
	got, err := s.SessionOf(ctx, alice.GUID, "a")
	want := *first
	want.Tokens, want.UpdatedTime, want.Revision = save.Tokens, save.UpdatedTime, first.Revision+1
	if err != nil || cmp.Diff(&want, got) != "" {
		t.Errorf("after the second SaveSession: %v\n%s", err, cmp.Diff(&want, got))
	}
	end := func(tx integration.Tx) error { return tx.DeleteSession(ctx, alice.GUID, "a") }
	write(t, db, end)
	write(t, db, end) // there is none
	for name, err := range map[string]error{"Session": second(s.Session(ctx, first.GUID)), "SessionOf": second(s.SessionOf(ctx, alice.GUID, "a"))} {
		if !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s of a deleted session = %v", name, err)
		}
	}
	write(t, db, func(tx integration.Tx) error { return tx.DeleteSessionsOf(ctx, "a") })
	if all, err := s.Sessions(ctx); err != nil || len(all) != 1 || all[0].GUID != "s3" {
		t.Errorf("after DeleteSessionsOf: %v, %v; want the session with the other integration", all, err)
	}
}

// oauthOneSession tests that concurrent logins result in one session.
func oauthOneSession(t *testing.T, db *store.DB) {
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	s := db.Integrations()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			session := newSession(fmt.Sprint("s", i), alice.GUID, "a")
			session.Tokens = integration.SealedTokens{Access: "a", Refresh: "r"}
			if err := s.Update(ctx, func(tx integration.Tx) error { return tx.SaveSession(ctx, session) }); err != nil {
				t.Errorf("SaveSession: %v", err)
			}
		})
	}
	wg.Wait()
	if all, err := s.Sessions(ctx); err != nil || len(all) != 1 || !all[0].LoggedIn() {
		t.Errorf("%d sessions, %v; want one, logged in", len(all), err)
	}
}

// leaseRefresh calls LeaseRefresh for ten seconds.
func leaseRefresh(db *store.DB, guid string, revision int64, now time.Time) (mine bool, err error) {
	err = db.Integrations().Update(ctx, func(tx integration.Tx) (err error) {
		mine, err = tx.LeaseRefresh(ctx, guid, revision, now, now.Add(10*time.Second))
		return err
	})
	return mine, err
}

func oauthRefresh(t *testing.T, db *store.DB) {
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	session := addSession(t, db, "s", alice.GUID, "a")
	lease := func(revision int64, now time.Time) bool {
		t.Helper()
		got, err := leaseRefresh(db, session.GUID, revision, now)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if lease(session.Revision+1, day) {
		t.Error("a lease on another revision")
	}
	if !lease(session.Revision, day) || lease(session.Revision, day.Add(time.Second)) {
		t.Error("want one lease, and no second beside it")
	}
	if !lease(session.Revision, day.Add(10*time.Second)) {
		t.Error("an abandoned lease never ends")
	}
	end := func(tx integration.Tx) error { return tx.EndLease(ctx, session.GUID, session.Revision) }
	write(t, db, end)
	if !lease(session.Revision, day) {
		t.Error("no lease after one that ended without a result")
	}
	tokens := integration.SealedTokens{Access: "new", Refresh: "new"}
	write(t, db, func(tx integration.Tx) error { return tx.EndRefresh(ctx, session.GUID, session.Revision, tokens, day) })
	wantNotFound(t, db, "a late result", func(tx integration.Tx) error {
		return tx.EndRefresh(ctx, session.GUID, session.Revision, integration.SealedTokens{Access: "late"}, day)
	})
	wantNotFound(t, db, "a late end of the lease", end)
	if got, _ := db.Integrations().Session(ctx, session.GUID); got.Tokens != tokens {
		t.Errorf("tokens: %+v", got.Tokens)
	}
	if !lease(session.Revision+1, day) {
		t.Error("no lease after one that ended with a result")
	}
}

func oauthOneLease(t *testing.T, db *store.DB) {
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	session := addSession(t, db, "s", alice.GUID, "a")
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			mine, err := leaseRefresh(db, session.GUID, session.Revision, day)
			if err != nil {
				t.Errorf("LeaseRefresh: %v", err)
			}
			if mine {
				got.Add(1)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 {
		t.Errorf("%d callers have the lease", got.Load())
	}
}

func newLogin(n int, user, in string) *integration.Login {
	return &integration.Login{StateHash: fmt.Sprint("state", n), BrowserHash: "browser", UserGUID: user, IntegrationGUID: in,
		Verifier: "v", RedirectURI: "https://s/cb", ReturnTo: "/x", ExpiresTime: day.Add(10 * time.Minute)}
}

// startLogin stores the login n.
func startLogin(t *testing.T, db *store.DB, n int, user, in string) *integration.Login {
	t.Helper()
	l := newLogin(n, user, in)
	write(t, db, func(tx integration.Tx) error { return tx.InsertLogin(ctx, l) })
	return l
}

func takeLogin(db *store.DB, state, browser, user string, now time.Time) (l *integration.Login, err error) {
	err = db.Integrations().Update(ctx, func(tx integration.Tx) (err error) {
		l, err = tx.TakeLogin(ctx, state, browser, user, now)
		return err
	})
	return l, err
}

func oauthLogins(t *testing.T, db *store.DB) {
	alice, bob := addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	addIntegration(t, db, "a")
	l := startLogin(t, db, 1, alice.GUID, "a")
	for _, other := range []struct {
		name, state, browser, user string
		now                        time.Time
	}{
		{"another state", "x", "browser", alice.GUID, day},
		{"another browser", l.StateHash, "x", alice.GUID, day},
		{"another user", l.StateHash, "browser", bob.GUID, day},
		{"too late", l.StateHash, "browser", alice.GUID, l.ExpiresTime},
	} {
		if _, err := takeLogin(db, other.state, other.browser, other.user, other.now); !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s: %v, want dberr.NotFound", other.name, err)
		}
	}
	got, err := takeLogin(db, l.StateHash, "browser", alice.GUID, day)
	if err != nil || cmp.Diff(l, got) != "" {
		t.Errorf("TakeLogin: %v\n%s", err, cmp.Diff(l, got))
	}
	wantNotFound(t, db, "InsertLogin with no integration", func(tx integration.Tx) error { return tx.InsertLogin(ctx, newLogin(2, alice.GUID, "nothing")) })
}

// oauthOldLogins tests which logins each method deletes.
func oauthOldLogins(t *testing.T, db *store.DB) {
	alice, bob := addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	addIntegration(t, db, "a")
	addIntegration(t, db, "b")
	left := func(want ...int) {
		t.Helper()
		var got []int
		for n := range 8 {
			for _, user := range []string{alice.GUID, bob.GUID} {
				if _, err := takeLogin(db, fmt.Sprint("state", n), "browser", user, day); err == nil {
					got = append(got, n)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("logins:\n%s", diff)
		}
	}
	start := func() { // 0 to 3 of alice with a, 4 with b, 5 and 6 of bob
		for n := range 4 {
			startLogin(t, db, n, alice.GUID, "a")
		}
		startLogin(t, db, 4, alice.GUID, "b")
		startLogin(t, db, 5, bob.GUID, "a")
		startLogin(t, db, 6, bob.GUID, "b")
	}
	start()
	write(t, db, func(tx integration.Tx) error { return tx.TrimLogins(ctx, alice.GUID, "a", 2) })
	left(2, 3, 4, 5, 6)
	start()
	write(t, db, func(tx integration.Tx) error { return tx.DeleteLogins(ctx, alice.GUID, "a") })
	left(4, 5, 6)
	start()
	write(t, db, func(tx integration.Tx) error { return tx.DeleteLoginsOf(ctx, "a") })
	left(4, 6)
	start()
	write(t, db, func(tx integration.Tx) error {
		late := newLogin(7, bob.GUID, "b")
		late.ExpiresTime = late.ExpiresTime.Add(time.Microsecond)
		if err := tx.InsertLogin(ctx, late); err != nil {
			return err
		}
		return tx.DeleteLoginsBefore(ctx, newLogin(0, "", "").ExpiresTime)
	})
	left(7)
}

func oauthOneLogin(t *testing.T, db *store.DB) {
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	startLogin(t, db, 1, alice.GUID, "a")
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := takeLogin(db, "state1", "browser", alice.GUID, day); err == nil {
				got.Add(1)
			} else if !errors.Is(err, dberr.NotFound) {
				t.Errorf("TakeLogin: %v", err)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 {
		t.Errorf("a state was taken %d times", got.Load())
	}
}

// oauthCascades tests that deleting a user or an integration deletes sessions, associations and started logins.
func oauthCascades(t *testing.T, db *store.DB) {
	s := db.Integrations()
	paula, alice, bob := addUser(t, db, account.User{Username: "paula"}), addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	item := addItem(t, db, paula, "item")
	count := func() (sessions, associations int) {
		t.Helper()
		all, err1 := s.Sessions(ctx)
		list, err2 := s.Associations(ctx, item.GUID)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return len(all), len(list)
	}
	for _, guid := range []string{"a", "b"} {
		addIntegration(t, db, guid)
		addSession(t, db, "alice-"+guid, alice.GUID, guid)
		addSession(t, db, "bob-"+guid, bob.GUID, guid)
		associate(t, db, item.GUID, guid, day)
	}
	startLogin(t, db, 1, alice.GUID, "a")
	startLogin(t, db, 2, bob.GUID, "b")
	startLogin(t, db, 3, alice.GUID, "b")
	write(t, db, func(tx integration.Tx) error { return tx.DeleteIntegration(ctx, "a") })
	if sessions, associations := count(); sessions != 2 || associations != 1 {
		t.Errorf("after deleting one of two integrations: %d sessions, %d associations", sessions, associations)
	}
	update(t, db, func(tx account.Tx) error { return tx.DeleteUser(ctx, bob.GUID) })
	if sessions, _ := count(); sessions != 1 {
		t.Errorf("after deleting one of two users: %d sessions", sessions)
	}
	for user, state := range map[string]string{alice.GUID: "state1", bob.GUID: "state2"} {
		if _, err := takeLogin(db, state, "browser", user, day); !errors.Is(err, dberr.NotFound) {
			t.Errorf("the login %s: %v", state, err)
		}
	}
	if _, err := takeLogin(db, "state3", "browser", alice.GUID, day); err != nil {
		t.Errorf("the login that remains: %v", err)
	}
}
