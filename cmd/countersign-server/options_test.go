package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"
)

// A wrongValue is a wrong value and the beginning of the message about it.
type wrongValue struct{ text, message string }

// kinds are the kinds of values of options, each with wrong values.
var kinds = map[string][]wrongValue{
	"boolean": {
		{`maybe`, `"maybe" is not a boolean; allowed: true, yes, on, 1, false, no, off, 0`},
		{`2`, `"2" is not a boolean`}, {`""`, `"" is not a boolean`}, {`"true "`, `"true " is not a boolean`}, {`tru\u00e9`, ``},
	},
	"header": {
		{`X Auth`, `"X Auth" cannot be the name of a header; allowed: letters, digits and`},
		{`X-Auth:`, `"X-Auth:" cannot be`}, {`Överst`, `"Överst" cannot be`}, {`"X-A\nB: c"`, `"X-A\nB: c" cannot be`}, {`(X)`, `"(X)" cannot be`},
		{`COOKIE`, `"COOKIE" has a meaning of its own; allowed: a header that only the proxy uses`},
		{`Connection`, `"Connection" has a meaning`}, {`x-auth-token`, `"x-auth-token" has a meaning`},
	},
	"choice": {
		{`nothing-of-the-kind`, `"nothing-of-the-kind" is not known; allowed: `}, {`""`, `"" is not known`}, {`"a\tb"`, `"a\tb" is not known`},
		{strings.Repeat("long", 1000), `"` + strings.Repeat("long", 20) + `..." is not known`},
	},
	"list":  {{`""`, `the value is empty; allowed: one value, repeat the line for more`}, {`"  "`, `the value is empty`}},
	"path":  {{`here/below`, `"here/below" is not an absolute path; allowed: a path that begins with /`}, {`""`, `"" is not an absolute path`}, {`./x`, `"./x" is not`}},
	"place": {{`here.log`, `"here.log" is not a place for a log; allowed: STDERR, STDOUT or an absolute path`}, {`""`, `"" is not a place`}},
	"duration": {
		{`soon`, `"soon" is not a usable duration; allowed: from 1m to 366d, such as 90m, 24h or 30d`},
		{`""`, `"" is not`}, {`0`, `"0" is not`}, {`-1h`, `"-1h" is not`}, {`59s`, `"59s" is not`}, {`367d`, `"367d" is not`}, {`1.5d`, `"1.5d" is not`},
		{`99999999999999999999d`, `"99999999999999999999d" is not`}, {`106751d`, `"106751d" is not`}, {`384307168202282326d`, `"384307168202282326d" is not`},
	},
	"URL": {
		{`javascript:alert(1)`, `"javascript:alert(1)" is neither an absolute URL nor an absolute path; allowed: http://..., https://... or /path, without blanks`},
		{`auth/login`, `"auth/login" is neither`}, {`//login.example.com/`, `"//login.example.com/" is neither`}, {`ftp://x/`, `"ftp://x/" is neither`},
		{`https://`, `"https://" is neither`}, {`https://:443/`, `"https://:443/" is neither`}, {`"http://x/a b"`, `"http://x/a b" is neither`},
		{`"http://x/\na"`, `"http://x/\na" is neither`}, {`"http://x\\@y/"`, `"http://x\\@y/" is neither`}, {`http://exämple/`, `"http://exämple/" is neither`}, {`"http://%zz/"`, `"http://%zz/" is neither`},
	},
	"address": {
		{`x/y`, `"x/y" is not a public address; allowed: http:// or https://, host, optional port and path, nothing else`},
		{`ftp://x/`, `"ftp://x/" is not`}, {`"https://x/?a=b"`, `"https://x/?a=b" is not`}, {`"https://x/?"`, `"https://x/?" is not`},
		{`"https://x/#a"`, `"https://x/#a" is not`}, {`https://a:b@x/`, `"https://a:b@x/" is not`}, {`"https://x/a b"`, `"https://x/a b" is not`},
	},
	"listen": {
		{`3939`, `"3939" is not a listening address; allowed: host:port or :port, port 0 to 65535`}, {`""`, `"" is not`}, {`:65536`, `":65536" is not`},
		{`:-1`, `":-1" is not`}, {`:http`, `":http" is not`}, {`a:1:2`, `"a:1:2" is not`}, {`"a b:1"`, `"a b:1" is not`}, {`http://x:1`, `"http://x:1" is not`},
	},
	"separator": {
		{`||`, `"||" is not one character that can stand in a header's value; allowed: exactly one printable ASCII character, blank or tab`}, {`·`, `"·" is not one character`},
		{`"\n"`, `"\n" is not one character that can stand in a header's value`}, {`;`, `the value is empty because a comment begins there`}, {`#`, `the value is empty because a comment begins there`},
	},
	"DSN": {
		{`hunter2`, `the value is not a Postgres URL; allowed: postgres://user:password@host:port/database`}, {`""`, `the value is not`},
		{`mysql://u:hunter2@h/d`, `the value is not`}, {`postgres://`, `the value is not`}, {`postgres://u:hunter2@%zz/`, `the value is not`},
	},
}

