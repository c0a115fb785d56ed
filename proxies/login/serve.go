package login

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// A Server is a login server that listens.
type Server struct {
	address string
	server  *http.Server
}

// Start starts a login server at an address, host:port. Port 0 selects a free port. The address
// should be on the loopback interface, because the server signs in any user without a password. The
// caller must call Close.
func Start(address string, o Options) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start the login server: %w", err)
	}
	s := &Server{address: l.Addr().String(), server: &http.Server{
		Handler:           New(o),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		MaxHeaderBytes:    128 << 10, // the limit of the hardened proxies
	}}
	go func() { _ = s.server.Serve(l) }() // returns after Close
	return s, nil
}

// Address returns the host and the port at which the server listens.
func (s *Server) Address() string { return s.address }

// Close ends the server and its connections.
func (s *Server) Close() error { return s.server.Close() }
