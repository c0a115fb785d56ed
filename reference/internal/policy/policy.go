// Package policy translates the configuration into the policies of the packages that apply it. It is a package of its
// own because the server, usermanager and the tests of both need the same translation, and usermanager has no HTTP
// interface.
package policy

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"countersign/reference/internal/account"
	"countersign/reference/internal/config"
	"countersign/reference/internal/proxyauth"
)

// Accounts returns the policy for accounts of a configuration.
func Accounts(c *config.Config) account.Policy {
	a, p := c.Authorization, c.ProxyAuth
	policy := account.Policy{
		PasswordLogin:        c.Authentication.Provider == config.ProviderPassword,
		SelfEdit:             a.UserInfoEditableBy == "AdminAndSelf",
		DefaultRole:          account.Role(a.DefaultUserRole),
		Groups:               a.UserGroups,
		PublishersOwnGroups:  a.PublishersCanOwnGroups,
		ViewersSeeThemselves: a.ViewersCanOnlySeeThemselves,
	}
	if policy.PasswordLogin {
		return policy
	}
	policy.UniqueIDs = p.UniqueIDHeader != ""
	policy.GeneratedUsernames = p.UniqueIDHeader != "" && p.UsernameHeader == ""
	policy.RegisterOnFirstLogin = p.RegisterOnFirstLogin
	policy.FirstNameSent, policy.LastNameSent, policy.EmailSent = p.FirstNameHeader != "", p.LastNameHeader != "", p.EmailHeader != ""
	policy.GroupsSent = p.GroupsHeader != ""
	policy.GroupsAutoProvision = p.GroupsAutoProvision
	policy.GroupsByUniqueID = p.GroupsByUniqueID
	policy.Roles = account.RolePolicy{
		Restrictive: a.UserRoleMappingRestrictive,
		Mapping: map[account.Role][]string{
			account.Viewer:        a.ViewerRoleMapping,
			account.Publisher:     a.PublisherRoleMapping,
			account.Administrator: a.AdministratorRoleMapping,
		},
	}
	switch {
	case a.UserRoleGroupMapping: // the role header is then ignored (document line 256)
		policy.Roles.Source = account.RolesGroups
	case a.UserRoleMapping:
		policy.Roles.Source = account.RolesMapped
	case p.RoleHeader != "":
		policy.Roles.Source = account.RolesHeader
	}
	return policy
}

// ConfiguredHeaders returns the headers that the configuration names, also those that the server does not read.
func ConfiguredHeaders(p config.ProxyAuth) proxyauth.Policy {
	return proxyauth.Policy{
		Username: p.UsernameHeader, UniqueID: p.UniqueIDHeader, FirstName: p.FirstNameHeader, LastName: p.LastNameHeader,
		Email: p.EmailHeader, Role: p.RoleHeader, Groups: p.GroupsHeader, GroupsSeparator: p.GroupsHeaderSeparator,
	}
}

// Headers returns the headers that the server reads. With a provider other than the proxy it reads none.
func Headers(c *config.Config) proxyauth.Policy {
	if c.Authentication.Provider != config.ProviderProxy {
		return proxyauth.Policy{}
	}
	policy := ConfiguredHeaders(c.ProxyAuth)
	if !c.Authorization.UserGroups {
		policy.Groups = ""
	}
	return policy
}

// Digest returns a digest of the configuration that decides the result of a login.
func Digest(c *config.Config) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v %+v", c.ProxyAuth, c.Authorization))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
