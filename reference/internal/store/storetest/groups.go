package storetest

import (
	"errors"
	"fmt"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/store"
)

func groups(t *testing.T, db *store.DB) {
	owner := addUser(t, db, account.User{Username: "owner"})
	a := account.Group{GUID: "ga", Name: "Eng", OwnerGUID: owner.GUID, Created: day}
	b := account.Group{GUID: "gb", Name: "Eng", UniqueID: "u1", Created: day}
	c := account.Group{GUID: "gc", Name: "ops", Created: day}
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.InsertGroup(ctx, &a), tx.InsertGroup(ctx, &b), tx.InsertGroup(ctx, &c))
	})
	err := db.Accounts().Update(ctx, func(tx account.Tx) error {
		return tx.InsertGroup(ctx, &account.Group{GUID: "gd", Name: "x", UniqueID: "u1"})
	})
	isErr(t, "taken unique id", err, dberr.Exists)
	got, err := db.Accounts().GroupByGUID(ctx, "ga")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by guid", got, a)
	if got, err = db.Accounts().GroupByUniqueID(ctx, "u1"); err != nil {
		t.Fatal(err)
	}
	same(t, "by unique id", got, b)
	list, err := db.Accounts().GroupsByName(ctx, "Eng")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by name", list, []account.Group{a, b})
	if list, err = db.Accounts().GroupsByName(ctx, "eng"); err != nil || len(list) != 0 {
		t.Errorf("letter case does not count: %v, %v", list, err)
	}
	list, total, err := db.Accounts().Groups(ctx, account.GroupQuery{Prefix: "e", Limit: 1, Offset: 1})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "page", list, []account.Group{b})
	same(t, "total", total, 2)
	if list, _, err = db.Accounts().Groups(ctx, account.GroupQuery{Desc: true, Limit: 2}); err != nil {
		t.Fatal(err)
	}
	same(t, "the last first", list, []account.Group{c, b})
	owned, ownerless, err := db.Accounts().CountGroupsByOwnership(ctx)
	if err != nil || owned != 1 || ownerless != 2 {
		t.Errorf("ownership: %d, %d, %v", owned, ownerless, err)
	}
	a.Name, a.UniqueID = "Engineering", "u2"
	update(t, db, func(tx account.Tx) error { return errors.Join(tx.UpdateGroup(ctx, a), tx.DeleteUser(ctx, owner.GUID)) })
	a.OwnerGUID = "" // a group remains when its owner is deleted
	if got, err = db.Accounts().GroupByGUID(ctx, "ga"); err != nil {
		t.Fatal(err)
	}
	same(t, "after update and the owner's deletion", got, a)
	update(t, db, func(tx account.Tx) error { return tx.DeleteGroup(ctx, "ga") })
	isErr(t, "deleted", second(db.Accounts().GroupByGUID(ctx, "ga")), dberr.NotFound)
	isErr(t, "deleted again", db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.DeleteGroup(ctx, "ga") }), dberr.NotFound)
}

func memberships(t *testing.T, db *store.DB) {
	a, b := addUser(t, db, account.User{Username: "a"}), addUser(t, db, account.User{Username: "b"})
	g, h := account.Group{GUID: "g", Name: "G"}, account.Group{GUID: "h", Name: "H"}
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.InsertGroup(ctx, &g), tx.InsertGroup(ctx, &h),
			tx.AddMember(ctx, "g", a.GUID), tx.AddMember(ctx, "h", a.GUID), tx.AddMember(ctx, "g", b.GUID))
	})
	// A refused membership must leave the transaction usable.
	update(t, db, func(tx account.Tx) error {
		isErr(t, "twice", tx.AddMember(ctx, "g", a.GUID), dberr.Exists)
		isErr(t, "no member", tx.RemoveMember(ctx, "h", b.GUID), dberr.NotFound)
		return tx.RemoveMember(ctx, "h", a.GUID)
	})
	if err := db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.AddMember(ctx, "nope", a.GUID) }); err == nil {
		t.Error("a group that does not exist got a member")
	}
	mine, err := db.Accounts().GroupsOfUser(ctx, a.GUID)
	if err != nil || len(mine) != 1 || mine[0].GUID != "g" {
		t.Errorf("groups of a: %v, %v", mine, err)
	}
	members, total, err := db.Accounts().MembersOfGroup(ctx, "g", 1, 1)
	if err != nil || total != 2 || len(members) != 1 || members[0].GUID != b.GUID {
		t.Errorf("members of g: %v of %d, %v", members, total, err)
	}
	update(t, db, func(tx account.Tx) error { return errors.Join(tx.DeleteGroup(ctx, "g"), tx.DeleteUser(ctx, b.GUID)) })
	if mine, err = db.Accounts().GroupsOfUser(ctx, a.GUID); err != nil || len(mine) != 0 {
		t.Errorf("memberships outlive the group: %v, %v", mine, err)
	}
}

