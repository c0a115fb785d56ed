// Package proxyauth reads the headers by which an authenticating proxy identifies the user of a request. It turns
// headers and a policy into a Claim or an error with a reason. It has no side effects, knows neither users nor store
// nor replies, and imports the standard library only.
package proxyauth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of one request.
const (
	// MaxValue bounds each value, in bytes. The documents give no limit; 255 suffices for the user names of every
	// directory, e-mail addresses (254, RFC 5321 4.5.3.1.3) and UUIDs.
	MaxValue = 255
	// MaxGroups bounds the number of different groups of one login, because each may become a row.
	MaxGroups = 1000
)

// Policy names the headers that the proxy sends. An empty name means that the header is not configured and is
// ignored.
type Policy struct {
	Username, UniqueID, FirstName, LastName, Email, Role, Groups string
	// GroupsSeparator splits each line of the groups header. If it is empty, each line is one group.
	GroupsSeparator string
}

// singleHeaders returns the names of the headers that may occur only once in a request.
func (p Policy) singleHeaders() []string {
	return []string{p.Username, p.UniqueID, p.FirstName, p.LastName, p.Email, p.Role}
}

// Headers returns the names of all headers by which a proxy describes a user. The name of a header that is not
// configured is empty.
func (p Policy) Headers() []string {
	return append(p.singleHeaders(), p.Groups)
}

// Claim holds what the proxy sends about the user of a request. The zero Claim is an anonymous request.
type Claim struct {
	// Identity identifies the account. It is the unique id if its header is configured, and otherwise the username.
	// It is empty only for anonymous requests.
	Identity  string
	Username  string
	FirstName string
	LastName  string
	Email     string
	// Role is the value as sent, which may not be a role of the server. It is empty if no role was sent.
	Role   string
	Groups []string // distinct, in the order sent
	// LeftOut lists, by header and reason, values of the profile and groups that cannot be used. They are part
	// neither of the claim nor of its digest.
	LeftOut []LeftOut
	// Digest changes if any value in the claim changes.
	Digest string
}

// Anonymous reports whether the claim identifies no user.
func (c Claim) Anonymous() bool { return c.Identity == "" }

// Reason is why a request is refused or a value is left out. It is written to the log and never sent to the client.
type Reason string

// The reasons.
const (
	Duplicate   Reason = "duplicate header"
	Blank       Reason = "empty or blank value"
	Characters  Reason = "control or invisible characters"
	Encoding    Reason = "not UTF-8"
	TooLong     Reason = "value too long"
	Joined      Reason = "several values joined by a proxy"
	Placeholder Reason = "placeholder that a proxy did not fill in"
	TooMany     Reason = "too many groups"
)

// LeftOut is a header with at least one value that is not used, and the reason. It does not contain the value.
type LeftOut struct {
	Header string
	Reason Reason
}

// Refusal is the error for a request with headers that cannot be trusted. It does not contain a value.
type Refusal struct {
	Reason Reason
	Header string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Header, r.Reason) }

// CheckDuplicates refuses a request in which a header for the identity, the profile or the role occurs more than once
// (document line 48), even with equal values. net/http files names that differ in letter case under one canonical
// name, so they count as duplicates. The groups header may repeat (line 326). The check applies to requests with a
// key or token as well.
func (p Policy) CheckDuplicates(h http.Header) error {
	for _, name := range p.singleHeaders() {
		if len(h[textproto.CanonicalMIMEHeaderKey(name)]) > 1 {
			return &Refusal{Duplicate, name}
		}
	}
	return nil
}

// Read returns the claim in the headers, or a *Refusal. Only an unusable identity causes a refusal: values of the
// profile and groups that cannot be used are left out. Profile headers without an identity are an anonymous request.
func (p Policy) Read(h http.Header) (Claim, error) {
	if err := p.CheckDuplicates(h); err != nil {
		return Claim{}, err
	}
	var c Claim
	username, err := identity(h, p.Username)
	if err != nil {
		return Claim{}, err
	}
	c.Username, c.Identity = username, username
	if p.UniqueID != "" {
		if c.Identity, err = identity(h, p.UniqueID); err != nil {
			return Claim{}, err
		}
	}
	if c.Identity == "" {
		return Claim{}, nil
	}
	c.FirstName = c.profile(h, p.FirstName, checkProfile)
	c.LastName = c.profile(h, p.LastName, checkProfile)
	c.Email = c.profile(h, p.Email, checkEmail)
	c.Role = role(h, p.Role)
	c.Groups = c.groups(h, p)
	c.Digest = c.digest()
	return c, nil
}

