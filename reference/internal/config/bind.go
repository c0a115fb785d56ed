package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// key is one option: its documented name, and a function that stores its value in a Config.
type key struct {
	name string
	// set stores the value, or returns a message that states the problem and the allowed values.
	set func(c *Config, v setting) string
	// many is true if each occurrence adds a value. Otherwise the last occurrence counts, as in gcfg.
	many bool
}

// section is one section of the file with its options.
type section struct {
	name string
	keys []key
}

// sections holds every option that this server implements.
var sections = []section{
	{"Server", []key{
		{name: "Address", set: address},
		{name: "DataDir", set: path(func(c *Config) *string { return &c.Server.DataDir })},
	}},
	{"HTTP", []key{{name: "Listen", set: listen}}},
	{"Authentication", []key{
		{name: "Provider", set: oneOf(func(c *Config) *string { return &c.Authentication.Provider }, ProviderProxy, ProviderPassword)},
		{name: "Lifetime", set: duration(func(c *Config) *time.Duration { return &c.Authentication.Lifetime })},
	}},
	{"ProxyAuth", []key{
		{name: "UsernameHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.UsernameHeader })},
		{name: "UniqueIdHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.UniqueIDHeader })},
		{name: "FirstNameHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.FirstNameHeader })},
		{name: "LastNameHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.LastNameHeader })},
		{name: "EmailHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.EmailHeader })},
		{name: "RoleHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.RoleHeader })},
		{name: "GroupsHeader", set: header(func(c *Config) *string { return &c.ProxyAuth.GroupsHeader })},
		{name: "GroupsHeaderSeparator", set: separator},
		{name: "GroupsAutoProvision", set: boolean(func(c *Config) *bool { return &c.ProxyAuth.GroupsAutoProvision })},
		{name: "GroupsByUniqueId", set: boolean(func(c *Config) *bool { return &c.ProxyAuth.GroupsByUniqueID })},
		{name: "RegisterOnFirstLogin", set: boolean(func(c *Config) *bool { return &c.ProxyAuth.RegisterOnFirstLogin })},
		{name: "LoginURL", set: webURL(func(c *Config) *string { return &c.ProxyAuth.LoginURL })},
		{name: "LogoutURL", set: webURL(func(c *Config) *string { return &c.ProxyAuth.LogoutURL })},
		{name: "Logging", set: boolean(func(c *Config) *bool { return &c.ProxyAuth.Logging })},
	}},
	{"Authorization", []key{
		{name: "DefaultUserRole", set: oneOf(func(c *Config) *string { return &c.Authorization.DefaultUserRole }, "viewer", "publisher")},
		{name: "UserRoleMapping", set: boolean(func(c *Config) *bool { return &c.Authorization.UserRoleMapping })},
		{name: "UserRoleGroupMapping", set: boolean(func(c *Config) *bool { return &c.Authorization.UserRoleGroupMapping })},
		{name: "UserRoleMappingRestrictive", set: boolean(func(c *Config) *bool { return &c.Authorization.UserRoleMappingRestrictive })},
		{name: "ViewerRoleMapping", many: true, set: list(func(c *Config) *[]string { return &c.Authorization.ViewerRoleMapping })},
		{name: "PublisherRoleMapping", many: true, set: list(func(c *Config) *[]string { return &c.Authorization.PublisherRoleMapping })},
		{name: "AdministratorRoleMapping", many: true, set: list(func(c *Config) *[]string { return &c.Authorization.AdministratorRoleMapping })},
		{name: "UserInfoEditableBy", set: oneOf(func(c *Config) *string { return &c.Authorization.UserInfoEditableBy }, "AdminAndSelf", "Admin")},
		{name: "UserGroups", set: boolean(func(c *Config) *bool { return &c.Authorization.UserGroups })},
		{name: "PublishersCanOwnGroups", set: boolean(func(c *Config) *bool { return &c.Authorization.PublishersCanOwnGroups })},
		{name: "ViewersCanOnlySeeThemselves", set: boolean(func(c *Config) *bool { return &c.Authorization.ViewersCanOnlySeeThemselves })},
		{name: "ContentCredentialsUseGUID", set: boolean(func(c *Config) *bool { return &c.Authorization.ContentCredentialsUseGUID })},
	}},
	{"Database", []key{
		{name: "Provider", set: oneOf(func(c *Config) *string { return &c.Database.Provider }, DatabaseSQLite, DatabasePostgres)},
	}},
	{"SQLite", []key{
		{name: "Dir", set: path(func(c *Config) *string { return &c.SQLite.Dir })},
	}},
	{"Postgres", []key{{name: "URL", set: postgresURL}}},
	{"Logging", []key{
		{name: "ServiceLog", set: logFile},
		{name: "ServiceLogLevel", set: oneOf(func(c *Config) *string { return &c.Logging.ServiceLogLevel }, "DEBUG", "INFO", "WARNING", "ERROR")},
		{name: "ServiceLogFormat", set: oneOf(func(c *Config) *string { return &c.Logging.ServiceLogFormat }, "TEXT", "JSON")},
	}},
}

func boolean(field func(*Config) *bool) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		switch value := strings.ToLower(v.value); {
		case v.noValue || slices.Contains([]string{"true", "yes", "on", "1"}, value): // a key without a value is true
			*field(c) = true
		case slices.Contains([]string{"false", "no", "off", "0"}, value):
			*field(c) = false
		default:
			return fmt.Sprintf("%s is not a boolean; allowed: true, yes, on, 1, false, no, off, 0", quoted(v.value))
		}
		return ""
	}
}

func oneOf(field func(*Config) *string, allowed ...string) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		for _, a := range allowed {
			if strings.EqualFold(v.value, a) {
				*field(c) = a
				return ""
			}
		}
		return fmt.Sprintf("%s is not known; allowed: %s", quoted(v.value), strings.Join(allowed, ", "))
	}
}

func list(field func(*Config) *[]string) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		if strings.TrimSpace(v.value) == "" {
			return "the value is empty; allowed: one value, repeat the line for more"
		}
		*field(c) = append(*field(c), v.value)
		return ""
	}
}

