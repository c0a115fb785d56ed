package proxytest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/proxies/upstream"
)

// headerID contains the id of a request.
const headerID = upstream.HeaderID

// digest returns the digest of a body as the recording server computes it.
func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// An Answer is a reply that the client received.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// send sends a request with the given request line and header lines, and adds Host, the id
// and Connection. It returns the answer.
func send(t testing.TB, address, id, line string, fields []string, body string) Answer {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(15 * time.Second))
	write(t, c, address, id, line, fields, body)
	method, _, _ := strings.Cut(line, " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: read the answer: %v", line, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		t.Fatalf("%s: read the answer's body: %v", line, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}
}

func write(t testing.TB, c net.Conn, address, id, line string, fields []string, body string) {
	t.Helper()
	var b strings.Builder
	b.WriteString(line + "\r\n")
	host, connection := false, false
	for _, field := range fields {
		name, _, _ := strings.Cut(strings.ToLower(field), ":")
		host = host || name == "host"
		connection = connection || name == "connection"
		b.WriteString(field + "\r\n")
	}
	if !host {
		b.WriteString("Host: " + address + "\r\n")
	}
	if !connection {
		b.WriteString("Connection: close\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString(headerID + ": " + id + "\r\n\r\n" + body)
	if _, err := io.WriteString(c, b.String()); err != nil {
		t.Fatalf("%s: send: %v", line, err)
	}
}
