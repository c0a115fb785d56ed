// Package config reads the gcfg file of Connect into a typed, validated configuration. It reports all problems
// together, each with its place in the file.
package config

import (
	"path/filepath"
	"strings"
	"time"
)

// Config is the complete, valid configuration of a server, including defaults.
type Config struct {
	// Warnings are messages for the operator at start-up. They do not stop the server.
	Warnings []string

	Server struct {
		// Address is the public URL with a trailing slash, or "" if it is not configured.
		Address string
		DataDir string
	}
	HTTP           struct{ Listen string }
	Authentication struct {
		Provider string // ProviderProxy or ProviderPassword
		Lifetime time.Duration
	}
	ProxyAuth     ProxyAuth
	Authorization Authorization
	Database      struct{ Provider string } // DatabaseSQLite or DatabasePostgres
	SQLite        struct{ Dir string }      // "" means Server.DataDir/db
	Postgres      struct{ URL Secret }
	Logging       struct {
		ServiceLog       string // a path, "STDERR" or "STDOUT"
		ServiceLogLevel  string // DEBUG, INFO, WARNING or ERROR
		ServiceLogFormat string // TEXT or JSON
	}
}

// The values of Authentication.Provider and Database.Provider.
const (
	ProviderProxy    = "proxy"
	ProviderPassword = "password"
	DatabaseSQLite   = "sqlite"
	DatabasePostgres = "postgres"
)

// ProxyAuth is the section of the same name. A header with an empty name is not configured.
type ProxyAuth struct {
	UsernameHeader, UniqueIDHeader               string
	FirstNameHeader, LastNameHeader, EmailHeader string
	RoleHeader, GroupsHeader                     string
	GroupsHeaderSeparator                        string
	GroupsAutoProvision, GroupsByUniqueID        bool
	RegisterOnFirstLogin                         bool
	LoginURL, LogoutURL                          string
	Logging                                      bool
}

// Authorization is the section of the same name.
type Authorization struct {
	DefaultUserRole                                                   string
	UserRoleMapping, UserRoleGroupMapping, UserRoleMappingRestrictive bool
	ViewerRoleMapping, PublisherRoleMapping, AdministratorRoleMapping []string
	UserInfoEditableBy                                                string // AdminAndSelf or Admin
	UserGroups                                                        bool
	PublishersCanOwnGroups                                            bool
	ViewersCanOnlySeeThemselves                                       bool
	ContentCredentialsUseGUID                                         bool
}

// Secret is a value that must not appear in logs and messages.
type Secret string

// String implements fmt.Stringer.
func (Secret) String() string { return "[redacted]" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "[redacted]" }

// DefaultListen is the default listening address. It is local, because this is a reference server and not a
// production server.
const DefaultListen = "127.0.0.1:3939"

// Default returns the configuration of an empty file.
func Default() *Config {
	c := &Config{}
	c.Server.DataDir = "/var/lib/rstudio-connect"
	c.HTTP.Listen = DefaultListen
	c.Authentication.Provider = ProviderPassword
	c.Authentication.Lifetime = 30 * 24 * time.Hour
	c.ProxyAuth.RegisterOnFirstLogin = true
	c.Authorization.DefaultUserRole = "viewer"
	c.Authorization.UserInfoEditableBy = "AdminAndSelf"
	c.Authorization.UserGroups = true
	c.Database.Provider = DatabaseSQLite
	c.Logging.ServiceLog = "STDERR"
	c.Logging.ServiceLogLevel = "INFO"
	c.Logging.ServiceLogFormat = "TEXT"
	return c
}

// SQLitePath returns the path of the SQLite database file.
func (c *Config) SQLitePath() string {
	dir := c.SQLite.Dir
	if dir == "" {
		dir = filepath.Join(c.Server.DataDir, "db")
	}
	return filepath.Join(dir, "connect.db")
}

// PublicPath returns the path of Server.Address with a trailing slash. It is "/" unless the server is published under
// a prefix. Cookies have this path.
func (c *Config) PublicPath() string {
	_, host, _ := strings.Cut(c.Server.Address, "://")
	_, path, _ := strings.Cut(host, "/")
	return "/" + path
}

// Secure reports whether browsers reach the server by HTTPS.
func (c *Config) Secure() bool { return strings.HasPrefix(c.Server.Address, "https://") }