func path(field func(*Config) *string) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		if !filepath.IsAbs(v.value) {
			return fmt.Sprintf("%s is not an absolute path; allowed: a path that begins with /", quoted(v.value))
		}
		*field(c) = filepath.Clean(v.value)
		return ""
	}
}

func duration(field func(*Config) *time.Duration) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		text := v.value
		if days, ok := strings.CutSuffix(text, "d"); ok {
			if n, err := strconv.Atoi(days); err == nil {
				text = strconv.Itoa(24*n) + "h"
			}
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < time.Minute || d > 366*24*time.Hour {
			return fmt.Sprintf("%s is not a usable duration; allowed: from 1m to 366d, such as 90m, 24h or 30d", quoted(v.value))
		}
		*field(c) = d
		return ""
	}
}

// notIdentity lists headers that have a meaning for HTTP, for this server or for deployment clients. net/http removes
// some of them from the header.
var notIdentity = []string{
	"Host", "Connection", "Content-Length", "Content-Type", "Transfer-Encoding", "Trailer", "Te", "Upgrade", "Keep-Alive",
	"Cookie", "Authorization", "X-Rsc-Authorization", "X-Auth-Token", "X-Auth-Signature", "X-Content-Checksum",
	"X-Rsc-Request", "X-Rsc-Xsrf", "X-Correlation-Id", "Origin", "Referer", "Date",
}

// fieldName matches the name of a header (RFC 9110 section 5.6.2). "" means that the header is not configured.
var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]*$")

