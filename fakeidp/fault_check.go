package fakeidp

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"countersign/fakeidp/control"
)

// maxFaults bounds the faults of an issuer.
const maxFaults = 100

// fieldName is the form of the name of a header field (RFC 9110, section 5.1).
var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

var faultEndpoints = []string{
	control.EndpointAuthorize, control.EndpointToken, control.EndpointUserinfo, control.EndpointJWKS,
	control.EndpointDiscovery, control.EndpointRevoke, control.EndpointIntrospect, control.EndpointResource,
}

var redirectStatuses = []int{
	http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
}

// checkFaults returns an error with all problems of a list of faults. Each names the fault and the member.
func checkFaults(list []control.Fault) error {
	var errs []error
	if len(list) > maxFaults {
		errs = append(errs, fmt.Errorf("faults: %d faults, at most %d are allowed", len(list), maxFaults))
	}
	for i, f := range list {
		c := &faultCheck{Fault: f, place: fmt.Sprintf("faults[%d]", i)}
		c.selection()
		c.ranges()
		c.moment()
		c.whole()
		c.changes()
		c.dropped()
		errs = append(errs, c.errs...)
	}
	return sortedLines(errors.Join(errs...))
}

// A faultCheck collects the problems of one fault.
type faultCheck struct {
	control.Fault
	place string
	errs  []error
}

// bad adds a problem with a member if it is wrong.
func (c *faultCheck) bad(wrong bool, member, format string, args ...any) {
	if wrong {
		c.errs = append(c.errs, fmt.Errorf(c.place+"."+member+": "+format, args...))
	}
}

// given reports which members that describe the reply are there.
func (c *faultCheck) given() map[string]bool {
	return map[string]bool{
		"status": c.Status != 0, "media_type": c.MediaType != "", "header": len(c.Header) > 0, "body": c.Body != nil,
		"members": c.Members != nil, "parameters": c.Parameters != nil, "prepend": c.Prepend != "", "append": c.Append != "",
		"keep_bytes": c.KeepBytes != nil, "redirect": c.Redirect != "", "drop": c.Drop != "", "flood_bytes": c.FloodBytes != 0,
		"delay_ms": c.DelayMS != 0, "trickle": c.Trickle != nil,
	}
}

// replaces reports whether the fault replaces the reply of the provider.
func (c *faultCheck) replaces() bool {
	f := fault{Fault: c.Fault}
	return f.replaces()
}

func (c *faultCheck) selection() {
	c.bad(len(c.Name) > 100 || !visible(c.Name), "name", "want at most 100 characters of printable ASCII")
	c.bad(c.Endpoint != "" && !slices.Contains(faultEndpoints, c.Endpoint), "endpoint", "%q: want one of %v, or none for all", c.Endpoint, faultEndpoints)
	_, known := grants[c.GrantType]
	c.bad(c.GrantType != "" && !known, "grant_type", "%q: want authorization_code, refresh_token or client_credentials", c.GrantType)
	c.bad(c.GrantType != "" && c.Endpoint != control.EndpointToken, "grant_type", "only token requests have one; want the endpoint token")
	c.bad(c.Skip < 0, "skip", "%d: want 0 or more", c.Skip)
	c.bad(c.Times < 0, "times", "%d: want 0 or more; 0 means all", c.Times)
}

func (c *faultCheck) ranges() {
	c.bad(c.Status != 0 && (c.Status < 200 || c.Status > 599), "status", "%d: want 200 to 599", c.Status)
	c.bad(!visible(c.MediaType), "media_type", "want printable ASCII")
	for name, value := range c.Header {
		c.header(name, value)
	}
	c.bad(c.KeepBytes != nil && *c.KeepBytes < 0, "keep_bytes", "want 0 or more")
	c.bad(!visible(c.Redirect), "redirect", "want a URL of printable ASCII")
	c.bad(c.Redirect != "" && c.Status != 0 && !slices.Contains(redirectStatuses, c.Status), "status", "%d: a redirect has one of %v", c.Status, redirectStatuses)
	c.bad(c.Drop != "" && c.Drop != control.DropClose && c.Drop != control.DropReset, "drop", "%q: want close or reset", c.Drop)
	c.bad(c.FloodBytes < 0 || c.FloodBytes > control.MaxFlood, "flood_bytes", "%d: want 1 to %d", c.FloodBytes, control.MaxFlood)
	c.bad(c.DelayMS < 0 || c.DelayMS > 600_000, "delay_ms", "%d: want 1 to 600000", c.DelayMS)
	if t := c.Trickle; t != nil {
		c.bad(t.Bytes < 1, "trickle.bytes", "%d: want 1 or more", t.Bytes)
		c.bad(t.EveryMS < 1 || t.EveryMS > 60_000, "trickle.every_ms", "%d: want 1 to 60000", t.EveryMS)
	}
}

