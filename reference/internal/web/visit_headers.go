package web

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"countersign/reference/internal/content"
	"countersign/reference/internal/policy"
)

// rewrite creates the request to content: the path below the item, the headers of the client without those for the
// server, and the headers of the server about the visitor. ReverseProxy removes hop-by-hop headers and those named by
// Connection before it calls rewrite, so that a client cannot have the headers of the server removed.
func (s *Server) rewrite(pr *httputil.ProxyRequest, item *content.Item, target *url.URL, headers http.Header) {
	out := pr.Out
	prefix := "/content/" + item.GUID
	out.URL.Scheme, out.URL.Host = target.Scheme, target.Host
	out.URL.Path = strings.TrimSuffix(target.Path, "/") + strings.TrimPrefix(pr.In.URL.Path, prefix)
	out.URL.RawPath = ""
	if raw := pr.In.URL.RawPath; raw != "" {
		out.URL.RawPath = strings.TrimSuffix(target.EscapedPath(), "/") + strings.TrimPrefix(raw, prefix)
	}
	out.URL.RawQuery = withoutShare(pr.In.URL.RawQuery)
	out.Host = pr.In.Host
	out.Trailer = nil // a trailer could have the name of any header
	s.cleanHeaders(out.Header)
	for name, values := range headers {
		out.Header[name] = values
	}
	out.Header.Set("Rstudio-Connect-App-Base-Url", s.Base+"content/"+item.GUID)
	if !strings.EqualFold(out.Header.Get("Upgrade"), "websocket") {
		// Another protocol would create a tunnel that bypasses every check after the first request.
		out.Header.Del("Upgrade")
		out.Header.Del("Connection")
	}
}

// serverHeaders lists headers that only the server sends to content, or that are for the server only. Names are
// compared as CGI programs see them: X_Auth_Username and X-Auth-Username are the same variable.
var serverHeaders = map[string]bool{
	"posit-connect-user-session-token": true, "rstudio-connect-credentials": true, "posit-connect-credentials": true,
	"shiny-server-credentials": true, "rstudio-connect-app-base-url": true,
	"x-rsc-authorization": true, "x-auth-token": true, "x-auth-signature": true, "x-rsc-xsrf": true, "x-rsc-request": true,
}

func foldHeader(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }

// cleanHeaders removes headers of a client that content could mistake for headers of the server, and credentials for
// the server.
func (s *Server) cleanHeaders(h http.Header) {
	identity := s.identityHeaders()
	for name := range h {
		folded := foldHeader(name)
		if serverHeaders[folded] || identity[folded] {
			delete(h, name)
		}
	}
	if values, sent := h["Authorization"]; sent {
		kept := values[:0:0]
		for _, value := range values {
			if !isForServer(value) {
				kept = append(kept, value)
			}
		}
		setOrDelete(h, "Authorization", kept)
	}
	if values, sent := h["Cookie"]; sent {
		kept := values[:0:0]
		for _, value := range values {
			if rest := withoutOwnCookies(value); rest != "" {
				kept = append(kept, rest)
			}
		}
		setOrDelete(h, "Cookie", kept)
	}
	for i, referer := range h["Referer"] {
		h["Referer"][i] = cleanReferer(referer)
	}
}

func setOrDelete(h http.Header, name string, values []string) {
	if len(values) == 0 {
		delete(h, name)
		return
	}
	h[name] = values
}

// isForServer reports whether the value of Authorization is for the server: an API key or a bootstrap token.
func isForServer(value string) bool {
	scheme, _, _ := strings.Cut(strings.TrimLeft(value, " \t"), " ")
	return strings.EqualFold(scheme, "Key") || strings.EqualFold(scheme, "Connect-Bootstrap")
}

// identityHeaders returns the folded names of the headers by which a proxy describes a user. Headers that the
// configuration names count even if the server does not read them.
func (s *Server) identityHeaders() map[string]bool {
	names := map[string]bool{}
	for _, name := range policy.ConfiguredHeaders(s.Config.ProxyAuth).Headers() {
		names[foldHeader(name)] = true
	}
	return names
}

// isOwnCookie reports whether a cookie belongs to the server.
func isOwnCookie(name string) bool {
	switch strings.TrimSuffix(strings.ToLower(name), "-legacy") {
	case sessionCookie, strings.ToLower(xsrfCookie), shareCookie:
		return true
	}
	return strings.HasPrefix(strings.ToLower(name), loginCookie)
}

// withoutOwnCookies removes the cookies of the server from a Cookie header and does not change the others.
func withoutOwnCookies(value string) string {
	var kept []string
	for pair := range strings.SplitSeq(value, ";") {
		name, _, _ := strings.Cut(pair, "=")
		if pair = strings.TrimSpace(pair); pair != "" && !isOwnCookie(strings.TrimSpace(name)) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "; ")
}

// dropOwnCookies removes cookies that content sets in place of cookies of the server. Content has the same origin and
// could otherwise sign a visitor in as another user.
func dropOwnCookies(h http.Header) {
	values, sent := h["Set-Cookie"]
	if !sent {
		return
	}
	kept := values[:0:0]
	for _, value := range values {
		name, _, _ := strings.Cut(value, "=")
		if !isOwnCookie(strings.TrimSpace(name)) {
			kept = append(kept, value)
		}
	}
	setOrDelete(h, "Set-Cookie", kept)
}

// cleanReferer removes the token of a share link from the Referer.
func cleanReferer(referer string) string {
	u, err := url.Parse(referer)
	if err != nil {
		return ""
	}
	u.RawQuery = withoutShare(u.RawQuery)
	return u.String()
}
