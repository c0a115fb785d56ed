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

// A HeaderLine is one header line of a request, in this spelling.
type HeaderLine struct{ Name, Value string }

// A request is a request with all of its header lines, as a door sends it.
type request struct {
	method string
	url    *url.URL
	lines  []HeaderLine // all but Host and the lines that frame the body
	body   []byte
}

// maxHead bounds the head of a reply.
const maxHead = 256 << 10

// doors holds the connections that the personas of a subject share.
type doors struct {
	dialer    net.Dialer
	transport *http.Transport
}

func newDoors() *doors {
	d := &doors{}
	d.transport = &http.Transport{ // no Proxy: requests go to the given address
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

// dialTLS returns a connection that records the octets inside TLS.
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

// clientCanSend reports whether net/http sends these lines unchanged. net/http sorts
// lines by name, trims values, refuses names that are not tokens and values with control
// characters, and writes some lines itself.
func clientCanSend(lines []HeaderLine) bool {
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

// isToken reports whether name is a token (RFC 9110 section 5.6.2).
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

// isFieldValue reports whether value is a field value (RFC 9110 section 5.5) without blanks
// at its ends.
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

// maxClient is the size in octets up to which a request goes through net/http. The transport
// writes that many octets at once. If a server replies and closes the connection while a
// longer request is being written, net/http may report the failed write and drop the reply.
const maxClient = 4 << 10

// isLarge reports whether the request exceeds maxClient.
func (r request) isLarge() bool {
	n := len(r.url.String()) + len(r.body)
	for _, l := range r.lines {
		n += len(l.Name) + len(l.Value) + len(": \r\n")
	}
	return n > maxClient
}

// framed reports whether the request has a Content-Length line.
func (r request) framed() bool {
	return len(r.body) > 0 || slices.Contains([]string{"POST", "PUT", "PATCH"}, r.method)
}

// errTooLong reports that a reply exceeded the limit.
const errTooLong = publicError("the reply exceeds the limit of octets")

func readBody(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], errTooLong
	}
	return body, err
}

// upgrades reports whether the request has a Connection line of its own.
func (r request) upgrades() bool {
	return slices.ContainsFunc(r.lines, func(l HeaderLine) bool { return strings.EqualFold(l.Name, "Connection") })
}

// octets returns the request as the Raw door sends it: the lines in the given order and
// spelling, unchanged.
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

// errCutOff reports that the connection was closed without a reply while the request was
// being sent.
const errCutOff = publicError("the connection was closed while the request was being sent")

// raw writes octets to a new connection and reads one reply. It reads the reply while it
// writes: a server that refuses a request early need not read all of it, and may close the
// connection as soon as it has replied.
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
	_ = conn.SetWriteDeadline(time.Unix(1, 0)) // ends a write that the server does not read
	writeErr := <-unsent
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = ctx.Err()
	case isReset(err), isClosed(err) && writeErr != nil:
		err = earlyCloseError(resp)
	}
	return resp, body, err
}

// earlyCloseError returns the error for a connection that was closed while the request was
// being sent. It is nil if a refusal was received, whose body may be incomplete.
func earlyCloseError(resp *http.Response) error {
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

// readReply reads the final reply and skips interim ones.
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
	return nil, nil, publicError("more than ten interim replies")
}
