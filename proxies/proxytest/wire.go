package proxytest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/proxies/upstream"
)

// connection tests that identity and credentials are not dropped. Proxies drop the headers
// that Connection names.
func connection(t *testing.T, f front) {
	for _, value := range []string{"X-Auth-Username", "close, X-Auth-Username, X-Auth-RSC-Role", "X-Auth-Token, Authorization, Cookie, X-RSC-Request"} {
		r := f.get(t, "/x", alice, "X-Auth-Token: T", "Authorization: Key k", "Connection: "+value, "Connection: close")
		wantLines(t, r, names.Username, "alice")
		wantLines(t, r, names.Role, "viewer")
		wantLines(t, r, "X-Auth-Token", "T")
		wantLines(t, r, "Authorization", "Key k")
		wantLines(t, r, "X-RSC-Request", "http://"+f.Listen+prefix+"/x")
		if len(r.Values("Cookie")) != 1 {
			t.Errorf("Connection: %s: the proxy dropped the cookies", value)
		}
	}
}

func upgrade(t *testing.T, f front) {
	t.Run("websocket", func(t *testing.T) {
		r := handshake(t, f, prefix+"/ws/%2F?q=1", 101, alice, "Upgrade: websocket", "Connection: keep-alive, Upgrade", "X-Auth-Username: evil")
		if r.Line != "GET /ws/%2F?q=1 HTTP/1.1" {
			t.Errorf("the handshake reached the server as %q", r.Line)
		}
		wantLines(t, *r, names.Username, "alice")
	})
	for _, other := range []string{"h2c", "foo", "websocket, h2c"} {
		t.Run(other, func(t *testing.T) {
			r := f.get(t, "/x", alice, "Upgrade: "+other, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__")
			wantLines(t, r, "Upgrade")
		})
	}
}

// handshake requests another protocol. If want is 101, it sends a line and checks that it is
// echoed.
func handshake(t *testing.T, f front, target string, want int, fields ...string) *Record {
	t.Helper()
	c, err := net.DialTimeout("tcp", f.Listen, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	id := <-nextID
	write(t, c, f.Listen, id, "GET "+target+" HTTP/1.1", append(fields, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), "")
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("got %s, want %d", resp.Status, want)
	}
	if want == 101 {
		if _, err := io.WriteString(c, "hello through the tunnel\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := in.ReadString('\n'); err != nil || line != "hello through the tunnel\n" {
			t.Fatalf("echoed %q, %v", line, err)
		}
	}
	records := f.received(id)
	if len(records) != 1 {
		t.Fatalf("%d handshakes reached the server, want 1", len(records))
	}
	return &records[0]
}

func redirects(t *testing.T, f, root front) {
	for _, test := range []struct{ from, want string }{
		{"/content/1?a=b#c", prefix + "/content/1?a=b#c"},
		{"/", prefix + "/"},
		{prefix + "/content/1", prefix + "/content/1"},
		{prefix, prefix},
		{prefix + "x/y", prefix + prefix + "x/y"},
		{f.Upstream + "/c", prefix + "/c"},
		{"https://idp.example/authorize?client_id=1&redirect_uri=x", "https://idp.example/authorize?client_id=1&redirect_uri=x"},
		{"https://example.com/auth/login", "https://example.com/auth/login"},
		{"http://" + f.Listen + prefix + "/x", "http://" + f.Listen + prefix + "/x"},
		{"/auth/login", "/auth/login"},
		{"//idp.example/x", "//idp.example/x"},
		{"relative?q", "relative?q"},
		{"mailto:a@b", "mailto:a@b"},
	} {
		if got := f.redirected(t, test.from, "Host: evil.example"); got != test.want {
			t.Errorf("Location %s arrives as %s, want %s", test.from, got, test.want)
		}
	}
	if got := root.redirected(t, "/content/1"); got != "/content/1" {
		t.Errorf("without a prefix Location /content/1 arrives as %s", got)
	}
}

func paths(t *testing.T, f, root front) {
	for _, path := range []string{"/", "/x", "/a%2Fb", "/a%2fb", "//a//b", "/%2B%41%7E", "/%3F%23%25", "/a%0Ab", "/a;b=c", "/?", "/x?a=%zz&b=\"|\"&c=?", "/a%3Fb?c"} {
		if got, want := f.get(t, path, alice).Line, "GET "+path+" HTTP/1.1"; got != want {
			t.Errorf("%s reached the server as %q", path, got)
		}
		if got, want := root.get(t, path, alice).Line, "GET "+path+" HTTP/1.1"; got != want {
			t.Errorf("without a prefix %s reached the server as %q", path, got)
		}
	}
	for _, path := range []string{"/", "/favicon.ico", "/authors", "/rsconnectx/y", "/x/rsconnect/y", "/%72sconnect/x", "/auth/../rsconnect/x", "//rsconnect/x", "/auth/rsconnect/ws"} {
		answer, r := f.exchange(t, "GET "+path+" HTTP/1.1", alice)
		if r != nil || answer.Status < 400 || answer.Status > 499 {
			t.Errorf("%s: got %d, reached the server: %v", path, answer.Status, r != nil)
		}
	}
	answer, r := f.exchange(t, "GET "+prefix+" HTTP/1.1", "Host: evil.example")
	if got := answer.Header.Get("Location"); r != nil || answer.Status != 301 || got != prefix+"/" && got != "http://"+f.Listen+prefix+"/" {
		t.Errorf("the prefix without a slash: got %d to %q", answer.Status, got)
	}
}

func bodies(t *testing.T, f front) {
	body := strings.Repeat("0123456789abcdef", 3<<20/16)
	_, r := f.exchangeBody(t, body, "POST "+prefix+"/x HTTP/1.1", "X-Auth-Token: T", "Content-Type: application/gzip")
	if r == nil || r.Digest != digest(body) {
		t.Error("a body of 3 MiB did not reach the server unchanged")
	}
	// A request without a known length has a chunked body.
	id := <-nextID
	in, out := io.Pipe()
	go func() {
		for range 20 {
			_, _ = io.WriteString(out, body[:10_000])
		}
		_ = out.Close()
	}()
	req, err := http.NewRequest(http.MethodPost, "http://"+f.Listen+prefix+"/x", in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(headerID, id)
	req.Header.Set("X-Auth-Token", "T")
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if records := f.received(id); len(records) != 1 || records[0].Digest != digest(strings.Repeat(body[:10_000], 20)) {
		t.Error("a chunked body did not reach the server unchanged")
	}
}

// streaming tests that the first part of a reply arrives before the server sends the rest. A proxy
// that buffers replies can be detected only if the reply has a length.
func streaming(t *testing.T, f front) {
	id := <-nextID
	f.recorder.Script(id, upstream.Reply{Head: "HTTP/1.1 200 OK\r\nContent-Length: 12", Parts: []string{"first\n", "second"}})
	req, _ := http.NewRequest(http.MethodGet, "http://"+f.Listen+prefix+"/x", nil)
	req.Header.Set("Cookie", "verified-user=alice")
	req.Header.Set(headerID, id)
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	first, err := in.ReadString('\n')
	if err != nil || first != "first\n" {
		t.Errorf("got %q, %v before the second part was sent; want the first part", first, err)
	}
	f.recorder.Release(id)
	if rest, err := io.ReadAll(in); err != nil || string(rest) != "second" {
		t.Errorf("the second part arrived as %q, %v", rest, err)
	}
}
