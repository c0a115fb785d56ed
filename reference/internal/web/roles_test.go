package web_test

import (
	"strings"
	"testing"

	"countersign/reference/internal/account"
)

func TestRolesAtSignIn(t *testing.T) {
	t.Parallel()
	mapped := "[Authorization]\nViewerRoleMapping = HR\nViewerRoleMapping = Both\nPublisherRoleMapping = Engineering\n" +
		"AdministratorRoleMapping = IT\nAdministratorRoleMapping = Both\nDefaultUserRole = publisher\n"
	header := proxied + "RoleHeader = X-Role\nGroupsHeader = X-Groups\n"
	tests := []struct{ name, config, line, want string }{
		{"default", proxied, "X-Other: x", "viewer"},
		{"default publisher", proxied + mapped, "X-Role: HR", "publisher"},
		{"direct", header, "X-Role: administrator", "administrator"},
		{"direct, letter case", header, "X-Role: Administrator", "viewer"},
		{"direct, invalid", header, "X-Role: superuser", "viewer"},
		{"direct, several", header, "X-Role: viewer, administrator", "viewer"},
		{"direct, missing", header, "X-Other: x", "viewer"},
		{"mapping is off", header + mapped, "X-Role: IT", "publisher"},
		{"mapped", header + mapped + "UserRoleMapping = true\n", "X-Role: IT", "administrator"},
		{"mapped, second value", header + mapped + "UserRoleMapping = true\n", "X-Role: HR", "viewer"},
		{"mapped, no match", header + mapped + "UserRoleMapping = true\n", "X-Role: Sales", "publisher"},
		{"mapped, literal", header + mapped + "UserRoleMapping = true\n", "X-Role: administrator", "publisher"},
		{"mapped, most", header + mapped + "UserRoleMapping = true\n", "X-Role: Both", "administrator"},
		{"mapped, least", header + mapped + "UserRoleMapping = true\nUserRoleMappingRestrictive = true\n", "X-Role: Both", "viewer"},
		{"groups", header + mapped + "UserRoleGroupMapping = true\n", "X-Groups: IT", "administrator"},
		{"groups, role header ignored", header + mapped + "UserRoleGroupMapping = true\n", "X-Role: IT", "publisher"},
		{"groups, least", header + mapped + "UserRoleGroupMapping = true\nUserRoleMappingRestrictive = true\n", "X-Groups: Both", "viewer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tt.config)
			s.signIn("ada")
			if got := s.user("bob").get("__api__/v1/user", tt.line).want(200, 0).str("user_role"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A role follows the header at each login, but a missing header does not raise a role, and the only administrator
// keeps the role.
func TestRoleChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied+"RoleHeader = X-Role\n[Authorization]\nDefaultUserRole = publisher\n")
	role := func(user string, lines ...string) string {
		return s.user(user).get("__api__/v1/user", lines...).want(200, 0).str("user_role")
	}
	for _, step := range []struct{ user, line, want string }{
		{"ada", "X-Role: viewer", "administrator"}, // the first user
		{"ada", "X-Role: viewer", "administrator"}, // the last administrator
		{"bob", "X-Role: viewer", "viewer"},
		{"bob", "X-Nothing: x", "viewer"},
		{"bob", "X-Role: junk", "publisher"},
		{"bob", "X-Role: administrator", "administrator"},
		{"ada", "X-Role: viewer", "viewer"},
	} {
		if got := role(step.user, step.line); got != step.want {
			t.Errorf("%s with %q: %s, want %s", step.user, step.line, got, step.want)
		}
	}
	if !strings.Contains(s.log.String(), `msg="Invalid role value received from the proxy, using the default role" value=junk`) {
		t.Error("an invalid role is not in the debug log")
	}
}

func TestGroupsAtSignIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, config string
		logins       [][]string
		want         []string // memberships after each login
		groups       string   // in the end
	}{
		{"manual", "GroupsHeader = X-G\n", [][]string{{"X-G: Eng", "X-G: Unknown"}, {"X-G: Ops"}, {}}, []string{"Eng", "Ops", ""}, "Eng Ops"},
		{"automatic", "GroupsHeader = X-G\nGroupsAutoProvision = on\n", [][]string{{"X-G: New", "X-G: Eng"}, {"X-G: eng"}, {}}, []string{"Eng New", "eng", ""}, "Eng New Ops eng"},
		{"separator", "GroupsHeader = X-G\nGroupsHeaderSeparator = \"|\"\n", [][]string{{"X-G: Eng | Ops||"}, {"X-G: Eng;Ops"}}, []string{"Eng Ops", ""}, "Eng Ops"},
		{"not configured", "", [][]string{{"X-G: Eng"}}, []string{""}, "Eng Ops"},
		{"groups off", "GroupsHeader = X-G\n[Authorization]\nUserGroups = off\n", [][]string{{"X-G: Eng"}}, []string{""}, "Eng Ops"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, proxied+tt.config)
			ada := s.signIn("ada")
			by, err := s.store.Accounts().UserByUniqueID(t.Context(), "ada")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Eng", "Ops"} {
				g := account.Group{GUID: name, Name: name, OwnerGUID: by.GUID}
				if err := s.store.Accounts().Update(t.Context(), func(tx account.Tx) error { return tx.InsertGroup(t.Context(), &g) }); err != nil {
					t.Fatal(err)
				}
			}
			for i, lines := range tt.logins {
				guid := s.user("bob").get("__api__/v1/user", lines...).want(200, 0).str("guid")
				mine, err := s.store.Accounts().GroupsOfUser(t.Context(), guid)
				if err != nil {
					t.Fatal(err)
				}
				if got := names(mine); got != tt.want[i] {
					t.Errorf("login %d with %q: member of %q, want %q", i, lines, got, tt.want[i])
				}
			}
			all, _, err := s.store.Accounts().Groups(t.Context(), account.GroupQuery{Limit: 99})
			if err != nil || names(all) != tt.groups {
				t.Errorf("groups %q, %v, want %q", names(all), err, tt.groups)
			}
			for _, g := range all {
				if provisioned := g.Name != "Eng" && g.Name != "Ops"; provisioned != (g.OwnerGUID == "") {
					t.Errorf("group %s has owner %q", g.Name, g.OwnerGUID)
				}
			}
			ada.get("__api__/v1/user").want(200, 0)
		})
	}
}

func names(groups []account.Group) string {
	var n []string
	for _, g := range groups {
		n = append(n, g.Name)
	}
	return strings.Join(n, " ")
}
