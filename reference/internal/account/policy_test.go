package account

import (
	"testing"

	"countersign/reference/internal/proxyauth"
)

// mapped is the mapping of the tests. Each role has one value that is also a group; one value has two roles.
var mapped = map[Role][]string{
	Viewer:        {"HR", "Support"},
	Publisher:     {"Engineering"},
	Administrator: {"IT", "Support"},
}

func TestRoleOfAClaim(t *testing.T) {
	for _, tt := range []struct {
		name        string
		source      RoleSource
		restrictive bool
		noGroups    bool // the proxy sends none
		claim       proxyauth.Claim

		role    Role
		invalid string
		says    bool
	}{
		{name: "local roles look at nothing", source: RolesLocal, claim: proxyauth.Claim{Role: "administrator", Groups: []string{"IT"}}},

		{name: "a role", source: RolesHeader, claim: proxyauth.Claim{Role: "administrator"}, role: Administrator, says: true},
		{name: "other letters", source: RolesHeader, claim: proxyauth.Claim{Role: "Administrator"}, role: Publisher, invalid: "Administrator", says: true},
		{name: "no role at all", source: RolesHeader, claim: proxyauth.Claim{Groups: []string{"IT"}}},

		{name: "a value", source: RolesMapped, claim: proxyauth.Claim{Role: "Engineering"}, role: Publisher, says: true},
		{name: "a value of two roles", source: RolesMapped, claim: proxyauth.Claim{Role: "Support"}, role: Administrator, says: true},
		{name: "restrictive", source: RolesMapped, restrictive: true, claim: proxyauth.Claim{Role: "Support"}, role: Viewer, says: true},
		{name: "a value of none", source: RolesMapped, claim: proxyauth.Claim{Role: "Sales"}, role: Publisher, invalid: "Sales", says: true},
		{name: "a role's own name", source: RolesMapped, claim: proxyauth.Claim{Role: "administrator"}, role: Publisher, invalid: "administrator", says: true},
		{name: "groups beside values", source: RolesMapped, claim: proxyauth.Claim{Role: "HR", Groups: []string{"IT"}}, role: Viewer, says: true},
		{name: "no value", source: RolesMapped, claim: proxyauth.Claim{}},

		{name: "a group", source: RolesGroups, claim: proxyauth.Claim{Groups: []string{"x", "HR"}}, role: Viewer, says: true},
		{name: "two groups", source: RolesGroups, claim: proxyauth.Claim{Groups: []string{"HR", "IT"}}, role: Administrator, says: true},
		{name: "two groups, restrictive", source: RolesGroups, restrictive: true, claim: proxyauth.Claim{Groups: []string{"IT", "HR"}}, role: Viewer, says: true},
		{name: "the role header beside groups", source: RolesGroups, claim: proxyauth.Claim{Role: "administrator", Groups: []string{"HR"}}, role: Viewer, says: true},
		{name: "no mapped group", source: RolesGroups, claim: proxyauth.Claim{Role: "administrator", Groups: []string{"x"}}, role: Publisher, says: true},
		{name: "no group", source: RolesGroups, claim: proxyauth.Claim{}, role: Publisher, says: true},
		{name: "local groups", source: RolesGroups, noGroups: true, claim: proxyauth.Claim{Groups: []string{"IT"}}},
	} {
		p := Policy{
			DefaultRole: Publisher, Groups: true, GroupsSent: !tt.noGroups,
			Roles: RolePolicy{Source: tt.source, Mapping: mapped, Restrictive: tt.restrictive},
		}
		role, invalid, says := p.roleOf(tt.claim)
		if role != tt.role || invalid != tt.invalid || says != tt.says {
			t.Errorf("%s: role %q, invalid %q, says %t; want %q, %q, %t", tt.name, role, invalid, says, tt.role, tt.invalid, tt.says)
		}
	}
}

func TestOnlyLocalRolesAreEditable(t *testing.T) {
	for source, want := range map[RoleSource]bool{RolesLocal: true, RolesHeader: false, RolesMapped: false, RolesGroups: false} {
		if got := (Policy{Roles: RolePolicy{Source: source}}).RolesEditable(); got != want {
			t.Errorf("source %d: editable %t, want %t", source, got, want)
		}
	}
}
