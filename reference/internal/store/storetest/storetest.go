// Package storetest is the contract of package store. A database fulfils it if Run succeeds.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/store"
)

// Run tests the contract. open returns a new, initialized, empty store and closes it after the test.
func Run(t *testing.T, open func(testing.TB) *store.DB) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *store.DB)
	}{
		{"Users", users},
		{"UserLists", userLists},
		{"LastAdministrator", administrators},
		{"Groups", groups},
		{"Memberships", memberships},
		{"ManyGroups", manyGroups},
		{"Principals", principals},
		{"Ownership", ownership},
		{"Sessions", sessions},
		{"Keys", keys},
		{"Tokens", tokens},
		{"Rollback", rollback},
		{"ReadsInTransaction", readsInTransaction},
		{"ConcurrentHold", concurrentHold},
		{"ReadersDuringWrite", readersDuringWrite},
		{"TextThatNoRowHolds", strangeText},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

var ctx = context.Background()

// day is a time that every database stores exactly.
var day = time.Date(2026, 3, 4, 5, 6, 7, 891000, time.UTC)

func update(t *testing.T, db *store.DB, do func(account.Tx) error) {
	t.Helper()
	if err := db.Accounts().Update(ctx, do); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func addUser(t *testing.T, db *store.DB, u account.User) account.User {
	t.Helper()
	if u.GUID == "" {
		u.GUID = "guid-" + u.Username
	}
	if u.UniqueID == "" {
		u.UniqueID = u.Username
	}
	if u.Role == "" {
		u.Role = account.Viewer
	}
	if u.Created.IsZero() {
		u.Created, u.Updated = day, day
	}
	update(t, db, func(tx account.Tx) error { return tx.InsertUser(ctx, &u) })
	return u
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func isErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func users(t *testing.T, db *store.DB) {
	a := addUser(t, db, account.User{
		Username: "ålice", UniqueID: "id/1=", FirstName: "A'", LastName: `"R"`, Email: "a@x", Role: account.Publisher,
		Confirmed: true, Active: day.Add(time.Hour), Credential: "hash",
	})
	b := addUser(t, db, account.User{Username: "ålice", GUID: "g2", UniqueID: "id/1"})
	if a.ID == 0 || b.ID <= a.ID {
		t.Errorf("ids %d, %d do not grow", a.ID, b.ID)
	}
	got, err := db.Accounts().UserByGUID(ctx, a.GUID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by guid", got, a)
	if got, err = db.Accounts().UserByUniqueID(ctx, "id/1="); err != nil {
		t.Fatal(err)
	}
	same(t, "by unique id", got, a)
	if got, err = db.Accounts().UserByID(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "by id", got, a)
	both, err := db.Accounts().UsersByUsername(ctx, "ålice")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by username", both, []account.User{a, b})
	none, err := db.Accounts().UsersByUsername(ctx, "Ålice")
	if err != nil || len(none) != 0 {
		t.Errorf("letter case does not count: %v, %v", none, err)
	}
	for what, err := range map[string]error{
		"guid":      second(db.Accounts().UserByGUID(ctx, "nope")),
		"id":        second(db.Accounts().UserByID(ctx, 4711)),
		"unique id": second(db.Accounts().UserByUniqueID(ctx, "ID/1=")),
	} {
		isErr(t, what, err, dberr.NotFound)
	}
	err = db.Accounts().Update(ctx, func(tx account.Tx) error {
		return tx.InsertUser(ctx, &account.User{GUID: "g3", UniqueID: "id/1", Username: "c"})
	})
	isErr(t, "taken unique id", err, dberr.Exists)

	a.Username, a.Locked, a.Role, a.Updated, a.UniqueID, a.Active = "x", true, account.Administrator, day.Add(time.Minute), "other", time.Time{}
	update(t, db, func(tx account.Tx) error { return tx.UpdateUser(ctx, a) })
	if got, err = db.Accounts().UserByUniqueID(ctx, "other"); err != nil {
		t.Fatal(err)
	}
	same(t, "after the update", got, a)
	isErr(t, "update of nobody", db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.UpdateUser(ctx, account.User{GUID: "nope"}) }), dberr.NotFound)
	update(t, db, func(tx account.Tx) error { return tx.DeleteUser(ctx, a.GUID) })
	isErr(t, "after the deletion", second(db.Accounts().UserByGUID(ctx, a.GUID)), dberr.NotFound)
}

func second[T any](_ T, err error) error { return err }

func userLists(t *testing.T, db *store.DB) {
	for i, name := range []string{"carol", "al_ice", "bob", "alxice"} {
		role := account.Viewer
		if i == 2 {
			role = account.Publisher
		}
		addUser(t, db, account.User{Username: name, FirstName: string(rune('z' - i)), Role: role, Locked: name == "carol", Active: day.Add(time.Duration(i) * time.Hour)})
	}
	addUser(t, db, account.User{Username: "dave", UniqueID: "1,2 3", FirstName: "a", LastName: "Ärger"})
	tests := []struct {
		name  string
		query account.UserQuery
		want  string
		total int
	}{
		{"all by name", account.UserQuery{Limit: 9}, "[dave alxice bob al_ice carol]", 5},
		{"page", account.UserQuery{Limit: 2, Offset: 2}, "[bob al_ice]", 5},
		{"behind the end", account.UserQuery{Limit: 2, Offset: 9}, "[]", 5},
		{"prefix", account.UserQuery{Prefix: "AL", Limit: 9}, "[alxice al_ice]", 2},
		{"letter case beyond ASCII", account.UserQuery{Prefix: "ÄR", Limit: 9}, "[dave]", 1},
		{"underscore is no wildcard", account.UserQuery{Prefix: "al_", Limit: 9}, "[al_ice]", 1},
		{"percent is no wildcard", account.UserQuery{Prefix: "%", Limit: 9}, "[]", 0},
		{"whole unique id", account.UserQuery{Prefix: "1,2 3", Limit: 9}, "[dave]", 1},
		{"part of a unique id", account.UserQuery{Prefix: "1,2", Limit: 9}, "[]", 0},
		{"role", account.UserQuery{Roles: []account.Role{account.Publisher, account.Administrator}, Limit: 9}, "[bob]", 1},
		{"locked", account.UserQuery{Status: []string{"locked"}, Limit: 9}, "[carol]", 1},
		{"inactive or locked", account.UserQuery{Status: []string{"inactive", "locked"}, Limit: 9}, "[dave carol]", 2},
		{"licensed", account.UserQuery{Status: []string{"licensed"}, Sort: "username", Limit: 9}, "[al_ice alxice bob]", 3},
		{"newest first", account.UserQuery{Sort: "created_time", Desc: true, Limit: 9}, "[dave alxice bob al_ice carol]", 5},
		{"username", account.UserQuery{Sort: "username", Limit: 9}, "[al_ice alxice bob carol dave]", 5},
		{"injection is a value", account.UserQuery{Prefix: "'; DROP TABLE users; --", Sort: "1; DROP TABLE users", Limit: 9}, "[]", 0},
	}
	for _, tt := range tests {
		got, total, err := db.Accounts().Users(ctx, tt.query)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		names := []string{}
		for _, u := range got {
			names = append(names, u.Username)
		}
		if fmt.Sprint(names) != tt.want || total != tt.total {
			t.Errorf("%s: got %v of %d, want %s of %d", tt.name, names, total, tt.want, tt.total)
		}
	}
}

func administrators(t *testing.T, db *store.DB) {
	if n, err := db.Accounts().CountUsers(ctx); err != nil || n != 0 {
		t.Errorf("empty: %d, %v", n, err)
	}
	addUser(t, db, account.User{Username: "a", Role: account.Administrator})
	addUser(t, db, account.User{Username: "b", Role: account.Administrator, Locked: true})
	addUser(t, db, account.User{Username: "c"})
	if n, err := db.Accounts().CountUsers(ctx); err != nil || n == 0 {
		t.Errorf("users: %d, %v", n, err)
	}
	if n, err := db.Accounts().CountActiveAdministrators(ctx); err != nil || n != 1 {
		t.Errorf("administrators: %d, %v", n, err)
	}
}

func sessions(t *testing.T, db *store.DB) {
	a, b := addUser(t, db, account.User{Username: "a"}), addUser(t, db, account.User{Username: "b"})
	session := func(id string, u account.User, life time.Duration) account.Session {
		s := account.Session{ID: id, UserGUID: u.GUID, HeadersDigest: "d" + id, Created: day, Expires: day.Add(life)}
		update(t, db, func(tx account.Tx) error { return tx.InsertSession(ctx, s) })
		return s
	}
	s1 := session("1", a, time.Hour)
	session("2", a, time.Minute)
	session("3", b, time.Hour)
	newer := account.Session{ID: "4", UserGUID: b.GUID, Created: day.Add(time.Second), Expires: day.Add(time.Hour)}
	gotS, gotU, err := db.Accounts().SessionUser(ctx, "1")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "session", gotS, s1)
	same(t, "its user", gotU, a)
	open := func() string {
		var ids string
		for _, id := range []string{"1", "2", "3", "4"} {
			_, _, err := db.Accounts().SessionUser(ctx, id)
			switch {
			case err == nil:
				ids += id
			case !errors.Is(err, dberr.NotFound):
				t.Fatal(err)
			}
		}
		return ids
	}
	update(t, db, func(tx account.Tx) error { return tx.DeleteSessionsBefore(ctx, day.Add(time.Minute)) })
	same(t, "after the old ones went", open(), "13")
	update(t, db, func(tx account.Tx) error { return tx.TrimSessions(ctx, b.GUID, 1) })
	same(t, "after keeping one", open(), "13")
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.InsertSession(ctx, newer), tx.TrimSessions(ctx, b.GUID, 1))
	})
	same(t, "after a newer one", open(), "14")
	update(t, db, func(tx account.Tx) error { return tx.DeleteSessionsOfUser(ctx, b.GUID) })
	same(t, "after b's went", open(), "1")
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.DeleteSession(ctx, "nope"), tx.DeleteUser(ctx, a.GUID))
	})
	same(t, "after the user went", open(), "")
}

