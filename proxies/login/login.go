// Package login is the login server that the documented proxy examples expect under
// /auth. Its form sets the plain-text cookies that the proxies read
// (proxied-authentication.txt, line 470 and the examples).
//
// The server checks no password and accepts any username. The documentation says of
// these cookies that they "offer no security at all"; the server is for tests only. It
// keeps no state and is safe for concurrent use.
package login

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Names of the headers in which a proxy describes the listener that received a request.
// Proxies overwrite or remove headers of the client with these names.
const (
	// HeaderScheme names the cookie scheme: "" or SchemeIDFirst.
	HeaderScheme = "Countersign-Scheme"
	// HeaderHome is the path to which a login without a url parameter returns.
	HeaderHome = "Countersign-Home"
	// HeaderOrigin is the public origin of the listener. Without a url parameter, a login
	// returns to the page of this origin that the Referer header names.
	HeaderOrigin = "Countersign-Origin"
	// HeaderTarget is for /auth/gate: the raw target of the request that the listener refused.
	HeaderTarget = "Countersign-Target"
	// HeaderReady contains Options.Token in the reply to /auth/ready.
	HeaderReady = "Countersign-Ready"
)

// SchemeIDFirst is the scheme of the documented Apache example with unique
// identity: verified-user contains the unique id and proxyauth-as-user the username.
// In every other example verified-user contains the username and proxyauth-as-id the
// unique id, as the text before the examples says.
const SchemeIDFirst = "id-first"

// MaxGroups is the number of group cookies. The configuration of a proxy reads a fixed
// number of them, so the login server refuses more groups.
const MaxGroups = 8

const (
	maxForm   = 64 << 10 // octets of a posted form
	maxTarget = 32 << 10 // octets of a return target; the proxies accept no longer request line
)

// Options are the options of a login server.
type Options struct {
	// Token is returned by /auth/ready. It shows the program that starts a proxy that
	// the proxy which answers passes its /auth route to this login server.
	Token string
	// Cookies are the names of the cookies by field of the form, instead of those of the documented
	// examples, for a proxy that reads others. GroupCookies are those of the groups, in order.
	// With Cookies, the form is at every path.
	Cookies      map[string]string
	GroupCookies []string
	// CheckPath is the path at which the server answers the question of a proxy whether a request is that
	// of a user who has signed in, with status 204, else 401. CheckHeaders are the headers of the
	// reply by field of the form. It needs Cookies.
	CheckPath    string
	CheckHeaders map[string]string
	// Parameter is the name of the parameter with the return target; "" is "url".
	Parameter string
	// Origin is the public origin of the proxy. A return target may begin with it.
	Origin string
}

// New returns the login server. It serves:
//
//	GET  /auth/login?url=U   the form
//	POST /auth/login?url=U   sets the cookies, 303 to U
//	GET, POST /auth/logout   expires the cookies
//	GET  /auth/gate          307 to the form, for proxies that cannot percent-encode
//	GET  /auth/ready         204
func New(o Options) http.Handler {
	s := &server{o}
	mux := http.NewServeMux()
	if len(o.Cookies) > 0 {
		if o.CheckPath != "" { // nginx asks with GET, whatever the method of the request
			mux.HandleFunc("GET "+o.CheckPath, s.check)
		}
		mux.HandleFunc("GET /", s.form)
		mux.HandleFunc("POST /", s.login)
		return mux
	}
	mux.HandleFunc("GET /auth/login", s.form)
	mux.HandleFunc("POST /auth/login", s.login)
	mux.HandleFunc("GET /auth/logout", s.logout)
	mux.HandleFunc("POST /auth/logout", s.logout)
	mux.HandleFunc("GET /auth/gate", s.gate)
	mux.HandleFunc("GET /auth/ready", s.ready)
	return mux
}

type server struct{ Options }

// fields returns the fields of the form with their cookies. With SchemeIDFirst the cookies
// of the username and the unique id are exchanged.
func (s *server) fields(scheme string) []field {
	all := documentedFields(scheme)
	for i, f := range all {
		if len(s.Cookies) > 0 {
			all[i].cookie = s.Cookies[f.Name]
		}
	}
	return all
}

func documentedFields(scheme string) []field {
	user, id := "verified-user", "proxyauth-as-id"
	if scheme == SchemeIDFirst {
		user, id = "proxyauth-as-user", "verified-user"
	}
	return []field{
		{"username", user, "User name"},
		{"unique_id", id, "Unique id"},
		{"first_name", "proxyauth-as-first", "First name"},
		{"last_name", "proxyauth-as-last", "Last name"},
		{"email", "proxyauth-as-email", "Email"},
		{"role", "proxyauth-as-role", "Role"},
	}
}

