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
		Config: integration.Config{AuthType: integration.Viewer, ClientID: "c", TokenURI: "https://i/t", UsePKCE: true}}
	if err := db.Integrations().CreateIntegration(ctx, i); err != nil {
		t.Fatalf("CreateIntegration: %v", err)
	}
	return i
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
	changed, err := s.UpdateIntegration(ctx, "zz", func(i *integration.Integration) error {
		i.Name, i.Secret, i.UpdatedTime = nil, "other", day.Add(time.Hour)
		return nil
	})
	if got, _ := s.Integration(ctx, "zz"); err != nil || got.Name != nil || cmp.Diff(changed, got) != "" {
		t.Errorf("UpdateIntegration: %v\n%s", err, cmp.Diff(changed, got))
	}
	refusal := errors.New("no")
	if _, err := s.UpdateIntegration(ctx, "zz", func(i *integration.Integration) error { i.Secret = "x"; return refusal }); err != refusal {
		t.Errorf("UpdateIntegration = %v, want what change said", err)
	}
	if got, _ := s.Integration(ctx, "zz"); got.Secret != "other" {
		t.Error("a refused change was stored")
	}
	if err := s.DeleteIntegration(ctx, "zz"); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"Integration": second(s.Integration(ctx, "zz")), "DeleteIntegration": s.DeleteIntegration(ctx, "zz"),
		"UpdateIntegration": second(s.UpdateIntegration(ctx, "zz", func(*integration.Integration) error { return nil }))} {
		if !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s of nothing = %v", name, err)
		}
	}
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
	set := func(item string, at time.Time, guids ...string) {
		t.Helper()
		if err := s.SetAssociations(ctx, item, guids, at); err != nil {
			t.Fatalf("SetAssociations: %v", err)
		}
	}
	set(x.GUID, day, "b")
	set(y.GUID, day, "b")
	set(x.GUID, day.Add(time.Hour), "a", "b")
	list, err := s.Associations(ctx, x.GUID)
	if diff := cmp.Diff([]string{x.GUID + " a", x.GUID + " b"}, guidsOf(list)); err != nil || diff != "" {
		t.Errorf("Associations: %v\n%s", err, diff)
	}
	if !list[1].CreatedTime.Equal(day) || !list[0].CreatedTime.Equal(day.Add(time.Hour)) {
		t.Errorf("times %v, %v: what stays keeps its own", list[0].CreatedTime, list[1].CreatedTime)
	}
	if list, err := s.AssociationsOf(ctx, "b"); err != nil || len(list) != 2 {
		t.Errorf("AssociationsOf = %v, %v", guidsOf(list), err)
	}
	if err := s.SetAssociations(ctx, x.GUID, []string{"nothing"}, day); !errors.Is(err, dberr.NotFound) {
		t.Errorf("SetAssociations of an unknown integration = %v", err)
	}
	if list, _ := s.Associations(ctx, x.GUID); len(list) != 2 {
		t.Errorf("a failed set changed the associations: %v", guidsOf(list))
	}
	if err := s.SetAssociations(ctx, "nothing", nil, day); !errors.Is(err, dberr.NotFound) {
		t.Errorf("SetAssociations of an unknown item = %v", err)
	}
	set(x.GUID, day)
	if list, err := s.Associations(ctx, x.GUID); err != nil || len(list) != 0 {
		t.Errorf("after the empty set: %v, %v", guidsOf(list), err)
	}
}

func newSession(guid, user, in string) *integration.Session {
	return &integration.Session{GUID: guid, UserGUID: user, IntegrationGUID: in, CreatedTime: day, UpdatedTime: day}
}

func ensure(t *testing.T, db *store.DB, guid, user, in string) *integration.Session {
	t.Helper()
	got, err := db.Integrations().EnsureSession(ctx, newSession(guid, user, in))
	if err != nil {
		t.Fatalf("EnsureSession: %v", err)
	}
	return got
}

