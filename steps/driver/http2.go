package driver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"countersign/steps/transcript"
)

// An HTTP2Request is a request by HTTP/2, field by field. The names are sent as they are written.
type HTTP2Request struct {
	Fields  []HeaderLine // the pseudo-fields first
	Body    []byte
	Trailer []HeaderLine
}

// ErrNoHTTP2 reports that the other side does not speak HTTP/2.
var ErrNoHTTP2 = errors.New("no HTTP/2")

// HTTP2 sends a request by HTTP/2 on a connection of its own to the host and port of u: with TLS for
// https, and otherwise with prior knowledge (RFC 9113, 3.3). It returns a nil reply if the other side
// resets the stream or closes the connection, and an error that wraps [ErrNoHTTP2] if it speaks another
// protocol.
func (p *Persona) HTTP2(ctx context.Context, u *url.URL, q HTTP2Request) (*Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, p.subject.Limits.Request)
	defer cancel()
	x := transcript.Exchange{
		Door: transcript.DoorRaw, Persona: p.Name, Method: http.MethodGet, URL: u.String(), Started: time.Now(),
		RequestHead: []byte(fieldText(q.Fields)), RequestBody: q.Body,
	}
	resp, body, err := p.subject.doors.http2(ctx, u, q, p.subject.Limits.Body)
	x.Duration, x.Err = time.Since(x.Started), err
	if resp != nil {
		x.Status, x.ResponseBody = resp.StatusCode, body
		var head bytes.Buffer
		fmt.Fprintf(&head, "HTTP/2 %d\r\n", resp.StatusCode)
		_ = resp.Header.Write(&head) // a buffer accepts every write
		head.WriteString("\r\n")
		x.ResponseHead = head.Bytes()
	}
	recorded := &x
	if p.recorder != nil {
		recorded = p.recorder.Add(x)
	}
	switch {
	case errors.Is(err, ErrNoHTTP2):
		return nil, err
	case err != nil:
		return nil, p.subject.noAnswer(x.Method, u, recorded, err)
	case resp == nil:
		return nil, nil
	}
	return &Reply{Status: resp.StatusCode, Header: resp.Header, Body: body, Exchange: recorded, method: x.Method, url: u}, nil
}

// fieldText returns the fields of a request as a transcript shows them.
func fieldText(fields []HeaderLine) string {
	method, path := "", ""
	var lines strings.Builder
	for _, f := range fields {
		switch f.Name {
		case ":method":
			method = f.Value
		case ":path":
			path = f.Value
		default:
			lines.WriteString(strings.TrimPrefix(f.Name, ":") + ": " + f.Value + "\r\n")
		}
	}
	return method + " " + path + " HTTP/2\r\n" + lines.String() + "\r\n"
}

// http2 sends a request as stream 1 of a new connection and reads its reply.
func (d *doors) http2(ctx context.Context, u *url.URL, q HTTP2Request, limit int64) (*http.Response, []byte, error) {
	conn, err := d.dialHTTP2(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(encodeHTTP2(q)); err != nil && !isClosed(err) {
		return nil, nil, err
	}
	resp, body, err := readHTTP2(conn, limit)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return resp, body, err
}

func (d *doors) dialHTTP2(ctx context.Context, u *url.URL) (net.Conn, error) {
	address := net.JoinHostPort(u.Hostname(), u.Port())
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), u.Scheme) // the name of the service is its port
	}
	conn, err := d.dialer.DialContext(ctx, "tcp", address)
	if err != nil || u.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), NextProtos: []string{"h2", "http/1.1"}})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	if chosen := secure.ConnectionState().NegotiatedProtocol; chosen != "h2" {
		conn.Close()
		return nil, fmt.Errorf("%w: TLS selects the protocol %q", ErrNoHTTP2, chosen)
	}
	return secure, nil
}

// encodeHTTP2 returns the octets of a connection with one request.
func encodeHTTP2(q HTTP2Request) []byte {
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer, encoder := http2.NewFramer(&out, nil), hpack.NewEncoder(&block)
	framer.AllowIllegalWrites = true
	fields := func(lines []HeaderLine) []byte {
		block.Reset()
		for _, l := range lines {
			_ = encoder.WriteField(hpack.HeaderField{Name: l.Name, Value: l.Value}) // a buffer accepts every write
		}
		return bytes.Clone(block.Bytes())
	}
	whole := len(q.Body) == 0 && len(q.Trailer) == 0
	_ = framer.WriteSettings() // as above, for all frames
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(q.Fields), EndHeaders: true, EndStream: whole})
	if whole {
		return out.Bytes()
	}
	_ = framer.WriteData(1, len(q.Trailer) == 0, q.Body)
	if len(q.Trailer) > 0 {
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(q.Trailer), EndHeaders: true, EndStream: true})
	}
	return out.Bytes()
}

// readHTTP2 reads the reply of stream 1. Without a reply it returns nil.
func readHTTP2(conn io.ReadWriter, limit int64) (*http.Response, []byte, error) {
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.MaxHeaderListSize = maxHead
	var resp *http.Response
	var body []byte
	for first := true; ; first = false {
		frame, err := framer.ReadFrame()
		if _, settings := frame.(*http2.SettingsFrame); first && (err != nil || !settings) {
			if isTimeout(err) {
				return nil, nil, err
			}
			return nil, nil, fmt.Errorf("%w: the first octets are no SETTINGS frame", ErrNoHTTP2)
		}
		if isClosed(err) {
			return resp, body, nil
		}
		if err != nil {
			return nil, nil, err
		}
		ended := false
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = framer.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			resp, ended = headOf(f, resp), f.StreamEnded()
		case *http2.DataFrame:
			body, ended = append(body, f.Data()...), f.StreamEnded()
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			ended = true
		}
		if err != nil || ended {
			return resp, body, nil
		}
		if int64(len(body)) > limit {
			return nil, nil, errTooLong
		}
	}
}

// headOf returns the head of a reply. Interim replies and trailers leave the earlier one.
func headOf(f *http2.MetaHeadersFrame, earlier *http.Response) *http.Response {
	status, err := strconv.Atoi(f.PseudoValue("status"))
	if err != nil || status < 200 {
		return earlier
	}
	header := http.Header{}
	for _, field := range f.RegularFields() {
		header.Add(field.Name, field.Value)
	}
	return &http.Response{StatusCode: status, Header: header}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
