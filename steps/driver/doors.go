package driver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"countersign/steps/transcript"
)

// A HeaderLine is one line of a request's head, in this spelling.
type HeaderLine struct{ Name, Value string }

// A request is what both doors send.
type request struct {
	method string
	url    *url.URL
	lines  []HeaderLine // all but Host and what frames the body
	body   []byte
}

// maxHead bounds the head of a reply.
const maxHead = 256 << 10

// doors hold the connections that personas of a subject share.
type doors struct {
	dialer    net.Dialer
	transport *http.Transport
}

func newDoors() *doors {
	d := &doors{}
	d.transport = &http.Transport{ // no Proxy: the suite reaches what it names
		DialContext:            d.dial,
		DialTLSContext:         d.dialTLS,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        10 * time.Second,
		MaxResponseHeaderBytes: maxHead,
	}
	return d
}

func (d *doors) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return transcript.Wrap(conn), nil
}

// dialTLS records what is inside the TLS connection.
func (d *doors) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := d.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: host, NextProtos: []string{"http/1.1"}})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return transcript.Wrap(secure), nil
}

// clientCan reports whether net/http sends these lines as they stand. It sorts
// lines by name, trims values, refuses what is not a token or holds control
// characters, and writes some lines itself.
func clientCan(lines []HeaderLine) bool {
	for i, l := range lines {
		switch strings.ToLower(l.Name) {
		case "host", "content-length", "transfer-encoding", "trailer", "connection":
			return false
		}
		if !isToken(l.Name) || !isFieldValue(l.Value) {
			return false
		}
		for _, earlier := range lines[:i] {
			if strings.EqualFold(earlier.Name, l.Name) && earlier.Name > l.Name {
				return false
			}
		}
	}
	return true
}

// isToken is RFC 9110 section 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

// isFieldValue is RFC 9110 section 5.5, without blanks at the ends.
func isFieldValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return strings.Trim(value, " \t") == value
}

// client sends a request through net/http and reads the reply.
func (d *doors) client(ctx context.Context, r request, p *transcript.Pending, limit int64) (*http.Response, []byte, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if conn, ok := info.Conn.(*transcript.Conn); ok {
			p.Use(conn)
		}
	}})
	header := make(http.Header, len(r.lines))
	for _, l := range r.lines {
		header[l.Name] = append(header[l.Name], l.Value)
	}
	req := (&http.Request{Method: r.method, URL: r.url, Host: r.url.Host, Header: header}).WithContext(ctx)
	if r.framed() {
		req.Body = io.NopCloser(bytes.NewReader(r.body))
		req.ContentLength = int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		if len(r.body) == 0 {
			req.Body = http.NoBody
		}
	}
	resp, err := d.transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := readBody(resp.Body, limit)
	return resp, body, err
}

// maxClient is the size in octets up to which a request goes through net/http: what
// its transport writes at once. If a server answers and closes the connection while
// more is being written, net/http may report the failed write and drop the answer.
const maxClient = 4 << 10

// isLarge reports whether the request exceeds maxClient.
func (r request) isLarge() bool {
	n := len(r.url.String()) + len(r.body)
	for _, l := range r.lines {
		n += len(l.Name) + len(l.Value) + len(": \r\n")
	}
	return n > maxClient
}

// framed reports whether the request says how long its body is.
func (r request) framed() bool {
	return len(r.body) > 0 || slices.Contains([]string{"POST", "PUT", "PATCH"}, r.method)
}

// errTooLong means that a reply exceeded the limit.
const errTooLong = described("the reply exceeds the limit of octets")

func readBody(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], errTooLong
	}
	return body, err
}

// upgrades reports whether the request says itself what becomes of its connection.
func (r request) upgrades() bool {
	return slices.ContainsFunc(r.lines, func(l HeaderLine) bool { return strings.EqualFold(l.Name, "Connection") })
}

// octets writes the request as Raw sends it: the lines in their order and
// spelling, nothing repaired.
func (r request) octets() []byte {
	var out bytes.Buffer
	out.WriteString(r.method + " " + r.url.RequestURI() + " HTTP/1.1\r\nHost: " + r.url.Host + "\r\n")
	for _, l := range r.lines {
		out.WriteString(l.Name + ": " + l.Value + "\r\n")
	}
	if r.framed() {
		out.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	if !r.upgrades() {
		out.WriteString("Connection: close\r\n")
	}
	out.WriteString("\r\n")
	out.Write(r.body)
	return out.Bytes()
}

// errCutOff means that the connection was closed without a reply while the request
// was being sent.
const errCutOff = described("the connection was closed while the request was being sent")

// raw puts octets on a connection of their own and reads one reply. The reply is
// read while the octets are still being sent: a server that refuses early need not
// read them all, and may close the connection as soon as it has answered.
func (d *doors) raw(ctx context.Context, u *url.URL, method string, octets []byte, p *transcript.Pending, limit int64) (*http.Response, []byte, error) {
	conn, err := d.rawConn(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	p.Use(conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	unsent := make(chan error, 1)
	go func() {
		_, err := conn.Write(octets)
		unsent <- err
	}()
	resp, body, err := readReply(conn, method, limit)
	_ = conn.SetWriteDeadline(time.Unix(1, 0)) // ends a write that the server no longer reads
	writeErr := <-unsent
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = ctx.Err()
	case isReset(err), isClosed(err) && writeErr != nil:
		err = refusedEarly(resp)
	}
	return resp, body, err
}

// refusedEarly returns the error for a connection that was closed while the request
// was being sent: none if a refusal came, whose body may be cut off.
func refusedEarly(resp *http.Response) error {
	if resp != nil && resp.StatusCode >= 400 {
		return nil
	}
	return errCutOff
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isClosed(err error) bool {
	return isReset(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (d *doors) rawConn(ctx context.Context, u *url.URL) (*transcript.Conn, error) {
	port := u.Port()
	dial := d.dial
	if u.Scheme == "https" {
		dial = d.dialTLS
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	return conn.(*transcript.Conn), nil
}

// readReply reads one final reply, past interim ones.
func readReply(conn io.Reader, method string, limit int64) (*http.Response, []byte, error) {
	reader := bufio.NewReader(io.LimitReader(conn, limit+maxHead))
	for range 10 {
		resp, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil, nil
		}
		body, err := readBody(resp.Body, limit)
		return resp, body, err
	}
	return nil, nil, described("more than ten interim replies")
}
