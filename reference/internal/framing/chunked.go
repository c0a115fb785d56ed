package framing

import "bytes"

// The states of a chunked body (RFC 9112 section 7.1). Its lines end with CR LF, and net/http accepts nothing else.

func (f *follower) startChunk() {
	f.left, f.digits = 0, 0
	f.state = chunkSize
}

const maxDigits = 16 // of the size of a chunk, in net/http

func chunkSize(f *follower, p []byte) (int, error) {
	for i, c := range p {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if c < '0' || digit < 0 {
			return i, f.endSize(c)
		}
		if f.digits == maxDigits {
			return i, errChunk
		}
		f.left = f.left<<4 | uint64(digit)
		f.digits++
	}
	return len(p), nil
}

// endSize chooses the state for the first character after the size of a chunk.
func (f *follower) endSize(c byte) error {
	if f.digits == 0 {
		return errChunk
	}
	switch c {
	case ' ', '\t', '\r':
		f.state = chunkBlanks
	case ';':
		f.state = chunkExtension
	default:
		return errChunk
	}
	return nil
}

// chunkBlanks skips blanks between the size and the end of the line.
func chunkBlanks(f *follower, p []byte) (int, error) {
	switch p[0] {
	case ' ', '\t':
	case '\r':
		f.state = chunkLineEnd
	default:
		return 0, errChunk
	}
	return 1, nil
}

func chunkExtension(f *follower, p []byte) (int, error) {
	i := bytes.IndexAny(p, "\r\n")
	if i < 0 {
		return len(p), nil
	}
	if p[i] == '\n' {
		return i, errChunk
	}
	f.state = chunkLineEnd
	return i + 1, nil
}

func chunkLineEnd(f *follower, p []byte) (int, error) {
	if p[0] != '\n' {
		return 0, errChunk
	}
	f.state = chunkData
	if f.left == 0 {
		f.trailer = true
		f.state = lineStart
	}
	return 1, nil
}

func chunkData(f *follower, p []byte) (int, error) { return f.skip(p, chunkDataCR), nil }

func chunkDataCR(f *follower, p []byte) (int, error) {
	if p[0] != '\r' {
		return 0, errChunk
	}
	f.state = chunkDataLF
	return 1, nil
}

func chunkDataLF(f *follower, p []byte) (int, error) {
	if p[0] != '\n' {
		return 0, errChunk
	}
	f.startChunk()
	return 1, nil
}
