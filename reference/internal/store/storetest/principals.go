package storetest

import (
	"errors"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
	"countersign/reference/internal/store"
)

// principals tests that deleting a user or group deletes their permissions and no others. Users and groups have
// different guids, but no constraint across the two tables ensures this.
func principals(t *testing.T, db *store.DB) {
	owner, viewer := addUser(t, db, account.User{Username: "owner"}), addUser(t, db, account.User{Username: "viewer"})
	gone := account.Group{GUID: viewer.GUID, Name: "called like a user"}
	stays := account.Group{GUID: "stays", Name: "stays"}
	update(t, db, func(tx account.Tx) error { return errors.Join(tx.InsertGroup(ctx, &gone), tx.InsertGroup(ctx, &stays)) })
	c := db.Content()
	item := content.Item{GUID: "item", OwnerGUID: owner.GUID, Name: "item", Access: content.AccessACL, CreatedTime: day}
	changeContent(t, db, func(tx content.Tx) error { return tx.InsertItem(ctx, &item) })
	permit := func(guid string, kind content.PrincipalType) {
		p := content.Permission{ContentGUID: item.GUID, PrincipalGUID: guid, PrincipalType: kind, Role: content.RoleViewer}
		changeContent(t, db, func(tx content.Tx) error { return tx.PutPermission(ctx, &p) })
	}
	left := func() []string {
		permissions, err := c.Permissions(ctx, item.GUID)
		if err != nil {
			t.Fatal(err)
		}
		var who []string
		for _, p := range permissions {
			who = append(who, string(p.PrincipalType)+" "+p.PrincipalGUID)
		}
		return who
	}
	permit(viewer.GUID, content.PrincipalUser)
	permit(gone.GUID, content.PrincipalGroup)
	permit(stays.GUID, content.PrincipalGroup)
	update(t, db, func(tx account.Tx) error { return tx.DeleteGroup(ctx, gone.GUID) })
	same(t, "after the group", left(), []string{"user " + viewer.GUID, "group stays"})
	update(t, db, func(tx account.Tx) error { return tx.DeleteUser(ctx, viewer.GUID) })
	same(t, "after the user", left(), []string{"group stays"})
	isErr(t, "no such group", db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.DeleteGroup(ctx, "item") }), dberr.NotFound)
	same(t, "after nobody", left(), []string{"group stays"})
}

// ownership tests that a user who owns content cannot be deleted, and that their content can be given to another user
// as a whole.
func ownership(t *testing.T, db *store.DB) {
	from, to := addUser(t, db, account.User{Username: "from"}), addUser(t, db, account.User{Username: "to"})
	group := account.Group{GUID: "group", Name: "group", OwnerGUID: from.GUID}
	update(t, db, func(tx account.Tx) error { return tx.InsertGroup(ctx, &group) })
	c := db.Content()
	create := func(guid, name, owner string) {
		item := content.Item{GUID: guid, OwnerGUID: owner, Name: name, Access: content.AccessACL, CreatedTime: day}
		changeContent(t, db, func(tx content.Tx) error { return tx.InsertItem(ctx, &item) })
	}
	owners := func() []string { return ownersOf(t, db, group.GUID) }
	transfer := func() error {
		return db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.TransferOwnership(ctx, from.GUID, to.GUID) })
	}
	owns := func() (owns bool) {
		update(t, db, func(tx account.Tx) (err error) { owns, err = tx.OwnsContent(ctx, from.GUID); return err })
		return owns
	}
	remove := func() error {
		return db.Accounts().Update(ctx, func(tx account.Tx) error { return tx.DeleteUser(ctx, from.GUID) })
	}
	create("a", "first", from.GUID)
	create("b", "second", from.GUID)
	create("c", "second", to.GUID)
	for _, principal := range []string{to.GUID, "another"} {
		p := content.Permission{ContentGUID: "a", PrincipalGUID: principal, PrincipalType: content.PrincipalUser, Role: content.RoleViewer}
		changeContent(t, db, func(tx content.Tx) error { return tx.PutPermission(ctx, &p) })
	}

	same(t, "an owner", owns(), true)
	if err := remove(); err == nil {
		t.Error("a user was deleted who owns content")
	}
	isErr(t, "two items of one name", transfer(), dberr.Exists)
	same(t, "after refusals", owners(), []string{"a " + from.GUID, "b " + from.GUID, "c " + to.GUID, "group " + from.GUID})
	changeContent(t, db, func(tx content.Tx) error { return tx.DeleteItem(ctx, "c") })
	if err := transfer(); err != nil {
		t.Fatal(err)
	}
	same(t, "after the transfer", owners(), []string{"a " + to.GUID, "b " + to.GUID, "group " + to.GUID})
	permissions, err := c.Permissions(ctx, "a")
	if err != nil || len(permissions) != 1 || permissions[0].PrincipalGUID != "another" {
		t.Errorf("access list after the transfer: %+v, %v", permissions, err)
	}
	same(t, "after the transfer", owns(), false)
	if err := remove(); err != nil {
		t.Errorf("a user who owns nothing any more: %v", err)
	}
}

// ownersOf returns the owners of all items and of a group.
func ownersOf(t *testing.T, db *store.DB, group string) []string {
	t.Helper()
	var all []string
	items, err := db.Content().Entries(ctx, content.Filter{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		all = append(all, i.GUID+" "+i.OwnerGUID)
	}
	g, err := db.Accounts().GroupByGUID(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	return append(all, "group "+g.OwnerGUID)
}
