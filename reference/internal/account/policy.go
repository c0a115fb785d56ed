package account

import (
	"slices"

	"countersign/reference/internal/proxyauth"
)

// Policy is the part of the configuration that concerns accounts.
type Policy struct {
	// PasswordLogin is true for the password provider: users have passwords, and no data comes from a proxy.
	PasswordLogin bool
	// UniqueIDs is true if the identity is a unique id and not the username (ProxyAuth.UniqueIdHeader).
	UniqueIDs bool
	// GeneratedUsernames is true if the proxy sends unique ids but no usernames.
	GeneratedUsernames   bool
	RegisterOnFirstLogin bool
	// FirstNameSent, LastNameSent and EmailSent are true if the proxy is configured to send the field.
	FirstNameSent, LastNameSent, EmailSent bool
	// SelfEdit is true for Authorization.UserInfoEditableBy = AdminAndSelf.
	SelfEdit bool

	DefaultRole Role
	Roles       RolePolicy

	// Groups is Authorization.UserGroups.
	Groups bool
	// GroupsSent is true if ProxyAuth.GroupsHeader is set, so that memberships follow the proxy.
	GroupsSent           bool
	GroupsAutoProvision  bool
	GroupsByUniqueID     bool
	PublishersOwnGroups  bool
	ViewersSeeThemselves bool
}

// RoleSource identifies the source of roles at sign-in.
type RoleSource int

// The sources.
const (
	RolesLocal  RoleSource = iota // managed on the server
	RolesHeader                   // the value of the role header, taken directly
	RolesMapped                   // the value of the role header, mapped
	RolesGroups                   // the groups that the proxy sends, mapped
)

// RolePolicy decides the role of a user at sign-in.
type RolePolicy struct {
	Source      RoleSource
	Mapping     map[Role][]string
	Restrictive bool // the least privileged match wins instead of the most
}

// RolesEditable reports whether administrators may change roles on the server (document lines 246 to 248).
func (p Policy) RolesEditable() bool { return p.Roles.Source == RolesLocal }

// UsernamesEditable reports whether usernames may be changed on the server (line 240).
func (p Policy) UsernamesEditable() bool {
	return p.PasswordLogin || p.UniqueIDs && p.GeneratedUsernames
}

// UsernamesUnique reports whether usernames must be unique.
func (p Policy) UsernamesUnique() bool { return !p.UniqueIDs || p.GeneratedUsernames }

// roleOf returns the role that a claim gives to its user. If ok is false, the claim gives none and the stored role
// stays. invalid is a value that is no role, for the log.
func (p Policy) roleOf(c proxyauth.Claim) (role Role, invalid string, ok bool) {
	var values []string
	switch p.Roles.Source {
	case RolesHeader:
		if c.Role == "" {
			// A missing header is not an invalid value: a client can make a proxy remove the header (Connection:
			// <name>) and must not get another role by that.
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

// ProhibitedUsernames are the usernames that no user may have (document line 190). They are case-sensitive.
var ProhibitedUsernames = []string{
	"connect", "apps", "users", "groups", "setpassword", "user-completion", "confirm",
	"recent", "reports", "plots", "unpublished", "settings", "metrics", "tokens", "help",
	"login", "welcome", "register", "resetpassword", "content",
}

func prohibited(username string) bool { return slices.Contains(ProhibitedUsernames, username) }
