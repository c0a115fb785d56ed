package config

import (
	"net"
	"strings"
)

// refuse reports that options contradict each other, at the place of the named one.
func (b *binder) refuse(name, format string, args ...any) {
	v := b.seen[name]
	line, place := 0, v.place
	if place == "" {
		place = "configuration"
	} else {
		line = lineOf(place)
	}
	b.bad.add(line, place+": "+name+": "+format, args...)
}

// checkTogether judges options that depend on each other. ProxyAuth counts only where its
// provider is chosen.
func (b *binder) checkTogether() {
	c := b.c
	a := &c.Authorization
	if a.UserRoleMapping && a.UserRoleGroupMapping {
		b.refuse("Authorization.UserRoleGroupMapping", "it may not be on together with Authorization.UserRoleMapping; allowed: one of the two")
	}
	if c.Database.Provider == DatabasePostgres && c.Postgres.URL == "" && b.seen["Postgres.URL"].place == "" {
		b.refuse("Database.Provider", "postgres needs Postgres.URL; allowed: Postgres.URL = postgres://user:password@host:port/database")
	}
	if host, _, err := net.SplitHostPort(c.HTTP.Listen); err == nil && !isLoopback(host) {
		b.warn("HTTP.Listen = %s: everybody who reaches this address can sign in as anybody by sending the header; let only the proxy reach it", c.HTTP.Listen)
	}
	if c.Server.Address == "" {
		b.warn("Server.Address is not configured: links, redirects and the OAuth callback use the address that the server listens on, and browsers may bypass the proxy")
	}
	if c.Authentication.Provider != ProviderProxy {
		if a.UserRoleMapping || a.UserRoleGroupMapping {
			b.warn("Authorization.UserRoleMapping and UserRoleGroupMapping have no effect with Authentication.Provider = %s", c.Authentication.Provider)
		}
		return
	}
	b.checkProxyAuth()
	b.checkGroups()
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (b *binder) checkProxyAuth() {
	p, a := &b.c.ProxyAuth, &b.c.Authorization
	switch {
	case p.UniqueIDHeader != "" && p.UsernameHeader == "" && p.EmailHeader == "":
		b.refuse("ProxyAuth.UniqueIdHeader", "it needs a source of usernames; allowed: together with ProxyAuth.UsernameHeader, ProxyAuth.EmailHeader or both")
	case p.UniqueIDHeader == "" && p.UsernameHeader == "" && b.seen["ProxyAuth.UsernameHeader"].place != "" && b.seen["ProxyAuth.UsernameHeader"].value == "":
		b.refuse("ProxyAuth.UsernameHeader", "it is empty, so that nobody could sign in; allowed: the name of a header, or leave the option out")
	case p.UniqueIDHeader == "" && p.UsernameHeader == "":
		// The default holds only while no unique id is configured: otherwise no username could
		// ever be generated.
		p.UsernameHeader = "X-Auth-Username"
	}
	if a.UserRoleMapping && p.RoleHeader == "" {
		b.refuse("Authorization.UserRoleMapping", "it needs the header that carries the values; allowed: together with ProxyAuth.RoleHeader")
	}
	for _, u := range []struct{ option, value string }{{"LoginURL", p.LoginURL}, {"LogoutURL", p.LogoutURL}} {
		switch {
		case strings.HasPrefix(u.value, "/"):
			b.warn("ProxyAuth.%s is a path: browsers are sent to it as it is, and a proxy that publishes the server below a prefix may add the prefix; an absolute URL has one meaning everywhere", u.option)
		case strings.HasPrefix(u.value, "http://") && b.c.Secure():
			b.warn("ProxyAuth.%s is plain http although Server.Address is https", u.option)
		}
	}
}

func (b *binder) checkGroups() {
	p, a := &b.c.ProxyAuth, &b.c.Authorization
	if p.GroupsByUniqueID && p.GroupsAutoProvision {
		b.refuse("ProxyAuth.GroupsAutoProvision", "it may not be on together with ProxyAuth.GroupsByUniqueId, because the groups would have no names; allowed: one of the two")
	}
	switch {
	case !a.UserGroups && (p.GroupsHeader != "" || p.GroupsAutoProvision || p.GroupsByUniqueID || a.UserRoleGroupMapping):
		b.warn("Authorization.UserGroups = false: the options about groups have no effect")
	case p.GroupsHeader != "":
	case a.UserRoleGroupMapping:
		b.warn("Authorization.UserRoleGroupMapping has no effect without ProxyAuth.GroupsHeader: it does not work with locally managed groups")
	case p.GroupsAutoProvision || p.GroupsByUniqueID || p.GroupsHeaderSeparator != "":
		b.warn("ProxyAuth.GroupsAutoProvision, GroupsByUniqueId and GroupsHeaderSeparator have no effect without ProxyAuth.GroupsHeader")
	}
}
