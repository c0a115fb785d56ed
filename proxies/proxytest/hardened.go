package proxytest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// hardened tests the requirements for a secure configuration.
func hardened(t *testing.T, fronts map[string]front) {
	f := fronts["hardened"]
	t.Run("hardened", func(t *testing.T) {
		t.Run("identity", func(t *testing.T) { identity(t, fronts) })
		t.Run("forged headers", func(t *testing.T) { forged(t, fronts["hardened-id"]) })
		t.Run("gate", func(t *testing.T) { gate(t, f) })
		t.Run("credentials", func(t *testing.T) { credentials(t, f) })
		t.Run("cookies", func(t *testing.T) { cookies(t, f) })
		t.Run("origin", func(t *testing.T) { origin(t, f) })
		t.Run("connection header", func(t *testing.T) { connection(t, f) })
		t.Run("upgrade", func(t *testing.T) { upgrade(t, f) })
		t.Run("redirects", func(t *testing.T) { redirects(t, f, fronts["hardened-root"]) })
		t.Run("paths", func(t *testing.T) { paths(t, f, fronts["hardened-root"]) })
		t.Run("bodies", func(t *testing.T) { bodies(t, f) })
		t.Run("login", func(t *testing.T) { loginRoundTrip(t, fronts) })
		t.Run("streaming", func(t *testing.T) { streaming(t, f) })
	})
}

