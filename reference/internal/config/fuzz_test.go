package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/gcfg.v1"

	"countersign/reference/internal/config"
)

// texts are configurations with typical mistakes, or with texts that an operator and a server could read differently.
var texts = []string{
	"", "[", "]", "=", "\"", "\\", "[a]\nb=\\\n c\n", "\ufeff[HTTP]\r\nListen = 127.0.0.1:1\r\n", "[HTTP]\rListen = :1",
	proxy + "UsernameHeader = \"a\\\"b\" ; c\n[Server \"x\"]\nAddress\n",
	proxy + "UsernameHeader = X-A\nUsernameHeader = X-B\nusernameheader=X-C\n",
	proxy + "UsernameHeader\n", proxy + "UsernameHeader =\n", proxy + "UsernameHeader = \"\"\nUniqueIdHeader = X-Id\nEmailHeader = X-E\n",
	proxy + "UsernameHeader = X_Auth_Username\nEmailHeader = X-Auth-Username\n", proxy + "UsernameHeader = Cookie\n",
	proxy + "LoginURL = https://x/a#b\n", proxy + "LoginURL = \"https://x/a#b;c\"\n", proxy + "LoginURL = javascript:alert(1)\n", proxy + "LoginURL = //evil\n",
	proxy + "LoginURL = \"https://a\\nb/\"\n", proxy + "LogoutURL = https://x/${y}/%00\n", proxy + "LogoutURL = \"http://a\\\\@b/\"\n",
	proxy + "GroupsHeader = X-G\nGroupsHeaderSeparator = ;\n", proxy + "GroupsHeader = X-G\nGroupsHeaderSeparator = \";\"\n",
	proxy + "GroupsHeader = X-G\nGroupsHeaderSeparator = \" \"\n", proxy + "GroupsHeader = X-G\nGroupsHeaderSeparator = \"\\t\"\n",
	proxy + "GroupsByUniqueId\nGroupsAutoProvision = on\nGroupsHeader = X-G\n", proxy + "Logging = TRUE # c\n", proxy + "Logging = \"tr\\\nue\"\n",
	proxy + "RoleHeader = X-R\n[Authorization]\nUserRoleMapping = 1\nPublisherRoleMapping = \"a\\\"b\"\nPublisherRoleMapping = c ; d\n  PublisherRoleMapping = e f  \n",
	"[server]\nADDRESS = http://h:1/p ; c\n[Server]\nDataDir = /x/../y\n", "[Server]\nAddress = http://u:hunter2@h/\n", "[Server]\nAddress = \"http://h/\x00\"\n",
	"[Database]\nProvider = Postgres\n[Postgres]\nURL = postgres://u:hunter2@h/d\n", "[Authentication]\nProvider = proxy\nLifetime = 9999999999999999999h\n",
	"\n[A \"\n0", "[A \"\n[B] f:1: forged\"]\n", "[Authentication]\nProvider = pro\xffxy\n", "[Pýthon]\nx=1\n", "[LDAP \"a]b\"]\nx=1\n", "[A]#\n;\n[B] x\n", strings.Repeat("[Python]\n", 300),
	"[Server]\nAddress = " + strings.Repeat("\\\n", 100) + "x\n", "[Server]\nAddress = \"" + strings.Repeat("a", 5000) + "\"\n",
}

// place matches the beginning of a problem.
var place = regexp.MustCompile(`^f:(\d+): |^configuration: `)

// FuzzParse checks that parsing ends for every input, that problems have a place, are in the order of the file and
// contain no secrets, and that an accepted configuration is usable and equal to the one that gcfg reads.
func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := config.Parse("f", src, nil)
		again, errAgain := config.Parse("f", src, nil)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) || !reflect.DeepEqual(c, again) {
			t.Fatalf("read twice: %v, then %v", err, errAgain)
		}
		if err != nil {
			checkProblems(t, src, c, err)
			return
		}
		checkUsable(t, c)
		compareWithGcfg(t, src, c)
	})
}

func checkProblems(t *testing.T, src []byte, c *config.Config, err error) {
	t.Helper()
	var bad *config.Error
	if c != nil || !errors.As(err, &bad) || len(bad.Problems) == 0 {
		t.Fatalf("got %v and %v", c, err)
	}
	last := 0
	for _, p := range bad.Problems {
		at := place.FindStringSubmatch(p)
		if at == nil || strings.ContainsAny(p, "\n\r\x1b\x00") || !utf8.ValidString(p) {
			t.Fatalf("a problem that is no line with a place: %q", p)
		}
		line, _ := strconv.Atoi(at[1])
		if line < last || line > bytes.Count(src, []byte("\n"))+1 {
			t.Fatalf("line %d after line %d: %q", line, last, bad.Problems)
		}
		last = line
	}
}

