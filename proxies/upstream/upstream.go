// Package upstream is the recording server behind a proxy under test. It records each request
// exactly as the proxy sent it: the request line, the header lines in their order and spelling, the
// framing, a digest of the body, the trailer, and the octets after a change of the protocol. It
// does not use net/http, which would change and refuse requests before a test sees them.
//
// The header [HeaderID] of a request contains its id. Tests choose the id, define the reply to
// the request with [Server.Script] before they send it, and read with [Server.Received] what
// arrived.
package upstream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// HeaderID is the name of the header with the id of a request.
const HeaderID = "Countersign-Request"

// idleTime bounds the time that a connection may be idle.
const idleTime = 30 * time.Second

// A Server is a recording server. Its methods are safe for concurrent use.
type Server struct {
	mu       sync.Mutex
	address  string
	listener net.Listener
	closed   bool
	conns    map[net.Conn]bool
	group    sync.WaitGroup
	ending   map[chan struct{}]bool // one for each connection that ends after its last reply; closed at its end
	requests map[string][]*Request
	late     map[string][]*Request // after the last reply of their connection
	scripts  map[string]*script
	recorded int // octets of the requests
}

// maxRecorded bounds the octets of the recorded requests. A run needs a tenth of it; a proxy that sends
// requests without end must not fill the memory.
const maxRecorded = 64 << 20

// record adds a request to requests, which is a member of s. It returns false if there is no room for it.
func (s *Server) record(requests map[string][]*Request, r *Request) (*script, bool) {
	id := strings.Join(r.Values(HeaderID), "")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recorded += r.size(); s.recorded > maxRecorded {
		return nil, false
	}
	requests[id] = append(requests[id], r)
	return s.scripts[id], true
}

// Start starts a server at an address, host:port. Port 0 selects a free port. The caller must call
// Close.
func Start(address string) (*Server, error) {
	s := &Server{address: address, ending: map[chan struct{}]bool{}, requests: map[string][]*Request{}, late: map[string][]*Request{}, scripts: map[string]*script{}}
	if err := s.listen(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) listen() error {
	l, err := net.Listen("tcp", s.Address())
	if err != nil {
		return fmt.Errorf("start the recording server: %w", err)
	}
	s.mu.Lock()
	s.address, s.listener, s.conns, s.closed = l.Addr().String(), l, map[net.Conn]bool{}, false
	s.mu.Unlock()
	s.group.Go(func() { s.accept(l) })
	return nil
}

// Address returns the host and the port at which the server listens.
func (s *Server) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// URL returns the base URL of the server without a slash at its end.
func (s *Server) URL() string { return "http://" + s.Address() }

// Close closes the listener and all connections, and waits until they have ended. The server keeps
// what it has recorded.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	err := s.listener.Close()
	for c := range s.conns {
		_ = c.Close() // the error is of no use: the connection is given up
	}
	for _, script := range s.scripts {
		script.end()
	}
	s.mu.Unlock()
	s.group.Wait()
	return err
}

// Restart closes the server and starts it again at the same address, as a server that is restarted
// behind a proxy.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Close(); err != nil {
		return fmt.Errorf("stop the recording server: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.listen()
}

// Received returns the requests with this id in the order of arrival. A request that arrived after the
// last reply of its connection counts only if no other has the id: a proxy that has kept the connection
// sends such a request again.
func (s *Server) Received(id string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Request
	requests := s.requests[id]
	if len(requests) == 0 {
		requests = s.late[id]
	}
	for _, r := range requests {
		copied := *r
		copied.Tunnel = append([]byte(nil), r.Tunnel...)
		all = append(all, copied)
	}
	return all
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		closed := s.closed
		s.conns[c] = true
		s.mu.Unlock()
		if closed { // Close has not seen the connection
			s.forget(c)
			return
		}
		s.group.Go(func() {
			defer s.forget(c)
			s.serve(c)
		})
	}
}

func (s *Server) forget(c net.Conn) {
	_ = c.Close() // the peer may have closed it
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// serve records and answers the requests of a connection until one side ends it.
func (s *Server) serve(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		_ = c.SetDeadline(time.Now().Add(idleTime)) // the next read reports a broken connection
		received, err := read(in, c)
		if err != nil {
			return
		}
		reply, recorded := s.record(s.requests, received)
		if !recorded {
			return
		}
		if asksToClose(*received) { // registered before the client has its reply
			defer s.ends()()
		}
		switch {
		case reply != nil:
			err = reply.write(c)
			if reply.changes {
				s.tunnel(c, in, received)
				return
			}
		case len(received.Values("Upgrade")) > 0:
			if err = writeUpgrade(c, *received); err == nil {
				s.tunnel(c, in, received)
			}
			return
		default:
			_, err = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		}
		if err != nil || reply != nil && reply.Close {
			return
		}
		if asksToClose(*received) {
			s.drain(c, in)
			return
		}
	}
}

// drain closes the sending side of a connection after its last reply, and records the requests that still
// arrive: a proxy that passes a wrong length on sends a part of a body as a request.
func (s *Server) drain(c net.Conn, in *bufio.Reader) {
	if tcp, ok := c.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
		return
	}
	for {
		received, err := read(in, io.Discard)
		if err != nil {
			return
		}
		if _, recorded := s.record(s.late, received); !recorded {
			return
		}
	}
}

// ends records that a connection ends after its last reply. The result must be called at its end.
func (s *Server) ends() func() {
	ended := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending[ended] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ending, ended)
		close(ended)
	}
}

// Settle waits until the connections that end after their last reply have ended, and returns ctx's error
// if it ends first. After it, Received returns all that the proxy has sent on them.
func (s *Server) Settle(ctx context.Context) error {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.ending))
	s.mu.Unlock()
	for _, ended := range all {
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// maxTunnel bounds the recorded octets of a tunnel.
const maxTunnel = 2 << 20

// tunnel records and returns the octets of a connection whose protocol has changed, until one side
// closes it.
func (s *Server) tunnel(c net.Conn, in *bufio.Reader, r *Request) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := in.Read(buffer)
		s.mu.Lock()
		r.Tunnel = append(r.Tunnel, buffer[:min(n, maxTunnel-len(r.Tunnel))]...)
		s.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func asksToClose(r Request) bool {
	return strings.EqualFold(strings.Join(r.Values("Connection"), ","), "close") || strings.HasSuffix(r.Line, " HTTP/1.0")
}
