package framing

import "bytes"

// follower follows the bytes of a connection through heads and bodies, as net/http divides them. It does not check what
// net/http checks, except the syntax of chunks, which it needs to find their end: after a request that net/http
// refuses, there is no further request on the connection. Its memory is constant.
type follower struct {
	state   state
	trailer bool // the current lines follow a chunked body

	minor              byte   // the last character of the request line: the minor version of HTTP
	name               string // the name that the current line may have
	matched            int    // the number of its characters that were read
	hasLength, chunked bool   // the head has Content-Length, Transfer-Encoding

	left   uint64 // of Content-Length, or of a chunk
	digits int    // of the size of a chunk
}

// state is a place in a request. It reads a part of p, changes f.state, and returns the number of bytes that it has
// read. The rest is for the next state.
type state func(f *follower, p []byte) (int, error)

func newFollower() *follower { return &follower{state: beforeRequest} }

// follow reads the next bytes. It returns the number of bytes before the first one that is refused, with the reason,
// or len(p).
func (f *follower) follow(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := f.state(f, p[done:])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// beforeRequest skips empty lines, which net/http accepts after POST (RFC 9112 section 2.2).
func beforeRequest(f *follower, p []byte) (int, error) {
	if p[0] == '\r' || p[0] == '\n' {
		return 1, nil
	}
	*f = follower{state: requestLine}
	return 0, nil
}

func requestLine(f *follower, p []byte) (int, error) {
	line, _, ended := bytes.Cut(p, []byte("\n"))
	if text := bytes.TrimRight(line, "\r"); len(text) > 0 {
		f.minor = text[len(text)-1]
	}
	if !ended {
		return len(p), nil
	}
	f.state = lineStart
	return len(line) + 1, nil
}

func lineStart(f *follower, p []byte) (int, error) {
	switch p[0] {
	case ' ', '\t':
		return 0, errFolded
	case '\r':
		f.state = emptyLine
		return 1, nil
	case '\n':
		f.endLines()
		return 1, nil
	case 'C', 'c':
		f.name = "content-length"
	case 'T', 't':
		f.name = "transfer-encoding"
	default:
		f.name = ""
	}
	f.matched = 0
	f.state = fieldName
	if f.name == "" || f.trailer { // headers of the trailer have no effect on the framing
		f.state = restOfLine
	}
	return 0, nil
}

// emptyLine reads the character after a CR at the start of a line.
func emptyLine(f *follower, p []byte) (int, error) {
	if p[0] == '\n' {
		f.endLines()
		return 1, nil
	}
	f.state = restOfLine
	return 0, nil
}

// endLines ends a head or a trailer.
func (f *follower) endLines() {
	switch {
	case f.trailer:
		f.state = beforeRequest
	case f.chunked && f.minor != '0': // net/http ignores Transfer-Encoding in HTTP/1.0
		f.startChunk()
	case f.left > 0:
		f.state = fixedBody
	default:
		f.state = beforeRequest
	}
}

// restOfLine skips a part of a line that has no effect on the framing.
func restOfLine(f *follower, p []byte) (int, error) {
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		return len(p), nil
	}
	f.state = lineStart
	return i + 1, nil
}

// fieldName compares the name of a header with f.name.
func fieldName(f *follower, p []byte) (int, error) {
	for i, c := range p {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		switch {
		case f.matched < len(f.name) && c == f.name[f.matched]:
			f.matched++
		case f.matched == len(f.name) && c == ':':
			return i, f.startValue()
		default:
			f.state = restOfLine
			return i, nil
		}
	}
	return len(p), nil
}

// startValue begins the value of one of the two headers.
func (f *follower) startValue() error {
	if f.name == "content-length" {
		f.hasLength = true
		f.left = 0
		f.state = lengthValue
	} else {
		f.chunked = true // net/http refuses all other values
		f.state = restOfLine
	}
	if f.hasLength && f.chunked {
		return errLength
	}
	return nil
}

// lengthValue reads the number in Content-Length. net/http refuses all values with other characters.
func lengthValue(f *follower, p []byte) (int, error) {
	for i, c := range p {
		switch {
		case '0' <= c && c <= '9':
			f.left = f.left*10 + uint64(c-'0')
		case c == '\n':
			f.state = lineStart
			return i + 1, nil
		}
	}
	return len(p), nil
}

func fixedBody(f *follower, p []byte) (int, error) { return f.skip(p, beforeRequest), nil }

// skip skips the bytes that are left in a body or a chunk. The state after them is next.
func (f *follower) skip(p []byte, next state) int {
	n := min(f.left, uint64(len(p)))
	f.left -= n
	if f.left == 0 {
		f.state = next
	}
	return int(n) //nolint:gosec // at most len(p)
}