func checkUsable(t *testing.T, c *config.Config) {
	t.Helper()
	p := c.ProxyAuth
	if c.Authentication.Provider == config.ProviderProxy && p.UsernameHeader == "" && (p.UniqueIDHeader == "" || p.EmailHeader == "") {
		t.Fatal("no user could sign in")
	}
	if p.GroupsByUniqueID && p.GroupsAutoProvision && c.Authentication.Provider == config.ProviderProxy {
		t.Fatal("groups without names would be made")
	}
	for i, u := range []string{c.Server.Address, p.LoginURL, p.LogoutURL} {
		if i > 0 && len(u) > 0 && u[0] == '/' && !strings.HasPrefix(u, "//") && !strings.ContainsAny(u, " \r\n\t\\\x00") {
			continue // an absolute path
		}
		if parsed, err := url.Parse(u); u != "" && (err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || strings.ContainsAny(u, " \r\n\t\\\"<>\x00") && !strings.ContainsAny(u, "\"<>")) {
			t.Fatalf("accepted the URL %q", u)
		}
	}
	for _, w := range c.Warnings {
		if strings.ContainsAny(w, "\n\r\x1b\x00") {
			t.Fatalf("a warning that is no line: %q", w)
		}
	}
}

// compareWithGcfg reads the same text with the decoder of gcfg.
func compareWithGcfg(t *testing.T, src []byte, c *config.Config) {
	t.Helper()
	var theirs struct {
		ProxyAuth struct {
			UsernameHeader, UniqueIdHeader, FirstNameHeader, LastNameHeader, EmailHeader, RoleHeader, GroupsHeader, GroupsHeaderSeparator, LoginURL, LogoutURL string
			Logging, GroupsAutoProvision, GroupsByUniqueId                                                                                                     bool
		}
		Authorization struct {
			ViewerRoleMapping, PublisherRoleMapping, AdministratorRoleMapping []string
			UserRoleMapping, UserRoleGroupMapping, PublishersCanOwnGroups     bool
		}
	}
	if err := gcfg.FatalOnly(gcfg.ReadStringInto(&theirs, strings.TrimPrefix(string(src), "\ufeff"))); err != nil {
		return // gcfg is stricter, for example for a text option without a value
	}
	p, a := c.ProxyAuth, c.Authorization
	username := theirs.ProxyAuth.UsernameHeader
	if username == "" && p.UsernameHeader == "X-Auth-Username" {
		username = p.UsernameHeader // the default
	}
	for name, pair := range map[string][2]any{
		"UsernameHeader": {p.UsernameHeader, username}, "UniqueIdHeader": {p.UniqueIDHeader, theirs.ProxyAuth.UniqueIdHeader},
		"FirstNameHeader": {p.FirstNameHeader, theirs.ProxyAuth.FirstNameHeader}, "LastNameHeader": {p.LastNameHeader, theirs.ProxyAuth.LastNameHeader},
		"EmailHeader": {p.EmailHeader, theirs.ProxyAuth.EmailHeader}, "RoleHeader": {p.RoleHeader, theirs.ProxyAuth.RoleHeader},
		"GroupsHeader": {p.GroupsHeader, theirs.ProxyAuth.GroupsHeader}, "GroupsHeaderSeparator": {p.GroupsHeaderSeparator, theirs.ProxyAuth.GroupsHeaderSeparator},
		"LoginURL": {p.LoginURL, theirs.ProxyAuth.LoginURL}, "LogoutURL": {p.LogoutURL, theirs.ProxyAuth.LogoutURL},
		"Logging": {p.Logging, theirs.ProxyAuth.Logging}, "GroupsAutoProvision": {p.GroupsAutoProvision, theirs.ProxyAuth.GroupsAutoProvision},
		"GroupsByUniqueId": {p.GroupsByUniqueID, theirs.ProxyAuth.GroupsByUniqueId}, "UserRoleMapping": {a.UserRoleMapping, theirs.Authorization.UserRoleMapping},
		"UserRoleGroupMapping":   {a.UserRoleGroupMapping, theirs.Authorization.UserRoleGroupMapping},
		"PublishersCanOwnGroups": {a.PublishersCanOwnGroups, theirs.Authorization.PublishersCanOwnGroups},
		"ViewerRoleMapping":      {a.ViewerRoleMapping, theirs.Authorization.ViewerRoleMapping}, "PublisherRoleMapping": {a.PublisherRoleMapping, theirs.Authorization.PublisherRoleMapping},
		"AdministratorRoleMapping": {a.AdministratorRoleMapping, theirs.Authorization.AdministratorRoleMapping},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Fatalf("%s: read %q, gcfg reads %q", name, pair[0], pair[1])
		}
	}
}