func header(field func(*Config) *string) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		switch {
		case !fieldName.MatchString(v.value):
			return fmt.Sprintf("%s cannot be the name of a header; allowed: letters, digits and !#$%%&'*+-.^_`|~ (RFC 9110 section 5.6.2)", quoted(v.value))
		case slices.ContainsFunc(notIdentity, func(n string) bool { return strings.EqualFold(n, v.value) }):
			return fmt.Sprintf("%s has a meaning of its own; allowed: a header that only the proxy uses", quoted(v.value))
		}
		*field(c) = v.value
		return ""
	}
}

// separatorForm matches one character that may occur in the value of a header (RFC 7230 section 3.2.6, document line
// 348), or the empty string.
var separatorForm = regexp.MustCompile(`^[\t -~]?$`)

func separator(c *Config, v setting) string {
	const allowed = "allowed: exactly one printable ASCII character, blank or tab; put ; # and \\ in double quotes"
	switch {
	case v.cut:
		return "the value is empty because a comment begins there; " + allowed
	case !separatorForm.MatchString(v.value):
		return fmt.Sprintf("%s is not one character that can stand in a header's value; %s", quoted(v.value), allowed)
	}
	c.ProxyAuth.GroupsHeaderSeparator = v.value
	return ""
}

// webURL stores a URL or an absolute path unchanged, after checking that a browser may be sent to it.
func webURL(field func(*Config) *string) func(*Config, setting) string {
	return func(c *Config, v setting) string {
		if v.value != "" && !isWebURL(v.value) && !absolutePath.MatchString(v.value) {
			return fmt.Sprintf("%s is neither an absolute URL nor an absolute path; allowed: http://..., https://... or /path, without blanks",
				quoted(v.value))
		}
		*field(c) = v.value
		return ""
	}
}

// A URL has no blanks, no characters outside ASCII, and no "\", which browsers treat as "/". A path must not begin
// with "//", because browsers treat the rest as another host.
var (
	webURLForm   = regexp.MustCompile(`^[Hh][Tt][Tt][Pp][Ss]?://[!-\[\]-~]+$`)
	absolutePath = regexp.MustCompile(`^/([!-.0-\[\]-~][!-\[\]-~]*)?$`)
)

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && webURLForm.MatchString(s) && u.Hostname() != ""
}

func address(c *Config, v setting) string {
	if v.value == "" {
		c.Server.Address = ""
		return ""
	}
	if !isWebURL(v.value) || strings.ContainsAny(v.value, "?#@") {
		return fmt.Sprintf("%s is not a public address; allowed: http:// or https://, host, optional port and path, nothing else", quoted(v.value))
	}
	c.Server.Address = strings.TrimRight(v.value, "/") + "/"
	return ""
}

func listen(c *Config, v setting) string {
	if err := CheckListen(v.value); err != nil {
		return err.Error()
	}
	c.HTTP.Listen = v.value
	return ""
}

// CheckListen returns an error if s is not a listening address.
func CheckListen(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err == nil && strings.ContainsAny(host, " /") {
		err = fmt.Errorf("bad host")
	}
	if err != nil {
		return fmt.Errorf("%s is not a listening address; allowed: host:port or :port, port 0 to 65535", quoted(s))
	}
	return nil
}

func postgresURL(c *Config, v setting) string {
	u, err := url.Parse(v.value)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return "the value is not a Postgres URL; allowed: postgres://user:password@host:port/database" // the message leaves out the value, which holds a password
	}
	c.Postgres.URL = Secret(v.value)
	return ""
}

func logFile(c *Config, v setting) string {
	switch up := strings.ToUpper(v.value); {
	case up == "STDERR" || up == "STDOUT":
		c.Logging.ServiceLog = up
	case filepath.IsAbs(v.value):
		c.Logging.ServiceLog = filepath.Clean(v.value)
	default:
		return fmt.Sprintf("%s is not a place for a log; allowed: STDERR, STDOUT or an absolute path", quoted(v.value))
	}
	return ""
}

// quoted returns a value as one line of bounded length.
func quoted(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "..."
	}
	return strconv.Quote(s)
}
