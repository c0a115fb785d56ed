package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// contentAt returns the path below the public URL if an address is that of content on this server, as a browser writes it;
// otherwise "".
func (s *Server) contentAt(address string) string {
	rest, ok := strings.CutPrefix(address, s.origin+s.publicPath+"content/")
	path := "/content/" + rest
	u, err := url.Parse(path)
	// A dot segment could lead out of the public path, to another application on the same host.
	if !ok || err != nil || cleanPath(u.Path) != u.Path {
		return ""
	}
	return path
}

// navigates reports whether a request is that of a browser that opens a page: a GET or HEAD with Sec-Fetch-Dest: document
// (a frame sends iframe, a script empty, a WebSocket websocket) or, where that header is absent, with an Accept that contains text/html.
func navigates(r *http.Request) bool {
	if unsafeMethod(r) {
		return false
	}
	if destination := r.Header.Get("Sec-Fetch-Dest"); destination != "" {
		return destination == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
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
