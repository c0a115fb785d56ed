package installed

import (
	"fmt"
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

// addIdentity records that a line adds an identity header. The field of the identity is found by the name
// of the header.
func (c *Configuration) addIdentity(i Identity) {
	field, documented := fieldOf(i.Header)
	if i.Field, i.Lines = field, 1; field == "" {
		c.unnamed = append(c.unnamed, i)
		return
	}
	for n, known := range c.Identity {
		if known.Field != field {
			continue
		}
		if !strings.EqualFold(known.Header, i.Header) {
			c.assumed(i.Place, "the header %s may be the %s too, like %s; only the first is taken; use --identity-header %s=%s for the other", i.Header, field, known.Header, field, i.Header)
			return
		}
		c.Identity[n].Lines++
		for _, cookie := range i.Cookies {
			if !slices.Contains(known.Cookies, cookie) {
				c.Identity[n].Cookies = append(c.Identity[n].Cookies, cookie)
			}
		}
		return
	}
	c.Identity = append(c.Identity, i)
	if !documented {
		c.assumed(i.Place, "the header %s is the %s, by its name; use --identity-header FIELD=%s if it is another field", i.Header, field, i.Header)
	}
}

// addUntraced records that a line adds what may be an identity header with a value that the suite cannot
// provide.
func (c *Configuration) addUntraced(at Place, header, source string) {
	if field, _ := fieldOf(header); field != "" && !strings.HasPrefix(strings.ToLower(header), "x-forwarded-for") {
		c.untraced = append(c.untraced, Note{at, fmt.Sprintf("the header %s may be the %s, but its value is %s, which the suite cannot provide", header, field, source)})
	}
}

// source describes where the proxy takes an identity from.
func (i Identity) source() string {
	if i.Reply != "" {
		return "the header " + i.Reply + " of the reply to auth_request"
	}
	return "the cookie " + strings.Join(i.Cookies, ", ")
}

// identifies reports whether a field identifies the user.
func identifies(i Identity) bool { return i.Field == "username" || i.Field == "unique-id" }

// settleUnnamed takes the only header without a field for the username if no other header is.
func (c *Configuration) settleUnnamed() {
	if len(c.unnamed) == 1 && !slices.ContainsFunc(c.Identity, identifies) {
		i := c.unnamed[0]
		i.Field = "username"
		c.Identity = append(c.Identity, i)
		c.assumed(i.Place, "the header %s is the username, because no other header identifies the user; use --identity-header FIELD=%s if it is another field", i.Header, i.Header)
		return
	}
	for _, i := range c.unnamed {
		c.assumed(i.Place, "the header %s takes its value from %s; no identity header of the server has such a name, so it is not taken for one; use --identity-header FIELD=%s if it is", i.Header, i.source(), i.Header)
	}
}
