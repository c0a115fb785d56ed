package web_test

import (
	"strings"
	"testing"
)

// A redirect contains the public URL of the server even if only the path is cleaned. If a proxy publishes the server
// below a prefix, a path alone leads to another server.
func TestRedirectsNameTheServerAddress(t *testing.T) {
	t.Parallel()
	const address = "https://example.com/dev/"
	s := newSite(t, "[Server]\nAddress = "+address+"\n"+proxied)
	ada := s.signIn("ada")
	for _, tt := range []struct{ method, path, location string }{
		{"GET", "/", "connect/"},
		{"GET", "//", ""},
		{"GET", "//x/y", "x/y"},
		{"GET", "///x//y//", "x/y/"},
		{"GET", "//example.org/x", "example.org/x"},
		{"GET", "/connect", "connect/"},
		{"GET", "/connect?a=%2F&b=c+d", "connect/?a=%2F&b=c+d"},
		{"GET", "//connect", "connect/"},
		{"GET", "/connect/../x", "x"},
		{"GET", "/connect/./", "connect/"},
		{"GET", "/../../x", "x"},
		{"GET", "/content//", "content/"},
		{"POST", "/__api__//v1/users?a=b", "__api__/v1/users?a=b"},
		{"DELETE", "/__api__/x/..", "__api__"},
		{"GET", "/content/a%2Fb", "content/a%2Fb/"},
		{"GET", "/content//a%2Fb%20c/%3Fd", "content/a%2Fb%20c/%3Fd"},
		{"GET", "/content/a/b/../c//d/?e=f/../g", "content/a/c/d/?e=f/../g"},
		{"GET", "/.", ""},
		{"GET", "//__ping__", "__ping__"},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			for who, p := range map[string]*persona{"signed in": ada, "anonymous": s.visitor()} {
				r := p.do(tt.method, tt.path, "")
				if got := r.Header.Get("Location"); got != address+tt.location || r.Status/100 != 3 {
					t.Errorf("%s: status %d, Location %q, want %q", who, r.Status, got, address+tt.location)
				}
			}
		})
	}
}

// The router itself redirects for no path.
func TestNoRedirectWithoutTheServerAddress(t *testing.T) {
	t.Parallel()
	const address = "https://example.com/dev/"
	s := newSite(t, "[Server]\nAddress = "+address+"\n"+proxied+"LoginURL = https://login.example.com/\n")
	ada := s.signIn("ada")
	segments := []string{"", ".", "..", "connect", "__api__", "v1", "content", "__login__", "__logout__", "%2e%2e", "%2F", "a b"}
	for _, first := range segments {
		for _, second := range segments {
			for _, third := range append(segments, "\x00") {
				path := strings.TrimSuffix("/"+strings.Join([]string{first, second, third}, "/"), "/\x00") // with two segments
				path = strings.ReplaceAll(path, " ", "%20")
				for _, location := range ada.get(path).Header["Location"] {
					if !strings.HasPrefix(location, address) && location != "https://login.example.com/" {
						t.Errorf("GET %s: Location %q", path, location)
					}
				}
			}
		}
	}
}
