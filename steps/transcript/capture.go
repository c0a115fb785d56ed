package transcript

import (
	"net"
	"sync"
	"sync/atomic"
)

// A Capture holds the octets of an exchange in both directions.
type Capture struct {
	mu             sync.Mutex
	closed         bool
	sent, received []byte
}

// add records octets, as far as there is room for them, and returns how many it recorded.
func (c *Capture) add(to *[]byte, data []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0
	}
	if free := maxSeen - len(*to); free < len(data) {
		data = data[:max(free, 0)]
	}
	*to = append(*to, data...)
	return len(data)
}

// remove removes the last n octets, none if n is not positive.
func (c *Capture) remove(from *[]byte, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && !c.closed {
		*from = (*from)[:len(*from)-n]
	}
}

func (c *Capture) close() (sent, received []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.sent, c.received
}

// A Conn is a connection that records its octets into the exchange that uses it. A connection
// serves one exchange at a time (HTTP/1.1 without pipelining). An exchange attaches to the
// connection before it writes.
type Conn struct {
	net.Conn
	capture atomic.Pointer[Capture]
}

// Wrap returns a recording connection. It records nothing until an exchange uses it. To record
// the octets inside TLS, wrap the TLS connection.
func Wrap(conn net.Conn) *Conn { return &Conn{Conn: conn} }

func (c *Conn) attach(to *Capture) { c.capture.Store(to) }

// Read implements [net.Conn].
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if to := c.capture.Load(); to != nil && n > 0 {
		to.add(&to.received, p[:n])
	}
	return n, err
}

// Write implements [net.Conn]. It records the octets before it sends them: the server may reply,
// and the exchange may end, before the write returns. It removes octets that were not sent.
func (c *Conn) Write(p []byte) (int, error) {
	to := c.capture.Load()
	if to == nil {
		return c.Conn.Write(p)
	}
	recorded := to.add(&to.sent, p)
	n, err := c.Conn.Write(p)
	to.remove(&to.sent, recorded-n)
	return n, err
}
