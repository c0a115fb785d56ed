package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRawRequests sends bytes that the client of net/http cannot send.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, proxied)
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"no blank behind the colon", "GET /__api__/v1/user HTTP/1.1\r\nHost: x\r\nX-Auth-Username:ada\r\n\r\n", 200},
		{"any host", "GET /__api__/v1/user HTTP/1.1\r\nHost: evil.example\r\nX-Auth-Username: ada\r\n\r\n", 200},
		{"HTTP/1.0", "GET /__api__/v1/user HTTP/1.0\r\nX-Auth-Username: ada\r\n\r\n", 200},
		{"blank only", "GET /__api__/v1/user HTTP/1.1\r\nHost: x\r\nX-Auth-Username:  \t \r\n\r\n", 401},
		{"control character", "GET /__api__/v1/user HTTP/1.1\r\nHost: x\r\nX-Auth-Username: a\x01\r\n\r\n", 400},
		{"tab", "GET /__api__/v1/user HTTP/1.1\r\nHost: x\r\nX-Auth-Username: a\tb\r\n\r\n", 401},
		{"trailer", "POST /__api__/v1/user HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Auth-Username\r\n\r\n0\r\nX-Auth-Username: ada\r\n\r\n", 404},
		{"TRACE", "TRACE /__api__/v1/user HTTP/1.1\r\nHost: x\r\nX-Auth-Username: ada\r\n\r\n", 404},
		{"unknown upgrade", "GET /__api__/v1/user HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Auth-Username: ada\r\n\r\n", 200},
		{"prefix that was not stripped", "GET /rsconnect/a%0Ab HTTP/1.1\r\nHost: x\r\nX-Auth-Username: ada\r\n\r\n", 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.DialTimeout("tcp", host, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprint(conn, tt.request)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if res.Header.Get("X-Correlation-Id") != "" { // otherwise net/http refused the request
				checkRaw(t, tt.request, res)
			}
		})
	}
}

// checkRaw compares the reply to a request with the OpenAPI document.
func checkRaw(t *testing.T, request string, res *http.Response) {
	t.Helper()
	c := mustLoadContract(t)
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.check(req, nil, res, body); err != nil {
		t.Errorf("the reply is not as in openapi.yaml: %v: %s", err, body)
	}
}
