package transcript

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"
)

// maxPlain bounds what a coded body may grow to.
const maxPlain = 2 << 20

// message is a received reply taken apart. It is read leniently: whatever a
// subject sends has to be looked at, well-formed or not.
type message struct {
	status  int
	head    []byte // interim replies included
	framed  []byte // the body as received, where it was chunked
	coded   []byte // the body before content decoding, where there was a coding
	coding  string
	plain   []byte
	trailer []byte
	unread  string
}

// splitHead cuts after the first empty line; a line may end with a bare LF.
// Without an empty line everything is head.
func splitHead(data []byte) (head, rest []byte) {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return data, nil
		}
		if at > 0 && (i == 0 || i == 1 && data[at] == '\r') {
			end := at + i + 1
			return data[:end:end], data[end:]
		}
		at += i + 1
	}
}

func readMessage(received []byte, method string) message {
	var m message
	rest := received
	var head []byte
	for {
		head, rest = splitHead(rest)
		m.status = statusOf(head)
		if m.status < 100 || m.status > 199 || m.status == 101 || len(rest) == 0 {
			break
		}
	}
	length := len(received) - len(rest)
	m.head = received[:length:length]
	m.frame(head, rest, method)
	m.decode(strings.ToLower(field(head, "Content-Encoding")))
	return m
}

// statusOf reads "HTTP/x.y NNN", or returns 0.
func statusOf(head []byte) int {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	parts := bytes.Fields(line)
	if len(parts) < 2 || !bytes.HasPrefix(parts[0], []byte("HTTP/")) || len(parts[1]) != 3 {
		return 0
	}
	status, err := strconv.Atoi(string(parts[1]))
	if err != nil {
		return 0
	}
	return status
}

// field returns the last value of a header field in a head.
func field(head []byte, name string) string {
	value := ""
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		n, v, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.EqualFold(string(bytes.TrimSpace(n)), name) {
			value = string(bytes.TrimSpace(v))
		}
	}
	return value
}

// frame finds the end of the body (RFC 9112 section 6.3).
func (m *message) frame(head, rest []byte, method string) {
	switch {
	case method == "HEAD" || m.status == 204 || m.status == 304 || m.status == 101:
		m.trailer = rest
	case strings.HasSuffix(strings.ToLower(field(head, "Transfer-Encoding")), "chunked"):
		m.framed = rest
		source := bytes.NewReader(rest)
		buffered := bufio.NewReader(source)
		var plain bytes.Buffer
		_, _ = io.Copy(&plain, httputil.NewChunkedReader(buffered))
		m.plain = plain.Bytes()
		m.trailer = rest[len(rest)-source.Len()-buffered.Buffered():]
	default:
		length, err := strconv.Atoi(field(head, "Content-Length"))
		if err != nil || length < 0 || length > len(rest) {
			length = len(rest)
		}
		m.plain, m.trailer = rest[:length:length], rest[length:]
	}
}

// decode undoes the content codings that the standard library knows. What it
// does not, it names.
func (m *message) decode(coding string) {
	if coding == "" || coding == "identity" || len(m.plain) == 0 {
		return
	}
	var r io.Reader
	var err error
	switch coding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(m.plain))
	case "deflate": // zlib by RFC 9110 section 8.4.1.2, bare deflate by habit
		if r, err = zlib.NewReader(bytes.NewReader(m.plain)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(m.plain)), nil
		}
	default:
		m.unread = coding
		return
	}
	var plain bytes.Buffer
	if err == nil {
		_, _ = io.Copy(&plain, io.LimitReader(r, maxPlain))
	}
	if plain.Len() == 0 { // not what it says it is, or damaged from the start
		m.unread = coding
		return
	}
	m.coded, m.coding, m.plain = m.plain, coding, plain.Bytes()
}
