package proxytest

import (
	"net/http"
	"strings"
	"testing"

	"countersign/proxies"
)

// careless tests the flavour with one defect: two lines of one header reach the server.
func careless(t *testing.T, fronts map[string]front) {
	t.Run("careless", func(t *testing.T) {
		f := fronts["careless-id"]
		for header, ours := range map[string][]string{
			names.Username: {"alice"}, names.UniqueID: {"id-1"}, names.FirstName: {"Alice"}, names.LastName: {"Liddell"},
			names.Email: {"alice@example.com"}, names.Role: {"viewer"}, names.Groups: {"g1", "g2"},
		} {
			t.Run(header, func(t *testing.T) {
				wantLines(t, f.get(t, "/x", alice), header, ours...)
				wantLines(t, f.get(t, "/x", alice, header+": evil"), header, append([]string{"evil"}, ours...)...)
				wantLines(t, f.get(t, "/x", alice, header+": "+ours[0]), header, append([]string{ours[0]}, ours...)...)
				wantLines(t, f.get(t, "/x", "Authorization: Key k", header+": evil"), header, "evil")
			})
		}
		r := fronts["careless-joined"].get(t, "/x", alice, names.Groups+": a|b")
		wantLines(t, r, names.Groups, "a|b", "g1|g2")
		// All other behaviour is that of hardened.
		answer, _ := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", names.Username+": evil", "Host: evil.example")
		if answer.Status != 307 || !strings.HasPrefix(answer.Header.Get("Location"), "http://"+f.Listen+"/auth/login?") {
			t.Errorf("anonymous request: got %d to %q, want 307 to the login page", answer.Status, answer.Header.Get("Location"))
		}
	})
}

// documented tests that the flavour behaves as the printed examples were measured to behave,
// including their defects.
func documented(t *testing.T, fronts map[string]front) {
	f := fronts["documented"]
	nginx := f.kind == proxies.Nginx
	t.Run("documented", func(t *testing.T) {
		t.Run("documented behaviour", func(t *testing.T) { documentedBehaviour(t, fronts) })
		t.Run("login", func(t *testing.T) {
			// Only a target without a query is returned unchanged by nginx and Apache.
			wantLines(t, signIn(t, f, prefix+"/x", prefix+"/x"), printed.Username, "alice")
			r := signIn(t, fronts["documented-id"], prefix+"/x", prefix+"/x")
			wantLines(t, r, printed.Username, "alice")
			wantLines(t, r, printed.UniqueID, "id-1")
			back := prefix + "/x"
			if nginx {
				back += "?a=1" // the unencoded & ends the parameter
			}
			signIn(t, f, prefix+"/x?a=1&b=2", back)
		})
		t.Run("defects", func(t *testing.T) { defects(t, fronts) })
		t.Run("redirects", func(t *testing.T) { printedRedirects(t, f) })
		if !nginx {
			t.Run("basic example at the root", func(t *testing.T) {
				root := fronts["documented-root"]
				if got := root.get(t, "/rsconnect/x", alice).Line; got != "GET /rsconnect/x HTTP/1.1" {
					t.Errorf("reached the server as %q, want the path with its prefix", got)
				}
				_, r := root.exchange(t, "GET /authors HTTP/1.1")
				if r == nil {
					t.Error("/authors did not pass the gate, want that it does, because the exception for /auth in the example has no slash at its end")
				}
			})
		}
	})
}

func documentedBehaviour(t *testing.T, fronts map[string]front) {
	f := fronts["documented"]
	answer, r := f.exchange(t, "GET "+prefix+"/x HTTP/1.1")
	wantGated(t, answer, r, "http://"+f.Listen+"/auth/login?url="+prefix+"/x")
	wantLines(t, f.get(t, "/x", alice), printed.Username, "alice")
	wantLines(t, f.get(t, "/x", alice, "X-AUTH-username: evil", "X-Auth-Username: evil"), printed.Username, "alice")
	wantLines(t, f.get(t, "/x", "Authorization: Key k", "X-Auth-Username: evil"), printed.Username)
	wantLines(t, f.get(t, "/x", "X-Auth-Token: T", "X-Auth-Username: evil"), printed.Username)
	wantLines(t, f.get(t, "/x", alice), "X-RSC-Request", "http://"+f.Listen+prefix+"/x")
	if got := f.get(t, "/x?a=%zz", alice).Line; got != "GET /x?a=%zz HTTP/1.1" {
		t.Errorf("reached the server as %q, want the prefix removed", got)
	}
	handshake(t, f, prefix+"/ws", 101, alice, "Upgrade: websocket", "Connection: Upgrade")
	wantLines(t, fronts["documented-open"].get(t, "/x", "X-Auth-Username: evil"), printed.Username)

	profile := fronts["documented-profile"].get(t, "/x", alice)
	wantLines(t, profile, printed.FirstName, "Alice")
	wantLines(t, profile, printed.LastName, "Liddell")
	wantLines(t, profile, printed.Email, "alice@example.com")
	wantLines(t, profile, printed.UniqueID)

	id := "Cookie: verified-user=alice; proxyauth-as-id=id-1"
	if f.kind == proxies.Apache {
		id = "Cookie: proxyauth-as-user=alice; verified-user=id-1"
	}
	unique := fronts["documented-id"].get(t, "/x", id)
	wantLines(t, unique, printed.UniqueID, "id-1")
	wantLines(t, unique, printed.Username, "alice")
}