// options are all options with an effect, with the kind of their value.
var options = map[string]string{
	"Server.Address": "address", "Server.DataDir": "path",
	"HTTP.Listen":             "listen",
	"Authentication.Provider": "choice", "Authentication.Lifetime": "duration",
	"ProxyAuth.UsernameHeader": "header", "ProxyAuth.UniqueIdHeader": "header", "ProxyAuth.FirstNameHeader": "header",
	"ProxyAuth.LastNameHeader": "header", "ProxyAuth.EmailHeader": "header", "ProxyAuth.RoleHeader": "header", "ProxyAuth.GroupsHeader": "header",
	"ProxyAuth.GroupsHeaderSeparator": "separator", "ProxyAuth.GroupsAutoProvision": "boolean", "ProxyAuth.GroupsByUniqueId": "boolean",
	"ProxyAuth.RegisterOnFirstLogin": "boolean", "ProxyAuth.LoginURL": "URL", "ProxyAuth.LogoutURL": "URL", "ProxyAuth.Logging": "boolean",
	"Authorization.DefaultUserRole": "choice", "Authorization.UserRoleMapping": "boolean", "Authorization.UserRoleGroupMapping": "boolean",
	"Authorization.UserRoleMappingRestrictive": "boolean", "Authorization.ViewerRoleMapping": "list", "Authorization.PublisherRoleMapping": "list",
	"Authorization.AdministratorRoleMapping": "list", "Authorization.UserInfoEditableBy": "choice", "Authorization.UserGroups": "boolean",
	"Authorization.PublishersCanOwnGroups": "boolean", "Authorization.ViewersCanOnlySeeThemselves": "boolean", "Authorization.ContentCredentialsUseGUID": "boolean",
	"Database.Provider": "choice", "SQLite.Dir": "path", "Postgres.URL": "DSN",
	"Logging.ServiceLog": "place", "Logging.ServiceLogLevel": "choice", "Logging.ServiceLogFormat": "choice",
}

// refusal starts the program with a configuration that it must refuse, and returns the
// problems that it prints.
func refusal(t *testing.T, text string, args ...string) (file string, problems []string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "connect.gcfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if args == nil {
		args = []string{"serve", "--listen", "127.0.0.1:0"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out output
	if code := run(ctx, append(args, "--config", file), &out, &out); code != 2 {
		t.Errorf("exit code %d, want 2:\n%s", code, out.String())
	}
	head, rest, _ := strings.Cut(strings.TrimSuffix(out.String(), "\n"), "\n")
	problems = strings.Split(rest, "\n")
	if want := "countersign-server: the configuration has " + count(len(problems), "problem") + ":"; head != want {
		t.Errorf("the output begins with %q, want %q", head, want)
	}
	if strings.Contains(strings.ReplaceAll(out.String(), file, ""), "hunter2") { // the file is named after the test
		t.Errorf("a password is in the message:\n%s", out.String())
	}
	return file, problems
}

// TestEveryWrongValue checks that each wrong value of each option causes one problem with its
// line.
func TestEveryWrongValue(t *testing.T) {
	t.Parallel()
	for name, kind := range options {
		for _, w := range kinds[kind] {
			t.Run(name+"="+w.text[:min(len(w.text), 20)], func(t *testing.T) {
				t.Parallel()
				section, option, _ := strings.Cut(name, ".")
				file, problems := refusal(t, fmt.Sprintf("; nothing here\n\n[%s]\n; nor here\n%s = %s\n", section, option, w.text))
				// An error of the scanner contains only the line.
				want := fmt.Sprintf("  %s:5: %s: %s", file, name, w.message)
				if w.message == "" {
					want = fmt.Sprintf("  %s:5: ", file)
				}
				if len(problems) != 1 || !strings.HasPrefix(problems[0], want) {
					t.Errorf("got\n%s\nwant one line\n%s...", strings.Join(problems, "\n"), want)
				}
			})
		}
	}
}

// TestAllWrongValuesAtOnce checks that wrong values of all options in one file are reported
// together, in the order of the file.
func TestAllWrongValuesAtOnce(t *testing.T) {
	t.Parallel()
	names := make([]string, 0, len(options))
	for name := range options {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	var want []string
	section, line := "", 0
	for _, name := range names {
		s, option, _ := strings.Cut(name, ".")
		if s != section {
			section = s
			line++
			fmt.Fprintf(&text, "[%s]\n", s)
		}
		w := kinds[options[name]][0]
		line++
		fmt.Fprintf(&text, "%s = %s\n", option, w.text)
		want = append(want, fmt.Sprintf(":%d: %s: %s", line, name, w.message))
	}
	for _, args := range [][]string{nil, {"usermanager", "list"}} {
		file, problems := refusal(t, text.String(), args...)
		if len(problems) != len(want) {
			t.Fatalf("%d problems, want %d:\n%s", len(problems), len(want), strings.Join(problems, "\n"))
		}
		for i := range want {
			if !strings.HasPrefix(problems[i], "  "+file+want[i]) {
				t.Errorf("problem %d:\n got %s\nwant   FILE%s...", i, problems[i], want[i])
			}
		}
	}
}

// TestEveryOptionIsInTheTable compares the table with the options that the program lists in
// its messages.
func TestEveryOptionIsInTheTable(t *testing.T) {
	t.Parallel()
	allowed := func(problem string) []string {
		_, list, _ := strings.Cut(problem, "; allowed: ")
		list, _, _ = strings.Cut(list, ", or another ")
		return strings.Split(list, ", ")
	}
	_, problems := refusal(t, "[Nope]\n")
	found := map[string]bool{}
	for _, section := range allowed(problems[0]) {
		if !regexp.MustCompile(`^[A-Za-z]+$`).MatchString(section) {
			t.Fatalf("the message %q lists no sections", problems[0])
		}
		_, problems := refusal(t, fmt.Sprintf("[%s]\nNope = 1\n", section))
		for _, option := range allowed(problems[0]) {
			found[section+"."+option] = true
		}
	}
	for name := range found {
		if options[name] == "" {
			t.Errorf("%s is an option of the program and is not in the table", name)
		}
	}
	for name, kind := range options {
		if !found[name] || len(kinds[kind]) == 0 {
			t.Errorf("%s (%s) is in the table and is not an option of the program", name, kind)
		}
	}
}
