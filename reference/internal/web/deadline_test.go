package web_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/reference/internal/store"
	"countersign/reference/internal/web"
)

const shortBody = 200 * time.Millisecond

func shortBodyTime(o *web.Options, _ *store.DB) { o.BodyTime = shortBody }

// dialRaw sends the head of a request and the first part of its body.
func (s *site) dialRaw(t *testing.T, request string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/"), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, request)
	return conn
}

// endsWithin reports whether the server closes the connection within the duration.
func endsWithin(t *testing.T, conn net.Conn, limit time.Duration) bool {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(limit))
	text := make([]byte, 4096)
	for {
		_, err := conn.Read(text)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false
		}
		if err != nil {
			return true
		}
	}
}

// A request that announces a body and does not send it ends soon, whether or not its handler reads the body.
func TestUnfinishedBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied, shortBodyTime)
	key := "Authorization: Key " + s.signIn("ada").key()
	for _, head := range []string{
		"POST /nowhere HTTP/1.1", "POST /__ping__ HTTP/1.1", "TRACE /x HTTP/1.1", "GET /__api__/server_settings HTTP/1.1",
		"POST /__api__/v1/groups HTTP/1.1", "POST /__api__/v1/groups HTTP/1.1\r\n" + key, "POST /__api__/v1/users HTTP/1.1",
		"POST /__api__/tokens HTTP/1.1\r\n" + key,
		"POST /__api__/v1/oauth/integrations/credentials HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" + key,
		"POST /__claim__/x HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nX-Auth-Username: ada",
	} {
		name := strings.Split(head, "\r\n")[0]
		if strings.Contains(head, key) {
			name += " with key"
		}
		for framing, start := range map[string]string{"Content-Length: 1000": "x", "Transfer-Encoding: chunked": "3e8\r\nx"} {
			t.Run(name+" "+framing, func(t *testing.T) {
				t.Parallel()
				conn := s.dialRaw(t, head+"\r\nHost: x\r\n"+framing+"\r\n\r\n"+start)
				if !endsWithin(t, conn, 10*shortBody+5*time.Second) {
					t.Error("the connection is still open")
				}
			})
		}
	}
}

// The body of a visit may take longer than other bodies, because it may be a stream.
func TestNoLimitForStreams(t *testing.T) {
	t.Parallel()
	s := newContentSiteWith(t, func(o *web.Options) { o.BodyTime = shortBody })
	guid := s.running("python-api", "all", nil)
	conn := s.dialRaw(t, "POST /content/"+guid+"/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\na")
	time.Sleep(3 * shortBody)
	fmt.Fprint(conn, "b")
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	text, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(text), `"ab"`) {
		t.Errorf("%v: %s", err, text)
	}
}
