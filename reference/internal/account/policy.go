package account

import (
	"slices"

	"countersign/reference/internal/proxyauth"
)

// Policy is what the configuration says about accounts.
type Policy struct {
	// PasswordLogin: users are made with passwords; nothing comes from a proxy.
	PasswordLogin bool
	// UniqueIDs: a unique id, not the username, is the identity (ProxyAuth.UniqueIdHeader).
	UniqueIDs bool
	// GeneratedUsernames: unique ids without a username header.
	GeneratedUsernames   bool
	RegisterOnFirstLogin bool
	// FirstName, LastName, Email: the proxy is configured to send the field.
	FirstNameSent, LastNameSent, EmailSent bool
	// SelfEdit: Authorization.UserInfoEditableBy = AdminAndSelf.
	SelfEdit bool

	DefaultRole Role
	Roles       RolePolicy

	// Groups: Authorization.UserGroups.
	Groups bool
	// GroupsSent: ProxyAuth.GroupsHeader is set, so memberships follow the proxy.
	GroupsSent           bool
	GroupsAutoProvision  bool
	GroupsByUniqueID     bool
	PublishersOwnGroups  bool
	ViewersSeeThemselves bool
}

// RoleSource says where roles come from at sign-in.
type RoleSource int

// The sources.
const (
	RolesLocal  RoleSource = iota // managed on the server
	RolesHeader                   // the role header's value, taken directly
	RolesMapped                   // the role header's value, mapped
	RolesGroups                   // the groups sent, mapped
)

// RolePolicy says how a role is found at sign-in.
type RolePolicy struct {
	Source      RoleSource
	Mapping     map[Role][]string
	Restrictive bool // the least privileged match wins instead of the most
}

// RolesEditable reports whether administrators may change roles here (document lines 246 to 248).
func (p Policy) RolesEditable() bool { return p.Roles.Source == RolesLocal }

// UsernamesEditable reports whether usernames may be changed here (line 240).
func (p Policy) UsernamesEditable() bool {
	return p.PasswordLogin || p.UniqueIDs && p.GeneratedUsernames
}

// UsernamesUnique reports whether two users may not share a username.
func (p Policy) UsernamesUnique() bool { return !p.UniqueIDs || p.GeneratedUsernames }

// roleOf finds the role that a claim gives. ok is false when the claim says nothing about
// roles, so that the stored role stays; invalid is a value that is no role, for the log.
func (p Policy) roleOf(c proxyauth.Claim) (role Role, invalid string, ok bool) {
	var values []string
	switch p.Roles.Source {
	case RolesHeader:
		if c.Role == "" {
			// A header that is missing is not an invalid value: a client can make a proxy
			// drop it (Connection: <name>), and must not get another role by that.
			return "", "", false
		}
		if r, known := ParseRole(c.Role); known {
			return r, "", true
		}
		return p.DefaultRole, c.Role, true
	case RolesMapped:
		if c.Role == "" {
			return "", "", false
		}
		values, invalid = []string{c.Role}, c.Role
	case RolesGroups:
		if !p.GroupsSent || !p.Groups {
			return "", "", false // lines 250 to 252: not with locally managed groups
		}
		values = c.Groups
	default:
		return "", "", false
	}
	for _, candidate := range [...]Role{Viewer, Publisher, Administrator} {
		matches := slices.ContainsFunc(p.Roles.Mapping[candidate], func(v string) bool { return slices.Contains(values, v) })
		if matches && (role == "" || !p.Roles.Restrictive) {
			role = candidate
		}
	}
	if role == "" {
		return p.DefaultRole, invalid, true
	}
	return role, "", true
}

// ProhibitedUsernames are the values that no user may have (document line 190). Letter case
// counts: the list is exact.
var ProhibitedUsernames = []string{
	"connect", "apps", "users", "groups", "setpassword", "user-completion", "confirm",
	"recent", "reports", "plots", "unpublished", "settings", "metrics", "tokens", "help",
	"login", "welcome", "register", "resetpassword", "content",
}

func prohibited(username string) bool { return slices.Contains(ProhibitedUsernames, username) }