func oauthSessions(t *testing.T, db *store.DB) {
	s := db.Integrations()
	alice, bob := addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	addIntegration(t, db, "a")
	addIntegration(t, db, "b")
	first := ensure(t, db, "s1", alice.GUID, "a")
	if again := ensure(t, db, "s2", alice.GUID, "a"); again.GUID != first.GUID {
		t.Errorf("a second session %s beside %s", again.GUID, first.GUID)
	}
	ensure(t, db, "s3", alice.GUID, "b")
	ensure(t, db, "s4", bob.GUID, "a")
	if _, err := s.EnsureSession(ctx, newSession("s5", alice.GUID, "nothing")); !errors.Is(err, dberr.NotFound) {
		t.Errorf("EnsureSession with no integration = %v", err)
	}
	own, err1 := s.Sessions(ctx, alice.GUID)
	all, err2 := s.Sessions(ctx, "")
	if err1 != nil || err2 != nil || len(own) != 2 || len(all) != 3 {
		t.Errorf("Sessions: %d own (%v), %d in all (%v); want 2 and 3", len(own), err1, len(all), err2)
	}
	tokens := integration.SealedTokens{Access: "a", Refresh: "r", ObtainedTime: day, ExpiresTime: day.Add(time.Hour)}
	save := newSession("other-guid", alice.GUID, "a")
	save.Tokens = tokens
	if err := s.SaveTokens(ctx, save, day.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(ctx, first.GUID)
	if err != nil || got.Tokens != tokens || !got.UpdatedTime.Equal(day.Add(time.Minute)) || !got.CreatedTime.Equal(day) || got.Revision <= first.Revision {
		t.Errorf("after SaveTokens: %+v, %v", got, err)
	}
	if err := s.DeleteSession(ctx, first.GUID); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"Session": second(s.Session(ctx, first.GUID)), "SessionOf": second(s.SessionOf(ctx, alice.GUID, "a")), "DeleteSession": s.DeleteSession(ctx, first.GUID)} {
		if !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s of a deleted session = %v", name, err)
		}
	}
	if _, err := s.SessionOf(ctx, bob.GUID, "a"); err != nil {
		t.Errorf("another user's session: %v", err)
	}
	if err := errors.Join(s.DeleteSessionOf(ctx, alice.GUID, "b"), s.DeleteSessionOf(ctx, alice.GUID, "b")); err != nil {
		t.Errorf("DeleteSessionOf, twice: %v", err)
	}
	if err := s.SaveTokens(ctx, save, day); err != nil {
		t.Errorf("SaveTokens of a session that is gone: %v", err)
	}
	if got, err := s.SessionOf(ctx, alice.GUID, "a"); err != nil || got.Tokens != tokens {
		t.Errorf("it was not made anew: %+v, %v", got, err)
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
			if _, err := s.EnsureSession(ctx, session); err != nil {
				t.Errorf("EnsureSession: %v", err)
			}
			session.Tokens = integration.SealedTokens{Access: "a", Refresh: "r"}
			if err := s.SaveTokens(ctx, session, day); err != nil {
				t.Errorf("SaveTokens: %v", err)
			}
		})
	}
	wg.Wait()
	if all, err := s.Sessions(ctx, ""); err != nil || len(all) != 1 || !all[0].LoggedIn() {
		t.Errorf("%d sessions, %v; want one, logged in", len(all), err)
	}
}