func keys(t *testing.T, db *store.DB) {
	a, b := addUser(t, db, account.User{Username: "a"}), addUser(t, db, account.User{Username: "b"})
	key := func(hash string, kind account.KeyKind, u account.User, content string, expires time.Time) account.APIKey {
		k := account.APIKey{Kind: kind, UserGUID: u.GUID, ContentGUID: content, Name: "n" + hash, Hash: hash, Tail: "tail", Role: account.Viewer, Created: day, Expires: expires}
		update(t, db, func(tx account.Tx) error { return tx.InsertKey(ctx, &k) })
		return k
	}
	k1 := key("1", account.UserKey, a, "", time.Time{})
	k2 := key("2", account.UserKey, a, "", day.Add(time.Hour))
	key("3", account.ContentKey, a, "item", time.Time{})
	key("4", account.ContentKey, a, "other", time.Time{})
	key("6", account.UserKey, b, "", time.Time{})
	gotK, gotU, err := db.Accounts().KeyUser(ctx, "2")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "key", gotK, k2)
	same(t, "its user", gotU, a)
	list, err := db.Accounts().KeysOfUser(ctx, a.GUID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "keys of a", list, []account.APIKey{k1, k2})
	isErr(t, "somebody else's key", db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.DeleteKey(ctx, b.GUID, k1.ID) }), dberr.NotFound)
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.DeleteKey(ctx, a.GUID, k1.ID), tx.TouchKey(ctx, k2.ID, day.Add(time.Minute)))
	})
	for hash, want := range map[string]error{"1": dberr.NotFound, "2": nil, "3": nil, "4": nil, "6": nil} {
		isErr(t, "key "+hash, third(db.Accounts().KeyUser(ctx, hash)), want)
	}
	if k, _, _ := db.Accounts().KeyUser(ctx, "2"); !k.Used.Equal(day.Add(time.Minute)) {
		t.Errorf("used %v", k.Used)
	}
}

