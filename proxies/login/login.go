// Package login is the login server that the documented proxy examples expect
// under /auth: a form that turns what a person types into the plain-text cookies
// which the proxies read (proxied-authentication.txt, line 470 and the examples).
//
// It checks no password: whoever posts the form is who they say they are. The
// documentation says of these cookies that they "offer no security at all", and
// the server exists for tests. It keeps no state and is safe for concurrent use.
package login

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Names of the headers by which a proxy tells the login server about the
// listener that a request came through. Proxies overwrite or remove what a
// client sends under these names.
const (
	// HeaderScheme names the cookie scheme: "" or SchemeIDFirst.
	HeaderScheme = "Countersign-Scheme"
	// HeaderHome is where a login without a url parameter returns to.
	HeaderHome = "Countersign-Home"
	// HeaderOrigin and HeaderTarget belong to /auth/gate: the fixed public
	// origin of the listener, and the raw target of the request it refused.
	HeaderOrigin = "Countersign-Origin"
	HeaderTarget = "Countersign-Target"
	// HeaderReady carries Options.Token in the answer to /auth/ready.
	HeaderReady = "Countersign-Ready"
)

// SchemeIDFirst is the scheme of the documented Apache example with unique
// identity: verified-user holds the unique id and proxyauth-as-user the username.
// In every other example verified-user holds the username (and the id is in
// proxyauth-as-id), as the text before the examples says.
const SchemeIDFirst = "id-first"

// MaxGroups is the number of group cookies. A proxy's configuration has a fixed
// number of slots, so a ninth group is refused instead of being lost.
const MaxGroups = 8

const (
	maxForm   = 64 << 10 // octets of a posted form
	maxTarget = 32 << 10 // octets of a return target; proxies carry no more
)

// Options of a login server.
type Options struct {
	// Token is echoed by /auth/ready. Whoever starts a proxy learns from it that
	// the proxy that answers is theirs and that its /auth route leads here.
	Token string
}

// New returns the login server. It serves:
//
//	GET  /auth/login?url=U   the form
//	POST /auth/login?url=U   sets the cookies, 303 to U
//	GET, POST /auth/logout   expires the cookies
//	GET  /auth/gate          307 to the form, for proxies that cannot percent-encode
//	GET  /auth/ready         204
func New(o Options) http.Handler {
	s := &server{token: o.Token}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/login", s.form)
	mux.HandleFunc("POST /auth/login", s.login)
	mux.HandleFunc("GET /auth/logout", s.logout)
	mux.HandleFunc("POST /auth/logout", s.logout)
	mux.HandleFunc("GET /auth/gate", s.gate)
	mux.HandleFunc("GET /auth/ready", s.ready)
	return mux
}

type server struct{ token string }

