package probe

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
)

// WebSocket (RFC 6455): what a visitor says comes back. That is enough to see who
// is let in, and the standard library is enough for it.

const (
	acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	maxFrame   = 64 << 10

	opText, opBinary, opClose, opPing, opPong = 1, 2, 8, 9, 10
)

func wantsWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && r.Header.Get("Sec-Websocket-Key") != ""
}

// echo answers a handshake and then every frame, until the visitor closes.
func echo(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + acceptGUID))
	conn, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "no WebSocket on this connection"})
		return
	}
	defer conn.Close()
	_, _ = stream.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
	for stream.Flush() == nil {
		op, text, err := readFrame(stream.Reader)
		switch {
		case err != nil || op == opClose:
			writeFrame(stream.Writer, opClose, text) // a close says again what it was told
			_ = stream.Flush()
			return
		case op == opPing:
			writeFrame(stream.Writer, opPong, text)
		case op == opText || op == opBinary:
			writeFrame(stream.Writer, op, text)
		}
	}
}

// readFrame reads one masked frame that stands by itself (RFC 6455 section 5.2).
func readFrame(r *bufio.Reader) (op byte, text []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1] & 0x7f)
	switch length {
	case 126:
		var more [2]byte
		if _, err := io.ReadFull(r, more[:]); err != nil {
			return 0, nil, err
		}
		length = uint64(binary.BigEndian.Uint16(more[:]))
	case 127:
		return 0, nil, io.ErrShortBuffer
	}
	if head[0]&0x80 == 0 || head[1]&0x80 == 0 || length > maxFrame {
		return 0, nil, io.ErrUnexpectedEOF // a part, a frame that is not masked, or too much
	}
	frame := make([]byte, 4+length)
	if _, err := io.ReadFull(r, frame); err != nil {
		return 0, nil, err
	}
	mask, text := frame[:4], frame[4:]
	for i := range text {
		text[i] ^= mask[i%4]
	}
	return head[0] & 0x0f, text, nil
}

// writeFrame writes to a buffer, which remembers an error.
func writeFrame(w *bufio.Writer, op byte, text []byte) {
	head := []byte{0x80 | op, byte(len(text))}
	if len(text) > 125 {
		head = binary.BigEndian.AppendUint16([]byte{0x80 | op, 126}, uint16(len(text)))
	}
	_, _ = w.Write(head)
	_, _ = w.Write(text)
}
