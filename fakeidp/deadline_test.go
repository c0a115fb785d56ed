package fakeidp_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/fakeidp"
	"countersign/fakeidp/control"
)

// serve starts a server with the bounds of the provider and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := fakeidp.NewServer(h)
	t.Cleanup(func() { _ = s.Close() })
	go func() { _ = s.Serve(l) }()
	return l.Addr().String()
}

// TestUnfinishedRequests checks that both listeners close the connection of a client that does not send the rest of a
// request.
func TestUnfinishedRequests(t *testing.T) {
	t.Parallel()
	p := fakeidp.New(fakeidp.Options{})
	protocol, management := serve(t, p), serve(t, p.Management())
	c := control.Client{Base: "http://" + management}
	if _, err := c.CreateIssuer(t.Context(), blue()); err != nil {
		t.Fatal(err)
	}
	late := control.Fault{Endpoint: control.EndpointUserinfo, Moment: control.Before, Body: control.Text("")}
	if err := c.SetFaults(t.Context(), "blue", late); err != nil { // with faults, the body is read before the endpoint
		t.Fatal(err)
	}
	const form = " HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"
	const body = "\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx"
	requests := []struct{ name, address, text string }{
		{"nothing", protocol, ""},
		{"half a header", protocol, "GET /blue/jwks HTTP/1.1\r\nHost: 127"},
		{"body to no issuer", protocol, "POST /nobody/token HTTP/1.1" + body},
		{"body that nothing reads", protocol, "GET /blue/jwks HTTP/1.1" + body},
		{"form", protocol, "POST /blue/token" + form + body},
		{"chunked form", protocol, "POST /blue/token" + form + "\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx"},
		{"nothing, to the management", management, ""},
		{"half a header, to the management", management, "GET /issuers HTTP/1.1\r\nHost: 127"},
		{"body that the management does not read", management, "GET /issuers HTTP/1.1" + body},
		{"JSON", management, "PUT /issuers/red HTTP/1.1\r\nContent-Type: application/json" + body},
	}
	conns := make([]net.Conn, len(requests)) // all wait at the same time
	for i, tt := range requests {
		conn, err := net.Dial("tcp", tt.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, tt.text)
		conns[i] = conn
	}
	deadline := time.Now().Add(12 * time.Second)
	for i, tt := range requests {
		conns[i].SetReadDeadline(deadline)
		if _, err := io.Copy(io.Discard, conns[i]); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection is still open", tt.name)
		}
	}
}

// TestManagementOrigin checks that a web page cannot use the management, neither by a name that it lets resolve to the
// loopback address (DNS rebinding) nor from another origin.
func TestManagementOrigin(t *testing.T) {
	t.Parallel()
	p := fakeidp.New(fakeidp.Options{})
	address := serve(t, p.Management())
	for _, tt := range []struct {
		host, origin string
		status       int
	}{
		{address, "", 200},
		{"127.0.0.1", "", 200},
		{"127.9.9.9:80", "", 200},
		{"localhost:1", "", 200},
		{"[::1]:80", "", 200},
		{"provider.test:80", "", 403},
		{address, "http://" + address, 200},
		{"evil.example", "", 403},
		{"evil.example:80", "", 403},
		{"127.0.0.1.evil.example", "", 403},
		{"localhost.evil.example", "", 403},
		{"192.0.2.1", "", 403},
		{"0.0.0.0", "", 403},
		{"evil.example", "http://evil.example", 403},
		{address, "http://evil.example", 403},
		{address, "null", 403},
		{address, "http://" + address + ".evil.example", 403},
		{address, "http://127.0.0.1:1", 403},
	} {
		t.Run(tt.host+" "+tt.origin, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodGet, "http://"+address+"/issuers", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tt.host
			if tt.origin != "" {
				req.Header.Set("Origin", tt.origin)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var text strings.Builder
			if err := resp.Write(&text); err != nil || resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d: %v", resp.StatusCode, tt.status, err)
			}
			if tt.status == 403 && !strings.Contains(text.String(), `{"error":"`) {
				t.Errorf("no reason: %s", text.String())
			}
		})
	}
}