func tokens(t *testing.T, db *store.DB) {
	a := addUser(t, db, account.User{Username: "a"})
	old := account.Token{Token: "T1", PublicKey: "k1", Created: day.Add(-time.Second)}
	now := account.Token{Token: "T2", PublicKey: "k2", Created: day}
	update(t, db, func(tx account.Tx) error { return errors.Join(tx.InsertToken(ctx, old), tx.InsertToken(ctx, now)) })
	isErr(t, "the same again", db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.InsertToken(ctx, old) }), dberr.Exists)
	isErr(t, "no such token", third(db.Accounts().TokenUser(ctx, "T3")), dberr.NotFound)
	got, nobody, err := db.Accounts().TokenUser(ctx, "T1")
	isErr(t, "unclaimed", err, nil)
	same(t, "token", got, old)
	same(t, "nobody", nobody, account.User{})

	update(t, db, func(tx account.Tx) error { return tx.ClaimToken(ctx, "T2", a.GUID, day.Add(time.Minute)) })
	isErr(t, "claimed twice", db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.ClaimToken(ctx, "T2", a.GUID, day) }), dberr.NotFound)
	got, user, err := db.Accounts().TokenUser(ctx, "T2")
	isErr(t, "claimed", err, nil)
	now.UserGUID, now.Claimed = a.GUID, day.Add(time.Minute)
	same(t, "token", got, now)
	same(t, "its user", user, a)
	update(t, db, func(tx account.Tx) error {
		n, err := tx.CountUnclaimedTokens(ctx)
		if err != nil || n != 1 {
			t.Errorf("unclaimed: %d, %v", n, err)
		}
		return tx.DeleteUnclaimedTokensBefore(ctx, day.Add(time.Hour))
	})
	isErr(t, "an old one", third(db.Accounts().TokenUser(ctx, "T1")), dberr.NotFound)
	isErr(t, "a claimed one", third(db.Accounts().TokenUser(ctx, "T2")), nil)
	update(t, db, func(tx account.Tx) error { return tx.DeleteUser(ctx, a.GUID) })
	isErr(t, "that of a user who is gone", third(db.Accounts().TokenUser(ctx, "T2")), dberr.NotFound)
}

