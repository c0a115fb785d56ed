// Package config reads the gcfg file that Connect reads into a typed, validated
// configuration. It reports every problem at once, each with its place, and changes
// nothing while it validates.
package config

import (
	"path/filepath"
	"strings"
	"time"
)

// Config is the whole configuration of a server, valid and with defaults filled in.
type Config struct {
	// Warnings are what to tell the operator at start-up. None of them stops the server.
	Warnings []string

	Server struct {
		// Address is the public URL, with a trailing slash; "" when not configured.
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

// ProxyAuth is the section of the same name. An empty header name is not configured.
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

// Secret is a value that no log and no message may show.
type Secret string

// String implements fmt.Stringer.
func (Secret) String() string { return "[redacted]" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "[redacted]" }

// DefaultListen is where the server listens unless told otherwise: on this machine only,
// because it is a reference and no production server.
const DefaultListen = "127.0.0.1:3939"

// Default is the configuration of an empty file.
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

// SQLitePath is the file of the SQLite database.
func (c *Config) SQLitePath() string {
	dir := c.SQLite.Dir
	if dir == "" {
		dir = filepath.Join(c.Server.DataDir, "db")
	}
	return filepath.Join(dir, "connect.db")
}

// PublicPath is the path of Server.Address, with a trailing slash: "/" unless the server
// is published under a prefix. Cookies are set for it.
func (c *Config) PublicPath() string {
	_, host, _ := strings.Cut(c.Server.Address, "://")
	_, path, _ := strings.Cut(host, "/")
	return "/" + path
}

// Secure reports whether browsers reach the server by https.
func (c *Config) Secure() bool { return strings.HasPrefix(c.Server.Address, "https://") }
