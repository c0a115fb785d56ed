package config

import (
	"net"
	"strings"
)

// refuse reports an option that contradicts another one, with the place of the option.
func (b *binder) refuse(name, problem string) {
	v := b.seen[name]
	b.bad.add(v.line, "%s: %s: %s", v.place, name, problem)
}

// checkTogether checks options that depend on each other. It checks ProxyAuth only if its provider is selected.
func (b *binder) checkTogether() {
	a := &b.c.Authorization
	if a.UserRoleMapping && a.UserRoleGroupMapping {
		b.refuse("Authorization.UserRoleGroupMapping", "it cannot be on together with Authorization.UserRoleMapping; allowed: one of the two")
	}
	b.checkDatabase()
	b.warnOfListen()
	if b.c.Server.Address == "" {
		b.warn("Server.Address is not configured: links, redirects and the OAuth callback use the address that the server listens on, and browsers may bypass the proxy")
	}
	if b.c.Authentication.Provider == ProviderProxy {
		b.checkProxyAuth()
		b.warnOfPaths()
		b.warnOfGroups()
	}
}

func (b *binder) checkDatabase() {
	if b.c.Database.Provider == DatabasePostgres && b.c.Postgres.URL == "" {
		b.refuse("Database.Provider", "postgres needs Postgres.URL; allowed: Postgres.URL = postgres://user:password@host:port/database")
	}
}

// warnOfListen warns of an address that other machines can reach.
func (b *binder) warnOfListen() {
	host, _, _ := net.SplitHostPort(b.c.HTTP.Listen)
	if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() {
		b.warn("HTTP.Listen = %s: every client that reaches this address can sign in as any user by sending the header; only the proxy should reach it", b.c.HTTP.Listen)
	}
}

func (b *binder) checkProxyAuth() {
	p, a := &b.c.ProxyAuth, &b.c.Authorization
	switch {
	case p.UsernameHeader != "":
	case p.UniqueIDHeader != "" && p.EmailHeader == "":
		b.refuse("ProxyAuth.UniqueIdHeader", "it needs a source of usernames; allowed: together with ProxyAuth.UsernameHeader, ProxyAuth.EmailHeader or both")
	case p.UniqueIDHeader != "":
		// There is no default if a unique id is configured, because it would prevent generated usernames.
	default:
		if v, written := b.seen["ProxyAuth.UsernameHeader"]; written && v.value == "" {
			b.refuse("ProxyAuth.UsernameHeader", "it is empty, so that no user could sign in; allowed: the name of a header, or leave the option out")
		}
		p.UsernameHeader = "X-Auth-Username"
	}
	if a.UserRoleMapping && p.RoleHeader == "" {
		b.refuse("Authorization.UserRoleMapping", "it needs the header that carries the values; allowed: together with ProxyAuth.RoleHeader")
	}
	if p.GroupsByUniqueID && p.GroupsAutoProvision {
		b.refuse("ProxyAuth.GroupsAutoProvision", "it cannot be on together with ProxyAuth.GroupsByUniqueId, because the groups would have no names; allowed: one of the two")
	}
}

// warnOfPaths warns of pages of the proxy that are configured as a path without a host.
func (b *binder) warnOfPaths() {
	p := &b.c.ProxyAuth
	for _, u := range []struct{ option, value string }{{"LoginURL", p.LoginURL}, {"LogoutURL", p.LogoutURL}} {
		if strings.HasPrefix(u.value, "/") {
			b.warn("ProxyAuth.%s is a path: browsers are sent to it as it is, and a proxy that publishes the server below a prefix may add the prefix; an absolute URL has one meaning everywhere", u.option)
		}
	}
}

// warnOfGroups warns of group options that have no effect in combination with the others.
func (b *binder) warnOfGroups() {
	p, a := &b.c.ProxyAuth, &b.c.Authorization
	about := p.GroupsHeader != "" || p.GroupsAutoProvision || p.GroupsByUniqueID || p.GroupsHeaderSeparator != "" || a.UserRoleGroupMapping
	switch {
	case !a.UserGroups && about:
		b.warn("Authorization.UserGroups = false: the options about groups have no effect")
	case p.GroupsHeader == "" && a.UserRoleGroupMapping:
		b.warn("Authorization.UserRoleGroupMapping has no effect without ProxyAuth.GroupsHeader: it does not work with locally managed groups")
	case p.GroupsHeader == "" && about:
		b.warn("ProxyAuth.GroupsAutoProvision, GroupsByUniqueId and GroupsHeaderSeparator have no effect without ProxyAuth.GroupsHeader")
	}
}
