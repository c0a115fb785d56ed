package upstream_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/proxies/upstream"
)

func start(t *testing.T) *upstream.Server {
	t.Helper()
	s, err := upstream.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a test may have closed it
	return s
}

// dial connects to the server and sends octets.
func dial(t *testing.T, s *upstream.Server, octets string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, octets); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func answer(t *testing.T, in *bufio.Reader) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestRequestsAreRecordedAsTheyWereSent(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, in := dial(t, s, "POST /a%2Fb?x=%zz HTTP/1.1\r\nhOsT: h\r\nX-A: 1\r\nx-a:  2 \r\nX-A : 3\r\n"+upstream.HeaderID+": one\r\nContent-Length: 3\r\n\r\nabc"+
		"PUT /c HTTP/1.1\r\n"+upstream.HeaderID+": two\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n")
	for range 2 {
		if resp, body := answer(t, in); resp.StatusCode != 200 || body != "ok" {
			t.Fatalf("got %s %q", resp.Status, body)
		}
	}
	one, two := s.Received("one"), s.Received("two")
	if len(one) != 1 || len(two) != 1 {
		t.Fatalf("recorded %d and %d requests, want 1 and 1", len(one), len(two))
	}
	sum := sha256.Sum256([]byte("abc"))
	digest := hex.EncodeToString(sum[:])
	if r := one[0]; r.Line != "POST /a%2Fb?x=%zz HTTP/1.1" || r.Fields[2] != "x-a:  2 " || !slices.Equal(r.Values("X-a"), []string{"1", "2"}) ||
		r.Framing != upstream.FramedByLength || r.Length != 3 || r.Digest != digest {
		t.Errorf("recorded %+v", r)
	}
	if r := two[0]; r.Framing != upstream.FramedByChunks || r.Length != 3 || r.Digest != digest || !slices.Equal(r.Trailer, []string{"X-T: 1"}) {
		t.Errorf("recorded %+v", r)
	}
}

func TestABodyThatIsExpectedIsAskedFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, in := dial(t, s, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"+upstream.HeaderID+": one\r\n\r\n")
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 100 {
		t.Fatalf("got %v, %v, want 100", resp, err)
	}
	if _, err := io.WriteString(c, "abc"); err != nil {
		t.Fatal(err)
	}
	if resp, _ := answer(t, in); resp.StatusCode != 200 || s.Received("one")[0].Length != 3 {
		t.Errorf("got %s and %+v", resp.Status, s.Received("one"))
	}
}

func TestAReplyIsSentPartByPart(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Script("one", upstream.Reply{Head: "HTTP/1.1 201 Created\r\nContent-Length: 6", Parts: []string{"abc", "def"}})
	_, in := dial(t, s, "GET / HTTP/1.1\r\n"+upstream.HeaderID+": one\r\n\r\n")
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 3)
	if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "abc" {
		t.Fatalf("the first part is %q, %v", part, err)
	}
	if n := in.Buffered(); n != 0 {
		t.Errorf("%d octets of the second part were sent before it was released", n)
	}
	s.Release("one")
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != "def" || resp.StatusCode != 201 {
		t.Errorf("the second part is %q, %v, status %d", rest, err, resp.StatusCode)
	}
}

func TestOctetsAfterAChangeOfTheProtocolAreRecorded(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, in := dial(t, s, "GET /ws HTTP/1.1\r\nUpgrade: foo\r\nConnection: Upgrade\r\n"+upstream.HeaderID+": one\r\n\r\n")
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 101 {
		t.Fatalf("got %v, %v, want 101", resp, err)
	}
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := in.ReadString('\n'); err != nil || line != "hello\n" {
		t.Fatalf("echoed %q, %v", line, err)
	}
	if got := string(s.Received("one")[0].Tunnel); got != "hello\n" {
		t.Errorf("recorded %q", got)
	}
}

func TestARefusedChangeOfTheProtocolOpensNoTunnel(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Script("one", upstream.Reply{Head: "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0", Parts: []string{""}})
	_, in := dial(t, s, "GET /ws HTTP/1.1\r\nUpgrade: foo\r\n"+upstream.HeaderID+": one\r\n\r\nGET /x HTTP/1.1\r\n"+upstream.HeaderID+": two\r\n\r\n")
	if resp, _ := answer(t, in); resp.StatusCode != 426 {
		t.Errorf("got %s, want 426", resp.Status)
	}
	answer(t, in)
	if len(s.Received("two")) != 1 {
		t.Error("the next request of the connection was not recorded as a request")
	}
}

func TestARestartedServerListensAtTheSameAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	address := s.Address()
	held, _ := dial(t, s, "GET / HTTP/1.1\r\n"+upstream.HeaderID+": one\r\n\r\n")
	if err := s.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s.Address() != address {
		t.Errorf("the server listens at %s, want %s", s.Address(), address)
	}
	if _, err := io.ReadAll(held); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the connection was kept")
	}
	_, in := dial(t, s, "GET / HTTP/1.1\r\n"+upstream.HeaderID+": two\r\n\r\n")
	answer(t, in)
	if len(s.Received("two")) != 1 {
		t.Error("the restarted server recorded nothing")
	}
}

func TestWhatFollowsTheLastRequestIsRecorded(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, in := dial(t, s, "GET / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n"+upstream.HeaderID+": one\r\n\r\n")
	answer(t, in)
	if _, err := io.WriteString(c, "GET /x HTTP/1.1\r\n"+upstream.HeaderID+": hidden\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("the server answered %q, %v, want the end of the connection", rest, err)
	}
	c.Close()
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.Received("hidden")) != 1 {
		t.Error("the request after the last one was not recorded")
	}
}

func TestAServerThatAcceptsNothingGivesNoAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	if err := s.AcceptNothing(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := net.DialTimeout("tcp", s.Address(), 300*time.Millisecond); err == nil {
		c.Close()
		t.Error("the server accepted a connection")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, in := dial(t, s, "GET / HTTP/1.1\r\n"+upstream.HeaderID+": one\r\n\r\n")
	answer(t, in)
}

// A line without an end and requests without end are not kept: the server ends the connection.
func TestWhatIsRecordedIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, octets := range map[string]string{
		"a request line": "GET /" + long,
		"a header line":  "GET / HTTP/1.1\r\nX: " + long,
		"a header":       "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 1<<18),
		"a chunk line":   "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 9<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			c, err := net.Dial("tcp", s.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.WriteString(c, octets+long) // the server may have closed the connection
			if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the server still reads")
			}
			if n := len(s.Received("")); n > 0 {
				t.Errorf("%d requests were recorded", n)
			}
		})
	}
	t.Run("many requests", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		head := "GET / HTTP/1.1\r\nX: " + long[:1<<19] + "\r\n\r\n"
		sent := 0
		for range 4 { // connections
			c, in := dial(t, s, "")
			for sent < 2000 {
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				if _, err := io.WriteString(c, head); err != nil {
					break
				}
				if _, err := http.ReadResponse(in, nil); err != nil {
					break
				}
				sent++
				_, _ = in.Discard(2) // the body
			}
		}
		if kept := len(s.Received("")); kept != sent || kept > 128 || kept < 100 {
			t.Errorf("%d requests of half a mebibyte were answered and %d recorded, want the same number and at most 128", sent, kept)
		}
	})
}
