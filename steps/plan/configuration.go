package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
)

// HeaderNames holds the names of the identity headers of a configuration. An empty name
// means that the configuration does not use the header.
type HeaderNames struct {
	Username, UniqueID, FirstName, LastName, Email, Role, Groups string
}

// A Configuration is the gcfg text of a scenario, with the options that the suite needs in
// order to send the headers of the proxy.
type Configuration struct {
	Text            string
	Headers         HeaderNames
	GroupsSeparator string
	DebugLog        bool // the text contains the line [DebugLog]

	options []option
}

// DebugLog is a line of a configuration that is replaced by the text that raises the log level.
// No document names that option, so the target defines the text.
const DebugLog = "{debug log}"

type option struct {
	section, key string // lower case: gcfg ignores the case of both
	value        string
	line         int
}

// ParseConfiguration parses the options of a gcfg text. It does not check names and values: the
// server under test does.
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
				return c, fmt.Errorf("line %d of the configuration: %q comes before the first [section]; add a section above it", i+1, line)
			}
			value = strings.Trim(strings.TrimSpace(value), `"`)
			c.options = append(c.options, option{section, strings.ToLower(strings.TrimSpace(key)), value, i + 1})
		}
	}
	c.Headers = c.headers()
	c.GroupsSeparator = c.Get("ProxyAuth", "GroupsHeaderSeparator")
	return c, nil
}

// IsDefault reports whether the configuration is that of a scenario without one.
func (c Configuration) IsDefault() bool { return c.Text == defaults }

// Get returns the last value of an option, or "" if the text does not set it.
func (c Configuration) Get(section, key string) string {
	value := ""
	for _, o := range c.options {
		if o.section == strings.ToLower(section) && o.key == strings.ToLower(key) {
			value = o.value
		}
	}
	return value
}

// Sets reports whether the text sets an option to any value.
func (c Configuration) Sets(section, key string) bool {
	for _, o := range c.options {
		if o.section == strings.ToLower(section) && o.key == strings.ToLower(key) {
			return true
		}
	}
	return false
}

// Maps reports whether the configuration maps a value of the role header, or a group, to a role.
func (c Configuration) Maps(value string) bool {
	for _, o := range c.options {
		if o.section == "authorization" && strings.HasSuffix(o.key, "rolemapping") && o.value == value {
			return true
		}
	}
	return false
}

// Gate reports whether the proxy redirects anonymous requests to its login page. In the documented
// examples the server does that if it has a LoginURL.
func (c Configuration) Gate() bool { return c.Get("ProxyAuth", "LoginURL") == "" }

// headers returns the names of the identity headers. The username header has a default name if
// no header for the unique id is configured.
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

// Digest returns a short hash of the text, which identifies the configuration.
func (c Configuration) Digest() string {
	sum := sha256.Sum256([]byte(c.Text))
	return hex.EncodeToString(sum[:4])
}

// Seed returns the configuration with which an instance must first be started once, because this
// one does not let the operator sign in for the first time. ok is false if this is not needed.
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

// isTrue parses a boolean as gcfg does. absent is the value of an empty text.
func isTrue(value string, absent bool) bool {
	switch strings.ToLower(value) {
	case "":
		return absent
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

// With returns the configuration file of an instance: the text of the scenario with debugLog in
// place of [DebugLog], and the options of the suite.
func (c Configuration) With(address, listen, dataDir, debugLog string) string {
	text := strings.ReplaceAll(c.Text, DebugLog, debugLog) + "\n; added by the suite\n[HTTP]\nListen = \"" + listen + "\"\n[Server]\nDataDir = \"" + dataDir + "\"\n"
	if !c.Sets("Server", "Address") {
		text += "Address = \"" + address + "\"\n"
	}
	return text
}

// housekeeping holds the sections that do not affect authentication and authorization. The suite
// or an administrator adds them.
var housekeeping = map[string]bool{"server": true, "http": true, "https": true, "logging": true, "database": true, "sqlite": true, "postgres": true}

// Same reports whether both configurations set the same options, apart from those of the sections
// in housekeeping.
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
