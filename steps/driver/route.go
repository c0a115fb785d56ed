package driver

import (
	"slices"
	"strings"
)

// words are the fixed segments of the paths that the suite requests. Any other segment is the id or
// the name of an object, or may be a secret, such as that of a share link.
var words = []string{
	"__api__", "__oauth__", "__ping__", "associations", "bundles", "callback", "connect", "content", "credentials", "deploy", "groups",
	"integrations", "keys", "lock", "login", "logout", "members", "oauth", "permissions", "server_settings", "sessions", "tasks", "tokens",
	"user", "users", "v1",
}

// roots are the first segments of the paths below the public URL of a server.
var roots = []string{"__api__", "__oauth__", "__ping__", "connect", "content"}

// Request returns the method and the route of the request: its path below the public URL of the
// server, with * for each segment that is no word of the interface. The route is "*" if the path
// is not one of the server's. Both are "" without a request.
func (r *Reply) Request() (method, route string) {
	if r == nil || r.url == nil {
		return "", ""
	}
	segments := strings.Split(strings.Trim(r.url.EscapedPath(), "/"), "/")
	at := slices.IndexFunc(segments, func(s string) bool { return slices.Contains(roots, s) })
	if at < 0 {
		return r.method, "*"
	}
	segments = segments[at:]
	for i, s := range segments {
		if !slices.Contains(words, s) {
			segments[i] = "*"
		}
	}
	return r.method, "/" + strings.Join(segments, "/")
}
