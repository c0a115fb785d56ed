package upstream

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"sync"
)

// A Reply is the reply to a request, octet by octet.
type Reply struct {
	// Head is the status line and the header lines, separated by CRLF, without the empty line.
	// With status 101 the server returns every octet that it receives after the reply.
	Head string
	// Parts are the parts of the body as they are sent. The server sends the first part with the
	// head, and each further part after a call of [Server.Release].
	Parts []string
	// Close closes the connection after the reply.
	Close bool
}

// A script is the reply to the requests with one id.
type script struct {
	Reply
	changes bool // the reply changes the protocol

	release chan struct{}
	once    sync.Once
	ended   chan struct{}
}

// maxReleases bounds the calls of Release that come before their part.
const maxReleases = 64

// Script defines the reply to the requests with this id. Requests without a script get status 200,
// or 101 if they ask for another protocol.
func (s *Server) Script(id string, reply Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[id] = &script{
		Reply: reply, changes: strings.Contains(strings.SplitN(reply.Head, "\r\n", 2)[0], " 101 "),
		release: make(chan struct{}, maxReleases), ended: make(chan struct{}),
	}
}

// Release makes the server send the next part of the reply to the request with this id.
func (s *Server) Release(id string) {
	s.mu.Lock()
	script := s.scripts[id]
	s.mu.Unlock()
	if script == nil {
		return
	}
	select {
	case script.release <- struct{}{}:
	case <-script.ended:
	}
}

// end ends the wait for a release.
func (s *script) end() { s.once.Do(func() { close(s.ended) }) }

func (s *script) write(w io.Writer) error {
	text := s.Head + "\r\n\r\n"
	for i, part := range s.Parts {
		if i > 0 {
			select {
			case <-s.release:
			case <-s.ended:
				return io.ErrClosedPipe
			}
		}
		if _, err := io.WriteString(w, text+part); err != nil {
			return err
		}
		text = ""
	}
	_, err := io.WriteString(w, text)
	return err
}

// acceptGUID is the constant of RFC 6455 section 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// writeUpgrade accepts the protocol that a request asks for.
func writeUpgrade(w io.Writer, r Request) error {
	accept := ""
	if key := r.Values("Sec-WebSocket-Key"); len(key) == 1 {
		sum := sha1.Sum([]byte(key[0] + acceptGUID))
		accept = "Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	}
	_, err := fmt.Fprintf(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n%s\r\n", r.Values("Upgrade")[0], accept)
	return err
}