// manyGroups tests that operations on many groups have the same result as one operation for each group.
func manyGroups(t *testing.T, db *store.DB) {
	a, b := addUser(t, db, account.User{Username: "a"}), addUser(t, db, account.User{Username: "b"})
	const n = 1 + 8 + 64 + 512
	made := make([]account.Group, n)
	names, guids, ids := make([]string, n), make([]string, n), make([]string, n)
	for i := range made {
		names[i], guids[i], ids[i] = fmt.Sprint("n", i), fmt.Sprint("g", i), fmt.Sprint("u", i)
		made[i] = account.Group{GUID: guids[i], Name: names[i], UniqueID: ids[i], OwnerGUID: a.GUID, Created: day}
	}
	older := account.Group{GUID: "older", Name: "n7"}
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.InsertGroup(ctx, &older), tx.InsertGroups(ctx, made), tx.InsertGroups(ctx, nil))
	})
	for i, g := range made {
		if g.ID != older.ID+1+int64(i) {
			t.Fatalf("group %d has id %d after %d", i, g.ID, older.ID)
		}
	}
	next := account.Group{GUID: "next", Name: "next"}
	update(t, db, func(tx account.Tx) error { return tx.InsertGroup(ctx, &next) })
	same(t, "the next id", next.ID, older.ID+n+1)
	isErr(t, "taken unique id", db.Accounts().Update(ctx, func(tx account.Tx) error {
		return tx.InsertGroups(ctx, []account.Group{{GUID: "x", Name: "x", UniqueID: "u1"}})
	}), dberr.Exists)

	byName, err := db.Accounts().GroupsByNames(ctx, append([]string{"none"}, names...))
	if err != nil || len(byName) != n+1 {
		t.Fatalf("by name: %d groups, %v", len(byName), err)
	}
	for _, g := range byName {
		if g.Name == "n7" {
			same(t, "the oldest of one name", g.GUID, "older")
			break
		}
	}
	byID, err := db.Accounts().GroupsByUniqueIDs(ctx, ids[:9])
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by unique id", byID, made[:9])
	if none, err := db.Accounts().GroupsByNames(ctx, nil); err != nil || len(none) != 0 {
		t.Errorf("by no name: %v, %v", none, err)
	}

	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.Join(ctx, b.GUID, guids[:3]), tx.Join(ctx, a.GUID, guids), tx.Join(ctx, a.GUID, guids[:100]), tx.Join(ctx, a.GUID, nil))
	})
	memberships := func(u account.User) int {
		list, err := db.Accounts().GroupsOfUser(ctx, u.GUID)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	same(t, "memberships", memberships(a), n)
	update(t, db, func(tx account.Tx) error {
		return errors.Join(tx.Leave(ctx, a.GUID, append([]string{"older", "none"}, guids[2:]...)), tx.Leave(ctx, a.GUID, nil))
	})
	same(t, "after leaving", memberships(a), 2)
	same(t, "somebody else's", memberships(b), 3)
	if err := db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.Join(ctx, a.GUID, []string{"none"}) }); err == nil {
		t.Error("a group that does not exist got a member")
	}
}
