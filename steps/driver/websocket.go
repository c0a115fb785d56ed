package driver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"time"

	"countersign/steps/transcript"
)

// acceptGUID is the constant of RFC 6455 section 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// A Socket is the result of opening a WebSocket: the reply to the handshake and, after
// status 101, the text that the server sent in response to the word.
type Socket struct {
	Reply *Reply
	Echo  string
}

// OpenWebSocket opens a WebSocket at a content item, sends a word and reads one message.
// from is the origin of the page that opens it; "" means the origin of the server.
func (p *Persona) OpenWebSocket(ctx context.Context, guid, from, word string) (*Socket, error) {
	u, err := p.subject.resolve(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	site := "cross-site"
	if from == "" {
		from, site = origin(p.subject.cookieURL(p.subject.Public)), "same-origin"
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	r := request{method: http.MethodGet, url: u, lines: p.lines(requestSpec{method: http.MethodGet, url: u, lines: []HeaderLine{
		{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}, {"Sec-WebSocket-Key", key},
		{"Origin", from}, {"Sec-Fetch-Dest", "websocket"}, {"Sec-Fetch-Mode", "websocket"}, {"Sec-Fetch-Site", site},
	}})}
	socket := &Socket{}
	socket.Reply, err = p.exchange(ctx, transcript.DoorRaw, r.method, u, func(ctx context.Context, pending *transcript.Pending) (*http.Response, []byte, error) {
		return p.subject.doors.webSocket(ctx, u, r.octets(), key, word, pending, p.subject.Limits.Body, &socket.Echo)
	})
	if err != nil {
		return nil, err
	}
	return socket, nil
}

func (d *doors) webSocket(ctx context.Context, u *url.URL, octets []byte, key, word string, p *transcript.Pending, limit int64, echo *string) (*http.Response, []byte, error) {
	conn, err := d.rawConn(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	p.Use(conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(octets); err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReader(io.LimitReader(conn, limit+maxHead))
	resp, err := http.ReadResponse(reader, &http.Request{Method: http.MethodGet})
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, err := readBody(resp.Body, limit)
		return resp, body, err
	}
	sum := sha1.Sum([]byte(key + acceptGUID))
	if resp.Header.Get("Sec-Websocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		return resp, nil, publicError("Sec-WebSocket-Accept does not match the key of the handshake")
	}
	if _, err := conn.Write(textFrame(word)); err != nil {
		return resp, nil, err
	}
	*echo, err = readText(reader)
	return resp, nil, err
}

// textFrame returns a masked frame with a text of less than 126 octets (RFC 6455
// section 5.2).
func textFrame(text string) []byte {
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // never fails
	frame := append([]byte{0x81, 0x80 | byte(len(text))}, mask[:]...)
	for i := range len(text) {
		frame = append(frame, text[i]^mask[i%4])
	}
	return frame
}

// readText reads an unmasked text frame of less than 126 octets.
func readText(r io.Reader) (string, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	if head[0] != 0x81 || head[1] >= 126 {
		return "", publicError("the frame received over the WebSocket is not a short text")
	}
	var text bytes.Buffer
	_, err := io.CopyN(&text, r, int64(head[1]))
	return text.String(), err
}
