package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"countersign/reference/internal/account"
	"countersign/reference/internal/content"
)

// With Authorization.UserGroups = false, groups in the store give no access, and no group can be given access
// (document line 398).
func TestGroupsSwitchedOff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, options string
		status, code  int // of giving a group access
		listed        int // items that bob sees
	}{
		{"on", "", 200, 0, 1},
		{"off", "[Authorization]\nUserGroups = false\n", 400, 132, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newContentSite(t, c.options)
			admin := s.admin
			bob := s.signIn("bob")
			bobs := bob.get("__api__/v1/user").str("guid")
			item := admin.post("__api__/v1/content", `{"name":"item"}`).want(200, 0).str("guid")
			ctx := context.Background()
			eng, ops := account.Group{GUID: "eng", Name: "Eng"}, account.Group{GUID: "ops", Name: "Ops"}
			err := s.store.Accounts().Update(ctx, func(tx account.Tx) error {
				return errors.Join(tx.InsertGroup(ctx, &eng), tx.InsertGroup(ctx, &ops), tx.AddMember(ctx, "eng", bobs))
			})
			if err != nil {
				t.Fatal(err)
			}
			p := content.Permission{ContentGUID: item, PrincipalGUID: "eng", PrincipalType: content.PrincipalGroup, Role: content.RoleViewer}
			if err := s.store.Content().Update(ctx, func(tx content.Tx) error { return tx.PutPermission(ctx, &p) }); err != nil {
				t.Fatal(err)
			}
			admin.post("__api__/v1/content/"+item+"/permissions", `{"principal_guid":"ops","principal_type":"group","role":"viewer"}`).want(c.status, c.code)
			var seen []map[string]any
			if err := json.Unmarshal([]byte(bob.get("__api__/v1/content").want(200, 0).Body), &seen); err != nil || len(seen) != c.listed {
				t.Errorf("bob sees %d items (%v), want %d", len(seen), err, c.listed)
			}
			if got := bob.get("__api__/v1/content/" + item); (got.Status == 200) != (c.listed == 1) {
				t.Errorf("reading the item: %d", got.Status)
			}
		})
	}
}
