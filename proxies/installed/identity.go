package installed

import (
	"regexp"
	"slices"
	"strings"
)

// documentedFields are the fields of the identity headers that the documents name.
var documentedFields = map[string]string{
	"x-auth-username": "username", "x-auth-custom-username": "username", "x-auth-id": "unique-id", "x-auth-uniqueid": "unique-id",
	"x-auth-first-name": "first-name", "x-auth-firstname": "first-name", "x-auth-last-name": "last-name", "x-auth-lastname": "last-name",
	"x-auth-email": "email", "x-auth-rsc-role": "role", "x-auth-groups": "groups",
}

// fieldWords recognizes the field of a header by parts of its name, in this order.
var fieldWords = []struct {
	field   string
	pattern *regexp.Regexp
}{
	{"groups", regexp.MustCompile(`group`)},
	{"role", regexp.MustCompile(`role`)},
	{"email", regexp.MustCompile(`mail`)},
	{"first-name", regexp.MustCompile(`first|given`)},
	{"last-name", regexp.MustCompile(`last|surname|family`)},
	{"unique-id", regexp.MustCompile(`unique|uuid|guid|subject|[-_.](id|uid)$`)},
	{"username", regexp.MustCompile(`user|login|name|account|principal`)},
}

// fieldOf returns the field of a header, and whether its name is one of the documents. It returns "" for a
// name that resembles none.
func fieldOf(header string) (field string, documented bool) {
	lower := strings.ToLower(header)
	if known := documentedFields[lower]; known != "" {
		return known, true
	}
	for _, w := range fieldWords {
		if w.pattern.MatchString(lower) {
			return w.field, false
		}
	}
	return "", false
}

// cookieName finds the name of a cookie in a regular expression that captures its value.
var cookieName = regexp.MustCompile(`([A-Za-z0-9_.-]+)\\?=\(`)

// cookieIn returns the name of the cookie whose value a regular expression captures, or "".
func cookieIn(pattern string) string {
	// In a name, a backslash before a dot or a hyphen only takes away the meaning of the character.
	pattern = strings.NewReplacer(`\.`, ".", `\-`, "-", `\_`, "_").Replace(pattern)
	found := cookieName.FindStringSubmatch(pattern)
	if found == nil {
		return ""
	}
	return found[1]
}

// addIdentity records that a line adds an identity header with the value of cookies.
func (c *Configuration) addIdentity(at Place, header string, cookies []string) {
	field, documented := fieldOf(header)
	if field == "" {
		c.unnamed = append(c.unnamed, unnamed{at, header, cookies})
		return
	}
	for i, known := range c.Identity {
		if known.Field != field {
			continue
		}
		if !strings.EqualFold(known.Header, header) {
			c.assumed(at, "the header %s may be the %s too, like %s; only the first is taken; use --identity-header %s=%s for the other", header, field, known.Header, field, header)
			return
		}
		c.Identity[i].Lines++
		for _, cookie := range cookies {
			if !slices.Contains(known.Cookies, cookie) {
				c.Identity[i].Cookies = append(c.Identity[i].Cookies, cookie)
			}
		}
		return
	}
	c.Identity = append(c.Identity, Identity{field, header, cookies, 1, at})
	if !documented {
		c.assumed(at, "the header %s is the %s, by its name; use --identity-header FIELD=%s if it is another field", header, field, header)
	}
}

// An unnamed is a header with the value of a cookie whose name resembles no identity header.
type unnamed struct {
	at      Place
	header  string
	cookies []string
}

// identifies reports whether a field identifies the user.
func identifies(i Identity) bool { return i.Field == "username" || i.Field == "unique-id" }

// settleUnnamed takes the only header without a field for the username if no other header is.
func (c *Configuration) settleUnnamed() {
	if len(c.unnamed) == 1 && !slices.ContainsFunc(c.Identity, identifies) {
		u := c.unnamed[0]
		c.Identity = append(c.Identity, Identity{"username", u.header, u.cookies, 1, u.at})
		c.assumed(u.at, "the header %s is the username, because no other header identifies the user; use --identity-header FIELD=%s if it is another field", u.header, u.header)
		return
	}
	for _, u := range c.unnamed {
		c.assumed(u.at, "the header %s takes its value from the cookie %s; no identity header of the server has such a name, so it is not taken for one; use --identity-header FIELD=%s if it is", u.header, strings.Join(u.cookies, ", "), u.header)
	}
}