// value returns the value of a header that occurs at most once, and whether it occurs. No header has the name "".
func value(h http.Header, name string) (string, bool) {
	lines := h[textproto.CanonicalMIMEHeaderKey(name)]
	if len(lines) == 0 {
		return "", false
	}
	return lines[0], true
}

// identity reads a header that identifies a user. An unusable value is an error: an empty value comes from a broken
// proxy and not from an anonymous visitor.
func identity(h http.Header, name string) (string, error) {
	v, ok := value(h, name)
	if !ok {
		return "", nil
	}
	if reason := CheckIdentity(v); reason != "" {
		return "", &Refusal{reason, name}
	}
	return v, nil
}

// CheckIdentity returns the reason why v cannot be a username or unique id, or "".
func CheckIdentity(v string) Reason {
	switch {
	case len(v) > MaxValue:
		return TooLong
	case !utf8.ValidString(v):
		return Encoding
	case strings.TrimSpace(v) == "":
		return Blank
	case strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return Characters
	case strings.TrimSpace(v) != v:
		return Blank
	case strings.Contains(v, ","):
		return Joined
	case unfilled.MatchString(v):
		return Placeholder
	}
	return ""
}

// unfilled matches the values that common proxies send for a variable without a value: "(null)" from Apache, and the
// text of a variable that was not replaced.
var unfilled = regexp.MustCompile(`(?s)^(\(null\)|\$?\{.*\}|%\{.*\}[es]?)$`)

// profile reads a header of the profile. A blank value counts as not sent.
func (c *Claim) profile(h http.Header, name string, check func(string) Reason) string {
	v, _ := value(h, name)
	v = strings.TrimSpace(v)
	if v == "" || unfilled.MatchString(v) {
		return ""
	}
	if reason := check(v); reason != "" {
		c.leaveOut(name, reason)
		return ""
	}
	return v
}

// leaveOut records that a value of a header is not used, once for each reason.
func (c *Claim) leaveOut(header string, reason Reason) {
	if out := (LeftOut{header, reason}); !slices.Contains(c.LeftOut, out) {
		c.LeftOut = append(c.LeftOut, out)
	}
}

// checkProfile returns the reason why v cannot be a value of the profile or the name of a group, or "".
func checkProfile(v string) Reason {
	switch {
	case len(v) > MaxValue:
		return TooLong
	case !utf8.ValidString(v):
		return Encoding
	case strings.ContainsFunc(v, unicode.IsControl):
		return Characters
	}
	return ""
}

func checkEmail(v string) Reason {
	if reason := checkProfile(v); reason != "" {
		return reason
	}
	if strings.ContainsAny(v, ",;") {
		return Joined
	}
	return ""
}

// role reads the role header. It accepts values that are no roles: the document (line 290) gives their sender the
// default role.
func role(h http.Header, name string) string {
	v, _ := value(h, name)
	v = strings.TrimSpace(v)
	if unfilled.MatchString(v) {
		return ""
	}
	return strings.ToValidUTF8(v, "\uFFFD")
}

// groups reads the groups header. It splits every line at the separator, if one is configured, and trims blanks
// around names. It skips empty names and variables that a proxy did not fill in, and stops at MaxGroups.
func (c *Claim) groups(h http.Header, p Policy) []string {
	var names []string
	seen := map[string]bool{}
	for _, line := range h[textproto.CanonicalMIMEHeaderKey(p.Groups)] {
		parts := []string{line}
		if p.GroupsSeparator != "" {
			parts = strings.Split(line, p.GroupsSeparator)
		}
		for _, name := range parts {
			name = strings.TrimSpace(name)
			if name == "" || unfilled.MatchString(name) || seen[name] {
				continue
			}
			if reason := checkProfile(name); reason != "" {
				c.leaveOut(p.Groups, reason)
				continue
			}
			if len(names) == MaxGroups {
				c.leaveOut(p.Groups, TooMany)
				return names
			}
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// digest returns a hash that is injective over the values, because each is preceded by its length. The order of the
// groups does not matter.
func (c Claim) digest() string {
	sorted := slices.Clone(c.Groups)
	slices.Sort(sorted)
	var buf []byte
	for _, v := range append([]string{c.Identity, c.Username, c.FirstName, c.LastName, c.Email, c.Role}, sorted...) {
		buf = binary.AppendUvarint(buf, uint64(len(v)))
		buf = append(buf, v...)
	}
	sum := sha256.Sum256(buf)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
