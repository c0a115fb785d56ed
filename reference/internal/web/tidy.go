package web

import (
	"net/http"
	"path"
	"strings"
)

// tidy redirects requests to the public URL of the clean path. It applies to paths that the router would clean, and
// to folders without a trailing slash. The router itself redirects to a path, which leads to another server if a
// proxy publishes this one below a prefix. folders holds the paths, without the slash, that the router knows with a
// slash.
func (s *Server) tidy(next http.Handler, folders map[string]bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.URL.EscapedPath()
		clean := cleanPath(sent)
		if folders[clean] {
			clean += "/"
		}
		if clean == sent {
			next.ServeHTTP(w, r)
			return
		}
		if r.URL.RawQuery != "" {
			clean += "?" + r.URL.RawQuery
		}
		s.redirectKeeping(w, clean)
	})
}

// cleanPath returns the equivalent path without empty segments and dot segments. It keeps a trailing slash.
func cleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// redirectKeeping redirects to a path of this server with the same method and body.
func (s *Server) redirectKeeping(w http.ResponseWriter, path string) {
	w.Header()["Location"] = []string{s.url(path)}
	w.WriteHeader(http.StatusTemporaryRedirect)
}
