package web

import (
	"net/http"
	"path"
	"strings"
)

// tidy redirects a request whose path the router would clean, or that names a folder without its slash, to the public URL
// of the path it stands for. The router's own redirects give a path only, which leads to another server where a proxy
// publishes this one below a prefix. Folders holds the paths, without the slash, that the router knows with one.
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

// cleanPath returns the shortest path that means the same: without empty segments and dot segments. A slash at the end stays.
func cleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// redirectKeeping sends the client to a path of this server with the same method and body.
func (s *Server) redirectKeeping(w http.ResponseWriter, path string) {
	w.Header()["Location"] = []string{s.url(path)}
	w.WriteHeader(http.StatusTemporaryRedirect)
}