func identity(t *testing.T, fronts map[string]front) {
	r := fronts["hardened-id"].get(t, "/x", alice)
	wantLines(t, r, names.Username, "alice")
	wantLines(t, r, names.UniqueID, "id-1")
	wantLines(t, r, names.FirstName, "Alice")
	wantLines(t, r, names.LastName, "Liddell")
	wantLines(t, r, names.Email, "alice@example.com")
	wantLines(t, r, names.Role, "viewer")
	wantLines(t, r, names.Groups, "g1", "g2")

	r = fronts["hardened"].get(t, "/x", alice)
	wantLines(t, r, names.Username, "alice")
	wantLines(t, r, names.UniqueID) // not configured, so not sent
	r = fronts["hardened"].get(t, "/x", alice, names.UniqueID+": evil", "X-Auth-Custom-Username: evil", "X-Auth-Firstname: evil")
	wantLines(t, r, names.UniqueID) // not configured, and deleted nevertheless
	wantLines(t, r, "X-Auth-Custom-Username")
	wantLines(t, r, "X-Auth-Firstname")

	r = fronts["hardened"].get(t, "/x", "Cookie: verified-user=alice")
	for _, name := range []string{names.FirstName, names.LastName, names.Email, names.Role, names.Groups} {
		wantLines(t, r, name)
	}
	t.Run("is whole or absent", func(t *testing.T) {
		// A username without the unique id is not an identity.
		r := fronts["hardened-id"].get(t, "/x", "Cookie: verified-user=alice; proxyauth-as-role=administrator", "Authorization: Key k")
		wantLines(t, r, names.Username)
		wantLines(t, r, names.Role)
		r = fronts["hardened-id"].get(t, "/x", "Cookie: proxyauth-as-id=id-1")
		wantLines(t, r, names.UniqueID, "id-1")
		wantLines(t, r, names.Username)
	})
	t.Run("groups", func(t *testing.T) {
		groups := make([]string, 8)
		cookie := "Cookie: verified-user=alice"
		for i := range groups {
			groups[i] = fmt.Sprintf("g%d", i+1)
			cookie += fmt.Sprintf("; proxyauth-as-group-%d=g%d", i+1, i+1)
		}
		wantLines(t, fronts["hardened"].get(t, "/x", cookie), names.Groups, groups...)
		wantLines(t, fronts["hardened-joined"].get(t, "/x", cookie), names.Groups, strings.Join(groups, ","))
		wantLines(t, fronts["hardened-joined"].get(t, "/x", alice), names.Groups, "g1,g2")
		wantLines(t, fronts["hardened-joined"].get(t, "/x", "Cookie: verified-user=alice; proxyauth-as-group-1=g1"), names.Groups, "g1")
		wantLines(t, fronts["hardened-joined"].get(t, "/x", "Cookie: verified-user=alice"), names.Groups)
	})
	t.Run("custom names", func(t *testing.T) {
		f := fronts["hardened-custom"]
		r := f.get(t, "/x", alice, "X-G: forged", f.Headers.Username+": evil")
		wantLines(t, r, f.Headers.Username, "alice")
		wantLines(t, r, "X-G", "g1"+f.GroupsSeparator+"g2")
		answer, other := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", alice, strings.ReplaceAll(f.Headers.Username, "_", "-")+": evil")
		if other != nil {
			wantLines(t, *other, f.Headers.Username, "alice")
		} else if answer.Status != 400 {
			t.Errorf("another spelling of a long name: got %d", answer.Status)
		}
	})
	t.Run("without a gate", func(t *testing.T) {
		wantLines(t, fronts["hardened-open"].get(t, "/x", names.Username+": evil"), names.Username)
		wantLines(t, fronts["hardened-open"].get(t, "/x", alice), names.Username, "alice")
	})
	t.Run("does not stay on a connection", func(t *testing.T) {
		client := &http.Client{Timeout: 5 * time.Second}
		for _, cookie := range []string{"verified-user=alice", "", "verified-user=bob", ""} {
			id := <-nextID
			req, _ := http.NewRequest(http.MethodGet, "http://"+fronts["hardened"].Listen+prefix+"/x", nil)
			req.Header.Set(headerID, id)
			req.Header.Set("X-Auth-Token", "T")
			var want []string
			if cookie != "" {
				req.Header.Set("Cookie", cookie)
				want = []string{strings.TrimPrefix(cookie, "verified-user=")}
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			wantLines(t, fronts["hardened"].received(id)[0], names.Username, want...)
		}
	})
}

// spelled returns the ways in which a client may write a header.
func spelled(header string) []string {
	all := []string{header, strings.ToLower(header), strings.ToUpper(header)}
	for _, sep := range []string{"_", ".", "~"} {
		all = append(all, strings.ReplaceAll(header, "-", sep), strings.Replace(header, "-", sep, 1))
		if i := strings.LastIndex(header, "-"); i >= 0 {
			all = append(all, header[:i]+sep+header[i+1:])
		}
	}
	return all
}

func forged(t *testing.T, f front) {
	callers := map[string]string{"cookie": alice, "token": "X-Auth-Token: T", "key": "Authorization: Key k", "X-RSC-Authorization": "X-RSC-Authorization: k"}
	sent := map[string][]string{
		names.Username: {"alice"}, names.UniqueID: {"id-1"}, names.FirstName: {"Alice"}, names.LastName: {"Liddell"},
		names.Email: {"alice@example.com"}, names.Role: {"viewer"}, names.Groups: {"g1", "g2"},
	}
	for header, identity := range sent {
		for _, name := range spelled(header) {
			for by, credential := range callers {
				for _, lines := range [][]string{{name + ": evil"}, {name + ": evil", name + ": evil2"}, {name + ": evil, evil2"}, {name + ":"}} {
					if strings.Contains(name, "~") && strings.HasSuffix(lines[0], ":") {
						continue // httpd does not distinguish an empty header from an absent one
					}
					want := identity
					if by != "cookie" {
						want = nil
					}
					answer, r := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", append(lines, credential)...)
					if r == nil {
						// The proxy may refuse the request instead of removing the header.
						if answer.Status != 400 {
							t.Errorf("%q by %s: got %d, want 400 or a request without the header", lines, by, answer.Status)
						}
						continue
					}
					if got := r.alike(header); !slices.Equal(got, want) {
						t.Errorf("%q by %s reached the server as %q, want %q", lines, by, got, want)
					}
				}
			}
		}
	}
}

// encoded returns a Location with its parameter url in one spelling: a proxy need not encode a slash there.
func encoded(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	u.RawQuery = u.Query().Encode()
	return u.String()
}

func gate(t *testing.T, f front) {
	for _, target := range []string{"/x", "/x?a=1&b=2", "/x?a=%26&b=c+d", "/a%2Fb", "/a%26y+z%23", "/%0d%0aSet-Cookie:x=1", "/?", "/a?b=%3f", "/é?ü=ß"} {
		answer, r := f.exchange(t, "GET "+prefix+target+" HTTP/1.1")
		if r != nil {
			t.Errorf("%s reached the server", target)
		}
		u, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || answer.Status != 307 || u.Scheme+"://"+u.Host+u.Path != "http://"+f.Listen+"/auth/login" {
			t.Errorf("%s: got %d to %q, want 307 to the login page", target, answer.Status, answer.Header.Get("Location"))
			continue
		}
		if got := u.Query().Get("url"); got != prefix+target || len(u.Query()) != 1 {
			t.Errorf("%s: the redirect has the target %q", target, got)
		}
	}
	want := "http://" + f.Listen + "/auth/login?url=" + url.QueryEscape(prefix+"/x")
	for _, test := range []struct {
		name, line string
		fields     []string
	}{
		{"HEAD", "HEAD " + prefix + "/x HTTP/1.1", nil},
		{"DELETE", "DELETE " + prefix + "/x HTTP/1.1", nil},
		{"forged host", "GET " + prefix + "/x HTTP/1.1", []string{"Host: evil.example"}},
		{"absolute form", "GET http://evil.example" + prefix + "/x HTTP/1.1", []string{"Host: evil.example"}},
		{"HTTP/1.0", "GET " + prefix + "/x HTTP/1.0", nil},
		{"forged identity", "GET " + prefix + "/x HTTP/1.1", []string{"X-Auth-Username: evil"}},
		{"WebSocket", "GET " + prefix + "/x HTTP/1.1", []string{"Connection: Upgrade", "Upgrade: websocket"}},
		{"forged control headers", "GET " + prefix + "/x HTTP/1.1", []string{"Countersign-Origin: http://evil.example", "Countersign-Target: /evil"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, r := f.exchange(t, test.line, test.fields...)
			answer.Header.Set("Location", encoded(answer.Header.Get("Location")))
			wantGated(t, answer, r, want)
		})
	}
	t.Run("POST", func(t *testing.T) {
		answer, r := f.exchangeBody(t, strings.Repeat("x", 100_000), "POST "+prefix+"/x HTTP/1.1")
		answer.Header.Set("Location", encoded(answer.Header.Get("Location")))
		wantGated(t, answer, r, want)
	})
}

func credentials(t *testing.T, f front) {
	for _, test := range []struct {
		fields []string
		passes bool
	}{
		{[]string{"Authorization: Key abc"}, true},
		{[]string{"Authorization: Key  abc"}, true},
		{[]string{"X-RSC-Authorization: Key abc"}, true},
		{[]string{"X-RSC-Authorization: abc"}, true},
		{[]string{"X-RSC-Authorization: Key abc", "Authorization: Bearer t"}, true},
		{[]string{"X-Auth-Token: T", "X-Auth-Signature: c2ln", "X-Content-Checksum: c3Vt", "Date: Mon, 02 Jan 2006 15:04:05 GMT"}, true},
		{[]string{alice, "Authorization: Bearer t", "X-Auth-Token: T", "X-RSC-Authorization: k"}, true},
		{[]string{"Authorization: Key"}, false},
		{[]string{"Authorization: Bearer t"}, false},
		{[]string{"Authorization: Bearer xKey y"}, false},
		{[]string{"Authorization: Basic Key x"}, false},
		{[]string{"X-RSC-Authorization: "}, false},
		{[]string{"X-Auth-Token: "}, false},
		{[]string{"X_Auth_Token: T"}, false},
		{[]string{"X-Auth-Signature: s"}, false},
	} {
		answer, r := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", test.fields...)
		if !test.passes {
			if r != nil || answer.Status != 307 {
				t.Errorf("%q: got %d, reached the server: %v; want 307 and false", test.fields, answer.Status, r != nil)
			}
			continue
		}
		if r == nil {
			t.Errorf("%q did not reach the server: %d", test.fields, answer.Status)
			continue
		}
		for _, field := range test.fields {
			name, value, _ := strings.Cut(field, ": ")
			if got := r.Values(name); !slices.Equal(got, []string{value}) {
				t.Errorf("%q reached the server as %q", field, got)
			}
		}
	}
}

func cookies(t *testing.T, f front) {
	const refused = "(refused)"
	for _, test := range []struct{ cookie, want string }{
		{"verified-user=alice", "alice"},
		{"a=b; verified-user=alice; c=d", "alice"},
		{"verified-user=alice ", "alice"},
		{"a=b;verified-user=alice;c=d", "alice"},
		{"verified-user=o'brien%20$1&{x}=/", "o'brien%20$1&{x}=/"},
		{"verified-user=$host%{HTTP_HOST}e", "$host%{HTTP_HOST}e"},
		{"xverified-user=evil", refused},
		{"xverified-user=evil; verified-user=alice", "alice"},
		{"a=verified-user=evil", refused},
		{`a="x; verified-user=evil"`, refused},
		{"VERIFIED-USER=evil", refused},
		{"verified-user=alice; verified-user=evil", refused},
		{"verified-user=; verified-user=evil", refused},
		{"verified-user=", refused},
		{"verified-user= ; foo=1", refused},
		{"verified-user=alice, verified-user=evil", refused},
		{"verified-user=alice,evil", refused},
		{`verified-user="alice"`, refused},
		{`verified-user=a\b`, refused},
		{"verified-user=a b", refused},
		{"verified-user=Jos\xc3\xa9", refused},
		{"verified-user=a\tb", refused},
	} {
		answer, r := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", "Cookie: "+test.cookie)
		switch {
		case test.want == refused && r != nil:
			t.Errorf("cookie %q reached the server as %q, want 307 or 400", test.cookie, r.alike(names.Username))
		case test.want == refused && answer.Status != 307 && answer.Status != 400:
			t.Errorf("cookie %q: got %d, want 307 or 400", test.cookie, answer.Status)
		case test.want != refused && r == nil:
			t.Errorf("cookie %q did not reach the server: %d", test.cookie, answer.Status)
		case r != nil:
			wantLines(t, *r, names.Username, test.want)
		}
	}
	if _, r := f.exchange(t, "GET "+prefix+"/x HTTP/1.1", "Cookie: verified-user=alice", "Cookie: verified-user=evil"); r != nil {
		t.Errorf("two Cookie headers reached the server as %q", r.alike(names.Username))
	}
	long := f.get(t, "/x", "Cookie: pad="+strings.Repeat("x", 8300)+"; verified-user=alice")
	wantLines(t, long, names.Username, "alice")
}

func origin(t *testing.T, f front) {
	for _, fields := range [][]string{
		{alice},
		{alice, "X-RSC-Request: http://evil.example/", "X_RSC_Request: http://evil.example/"},
		{alice, "Host: evil.example"},
	} {
		r := f.get(t, "/a%2Fb?c=%zz&d", fields...)
		wantLines(t, r, "X-RSC-Request", "http://"+f.Listen+prefix+"/a%2Fb?c=%zz&d")
		for _, field := range r.Fields {
			if strings.Contains(field, "evil") {
				t.Errorf("%q reached the server", field)
			}
		}
	}
	_, r := f.exchange(t, "GET http://evil.example"+prefix+"/x?y HTTP/1.1", "Host: evil.example", alice)
	if r == nil {
		t.Fatal("the absolute form did not reach the server")
	}
	wantLines(t, *r, "X-RSC-Request", "http://"+f.Listen+prefix+"/x?y")
	r2 := f.get(t, "/x", alice, "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "Forwarded: for=1.2.3.4",
		"X-Forwarded-Server: evil.example", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil", "X-Real-IP: 1.2.3.4")
	wantLines(t, r2, "X-Forwarded-For", "127.0.0.1")
	wantLines(t, r2, "X-Forwarded-Host", f.Listen)
	wantLines(t, r2, "X-Forwarded-Proto", "http")
	for _, name := range []string{"Forwarded", "X-Forwarded-Server", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP"} {
		wantLines(t, r2, name)
	}
	answer, traced := f.exchange(t, "TRACE "+prefix+"/x HTTP/1.1", alice, "Max-Forwards: 0")
	if traced != nil || answer.Status < 400 || strings.Contains(answer.Body, "verified-user") {
		t.Errorf("TRACE: got %d %q", answer.Status, answer.Body)
	}
}
