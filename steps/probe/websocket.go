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

// The WebSocket (RFC 6455) echoes messages, which shows to which clients the server grants access.
// The implementation needs only the standard library.

const (
	acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	maxFrame   = 64 << 10

	opText, opBinary, opClose, opPing, opPong = 1, 2, 8, 9, 10
)

func wantsWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && r.Header.Get("Sec-Websocket-Key") != ""
}

// echo accepts a handshake and echoes every frame until the client closes the connection.
func echo(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + acceptGUID))
	conn, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "the connection does not support WebSocket"})
		return
	}
	defer conn.Close()
	_, _ = stream.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
	for stream.Flush() == nil {
		op, text, err := readFrame(stream.Reader)
		switch {
		case err != nil || op == opClose:
			writeFrame(stream.Writer, opClose, text) // a close frame repeats the reason
			_ = stream.Flush()
			return
		case op == opPing:
			writeFrame(stream.Writer, opPong, text)
		case op == opText || op == opBinary:
			writeFrame(stream.Writer, op, text)
		}
	}
}

// readFrame reads one masked, unfragmented frame (RFC 6455 section 5.2).
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
		return 0, nil, io.ErrUnexpectedEOF // a fragment, an unmasked frame, or a frame that is too long
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

// writeFrame writes a frame to a buffer. The next Flush returns any error.
func writeFrame(w *bufio.Writer, op byte, text []byte) {
	head := []byte{0x80 | op, byte(len(text))}
	if len(text) > 125 {
		head = binary.BigEndian.AppendUint16([]byte{0x80 | op, 126}, uint16(len(text)))
	}
	_, _ = w.Write(head)
	_, _ = w.Write(text)
}
