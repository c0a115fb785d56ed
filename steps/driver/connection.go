package driver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"countersign/steps/transcript"
)

// A Connection is a connection to the public address, on which a scenario sends octets of its
// choice: several requests one after another, a request whose reply is read part by part, or what
// follows a change of the protocol. The caller must call Close.
type Connection struct {
	persona *Persona
	conn    *transcript.Conn
	in      *bufio.Reader
	body    io.Reader // of the last reply

	pending *transcript.Pending
	method  string
}

// Connect opens a connection.
func (p *Persona) Connect(ctx context.Context) (*Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, p.subject.Limits.Request)
	defer cancel()
	conn, err := p.subject.doors.rawConn(ctx, p.subject.Public)
	if err != nil {
		return nil, p.subject.noAnswer("connect to", p.subject.Public, nil, err)
	}
	return &Connection{persona: p, conn: conn, in: bufio.NewReader(conn)}, nil
}

// Send sends the octets of a request with the given method. The reply must be read with
// [Connection.Reply] or begun with [Connection.Begin].
func (c *Connection) Send(method string, octets []byte) error {
	c.finish(nil)
	u := c.persona.subject.Public
	if r := c.persona.recorder; r != nil {
		c.pending = r.Begin(transcript.DoorRaw, c.persona.Name, method, u.String())
		c.pending.Use(c.conn)
	}
	c.method = method
	c.extend()
	if _, err := c.conn.Write(octets); err != nil {
		return c.failed(err)
	}
	return nil
}

// Write sends octets that belong to no request of their own, such as those after a change of the
// protocol.
func (c *Connection) Write(octets []byte) error {
	c.extend()
	_, err := c.conn.Write(octets)
	return err
}

// Begin reads the head of the reply to the last request and skips interim replies.
func (c *Connection) Begin() (*Reply, error) {
	for range 10 {
		resp, err := http.ReadResponse(c.in, &http.Request{Method: c.method})
		if err != nil {
			return nil, c.failed(err)
		}
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		if c.body = resp.Body; resp.StatusCode == http.StatusSwitchingProtocols {
			c.body = c.in
		}
		return &Reply{Status: resp.StatusCode, Header: resp.Header, method: c.method, url: c.persona.subject.Public}, nil
	}
	return nil, c.failed(publicError("more than ten interim replies"))
}

// Reply reads the whole reply to the last request.
func (c *Connection) Reply() (*Reply, error) {
	reply, err := c.Begin()
	if err != nil {
		return nil, err
	}
	if reply.Status != http.StatusSwitchingProtocols {
		if reply.Body, err = readBody(c.body, c.persona.subject.Limits.Body); err != nil {
			return nil, c.failed(err)
		}
	}
	reply.Exchange = c.finish(nil)
	return reply, nil
}

// Read reads n octets of the body of the last reply, or of what follows a change of the protocol. It
// waits for them for the given time, and returns fewer if they do not arrive.
func (c *Connection) Read(n int, wait time.Duration) []byte {
	_ = c.conn.SetDeadline(time.Now().Add(wait)) // the read reports a broken connection
	octets := make([]byte, n)
	got, _ := io.ReadFull(c.body, octets) // the caller judges what arrived
	return octets[:got]
}

// Close closes the connection.
func (c *Connection) Close() {
	c.finish(nil)
	_ = c.conn.Close() // the peer may have closed it
}

// extend gives the next request its time.
func (c *Connection) extend() {
	_ = c.conn.SetDeadline(time.Now().Add(c.persona.subject.Limits.Request)) // the next read or write reports a broken connection
}

func (c *Connection) finish(err error) *transcript.Exchange {
	if c.pending == nil {
		return nil
	}
	x := c.pending.End(err)
	c.pending = nil
	return x
}

func (c *Connection) failed(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = publicError("the connection was closed without a reply")
	}
	return c.persona.subject.noAnswer(c.method, c.persona.subject.Public, c.finish(err), err)
}
