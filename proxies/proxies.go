// Package proxies runs real authenticating proxies, nginx and Apache httpd, in front of
// servers under test. It renders one configuration for any number of listeners, starts
// the proxy as a container or as a local process together with the login server for its
// /auth route, and stops both.
//
// A listener has one of three flavours:
//
//   - Documented behaves as the printed examples do (proxied-authentication.txt,
//     lines 478 to 889), directive for directive, including their defects, except for
//     ports, upstream and an /auth route, which no example has.
//   - Hardened fixes the known security defects of the examples. Administrators should
//     use it.
//   - Careless is Hardened with one defect: it sends its identity headers in addition to
//     those of the client, so that the server receives two lines.
//
// Package proxytest tests the behaviour of the proxies.
package proxies

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A Kind is a proxy program.
type Kind string

// The supported proxies.
const (
	Nginx  Kind = "nginx"
	Apache Kind = "apache"
)

// Flavours of a listener. The empty string means Hardened.
const (
	Documented = "documented"
	Hardened   = "hardened"
	Careless   = "careless"
)

// A Listener is one public address of a proxy, with one server behind it.
type Listener struct {
	ID      string // names the listener in messages
	Flavour string // Documented, Hardened or Careless; "" is Hardened
	Listen  string // IP address and port on which the proxy listens; also the public address
	// HTTP2 is a further IP address and port at which the proxy serves the same as at Listen by
	// HTTP/2 without TLS, with prior knowledge (RFC 9113, 3.3). The empty string means none.
	HTTP2 string
	// Origin is the public origin, such as "https://connect.example.com", that
	// Hardened and Careless write into redirects and X-RSC-Request independently of
	// the Host header. The empty string means http:// and Listen.
	Origin string
	// Prefix is the public path prefix, such as "/rsconnect", or "". The proxy removes
	// it from requests to the server.
	Prefix   string
	Upstream string      // base URL of the server, http://host:port
	Headers  HeaderNames // not used by Documented, which sends the headers of its example
	// GroupsSeparator joins the groups into one line. The empty string means one line
	// for each group.
	GroupsSeparator string
	// Gate redirects visitors that are not signed in to the login page. Without it,
	// their requests reach the server without an identity, as the notes below the
	// examples say for a server with ProxyAuth.LoginURL.
	Gate bool
}

// HeaderNames are the names of the identity headers. A header with an empty name is not
// sent. If two headers have the same name, only the first in the order of the fields is
// sent.
type HeaderNames struct {
	Username, UniqueID, FirstName, LastName, Email, Role, Groups string
}

// Example returns which of the three printed examples a documented listener of this kind
// follows: "basic", "profile" or "unique-id". It depends on the headers. Apache's basic
// example publishes the server at / and removes no prefix, so an Apache listener with a
// prefix follows the profile example, which sends further headers only if their cookies
// exist.
func (l Listener) Example(kind Kind) string {
	switch {
	case l.Headers.UniqueID != "":
		return "unique-id"
	case l.Headers.FirstName != "" || l.Headers.LastName != "" || l.Headers.Email != "",
		kind == Apache && l.Prefix != "":
		return "profile"
	}
	return "basic"
}

// origin returns the public origin without a slash at its end.
func (l Listener) origin() string {
	if l.Origin != "" {
		return l.Origin
	}
	return "http://" + l.Listen
}

// addresses returns the addresses at which the listener listens.
func (l Listener) addresses() []string {
	if l.HTTP2 == "" {
		return []string{l.Listen}
	}
	return []string{l.Listen, l.HTTP2}
}

func (l Listener) flavour() string {
	if l.Flavour == "" {
		return Hardened
	}
	return l.Flavour
}

var (
	validPrefix = regexp.MustCompile(`^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)
	validOrigin = regexp.MustCompile(`^https?://[A-Za-z0-9.:\[\]-]+$`)
	// A token of RFC 9110, 5.6.2, without the characters that have a meaning in the
	// two configuration languages ($ % ` ' #).
	validHeader = regexp.MustCompile(`^[A-Za-z0-9!&*+.^_|~-]+$`)
)

// reserved are headers that a proxy sets or that do not contain an identity. A listener
// with one of them as an identity header would fail without a clear error.
var reserved = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "content-type": true, "cookie": true,
	"host": true, "te": true, "trailer": true, "transfer-encoding": true, "upgrade": true, "x-auth-token": true,
	"x-auth-signature": true, "x-content-checksum": true, "x-rsc-authorization": true, "x-rsc-request": true,
}