func third[A, B any](_ A, _ B, err error) error { return err }

func rollback(t *testing.T, db *store.DB) {
	failed := errors.New("no")
	err := db.Accounts().Update(ctx, func(tx account.Tx) error {
		u := account.User{GUID: "g", UniqueID: "u", Username: "u"}
		if err := tx.InsertUser(ctx, &u); err != nil {
			return err
		}
		return failed
	})
	isErr(t, "Update", err, failed)
	isErr(t, "the user", second(db.Accounts().UserByGUID(ctx, "g")), dberr.NotFound)
}

func readsInTransaction(t *testing.T, db *store.DB) {
	update(t, db, func(tx account.Tx) error {
		u := account.User{GUID: "g", UniqueID: "u", Username: "u"}
		if err := tx.InsertUser(ctx, &u); err != nil {
			return err
		}
		if _, err := tx.UserByUniqueID(ctx, "u"); err != nil {
			t.Errorf("a transaction does not see its own write: %v", err)
		}
		isErr(t, "outside, before the commit", second(db.Accounts().UserByGUID(ctx, "g")), dberr.NotFound)
		return nil
	})
}

// concurrentHold tests that exactly one of several concurrent transactions finds that it is the first.
func concurrentHold(t *testing.T, db *store.DB) {
	const n = 16
	var wg sync.WaitGroup
	first := make(chan int, n)
	for i := range n {
		wg.Go(func() {
			err := db.Accounts().Update(ctx, func(tx account.Tx) error {
				count, err := tx.CountUsers(ctx)
				if err != nil {
					return err
				}
				if count == 0 {
					first <- i
				}
				u := account.User{GUID: fmt.Sprint("g", i), UniqueID: fmt.Sprint("u", i), Username: "u"}
				return tx.InsertUser(ctx, &u)
			})
			if err != nil {
				t.Errorf("user %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if len(first) != 1 {
		t.Errorf("%d users were the first", len(first))
	}
	if _, total, err := db.Accounts().Users(ctx, account.UserQuery{Limit: 1}); err != nil || total != n {
		t.Errorf("%d users, %v, want %d", total, err, n)
	}
}

// readersDuringWrite tests that a transaction in progress does not block readers.
func readersDuringWrite(t *testing.T, db *store.DB) {
	addUser(t, db, account.User{Username: "a"})
	update(t, db, func(tx account.Tx) error {
		u := account.User{GUID: "g", UniqueID: "u", Username: "u"}
		if err := tx.InsertUser(ctx, &u); err != nil {
			return err
		}
		done := make(chan error, 4)
		for range cap(done) {
			go func() { done <- second(db.Accounts().UserByGUID(ctx, "guid-a")) }()
		}
		for range cap(done) {
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(3 * time.Second):
				t.Fatal("a reader waits for the writer")
			}
		}
		return nil
	})
}

// strangeText tests that a request for a text that the database cannot contain finds no row.
func strangeText(t *testing.T, db *store.DB) {
	for _, text := range []string{"a\x00b", "\xff\xfe", "\xed\xa0\x80"} {
		isErr(t, "guid", second(db.Accounts().UserByGUID(ctx, text)), dberr.NotFound)
		isErr(t, "unique id", second(db.Accounts().UserByUniqueID(ctx, text)), dberr.NotFound)
		isErr(t, "group", second(db.Accounts().GroupByGUID(ctx, text)), dberr.NotFound)
		isErr(t, "item", second(db.Content().Item(ctx, text)), dberr.NotFound)
		isErr(t, "task", second(db.Content().Task(ctx, text)), dberr.NotFound)
		isErr(t, "integration", second(db.Integrations().Integration(ctx, text)), dberr.NotFound)
		if list, n, err := db.Accounts().Users(ctx, account.UserQuery{Prefix: text, Limit: 9}); err != nil || len(list)+n != 0 {
			t.Errorf("users that begin with %q: %v of %d, %v", text, list, n, err)
		}
		if list, n, err := db.Accounts().Groups(ctx, account.GroupQuery{Prefix: text, Limit: 9}); err != nil || len(list)+n != 0 {
			t.Errorf("groups that begin with %q: %v of %d, %v", text, list, n, err)
		}
		if list, err := db.Content().Entries(ctx, content.Filter{Name: text}, text); err != nil || len(list) != 0 {
			t.Errorf("items named %q: %v, %v", text, list, err)
		}
	}
}
