package upstream

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Values of [Request.Framing].
const (
	FramedByLength = "length"  // Content-Length
	FramedByChunks = "chunked" // Transfer-Encoding
)

// A Request is a request as the proxy sent it.
type Request struct {
	Line    string   // the request line
	Fields  []string // the header lines in order
	Framing string   // how the body is framed, "" without a body
	Length  int      // of the body
	Digest  string   // SHA-256 of the body in hexadecimal, "" without a body
	Trailer []string // the lines of the trailer
	Tunnel  []byte   // received after a change of the protocol
}

// Values returns the values of the header lines with this name in order, ignoring case. It does
// not join lines.
func (r Request) Values(name string) []string {
	var values []string
	for _, field := range r.Fields {
		n, value, _ := strings.Cut(field, ":")
		if strings.EqualFold(n, name) {
			values = append(values, strings.Trim(value, " \t"))
		}
	}
	return values
}

// size returns about how many octets the request occupies in memory, without a tunnel.
func (r Request) size() int {
	n := 1024 + len(r.Line)
	for _, lines := range [][]string{r.Fields, r.Trailer} {
		for _, line := range lines {
			n += 16 + len(line)
		}
	}
	return n
}

// Limits of a request.
const (
	maxHead      = 1 << 20
	maxChunkLine = 8 << 10
	maxBody      = 64 << 20
)

// read reads one request. It relies on the framing of the proxy. To a request that expects it, it
// writes 100 Continue before it reads the body.
func read(in *bufio.Reader, out io.Writer) (*Request, error) {
	lines, err := readLines(in)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("the request begins with an empty line")
	}
	r := &Request{Line: lines[0], Fields: lines[1:]}
	if strings.EqualFold(strings.Join(r.Values("Expect"), ","), "100-continue") {
		if _, err := io.WriteString(out, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return nil, err
		}
	}
	body := sha256.New()
	switch length := r.Values("Content-Length"); {
	case strings.EqualFold(strings.Join(r.Values("Transfer-Encoding"), ","), "chunked"):
		r.Framing = FramedByChunks
		r.Length, err = readChunks(in, body)
		if err == nil {
			r.Trailer, err = readLines(in)
		}
	case len(length) > 0:
		n, convErr := strconv.Atoi(length[0])
		if convErr != nil || n < 0 || n > maxBody {
			return nil, fmt.Errorf("invalid Content-Length %q", length[0])
		}
		r.Framing, r.Length = FramedByLength, n
		_, err = io.CopyN(body, in, int64(n))
	}
	if r.Framing != "" {
		r.Digest = hex.EncodeToString(body.Sum(nil))
	}
	return r, err
}

// readLine reads a line with its end, which may have at most limit octets.
func readLine(in *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if line = append(line, part...); len(line) > limit {
			return nil, errors.New("a line or a header is too long")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// readLines reads lines up to an empty one.
func readLines(in *bufio.Reader) ([]string, error) {
	var lines []string
	size := 0
	for {
		line, err := readLine(in, maxHead-size)
		if err != nil {
			return nil, err
		}
		size += len(line)
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			return lines, nil
		}
		lines = append(lines, string(line))
	}
}

// readChunks copies the data of the chunks of a body to w, without the trailer.
func readChunks(in *bufio.Reader, w io.Writer) (length int, err error) {
	for {
		line, err := readLine(in, maxChunkLine)
		if err != nil {
			return length, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 32)
		if err != nil || n < 0 || length+int(n) > maxBody {
			return length, fmt.Errorf("invalid chunk length %q", line)
		}
		if n == 0 {
			return length, nil
		}
		if _, err := io.CopyN(w, in, n); err != nil {
			return length, err
		}
		length += int(n)
		if _, err := in.Discard(2); err != nil {
			return length, err
		}
	}
}
