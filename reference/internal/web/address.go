package web

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// local turns a place to return to into a path on this server, below its public URL and beginning with a slash, or
// answers false. It takes a path ("/content/...", with or without the public prefix) and a whole URL of this server.
// Everything that a browser could read as another host is refused: "//host", "/\host", "https:/host", "https:host",
// control characters, which browsers drop, and user information.
func (s *Server) local(target string) (string, bool) {
	if target == "" || len(target) > 4096 || strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' }) {
		return "", false
	}
	u, err := url.Parse(target)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if u.Scheme != "" || u.Host != "" {
		if u.Scheme == "" || u.Host == "" || !strings.EqualFold(originOf(u.Scheme+"://"+u.Host), s.origin) {
			return "", false
		}
	}
	path := u.EscapedPath()
	if prefix := s.Config.PublicPath(); prefix != "/" && strings.HasPrefix(path, prefix) {
		path = "/" + strings.TrimPrefix(path, prefix)
	}
	// Dot segments could lead out of the public prefix, to another application on the same host.
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || hasDotSegment(u.Path) {
		return "", false
	}
	result := url.URL{RawQuery: u.RawQuery, Fragment: u.Fragment}
	return path + result.String(), true
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// navigates says whether a request is a person's browser going to a page: a GET or HEAD with Sec-Fetch-Dest: document (a
// frame sends iframe, a script's call empty) or, where that header is absent, with an Accept that contains text/html.
func navigates(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if r.Header.Get("Upgrade") != "" {
		return false
	}
	if dest, sent := r.Header["Sec-Fetch-Dest"]; sent {
		return len(dest) == 1 && strings.EqualFold(dest[0], "document")
	}
	return strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Accept"), ",")), "text/html")
}

// unavailable is the answer while something of the server's own is missing.
func unavailable(text string) *apiError {
	return &apiError{Code: 1, Status: http.StatusServiceUnavailable, Text: text}
}

// apiTime is a time as the API writes it: UTC, whole seconds; null for never.
func apiTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// randomToken makes 256 bits that a URL and a cookie can carry.
func randomToken() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}
