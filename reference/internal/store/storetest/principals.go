package storetest

import (
	"errors"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
	"countersign/reference/internal/store"
)

// principals: whoever goes is off every access list, and nobody else is. Users and groups have
// guids of their own, but nothing makes sure of that across the two tables.
func principals(t *testing.T, db *store.DB) {
	owner, viewer := addUser(t, db, account.User{Username: "owner"}), addUser(t, db, account.User{Username: "viewer"})
	gone := account.Group{GUID: viewer.GUID, Name: "called like a user"}
	stays := account.Group{GUID: "stays", Name: "stays"}
	update(t, db, func(tx account.Tx) error { return errors.Join(tx.InsertGroup(ctx, &gone), tx.InsertGroup(ctx, &stays)) })
	c := db.Content()
	item := content.Item{GUID: "item", OwnerGUID: owner.GUID, Name: "item", Access: content.AccessACL, CreatedTime: day}
	if err := c.CreateItem(ctx, &item); err != nil {
		t.Fatal(err)
	}
	permit := func(guid string, kind content.PrincipalType) {
		p := content.Permission{ContentGUID: item.GUID, PrincipalGUID: guid, PrincipalType: kind, Role: content.RoleViewer}
		if err := c.PutPermission(ctx, &p); err != nil {
			t.Fatal(err)
		}
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
	isErr(t, "no such group", db.Update(ctx, func(tx account.Tx) error { return tx.DeleteGroup(ctx, "item") }), account.ErrNotFound)
	same(t, "after nobody", left(), []string{"group stays"})
}