// defects tests the security defects of the printed examples. If it fails, the flavour has
// been fixed by mistake; fixes belong to hardened.
func defects(t *testing.T, fronts map[string]front) {
	f := fronts["documented"]
	nginx := f.kind == proxies.Nginx
	for _, header := range []string{names.Role, names.Groups, names.UniqueID, names.FirstName} {
		wantLines(t, f.get(t, "/x", alice, header+": evil"), header, "evil")
	}
	wantLines(t, f.get(t, "/x", "Cookie: xverified-user=evil; verified-user=alice"), printed.Username, "evil")
	wantLines(t, f.get(t, "/x", "Authorization: Bearer xKey y"), "Authorization", "Bearer xKey y")
	wantLines(t, f.get(t, "/x", "Cookie: verified-user= ; foo=1"), printed.Username, "")

	answer, r := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", "X-RSC-Authorization: Key k")
	if r != nil || answer.Status != 307 {
		t.Errorf("X-RSC-Authorization alone: got %d, want 307", answer.Status)
	}
	answer, _ = f.exchange(t, "GET "+prefix+"/x HTTP/1.1", "Host: evil.example")
	if got := answer.Header.Get("Location"); !strings.HasPrefix(got, "http://evil.example") {
		t.Errorf("redirect to %q, want the host of the Host header", got)
	}
	answer, r = f.exchangeBody(t, strings.Repeat("x", 1<<20+1), "POST "+prefix+"/x HTTP/1.1", "X-Auth-Token: T")
	if tooLarge := answer.Status == http.StatusRequestEntityTooLarge; tooLarge != nginx || (r == nil) != nginx {
		t.Errorf("a body of more than 1 MiB: got %d, reached the server: %v", answer.Status, r != nil)
	}
	underscore := f.get(t, "/x", "X-Auth-Token: T", "X_Auth_Username: evil")
	connection := f.get(t, "/x", alice, "Connection: close, X-Auth-Username")
	upgrade := f.get(t, "/x", alice, "Connection: close, Upgrade", "Cookie: a=b") // not an upgrade: both send it as a plain GET
	wantLines(t, upgrade, "Upgrade")
	if nginx {
		wantLines(t, underscore, printed.Username)
		wantLines(t, connection, printed.Username, "alice")
		handshake(t, f, prefix+"/x", 101, alice, "Upgrade: foo", "Connection: Upgrade")
		if got := f.get(t, "/a%2Fb", alice).Line; got != "GET /a/b HTTP/1.1" {
			t.Errorf("/a%%2Fb reached the server as %q", got)
		}
		return
	}
	wantLines(t, underscore, printed.Username, "evil")
	wantLines(t, connection, printed.Username)
	if answer, r := f.exchange(t, "GET "+prefix+"/a%2Fb HTTP/1.1", alice); r != nil || answer.Status != 404 {
		t.Errorf("/a%%2Fb: got %d", answer.Status)
	}
	if got := f.get(t, "/x?a=1", alice).Values("X-RSC-Request"); len(got) != 1 || strings.Contains(got[0], "a=1") {
		t.Errorf("X-RSC-Request is %q, want it without the query", got)
	}
	// The WebSocket rule is not anchored, and requests for /auth pass the gate.
	handshake(t, f, "/auth"+prefix+"/ws", 101, "Upgrade: websocket", "Connection: Upgrade")
}

func printedRedirects(t *testing.T, f front) {
	external := "https://idp.example/authorize?client_id=1"
	want := map[string]string{
		"/content/1":            "http://" + f.Listen + prefix + "/content/1",
		prefix + "/content/1":   "http://" + f.Listen + prefix + prefix + "/content/1",
		external:                external,
		"https://idp.example":   "https://idp.example",
		f.Upstream + "/c":       f.Upstream + "/c",
		"relative":              "relative",
		"https://a.example/b?c": "https://a.example/b?c",
	}
	if f.kind == proxies.Apache {
		// ProxyPassReverse / also changes redirects to other sites.
		want[prefix+"/content/1"] = "http://" + f.Listen + prefix + "/content/1"
		want[external] = "http://" + f.Listen + prefix + "/authorize?client_id=1"
		want[f.Upstream+"/c"] = "http://" + f.Listen + prefix + "/c"
		want["https://a.example/b?c"] = "http://" + f.Listen + prefix + "/b?c"
	}
	for from, to := range want {
		if got := f.redirected(t, from); got != to {
			t.Errorf("Location %s arrives as %s, want %s", from, got, to)
		}
	}
}
