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

// maxPlain bounds the size of a decoded body.
const maxPlain = 2 << 20

// A message holds the parts of a received reply. Parsing is lenient, because malformed replies are
// searched for marks too.
type message struct {
	status  int
	head    []byte // including interim replies
	framed  []byte // the body as received, if it was chunked
	coded   []byte // the body before content decoding, if there was a coding
	coding  string
	plain   []byte
	trailer []byte
	unread  string
}

// splitHead splits data after the first empty line. Lines may end with a bare LF. If there is no
// empty line, all of data is head.
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

// statusOf returns the status of a status line, or 0 if head does not begin with one.
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

// frame splits rest into body and trailer (RFC 9112 section 6.3).
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

// decode decodes the content codings of the standard library. It records any other coding in m.unread.
func (m *message) decode(coding string) {
	if coding == "" || coding == "identity" || len(m.plain) == 0 {
		return
	}
	var r io.Reader
	var err error
	switch coding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(m.plain))
	case "deflate": // zlib (RFC 9110 section 8.4.1.2); some servers send raw deflate
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
	if plain.Len() == 0 { // not in this coding, or damaged at its start
		m.unread = coding
		return
	}
	m.coded, m.coding, m.plain = m.plain, coding, plain.Bytes()
}