type field struct{ Name, cookie, Label string }

// groupCookie returns the name of the cookie of a group, from 1, or "".
func (s *server) groupCookie(n int) string {
	if len(s.Cookies) == 0 {
		return "proxyauth-as-group-" + strconv.Itoa(n)
	}
	if n > len(s.GroupCookies) {
		return ""
	}
	return s.GroupCookies[n-1]
}

// cookieNames returns the cookies of both schemes.
func (s *server) cookieNames() []string {
	if len(s.Cookies) > 0 {
		return slices.Concat(slices.Sorted(maps.Values(s.Cookies)), s.GroupCookies)
	}
	names := []string{"verified-user", "proxyauth-as-user", "proxyauth-as-id", "proxyauth-as-first",
		"proxyauth-as-last", "proxyauth-as-email", "proxyauth-as-role"}
	for n := 1; n <= MaxGroups; n++ {
		names = append(names, s.groupCookie(n))
	}
	return names
}

var page = template.Must(template.New("login").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body>
<h1>Sign in</h1>
<p>This is a login for tests without passwords. It signs in any user that you name.</p>
<form method="post" action="{{.Path}}?{{.Parameter}}={{.Return}}">
{{range .Fields}}<p><label>{{.Label}} <input name="{{.Name}}" autocomplete="off"></label></p>
{{end}}{{range .Groups}}<p><label>Group {{.}} <input name="groups" autocomplete="off"></label></p>
{{end}}<p><button type="submit">Sign in</button></p>
</form></body></html>
`))

func (s *server) form(w http.ResponseWriter, r *http.Request) {
	target, err := s.returnTarget(r)
	if err != nil {
		refuse(w, err)
		return
	}
	var groups []int
	for n := 1; n <= MaxGroups; n++ {
		groups = append(groups, n)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// An error means that the client has closed the connection.
	_ = page.Execute(w, map[string]any{
		"Path": r.URL.Path, "Parameter": s.parameter(), "Return": target, "Fields": s.fields(r.Header.Get(HeaderScheme)), "Groups": groups,
	})
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	target, err := s.returnTarget(r)
	if err != nil {
		refuse(w, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		refuse(w, fmt.Errorf("read the form: %w", err))
		return
	}
	cookies, err := s.identity(r.Header.Get(HeaderScheme), r.PostForm)
	if err != nil {
		refuse(w, err)
		return
	}
	set := make(map[string]bool, len(cookies))
	for _, c := range cookies {
		set[c.name] = true
		addCookie(w, c.name, c.value)
	}
	s.expire(w, r, set)
	w.Header().Set("Cache-Control", "no-store")
	// http.Redirect would clean the path, but the user must return to the identical
	// URL.
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	s.expire(w, r, nil)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "Signed out.\n")
}

// gate redirects an anonymous request to the form for a proxy that cannot percent-encode,
// such as nginx without njs or Lua. The proxy sends the target in a header, exactly as in
// the request line of the client.
func (s *server) gate(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get(HeaderTarget)
	if target == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", r.Header.Get(HeaderOrigin)+"/auth/login?url="+url.QueryEscape(target))
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// check answers whether a request has the cookie of a username or a unique id, and says whose.
func (s *server) check(w http.ResponseWriter, r *http.Request) {
	status := http.StatusUnauthorized
	for field, header := range s.CheckHeaders {
		names := []string{s.Cookies[field]}
		if field == "groups" {
			names = s.GroupCookies
		}
		for _, name := range names {
			if c, err := r.Cookie(name); err == nil && c.Value != "" {
				w.Header().Add(header, c.Value)
				if field == "username" || field == "unique_id" {
					status = http.StatusNoContent
				}
			}
		}
	}
	w.WriteHeader(status)
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(HeaderReady, s.Token)
	w.WriteHeader(http.StatusNoContent)
}

type cookie struct{ name, value string }

// identity returns the cookies for a posted form.
func (s *server) identity(scheme string, form url.Values) ([]cookie, error) {
	if form.Get("username") == "" && form.Get("unique_id") == "" {
		return nil, fmt.Errorf("the form contains neither username nor unique_id; fill in at least one of them")
	}
	var cookies []cookie
	known := map[string]bool{"groups": true, "url": true}
	for _, f := range s.fields(scheme) {
		known[f.Name] = true
		values := form[f.Name]
		if len(values) > 1 {
			return nil, fmt.Errorf("the field %s is given %d times; give it once", f.Name, len(values))
		}
		if form.Get(f.Name) == "" {
			continue
		}
		if err := octets(f.Name, values[0]); err != nil {
			return nil, err
		}
		if f.cookie != "" { // else the proxy does not read the field
			cookies = append(cookies, cookie{f.cookie, values[0]})
		}
	}
	for name := range form {
		if !known[name] {
			return nil, fmt.Errorf("unknown field %q; use the fields of the form", name)
		}
	}
	n := 0
	for _, g := range form["groups"] {
		if g == "" {
			continue
		}
		if n++; n > MaxGroups {
			return nil, fmt.Errorf("the form contains more than %d groups; the proxies send at most that number", MaxGroups)
		}
		if err := octets("groups", g); err != nil {
			return nil, err
		}
		if name := s.groupCookie(n); name != "" {
			cookies = append(cookies, cookie{name, g})
		}
	}
	return cookies, nil
}

// octets returns an error if value contains an octet that is not a cookie-octet (RFC 6265,
// 4.1.1). Such values must be refused: the cookie writer of net/http drops the octets
// without an error, and another user would be signed in.
func octets(name, value string) error {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c <= ' ', c >= 0x7f, c == '"', c == ',', c == ';', c == '\\':
			return fmt.Errorf("%s: octet %d (0x%02x) is not allowed in a plain-text cookie; use printable ASCII except blank, \", comma, ; and \\ (RFC 6265, 4.1.1)", name, i+1, c)
		}
	}
	return nil
}

func (s *server) parameter() string {
	if s.Parameter == "" {
		return "url"
	}
	return s.Parameter
}

// visited returns the path and the query of the page from which the client comes, or "" if
// the Referer header names no page of the server behind the proxy. The server may redirect
// a visitor to the login page, and the Referer header then names the page that was visited
// (proxied-authentication.txt, line 126).
func visited(r *http.Request) string {
	page, ours := strings.CutPrefix(r.Referer(), r.Header.Get(HeaderOrigin)+"/")
	if !ours || r.Header.Get(HeaderOrigin) == "" || strings.HasPrefix(page, "auth/") {
		return ""
	}
	return "/" + page
}

// returnTarget returns the url parameter, which must be a path on the same origin. Without
// the parameter it returns the page that was visited, the value of HeaderHome, or "/".
func (s *server) returnTarget(r *http.Request) (string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		// The documented examples do not percent-encode the target, so the query may be
		// damaged. The user must not be redirected to a wrong path.
		return "", fmt.Errorf("read the query: %w", err)
	}
	target := query.Get(s.parameter())
	if !query.Has(s.parameter()) {
		target = cmp.Or(visited(r), r.Header.Get(HeaderHome), "/")
	}
	if s.Origin != "" {
		target = strings.TrimPrefix(target, s.Origin)
	}
	switch {
	case len(target) > maxTarget:
		return "", fmt.Errorf("url is longer than %d octets", maxTarget)
	case !strings.HasPrefix(target, "/"):
		return "", fmt.Errorf("url must be a path on this server that begins with a slash")
	case strings.HasPrefix(target, "//"), strings.HasPrefix(target, `/\`):
		return "", fmt.Errorf("url must be a path on this server: a URL that begins with two slashes names another server")
	}
	var b strings.Builder
	for i := 0; i < len(target); i++ {
		switch c := target[i]; {
		case c <= ' ', c == 0x7f:
			return "", fmt.Errorf("url: octet %d (0x%02x) is not allowed in a URL", i+1, c)
		case c >= 0x80: // decoded by a proxy (Apache); browsers would encode it again
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// addCookie adds a Set-Cookie header without net/http; see octets for the reason.
func addCookie(w http.ResponseWriter, name, value string) {
	w.Header().Add("Set-Cookie", name+"="+value+"; Path=/; HttpOnly")
}

// expire deletes the cookies of the request that are not set again, so that a user does not
// keep the groups or the email address of the previous user.
func (s *server) expire(w http.ResponseWriter, r *http.Request, keep map[string]bool) {
	sent := strings.Join(r.Header.Values("Cookie"), "; ")
	for _, name := range s.cookieNames() {
		if !keep[name] && strings.Contains(sent, name+"=") {
			w.Header().Add("Set-Cookie", name+"=; Path=/; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
		}
	}
}

func refuse(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusBadRequest)
}
