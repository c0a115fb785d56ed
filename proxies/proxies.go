// Package proxies runs real authenticating proxies, nginx and Apache httpd, in
// front of servers under test: it renders one configuration for any number of
// listeners, starts the proxy as a container or as a local process together with
// the login server that its /auth route leads to, and ends both again.
//
// A listener has one of three flavours:
//
//   - Documented behaves as the printed examples do (proxied-authentication.txt,
//     lines 478 to 889), directive for directive, holes included, but for ports,
//     upstream and an /auth route, which no example has.
//   - Hardened closes what is known to be open in those: it is what an operator
//     should run.
//   - Careless is Hardened with one fault: it adds its identity headers beside
//     those of the client, so that two lines reach the server.
//
// The package judges nothing; proxytest holds the contract.
package proxies

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// A Kind is a make of proxy.
type Kind string

// The proxies there are.
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
	Listen  string // IP and port: where it listens, and the public address
	// Origin is the fixed public origin, "https://connect.example.com", that
	// Hardened and Careless write into redirects and X-RSC-Request, whatever the
	// Host header says. Empty: http:// and Listen.
	Origin string
	// Prefix is the path under which the server is published and that is removed
	// before the server sees a request: "/rsconnect", or "" for none.
	Prefix   string
	Upstream string      // base URL of the server, http://host:port
	Headers  HeaderNames // not for Documented, which sends what its example prints
	// GroupsSeparator joins the groups into one line. Empty: a line for each.
	GroupsSeparator string
	// Gate sends whoever is not signed in to the login page. Without it they are
	// passed on without an identity, as the notes below the examples say for a
	// server with ProxyAuth.LoginURL.
	Gate bool
}

// HeaderNames are the names of the identity headers. An empty name is not sent.
// Where two have the same name, the first in the order of the fields is sent.
type HeaderNames struct {
	Username, UniqueID, FirstName, LastName, Email, Role, Groups string
}

// Example says which of the three printed examples a documented listener of
// this kind follows: "basic", "profile" or "unique-id". The headers that are
// asked for decide. Apache's basic example publishes the server at / and removes
// no prefix, so an Apache listener with a prefix follows the profile example,
// which differs by headers that are sent only when their cookies are there.
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

// origin is the public origin without a slash at its end.
func (l Listener) origin() string {
	if l.Origin != "" {
		return l.Origin
	}
	return "http://" + l.Listen
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
	// A token of RFC 9110, 5.6.2, less what the two configuration languages give
	// a meaning ($ % ` ' #) and no operator would name a header after.
	validHeader = regexp.MustCompile(`^[A-Za-z0-9!&*+.^_|~-]+$`)
)

// reserved are headers that a proxy sets or that carry something else than an
// identity; a configuration that names one of them as an identity header is a
// mistake that would otherwise break the front in a puzzling way.
var reserved = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "content-type": true, "cookie": true,
	"host": true, "te": true, "trailer": true, "transfer-encoding": true, "upgrade": true, "x-auth-token": true,
	"x-auth-signature": true, "x-content-checksum": true, "x-rsc-authorization": true, "x-rsc-request": true,
}

// validate reports everything that is wrong with a listener.
func (l Listener) validate(kind Kind) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch l.flavour() {
	case Documented, Hardened, Careless:
	default:
		bad("flavour %q; there are documented, hardened, careless", l.Flavour)
	}
	if host, port, err := net.SplitHostPort(l.Listen); err != nil || net.ParseIP(host) == nil || !isPort(port) {
		bad("listen %q is not an IP address and a port", l.Listen)
	}
	if l.Origin != "" && !validOrigin.MatchString(l.Origin) {
		bad("origin %q is not scheme://host[:port]", l.Origin)
	}
	if !validPrefix.MatchString(l.Prefix) {
		bad("prefix %q; wanted \"\" or a path such as /rsconnect without a slash at its end", l.Prefix)
	}
	if l.Prefix == "/auth" || strings.HasPrefix(l.Prefix, "/auth/") {
		bad("prefix %q: /auth belongs to the login server", l.Prefix)
	}
	if u, err := url.Parse(l.Upstream); err != nil || u.Scheme != "http" || u.Hostname() == "" || !isPort(u.Port()) ||
		u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		bad("upstream %q is not http://host:port", l.Upstream)
	}
	for _, h := range l.Headers.list() {
		if !validHeader.MatchString(h.Header) {
			bad("header for the %s: %q is not a header name that a proxy can send", h.What, h.Header)
		}
		if reserved[strings.ToLower(h.Header)] {
			bad("header for the %s: %s is used for something else", h.What, h.Header)
		}
	}
	for i := 0; i < len(l.GroupsSeparator); i++ {
		if c := l.GroupsSeparator[i]; c < ' ' || c >= 0x7f {
			bad("groups separator %q: only printable ASCII can stand in a header", l.GroupsSeparator)
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
		errs = append(errs, fmt.Errorf("proxy %q; there are nginx and apache", kind))
	}
	if len(ls) == 0 {
		errs = append(errs, errors.New("a proxy needs at least one listener"))
	}
	seen := make(map[string]string)
	for _, l := range ls {
		errs = append(errs, l.validate(kind))
		if other, twice := seen[l.Listen]; twice {
			errs = append(errs, fmt.Errorf("listeners %s and %s have the same address %s", other, l.name(), l.Listen))
		}
		seen[l.Listen] = l.name()
	}
	return errors.Join(errs...)
}

// An identityHeader is one header that a listener sends.
type identityHeader struct {
	What   string // "username", "unique id", ...
	Header string // its name on the wire
	Field  string // "user", "id", "first", "last", "email", "role", or "groups"
}

// list gives the headers that are to be sent, each name once.
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
