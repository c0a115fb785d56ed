// Package framing refuses HTTP requests that different programs divide in different ways, and that net/http accepts:
// a head with both Content-Length and Transfer-Encoding (RFC 9112 section 6.3), and a folded header line (RFC 9112
// section 5.2). A proxy that reads such a request differently could be led to pass on a request that it did not check.
//
// net/http has no hook between the connection and its parser. [Listen] returns a listener whose connections follow
// the requests of a client while net/http reads them, and end the input at the first byte that is refused. net/http
// then replies 400 and closes the connection. Requests that are not refused pass unchanged.
package framing

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

// Errors that net/http receives in place of the rest of a refused request.
var (
	errFolded = errors.New("a line of the head is folded")
	errLength = errors.New("the head has Content-Length and Transfer-Encoding")
	errChunk  = errors.New("the chunked body is malformed")
)

// Listen listens on a TCP address for an http.Server, which must also use [ConnState].
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listen on %s: %T is no TCP listener", address, l), l.Close())
	}
	return &listener{tcp}, nil
}

// ConnState is for http.Server.ConnState. After an upgrade, a connection does not consist of requests any more, and
// its input is not checked.
func ConnState(c net.Conn, state http.ConnState) {
	if followed, ok := c.(*conn); ok && state == http.StateHijacked {
		followed.hijacked.Store(true)
	}
}

type listener struct{ *net.TCPListener }

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &conn{TCPConn: c, follower: newFollower()}, nil
}

// conn is a connection whose input is followed. It has the other methods of net.TCPConn, some of which net/http uses
// if they exist. Only an upgraded connection is read by WriteTo.
type conn struct {
	*net.TCPConn
	follower *follower
	refused  error
	hijacked atomic.Bool
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if c.refused != nil {
		return 0, c.refused
	}
	n, err := c.TCPConn.Read(p)
	if n == 0 || c.hijacked.Load() {
		return n, err
	}
	passed, refused := c.follower.follow(p[:n])
	if refused == nil {
		return n, err
	}
	c.refused = refused
	if passed == 0 {
		return 0, refused
	}
	return passed, nil
}
