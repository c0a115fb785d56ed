package web

import (
	"net/http"
	"net/url"
	"strings"
)

// contentAt returns the path below the public URL if an address, as a browser writes it, is that of content on this
// server, and otherwise "".
func (s *Server) contentAt(address string) string {
	rest, ok := strings.CutPrefix(address, s.origin+s.publicPath+"content/")
	path := "/content/" + rest
	u, err := url.Parse(path)
	// A dot segment could leave the public path and lead to another application on the same host.
	if !ok || err != nil || cleanPath(u.Path) != u.Path {
		return ""
	}
	return path
}

// isNavigation reports whether a request comes from a browser that opens a page. It is a GET or HEAD with
// Sec-Fetch-Dest: document (a frame sends iframe, a script empty, a WebSocket websocket). If that header is missing,
// Accept must contain text/html.
func isNavigation(r *http.Request) bool {
	if unsafeMethod(r) {
		return false
	}
	if destination := r.Header.Get("Sec-Fetch-Dest"); destination != "" {
		return destination == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// unavailable returns the error for a request that needs a part of the server that is missing.
func unavailable(text string) *apiError {
	return connectError(1, http.StatusServiceUnavailable, text)
}