func (c *faultCheck) header(name string, value *string) {
	c.bad(!fieldName.MatchString(name), "header", "%q is not the name of a header field", name)
	c.bad(value != nil && !visible(*value), "header."+name, "want a value of printable ASCII, or null to remove the field")
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Transfer-Encoding", "Connection":
		c.bad(true, "header."+name, "it describes the connection; use keep_bytes, drop or flood_bytes")
	case "Location":
		c.bad(true, "header."+name, "use redirect or parameters")
	case "Content-Type":
		c.bad(value != nil, "header."+name, "use media_type; only null is allowed here")
	}
}

// moment checks that the moment is given where both are possible, and possible where it is given.
func (c *faultCheck) moment() {
	c.bad(c.Moment != "" && c.Moment != control.Before && c.Moment != control.After, "moment", "%q: want before or after", c.Moment)
	c.bad(c.Moment == "" && c.replaces(), "moment", "want before (the provider does not act) or after (it has acted), because body, drop, redirect and flood_bytes can happen at both")
	if c.Moment != control.Before {
		return
	}
	const reason = "it changes the reply of the provider, and before the provider acts there is none; use moment after"
	for member, given := range c.given() {
		switch member {
		case "members", "parameters":
			c.bad(given, member, reason)
		case "delay_ms": // possible without a reply
		default:
			c.bad(given && !c.replaces(), member, reason+" or give a body")
		}
	}
}

// whole checks what replaces the reply.
func (c *faultCheck) whole() {
	replaced := "redirect"
	switch {
	case c.Redirect != "":
		c.bad(c.Body != nil, "body", "a redirect has none")
		c.bad(c.FloodBytes > 0, "flood_bytes", "a redirect has no body")
	case c.FloodBytes > 0:
		replaced = "flood_bytes"
		c.bad(c.KeepBytes != nil, "keep_bytes", "flood_bytes determines the length")
	case c.Body != nil:
		replaced = "body"
	default:
		return
	}
	c.bad(c.Members != nil, "members", "%s replaces the reply", replaced)
	c.bad(c.Parameters != nil, "parameters", "%s replaces the reply", replaced)
	c.bad(c.Prepend != "", "prepend", "%s replaces the reply", replaced)
	c.bad(c.Append != "", "append", "%s replaces the reply", replaced)
	c.bad(replaced == "redirect" && c.KeepBytes != nil, "keep_bytes", "a redirect has no body")
	c.bad(replaced == "redirect" && c.Trickle != nil, "trickle", "a redirect has no body")
}

// changes checks what is changed in the reply, and that the fault does something.
func (c *faultCheck) changes() {
	c.bad(c.Members != nil && c.Endpoint == control.EndpointAuthorize, "members", "authorization replies are redirects; use parameters")
	c.bad(c.Parameters != nil && c.Endpoint != control.EndpointAuthorize, "parameters", "only authorization replies have them; want the endpoint authorize")
	if c.Members != nil {
		checkEdit(c, "members", *c.Members)
	}
	if c.Parameters != nil {
		checkEdit(c, "parameters", *c.Parameters)
	}
	given := c.given()
	if !slices.Contains(slices.Collect(maps.Values(given)), true) {
		c.errs = append(c.errs, fmt.Errorf("%s: the fault does nothing; want at least one of %s", c.place, strings.Join(slices.Sorted(maps.Keys(given)), ", ")))
	}
}

func checkEdit[V any](c *faultCheck, member string, e control.Edit[V]) {
	c.bad(len(e.Remove)+len(e.Set)+len(e.Repeat)+len(e.Add) == 0, member, "want at least one of remove, set, repeat, add")
	for _, name := range e.Remove {
		_, set := e.Set[name]
		c.bad(set, member+".remove", "%q is also in set", name)
		c.bad(slices.Contains(e.Repeat, name), member+".remove", "%q is also in repeat", name)
	}
}

// dropped checks that a reply that is not sent has no properties.
func (c *faultCheck) dropped() {
	if c.Drop == "" || c.KeepBytes != nil {
		return
	}
	for member, given := range c.given() {
		c.bad(given && member != "drop" && member != "delay_ms", member, "drop without keep_bytes sends nothing; give keep_bytes, or leave out %s", member)
	}
}

// sortedLines returns the lines of an error in order, so that a message does not depend on the order of a map.
func sortedLines(err error) error {
	if err == nil {
		return nil
	}
	lines := strings.Split(err.Error(), "\n")
	slices.Sort(lines)
	return errors.New(strings.Join(slices.Compact(lines), "\n"))
}
