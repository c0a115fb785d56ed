package driver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"countersign/steps/driver"
)

// serveEarlyReply accepts connections, reads the beginning of a request, writes a reply, and
// closes the connection while the rest is being sent.
func serveEarlyReply(t *testing.T, reply string) string {
	t.Helper()
	return acceptAll(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1<<10))
		_, _ = io.WriteString(conn, reply)
	})
}

// TestEarlyRefusal checks requests to servers that reply before they have read the request and
// close the connection. Every attempt must return the reply, or an error with CutOff if the
// server sent none.
func TestEarlyRefusal(t *testing.T) {
	t.Parallel()
	lines := make([]driver.HeaderLine, 2000)
	for i := range lines {
		lines[i] = driver.HeaderLine{Name: "X-Auth-Groups", Value: "a group with a name of some length"}
	}
	head := func(ctx context.Context, p *driver.Persona) (*driver.Reply, error) {
		return p.SignInWith(ctx, lines...)
	}
	body := func(ctx context.Context, p *driver.Persona) (*driver.Reply, error) {
		return p.Call(ctx, "POST", "upload", []byte(strings.Repeat("x", 1<<20)))
	}
	for _, c := range []struct {
		name, reply string
		send        func(context.Context, *driver.Persona) (*driver.Reply, error)
		status      int // 0 for no answer
	}{
		{"a head, body of no length", "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\ntoo large", head, 431},
		{"a head, body of a length", "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 9\r\n\r\ntoo large", head, 431},
		{"a head, body cut off", "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 900\r\n\r\ntoo large", head, 431},
		{"a body", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large", body, 413},
		{"a head, no answer", "", head, 0},
		{"a body, no answer", "", body, 0},
		{"a head, half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", head, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := subjectAt(t, serveEarlyReply(t, c.reply))
			for range 10 {
				reply, err := c.send(t.Context(), alice(s, nil))
				var noAnswer *driver.NoAnswer
				switch {
				case c.status == 0 && !(errors.As(err, &noAnswer) && noAnswer.CutOff() && noAnswer.BySubject):
					t.Fatalf("%v, %v; want a NoAnswer with CutOff", reply.Summary(), err)
				case c.status != 0 && (err != nil || reply.Status != c.status || !reply.Refuses()):
					t.Fatalf("%v, %v; want the refusal %d", reply.Summary(), err, c.status)
				}
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{200: false, 302: false, 400: true, 401: true, 405: true, 431: true, 499: true, 500: false, 501: true, 502: false} {
		if got := (&driver.Reply{Status: status}).Refuses(); got != want {
			t.Errorf("%d refuses: %t, want %t", status, got, want)
		}
	}
	if (*driver.Reply)(nil).Refuses() {
		t.Error("a nil reply refuses the request")
	}
}
