package proxytest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// headerID contains the id of a request, and headerReply the raw reply of the recorder in
// Base64.
const (
	headerID    = "X-Probe-Id"
	headerReply = "X-Probe-Reply"
)

// A Record is a request that the server received, exactly as it was sent.
type Record struct {
	Line   string   // the request line
	Fields []string // the header lines in order
	Body   []byte
}

// Values returns the values of the header lines with this name in order, ignoring case. It
// does not join lines.
func (r Record) Values(name string) []string {
	var values []string
	for _, field := range r.Fields {
		n, value, _ := strings.Cut(field, ":")
		if strings.EqualFold(n, name) {
			values = append(values, strings.Trim(value, " \t"))
		}
	}
	return values
}

// A Recorder is the server behind a proxy. It does not use net/http, which would change and
// refuse requests before a test sees them.
type Recorder struct {
	URL string

	listener net.Listener
	group    sync.WaitGroup
	mu       sync.Mutex
	conns    map[net.Conn]bool
	records  map[string][]Record
}

// NewRecorder starts a recorder and stops it at the end of the test.
func NewRecorder(t testing.TB) *Recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start the recorder: %v", err)
	}
	r := &Recorder{URL: "http://" + l.Addr().String(), listener: l, conns: make(map[net.Conn]bool), records: make(map[string][]Record)}
	r.group.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

func (r *Recorder) close() {
	_ = r.listener.Close()
	r.mu.Lock()
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.group.Wait()
}

// Records returns the requests with this id in the order of arrival.
func (r *Recorder) Records(id string) []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Record(nil), r.records[id]...)
}

func (r *Recorder) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns[c] = true
		r.mu.Unlock()
		r.group.Go(func() {
			defer func() {
				_ = c.Close()
				r.mu.Lock()
				delete(r.conns, c)
				r.mu.Unlock()
			}()
			r.serve(c)
		})
	}
}

func (r *Recorder) serve(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		record, err := readRecord(in)
		if err != nil {
			return
		}
		id := strings.Join(record.Values(headerID), "")
		r.mu.Lock()
		r.records[id] = append(r.records[id], record)
		r.mu.Unlock()
		if upgrade := record.Values("Upgrade"); len(upgrade) > 0 {
			fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n\r\n", upgrade[0])
			_, _ = io.Copy(c, in) // echo until one side closes the connection
			return
		}
		reply := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		if coded := record.Values(headerReply); len(coded) > 0 {
			if reply, err = base64.RawURLEncoding.DecodeString(coded[0]); err != nil {
				return
			}
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
		if strings.EqualFold(strings.Join(record.Values("Connection"), ","), "close") {
			return
		}
	}
}

// readRecord reads one request. It relies on the framing of the proxy.
func readRecord(in *bufio.Reader) (Record, error) {
	var head bytes.Buffer
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return Record{}, err
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if head.Write(line); head.Len() > 1<<20 {
			return Record{}, fmt.Errorf("the header is longer than 1 MiB")
		}
	}
	lines := strings.Split(strings.TrimRight(head.String(), "\r\n"), "\r\n")
	record := Record{Line: lines[0], Fields: lines[1:]}
	var err error
	switch length := record.Values("Content-Length"); {
	case strings.EqualFold(strings.Join(record.Values("Transfer-Encoding"), ","), "chunked"):
		record.Body, err = readChunks(in)
	case len(length) > 0:
		n, convErr := strconv.Atoi(length[0])
		if convErr != nil || n < 0 || n > 64<<20 {
			return Record{}, fmt.Errorf("invalid Content-Length %q", length[0])
		}
		record.Body = make([]byte, n)
		_, err = io.ReadFull(in, record.Body)
	}
	return record, err
}

func readChunks(in *bufio.Reader) ([]byte, error) {
	var body []byte
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil || len(body)+int(n) > 64<<20 {
			return nil, fmt.Errorf("invalid chunk length %q", line)
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, err
		}
		if n == 0 {
			return body, nil
		}
		body = append(body, chunk[:n]...)
	}
}

// redirectTo returns a value of headerReply that redirects to a location.
func redirectTo(location string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(
		"HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"))
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