// validate returns an error with all problems of a listener.
func (l Listener) validate(kind Kind) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch l.flavour() {
	case Documented, Hardened, Careless:
	default:
		bad("flavour %q is not known; use one of documented, hardened, careless", l.Flavour)
	}
	for _, address := range l.addresses() {
		if host, port, err := net.SplitHostPort(address); err != nil || net.ParseIP(host) == nil || !isPort(port) {
			bad("listen %q is not an IP address and a port; use an address such as 127.0.0.1:8080", address)
		}
	}
	if l.Origin != "" && !validOrigin.MatchString(l.Origin) {
		bad("origin %q is not http[s]://host[:port]", l.Origin)
	}
	if !validPrefix.MatchString(l.Prefix) {
		bad("prefix %q is not allowed; use \"\" or a path such as /rsconnect without a slash at its end", l.Prefix)
	}
	if l.Prefix == "/auth" || strings.HasPrefix(l.Prefix, "/auth/") {
		bad("prefix %q is not allowed: /auth belongs to the login server; use another prefix", l.Prefix)
	}
	if u, err := url.Parse(l.Upstream); err != nil || u.Scheme != "http" || u.Hostname() == "" || !isPort(u.Port()) ||
		u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		bad("upstream %q is not http://host:port", l.Upstream)
	}
	for _, h := range l.Headers.list() {
		if !validHeader.MatchString(h.Header) {
			bad("header for the %s: %q is not a header name that a proxy can send; use letters, digits and hyphens", h.What, h.Header)
		}
		if reserved[strings.ToLower(h.Header)] {
			bad("header for the %s: %s is reserved for another purpose; use another name", h.What, h.Header)
		}
	}
	for i := 0; i < len(l.GroupsSeparator); i++ {
		if c := l.GroupsSeparator[i]; c < ' ' || c >= 0x7f {
			bad("groups separator %q is not allowed; use printable ASCII characters", l.GroupsSeparator)
			break
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("%s listener %s: %w", kind, l.name(), errors.Join(errs...))
	}
	return nil
}

func (l Listener) name() string {
	if l.ID != "" {
		return l.ID
	}
	return l.Listen
}

func isPort(s string) bool {
	return regexp.MustCompile(`^[1-9][0-9]{0,4}$`).MatchString(s)
}

// validateAll checks the listeners one by one and against each other.
func validateAll(kind Kind, ls []Listener) error {
	var errs []error
	if kind != Nginx && kind != Apache {
		errs = append(errs, fmt.Errorf("proxy %q is not known; use nginx or apache", kind))
	}
	if len(ls) == 0 {
		errs = append(errs, errors.New("a proxy needs at least one listener"))
	}
	seen := make(map[string]string)
	for _, l := range ls {
		errs = append(errs, l.validate(kind))
		for _, address := range l.addresses() {
			if other, twice := seen[address]; twice {
				errs = append(errs, fmt.Errorf("listeners %s and %s have the same address %s", other, l.name(), address))
			}
			seen[address] = l.name()
		}
	}
	return errors.Join(errs...)
}

// An identityHeader is one header that a listener sends.
type identityHeader struct {
	What   string // "username", "unique id", ...
	Header string // name of the header
	Field  string // "user", "id", "first", "last", "email", "role", or "groups"
}

// documentedHeaders are the identity headers that the documents name, in the server configuration and in
// the proxy examples. A hardened listener deletes those that the server does not read too, because a
// later change of the server's configuration would otherwise open a hole.
var documentedHeaders = []string{
	"X-Auth-Username", "X-Auth-Custom-Username", "X-Auth-ID", "X-Auth-Uniqueid", "X-Auth-First-Name", "X-Auth-Firstname",
	"X-Auth-Last-Name", "X-Auth-Lastname", "X-Auth-Email", "X-Auth-RSC-Role", "X-Auth-Groups",
}

// unread returns the documented headers that are not among h.
func (h HeaderNames) unread() []string {
	return slices.DeleteFunc(slices.Clone(documentedHeaders), func(name string) bool {
		return slices.ContainsFunc(h.list(), func(own identityHeader) bool { return strings.EqualFold(own.Header, name) })
	})
}

// list returns the headers to send, without duplicate names.
func (h HeaderNames) list() []identityHeader {
	all := []identityHeader{
		{"username", h.Username, "user"},
		{"unique id", h.UniqueID, "id"},
		{"first name", h.FirstName, "first"},
		{"last name", h.LastName, "last"},
		{"email", h.Email, "email"},
		{"role", h.Role, "role"},
		{"groups", h.Groups, "groups"},
	}
	var sent []identityHeader
	seen := make(map[string]bool)
	for _, one := range all {
		if key := strings.ToLower(one.Header); one.Header != "" && !seen[key] {
			seen[key] = true
			sent = append(sent, one)
		}
	}
	return sent
}
