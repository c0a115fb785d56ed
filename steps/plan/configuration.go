package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
)

// HeaderNames are the names of the identity headers of a configuration. An
// empty name is a header that the configuration does not use.
type HeaderNames struct {
	Username, UniqueID, FirstName, LastName, Email, Role, Groups string
}

// A Configuration is the gcfg text of a scenario, and what the suite has to
// know of it to play the proxy.
type Configuration struct {
	Text            string
	Headers         HeaderNames
	GroupsSeparator string
	DebugLog        bool // it holds [DebugLog]

	options []option
}

// DebugLog is a line of a configuration that stands for what raises the server's log
// level. No document names the option, so the target says what it is.
const DebugLog = "{debug log}"

type option struct {
	section, key string // lower case: gcfg tells neither apart by letters
	value        string
	line         int
}

// ParseConfiguration reads the options out of a gcfg text. It leaves the
// judgement of names and values to the server under test.
func ParseConfiguration(text string) (Configuration, error) {
	c := Configuration{Text: strings.TrimSpace(text) + "\n"}
	section := ""
	for i, line := range strings.Split(c.Text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == ';' || line[0] == '#':
		case line == DebugLog:
			c.DebugLog = true
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			section = strings.ToLower(strings.Trim(line, "[]"))
		default:
			key, value, _ := strings.Cut(line, "=")
			if section == "" {
				return c, fmt.Errorf("line %d of the configuration: %q stands in no [section]", i+1, line)
			}
			value = strings.Trim(strings.TrimSpace(value), `"`)
			c.options = append(c.options, option{section, strings.ToLower(strings.TrimSpace(key)), value, i + 1})
		}
	}
	c.Headers = c.headers()
	c.GroupsSeparator = c.Get("ProxyAuth", "GroupsHeaderSeparator")
	return c, nil
}

// Get returns the value of an option, "" if it is not written. The last of
// several counts.
func (c Configuration) Get(section, key string) string {
	value := ""
	for _, o := range c.options {
		if o.section == strings.ToLower(section) && o.key == strings.ToLower(key) {
			value = o.value
		}
	}
	return value
}

// Sets says whether an option is written, with whatever value.
func (c Configuration) Sets(section, key string) bool {
	for _, o := range c.options {
		if o.section == strings.ToLower(section) && o.key == strings.ToLower(key) {
			return true
		}
	}
	return false
}

// Maps says whether a value of the role header, or a group, is mapped to a role.
func (c Configuration) Maps(value string) bool {
	for _, o := range c.options {
		if o.section == "authorization" && strings.HasSuffix(o.key, "rolemapping") && o.value == value {
			return true
		}
	}
	return false
}

// Gate says whether the proxy sends anonymous requests to its login page: the
// documented examples leave that to the server once it knows a LoginURL.
func (c Configuration) Gate() bool { return c.Get("ProxyAuth", "LoginURL") == "" }

// headers knows one default: the username header has one while no header for a
// unique id is configured.
func (c Configuration) headers() HeaderNames {
	h := HeaderNames{
		Username:  c.Get("ProxyAuth", "UsernameHeader"),
		UniqueID:  c.Get("ProxyAuth", "UniqueIdHeader"),
		FirstName: c.Get("ProxyAuth", "FirstNameHeader"),
		LastName:  c.Get("ProxyAuth", "LastNameHeader"),
		Email:     c.Get("ProxyAuth", "EmailHeader"),
		Role:      c.Get("ProxyAuth", "RoleHeader"),
		Groups:    c.Get("ProxyAuth", "GroupsHeader"),
	}
	if h.Username == "" && h.UniqueID == "" {
		h.Username = "X-Auth-Username"
	}
	return h
}

// Digest tells configurations apart. It is made of the text, so that a
// configuration is what a reader of the feature sees.
func (c Configuration) Digest() string {
	sum := sha256.Sum256([]byte(c.Text))
	return hex.EncodeToString(sum[:4])
}

// Seed returns the configuration with which an instance has to be started once
// before this one, because this one forbids the operator's first sign-in; ok is
// false where none is needed.
func (c Configuration) Seed() (seed Configuration, ok bool) {
	drop := map[string]bool{}
	if !isTrue(c.Get("ProxyAuth", "RegisterOnFirstLogin"), true) {
		drop["proxyauth.registeronfirstlogin"] = true
	}
	provider := c.Get("Authentication", "Provider")
	if provider != "" && provider != "proxy" {
		drop["authentication.provider"] = true
	}
	if len(drop) == 0 {
		return Configuration{}, false
	}
	var kept []string
	lines := strings.Split(c.Text, "\n")
	forbidden := map[int]bool{}
	for _, o := range c.options {
		forbidden[o.line] = drop[o.section+"."+o.key]
	}
	for i, line := range lines {
		if !forbidden[i+1] {
			kept = append(kept, line)
		}
	}
	text := strings.Join(kept, "\n")
	if drop["authentication.provider"] {
		text += "\n[Authentication]\nProvider = proxy\n"
	}
	seed, err := ParseConfiguration(text)
	return seed, err == nil
}

// isTrue reads a boolean as gcfg does; absent means the default.
func isTrue(value string, absent bool) bool {
	switch strings.ToLower(value) {
	case "":
		return absent
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

// With returns the whole text that an instance is started with: that of the
// scenario, then what the harness adds. debugLog takes the place of [DebugLog].
func (c Configuration) With(address, listen, dataDir, debugLog string) string {
	text := strings.ReplaceAll(c.Text, DebugLog, debugLog) + "\n; added by the suite\n[HTTP]\nListen = \"" + listen + "\"\n[Server]\nDataDir = \"" + dataDir + "\"\n"
	if !c.Sets("Server", "Address") {
		text += "Address = \"" + address + "\"\n"
	}
	return text
}

// of the machine, not of the behaviour: what the harness or an operator adds.
var housekeeping = map[string]bool{"server": true, "http": true, "https": true, "logging": true, "database": true, "sqlite": true, "postgres": true}

// Same says whether another configuration sets the same options for
// authentication and authorization. Where a server listens and where it keeps
// its data is its own affair.
func (c Configuration) Same(other Configuration) bool { return c.behaviour() == other.behaviour() }

func (c Configuration) behaviour() string {
	var lines []string
	for _, o := range c.options {
		if !housekeeping[o.section] {
			lines = append(lines, o.section+"."+o.key+"="+o.value)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
