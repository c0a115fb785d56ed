package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/config"
)

func parse(t *testing.T, text string, environ ...string) *config.Config {
	t.Helper()
	c, err := config.Parse("f.gcfg", []byte(text), environ)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := parse(t, "[Authentication]\nProvider = proxy\n")
	if c.ProxyAuth.UsernameHeader != "X-Auth-Username" || !c.ProxyAuth.RegisterOnFirstLogin || c.ProxyAuth.Logging ||
		c.ProxyAuth.GroupsAutoProvision || c.ProxyAuth.EmailHeader != "" || c.Authorization.DefaultUserRole != "viewer" ||
		c.Authorization.UserInfoEditableBy != "AdminAndSelf" || !c.Authorization.UserGroups || c.HTTP.Listen != config.DefaultListen {
		t.Errorf("defaults: %+v", c)
	}
	if c.PublicPath() != "/" {
		t.Errorf("PublicPath %q", c.PublicPath())
	}
}

func TestDocumentedExample(t *testing.T) {
	t.Parallel()
	c := parse(t, `; the example of the documents, in other words
[authentication]
PROVIDER = "proxy"

[Server]
Address = "https://example.com/apps/posit-connect"   ; behind the proxy

[ProxyAuth]
LoginURL = "https://example.com/auth/login?next=a;b#c"
LogoutURL = "https://example.com/auth/logout"
;UniqueIdHeader = "X-Auth-ID"
# GroupsHeader = "X-Auth-Groups"

[Authorization]
UserRoleMapping
UserRoleMapping = false
PublisherRoleMapping = "Engi\"neering"
AdministratorRoleMapping = A
AdministratorRoleMapping = B
`)
	if c.Server.Address != "https://example.com/apps/posit-connect/" || c.PublicPath() != "/apps/posit-connect/" || !c.Secure() {
		t.Errorf("address %q path %q", c.Server.Address, c.PublicPath())
	}
	if c.ProxyAuth.LoginURL != "https://example.com/auth/login?next=a;b#c" {
		t.Errorf("LoginURL %q is not as written", c.ProxyAuth.LoginURL)
	}
	if got := c.Authorization.AdministratorRoleMapping; len(got) != 2 || got[1] != "B" {
		t.Errorf("AdministratorRoleMapping %q", got)
	}
	if got := c.Authorization.PublisherRoleMapping; len(got) != 1 || got[0] != `Engi"neering` {
		t.Errorf("PublisherRoleMapping %q", got)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "f.gcfg:16: Authorization.UserRoleMapping is given again") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

// proxy is a configuration with proxied authentication. The lines of a test case begin at line 4.
const proxy = "[Authentication]\nProvider = proxy\n[ProxyAuth]\n"

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string // each entry is the beginning of one problem
	}{
		{"provider", "[Authentication]\nProvider = ldap", []string{`f.gcfg:2: Authentication.Provider: "ldap" is not known; allowed: proxy, password`}},
		{"unknown section", "[Sever]\nAddress = x", []string{`f.gcfg:1: [Sever]: the section is not known, the nearest is [Server]; allowed: Server, HTTP`}},
		{"unknown option", "[Server]\nAdress = x", []string{`f.gcfg:2: Server.Adress: the option is not known, the nearest is Server.Address; allowed: Address, DataDir`}},
		{"option of another section", proxy + "UserGroups = true", []string{`f.gcfg:4: ProxyAuth.UserGroups: the option is not known, the nearest is Authorization.UserGroups; allowed: UsernameHeader`}},
		{"misspelled option without effect", "[Server]\nViewerKioks = x", []string{`f.gcfg:2: Server.ViewerKioks: the option is not known, the nearest is Server.ViewerKiosk; `}},
		{"misspelled section without effect", "[Brandig]\nx = y", []string{`f.gcfg:1: [Brandig]: the section is not known, the nearest is [Branding]; `}},
		{"endless option", "[Server]\n" + strings.Repeat("HideVersion", 9000) + " = x", []string{`f.gcfg:2: Server.HideVersion`}},
		{"subsection", `[Server "x"]`, []string{`f.gcfg:1: [Server "x"]: the section is not known`}},
		{"outside", "Provider = proxy", []string{`f.gcfg:1: Provider stands before any [Section]`}},
		{"no end of section", "[Server\nAddress = http://x/", []string{"f.gcfg:1: expected ']'"}},
		{"no equals sign", "[Server]\nAddress http://x/", []string{"f.gcfg:2: expected '=' behind Address"}},
		{"open quote", "[Server]\nAddress = \"http://x/\n", []string{"f.gcfg:2: string not terminated"}},
		{"bad escape", "[Server]\nAddress = \"a\\qb\"\n[HTTP]\nListen = no", []string{"f.gcfg:2: unknown escape", "f.gcfg:4: HTTP.Listen"}},
		{"strange character", "[Server]\n%\n", []string{"f.gcfg:2: illegal character"}},
		{"address scheme", "[Server]\nAddress = ftp://x/", []string{`f.gcfg:2: Server.Address: "ftp://x/" is not a public address; allowed: http://`}},
		{"address without scheme", "[Server]\nAddress = x/y", []string{`f.gcfg:2: Server.Address: `}},
		{"address with query", "[Server]\nAddress = http://x/?a", []string{`f.gcfg:2: Server.Address: `}},
		{"address with password", "[Server]\nAddress = http://a:b@x/", []string{`f.gcfg:2: Server.Address: `}},
		{"data dir", "[Server]\nDataDir = data", []string{`f.gcfg:2: Server.DataDir: "data" is not an absolute path; allowed: a path that begins with /`}},
		{"listen", "[HTTP]\nListen = 3939", []string{`f.gcfg:2: HTTP.Listen: "3939" is not a listening address; allowed: host:port`}},
		{"listen port", "[HTTP]\nListen = :65536", []string{`f.gcfg:2: HTTP.Listen: `}},
		{"lifetime", "[Authentication]\nLifetime = soon", []string{`f.gcfg:2: Authentication.Lifetime: "soon" is not a usable duration; allowed: from 1m`}},
		{"database", "[Database]\nProvider = mysql", []string{`f.gcfg:2: Database.Provider: "mysql" is not known; allowed: sqlite, postgres`}},
		{"postgres without URL", "[Database]\nProvider = postgres", []string{`f.gcfg:2: Database.Provider: postgres needs Postgres.URL`}},
		{"postgres URL", "[Postgres]\nURL = hunter2", []string{`f.gcfg:2: Postgres.URL: the value is not a Postgres URL`}},
		{"sqlite dir", "[SQLite]\nDir = x", []string{`f.gcfg:2: SQLite.Dir: "x" is not an absolute path`}},
		{"log", "[Logging]\nServiceLog = x", []string{`f.gcfg:2: Logging.ServiceLog: "x" is not a place for a log; allowed: STDERR`}},
		{"log level", "[Logging]\nServiceLogLevel = loud", []string{`f.gcfg:2: Logging.ServiceLogLevel: "loud" is not known; allowed: DEBUG, INFO, WARNING, ERROR`}},
		{"header name", proxy + "UsernameHeader = X Auth", []string{`f.gcfg:4: ProxyAuth.UsernameHeader: "X Auth" cannot be the name of a header; allowed: letters`}},
		{"header name with colon", proxy + "EmailHeader = X-A:", []string{`f.gcfg:4: ProxyAuth.EmailHeader: "X-A:" cannot be`}},
		{"header with a meaning", proxy + "GroupsHeader = cookie", []string{`f.gcfg:4: ProxyAuth.GroupsHeader: "cookie" has a meaning of its own`}},
		{"no username header", proxy + `UsernameHeader = ""`, []string{`f.gcfg:4: ProxyAuth.UsernameHeader: it is empty`}},
		{"unique id alone", proxy + "UniqueIdHeader = X-Auth-ID", []string{`f.gcfg:4: ProxyAuth.UniqueIdHeader: it needs a source of usernames; allowed: together with`}},
		{"separator too long", proxy + "GroupsHeaderSeparator = ||", []string{`f.gcfg:4: ProxyAuth.GroupsHeaderSeparator: "||" is not one character that can stand in a header's value; allowed: exactly one`}},
		{"separator not ASCII", proxy + "GroupsHeaderSeparator = ·", []string{`f.gcfg:4: ProxyAuth.GroupsHeaderSeparator: `}},
		{"separator control", proxy + `GroupsHeaderSeparator = "\n"`, []string{`f.gcfg:4: ProxyAuth.GroupsHeaderSeparator: "\n" is not one character that can stand in a header's value`}},
		{"separator cut by a comment", proxy + "GroupsHeaderSeparator = ;", []string{`f.gcfg:4: ProxyAuth.GroupsHeaderSeparator: the value is empty because a comment begins there`}},
		{"boolean", proxy + "Logging = maybe", []string{`f.gcfg:4: ProxyAuth.Logging: "maybe" is not a boolean; allowed: true`}},
		{"boolean register", proxy + "RegisterOnFirstLogin = 2", []string{`f.gcfg:4: ProxyAuth.RegisterOnFirstLogin: `}},
		{"login URL scheme", proxy + "LoginURL = javascript:alert(1)", []string{`f.gcfg:4: ProxyAuth.LoginURL: "javascript:alert(1)" is neither an absolute URL nor an absolute path; allowed: http://..., https://... or /path`}},
		{"login URL of another host", proxy + "LoginURL = //login.example.com/", []string{`f.gcfg:4: ProxyAuth.LoginURL: `}},
		{"login URL that browsers take for another host", proxy + `LoginURL = "/\\\\login.example.com/"`, []string{`f.gcfg:4: ProxyAuth.LoginURL: `}},
		{"login URL relative path", proxy + "LoginURL = auth/login", []string{`f.gcfg:4: ProxyAuth.LoginURL: `}},
		{"logout URL blank", proxy + "LogoutURL = http://x/a b", []string{`f.gcfg:4: ProxyAuth.LogoutURL: `}},
		{"groups twice", proxy + "GroupsHeader=X-G\nGroupsByUniqueId = true\nGroupsAutoProvision = on", []string{`f.gcfg:6: ProxyAuth.GroupsAutoProvision: it cannot be on together with ProxyAuth.GroupsByUniqueId`}},
		{"default role", "[Authorization]\nDefaultUserRole = administrator", []string{`f.gcfg:2: Authorization.DefaultUserRole: "administrator" is not known; allowed: viewer, publisher`}},
		{"editable by", "[Authorization]\nUserInfoEditableBy = Self", []string{`f.gcfg:2: Authorization.UserInfoEditableBy: "Self" is not known; allowed: AdminAndSelf, Admin`}},
		{"empty mapping", "[Authorization]\nViewerRoleMapping = \"\"", []string{`f.gcfg:2: Authorization.ViewerRoleMapping: the value is empty`}},
		{"both mappings", "[Authorization]\nUserRoleMapping=true\nUserRoleGroupMapping=true", []string{`f.gcfg:3: Authorization.UserRoleGroupMapping: it cannot be on together`}},
		{"mapping without role header", proxy + "[Authorization]\nUserRoleMapping=true", []string{`f.gcfg:5: Authorization.UserRoleMapping: it needs the header`}},
		{"all at once", "[Authentication]\nProvider = x\n[Nope]\n[HTTP]\nListen = y\nLisn = z\n", []string{
			"f.gcfg:2: Authentication.Provider", "f.gcfg:3: [Nope]", "f.gcfg:5: HTTP.Listen", "f.gcfg:6: HTTP.Lisn"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("f.gcfg", []byte(tt.text), nil)
			var bad *config.Error
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want problems", err)
			}
			if len(bad.Problems) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%s", len(bad.Problems), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(bad.Problems[i], want) {
					t.Errorf("problem %d:\n got %s\nwant %s...", i, bad.Problems[i], want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a secret is in the message")
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	const address = "[Server]\nAddress = http://127.0.0.1/\n"
	tests := []struct{ name, text, want string }{
		{"no address", proxy, "Server.Address is not configured"},
		{"all interfaces", address + "[HTTP]\nListen = :3939", "every client that reaches this address can sign in as any user"},
		{"another section", address + "[Python]\nEnabled = true\n[Python]\nExecutable = x", "f.gcfg:3: [Python] has no effect here"},
		{"a section twice", address + "[Branding]\nLogo = x\n[branding]\nFavicon = y", "f.gcfg:3: [Branding] has no effect here"},
		{"a section with a second name", address + "[RPackageRepository \"CRAN\"]\nURL = x\n[RPackageRepository \"other\"]\nURL = y", "f.gcfg:3: [RPackageRepository] has no effect here"},
		{"an option without effect", address + "[HTTP]\nNoWarning = true", "f.gcfg:4: HTTP.NoWarning has no effect here"},
		{"an option without effect twice", address + "ViewerKiosk = true\nviewerkiosk = false", "f.gcfg:3: Server.ViewerKiosk has no effect here"},
		{"a path to log out", address + proxy + "LogoutURL = \"/oauth2/sign_out?rd=/\"", "ProxyAuth.LogoutURL is a path"},
		{"a path to log in", address + proxy + "LoginURL = /auth/login", "ProxyAuth.LoginURL is a path"},
		{"cut value", address + proxy + "LoginURL = https://x/a#login", "f.gcfg:6: ProxyAuth.LoginURL: the rest of the line is a comment"},
		{"group mapping without groups", address + proxy + "[Authorization]\nUserRoleGroupMapping=1", "has no effect without ProxyAuth.GroupsHeader"},
		{"groups off", address + proxy + "GroupsHeader = X-G\n[Authorization]\nUserGroups=off", "Authorization.UserGroups = false"},
		{"groups by id without header", address + proxy + "GroupsByUniqueId = on", "have no effect without ProxyAuth.GroupsHeader"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := parse(t, tt.text)
			if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], tt.want) {
				t.Errorf("warnings %q, want one with %q", c.Warnings, tt.want)
			}
		})
	}
	if c := parse(t, address+proxy); len(c.Warnings) != 0 {
		t.Errorf("warnings about nothing: %q", c.Warnings)
	}
}

