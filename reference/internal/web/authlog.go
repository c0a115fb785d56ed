package web

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// ownHeaders lists credentials and headers with a meaning for this server. ProxyAuth.Logging logs their names without
// their values.
var ownHeaders = []string{
	"Authorization", "Proxy-Authorization", "X-Rsc-Authorization", "X-Auth-Token", "X-Auth-Signature", "X-Content-Checksum",
	"X-Rsc-Request", "X-Rsc-Xsrf", "Posit-Connect-User-Session-Token", "Rstudio-Connect-Credentials",
}

// logAuthentication logs the headers and cookies of an authentication request if ProxyAuth.Logging is on (document
// line 442): headers in full, those of this server as <internal>, and other cookies by name. An authentication
// request is every request with a key, a token or an identity, including refused ones, except the requests of a
// session. slog quotes names and values, so that they cannot forge a line.
func (s *Server) logAuthentication(r *http.Request, c caller, refusal error) {
	if !s.proxied || !s.Config.ProxyAuth.Logging {
		return
	}
	if refusal == nil && !c.ByKey() && !c.newSession {
		return
	}
	attrs := []any{}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		switch {
		case name == "Cookie":
		case slices.Contains(ownHeaders, name):
			attrs = append(attrs, slog.String(name, "<internal>"))
		case name == "Referer": // of a page that a share link opened
			attrs = append(attrs, slog.String(name, cleanReferer(r.Header.Get(name))))
		default:
			attrs = append(attrs, slog.String(name, strings.Join(r.Header[name], "; ")))
		}
	}
	cookies := []any{}
	for _, c := range r.Cookies() {
		shown := "<redacted>"
		switch {
		case isOwnCookie(c.Name):
			shown = "<internal>"
		case c.Value == "":
			shown = "<empty>"
		}
		cookies = append(cookies, slog.String(c.Name, shown))
	}
	s.Log.Info("Proxied authentication request", slog.Group("headers", attrs...), slog.Group("cookies", cookies...))
}