func oauthRefresh(t *testing.T, db *store.DB) {
	s := db.Integrations()
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	session := ensure(t, db, "s", alice.GUID, "a")
	until := day.Add(10 * time.Second)
	lease := func(revision int64, now time.Time) bool {
		t.Helper()
		got, err := s.LeaseRefresh(ctx, session.GUID, revision, now, now.Add(10*time.Second))
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
	if !lease(session.Revision, until) {
		t.Error("an abandoned lease never ends")
	}
	if err := s.EndRefresh(ctx, session.GUID, session.Revision, nil, day); err != nil {
		t.Fatal(err)
	}
	if !lease(session.Revision, day) {
		t.Error("no lease after one that ended without a result")
	}
	tokens := &integration.SealedTokens{Access: "new", Refresh: "new"}
	if err := s.EndRefresh(ctx, session.GUID, session.Revision, tokens, day); err != nil {
		t.Fatal(err)
	}
	if err := s.EndRefresh(ctx, session.GUID, session.Revision, &integration.SealedTokens{Access: "late"}, day); !errors.Is(err, integration.ErrChanged) {
		t.Errorf("a late result: %v, want ErrChanged", err)
	}
	if got, _ := s.Session(ctx, session.GUID); got.Tokens != *tokens {
		t.Errorf("tokens: %+v", got.Tokens)
	}
}

func oauthOneLease(t *testing.T, db *store.DB) {
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	session := ensure(t, db, "s", alice.GUID, "a")
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			mine, err := db.Integrations().LeaseRefresh(ctx, session.GUID, session.Revision, day, day.Add(time.Minute))
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

func oauthLogins(t *testing.T, db *store.DB) {
	s := db.Integrations()
	alice, bob := addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	addIntegration(t, db, "a")
	start := func(n int) *integration.Login {
		t.Helper()
		l := newLogin(n, alice.GUID, "a")
		if err := s.StartLogin(ctx, l, day); err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := start(1)
	for name, take := range map[string]func() (*integration.Login, error){
		"another state":   func() (*integration.Login, error) { return s.TakeLogin(ctx, "x", "browser", alice.GUID, day) },
		"another browser": func() (*integration.Login, error) { return s.TakeLogin(ctx, l.StateHash, "x", alice.GUID, day) },
		"another user":    func() (*integration.Login, error) { return s.TakeLogin(ctx, l.StateHash, "browser", bob.GUID, day) },
		"too late": func() (*integration.Login, error) {
			return s.TakeLogin(ctx, l.StateHash, "browser", alice.GUID, l.ExpiresTime)
		},
	} {
		if _, err := take(); !errors.Is(err, dberr.NotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	got, err := s.TakeLogin(ctx, l.StateHash, "browser", alice.GUID, day)
	if err != nil || cmp.Diff(l, got) != "" {
		t.Errorf("TakeLogin: %v\n%s", err, cmp.Diff(l, got))
	}
	// The oldest logins beyond the limit are deleted.
	for n := range integration.MaxLogins + 5 {
		start(100 + n)
	}
	if _, err := s.TakeLogin(ctx, "state104", "browser", alice.GUID, day); !errors.Is(err, dberr.NotFound) {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := s.TakeLogin(ctx, "state105", "browser", alice.GUID, day); err != nil {
		t.Errorf("within the bound: %v", err)
	}
	if err := s.DeleteSessionOf(ctx, alice.GUID, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeLogin(ctx, "state110", "browser", alice.GUID, day); !errors.Is(err, dberr.NotFound) {
		t.Errorf("after a logout: %v", err)
	}
}

func oauthOneLogin(t *testing.T, db *store.DB) {
	alice := addUser(t, db, account.User{Username: "alice"})
	addIntegration(t, db, "a")
	s := db.Integrations()
	if err := s.StartLogin(ctx, newLogin(1, alice.GUID, "a"), day); err != nil {
		t.Fatal(err)
	}
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.TakeLogin(ctx, "state1", "browser", alice.GUID, day); err == nil {
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

// oauthCascades tests that deleting a user or an integration deletes sessions, associations and started logins, and
// that a change of the provider deletes sessions and logins.
func oauthCascades(t *testing.T, db *store.DB) {
	s := db.Integrations()
	paula, alice, bob := addUser(t, db, account.User{Username: "paula"}), addUser(t, db, account.User{Username: "alice"}), addUser(t, db, account.User{Username: "bob"})
	item := addItem(t, db, paula, "item")
	count := func() (sessions, associations int) {
		t.Helper()
		all, err1 := s.Sessions(ctx, "")
		list, err2 := s.Associations(ctx, item.GUID)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return len(all), len(list)
	}
	for _, guid := range []string{"a", "b"} {
		addIntegration(t, db, guid)
		ensure(t, db, "alice-"+guid, alice.GUID, guid)
		ensure(t, db, "bob-"+guid, bob.GUID, guid)
	}
	if err := errors.Join(s.SetAssociations(ctx, item.GUID, []string{"a", "b"}, day), s.StartLogin(ctx, newLogin(1, alice.GUID, "b"), day)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteIntegration(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if sessions, associations := count(); sessions != 2 || associations != 1 {
		t.Errorf("after deleting one of two integrations: %d sessions, %d associations", sessions, associations)
	}
	update(t, db, func(tx account.Tx) error { return tx.DeleteUser(ctx, bob.GUID) })
	if sessions, _ := count(); sessions != 1 {
		t.Errorf("after deleting one of two users: %d sessions", sessions)
	}
	if _, err := s.UpdateIntegration(ctx, "b", func(i *integration.Integration) error { i.Config.TokenURI = "https://other/t"; return nil }); err != nil {
		t.Fatal(err)
	}
	if sessions, associations := count(); sessions != 0 || associations != 1 {
		t.Errorf("after a change of provider: %d sessions, %d associations", sessions, associations)
	}
	if _, err := s.TakeLogin(ctx, "state1", "browser", alice.GUID, day); !errors.Is(err, dberr.NotFound) {
		t.Errorf("a login that was started with the other provider: %v", err)
	}
}