// fields of the form, each with its cookie. The first two change places under
// SchemeIDFirst.
func fields(scheme string) []field {
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

func groupCookie(n int) string { return "proxyauth-as-group-" + strconv.Itoa(n) }

// cookieNames lists every cookie of both schemes.
func cookieNames() []string {
	names := []string{"verified-user", "proxyauth-as-user", "proxyauth-as-id", "proxyauth-as-first",
		"proxyauth-as-last", "proxyauth-as-email", "proxyauth-as-role"}
	for n := 1; n <= MaxGroups; n++ {
		names = append(names, groupCookie(n))
	}
	return names
}

var page = template.Must(template.New("login").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body>
<h1>Sign in</h1>
<p>A test login: no password, no security. Whoever you name, you are.</p>
<form method="post" action="/auth/login?url={{.Return}}">
{{range .Fields}}<p><label>{{.Label}} <input name="{{.Name}}" autocomplete="off"></label></p>
{{end}}{{range .Groups}}<p><label>Group {{.}} <input name="groups" autocomplete="off"></label></p>
{{end}}<p><button type="submit">Sign in</button></p>
</form></body></html>
`))

func (s *server) form(w http.ResponseWriter, r *http.Request) {
	target, err := returnTarget(r)
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
	// The page holds nothing secret, and an error here is a client that went away.
	_ = page.Execute(w, map[string]any{
		"Return": target, "Fields": fields(r.Header.Get(HeaderScheme)), "Groups": groups,
	})
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	target, err := returnTarget(r)
	if err != nil {
		refuse(w, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		refuse(w, fmt.Errorf("the form cannot be read: %w", err))
		return
	}
	cookies, err := identity(r.Header.Get(HeaderScheme), r.PostForm)
	if err != nil {
		refuse(w, err)
		return
	}
	set := make(map[string]bool, len(cookies))
	for _, c := range cookies {
		set[c.name] = true
		addCookie(w, c.name, c.value)
	}
	expire(w, r, set)
	w.Header().Set("Cache-Control", "no-store")
	// Written by hand: http.Redirect would clean the path, and the promise is
	// that the user comes back to the identical URL.
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	expire(w, r, nil)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "Signed out.\n")
}

// gate answers on behalf of a proxy that refused an anonymous request and cannot
// percent-encode (nginx can not without njs or Lua). The raw target comes in a
// header, so nothing between the client's request line and here has decoded it.
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

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(HeaderReady, s.token)
	w.WriteHeader(http.StatusNoContent)
}

type cookie struct{ name, value string }

// identity makes the cookies of a posted form, or says why it cannot.
func identity(scheme string, form url.Values) ([]cookie, error) {
	if form.Get("username") == "" && form.Get("unique_id") == "" {
		return nil, fmt.Errorf("username or unique_id is required: without either nobody signs in")
	}
	var cookies []cookie
	known := map[string]bool{"groups": true, "url": true}
	for _, f := range fields(scheme) {
		known[f.Name] = true
		values := form[f.Name]
		if len(values) > 1 {
			return nil, fmt.Errorf("%s is given %d times", f.Name, len(values))
		}
		if form.Get(f.Name) == "" {
			continue
		}
		if err := octets(f.Name, values[0]); err != nil {
			return nil, err
		}
		cookies = append(cookies, cookie{f.cookie, values[0]})
	}
	for name := range form {
		if !known[name] {
			return nil, fmt.Errorf("unknown field %q", name)
		}
	}
	n := 0
	for _, g := range form["groups"] {
		if g == "" {
			continue
		}
		if n++; n > MaxGroups {
			return nil, fmt.Errorf("more than %d groups: the proxies have no more slots", MaxGroups)
		}
		if err := octets("groups", g); err != nil {
			return nil, err
		}
		cookies = append(cookies, cookie{groupCookie(n), g})
	}
	return cookies, nil
}

// octets says where value is not made of cookie-octets (RFC 6265, 4.1.1). What a
// cookie cannot carry must be refused: net/http's cookie writer drops such octets
// in silence, and then another person signs in.
func octets(name, value string) error {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c <= ' ', c >= 0x7f, c == '"', c == ',', c == ';', c == '\\':
			return fmt.Errorf("%s: octet %d (0x%02x) is not a cookie-octet (RFC 6265, 4.1.1), so a plain-text cookie cannot carry this value", name, i+1, c)
		}
	}
	return nil
}

// returnTarget reads the url parameter: a path on the same origin, never another
// site. Without the parameter it is the home that the proxy names, or "/".
func returnTarget(r *http.Request) (string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		// The documented examples do not percent-encode; a target that was cut or
		// damaged by that must not send the user to a third place.
		return "", fmt.Errorf("the query cannot be read: %w", err)
	}
	if !query.Has("url") {
		if home := r.Header.Get(HeaderHome); home != "" {
			return home, nil
		}
		return "/", nil
	}
	target := query.Get("url")
	switch {
	case len(target) > maxTarget:
		return "", fmt.Errorf("url is longer than %d octets", maxTarget)
	case !strings.HasPrefix(target, "/"):
		return "", fmt.Errorf("url must be a path on this server, starting with a slash")
	case strings.HasPrefix(target, "//"), strings.HasPrefix(target, `/\`):
		return "", fmt.Errorf("url must be a path on this server: two slashes at its start name another server")
	}
	var b strings.Builder
	for i := 0; i < len(target); i++ {
		switch c := target[i]; {
		case c <= ' ', c == 0x7f:
			return "", fmt.Errorf("url: octet %d (0x%02x) cannot stand in a URL", i+1, c)
		case c >= 0x80: // decoded by a proxy (Apache); browsers would encode it again
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// addCookie writes Set-Cookie itself; see octets for the reason.
func addCookie(w http.ResponseWriter, name, value string) {
	w.Header().Add("Set-Cookie", name+"="+value+"; Path=/; HttpOnly")
}

// expire ends the cookies that the request carries and that are not set anew, so
// that nobody keeps the groups or the email of whoever signed in before.
func expire(w http.ResponseWriter, r *http.Request, keep map[string]bool) {
	sent := strings.Join(r.Header.Values("Cookie"), "; ")
	for _, name := range cookieNames() {
		if !keep[name] && strings.Contains(sent, name+"=") {
			w.Header().Add("Set-Cookie", name+"=; Path=/; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
		}
	}
}

func refuse(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusBadRequest)
}