// One header may serve several options, for proxies that identify users by e-mail address.
func TestOneHeaderForSeveralOptions(t *testing.T) {
	t.Parallel()
	c := parse(t, "[Server]\nAddress = http://127.0.0.1/\n"+proxy+"UsernameHeader = X-Forwarded-Email\nEmailHeader = x-forwarded-EMAIL\nFirstNameHeader = X-Forwarded-Email\n")
	if len(c.Warnings) != 0 || c.ProxyAuth.UsernameHeader != "X-Forwarded-Email" || c.ProxyAuth.EmailHeader != "x-forwarded-EMAIL" {
		t.Errorf("got %+v, warnings %q", c.ProxyAuth, c.Warnings)
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	c := parse(t, proxy+"UsernameHeader = X-A\n", "CONNECT_PROXYAUTH_USERNAMEHEADER=X-B", "CONNECT_SERVER=https://elsewhere/",
		"CONNECT_API_KEY=secret", "CONNECT_AUTHENTICATION_LIFETIME=2d", "PATH=/bin", "CONNECT_POSTGRES_URL=postgres://u:hunter2@h/db")
	if c.ProxyAuth.UsernameHeader != "X-B" || c.Authentication.Lifetime != 48*time.Hour {
		t.Errorf("got %q, %v", c.ProxyAuth.UsernameHeader, c.Authentication.Lifetime)
	}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c.Postgres); strings.Contains(s, "hunter2") {
		t.Errorf("the password shows in %s", s)
	}
	_, err := config.Parse("f", nil, []string{"CONNECT_PROXYAUTH_LOGGING=x"})
	if err == nil || !strings.HasPrefix(err.Error(), "environment CONNECT_PROXYAUTH_LOGGING: ProxyAuth.Logging: ") {
		t.Errorf("got %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	if _, err := config.Load(filepath.Join(t.TempDir(), "absent"), nil); err == nil {
		t.Error("an absent file is no error")
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("\ufeff[HTTP]\r\nListen = 127.0.0.1:1\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, nil)
	if err != nil || c.HTTP.Listen != "127.0.0.1:1" {
		t.Errorf("got %+v, %v", c, err)
	}
}
