package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

const (
	// refusalTime is the time after which a connection attempt counts as unanswered.
	refusalTime = 250 * time.Millisecond
	// maxQueue bounds the connections that the operating system accepts for a program that accepts none.
	maxQueue = 16
)

// AcceptNothing closes the server and makes it listen again at the same address without accepting
// connections: attempts to connect get no answer, as from a machine that does not respond.
func (s *Server) AcceptNothing(ctx context.Context) error {
	if err := s.Close(); err != nil {
		return fmt.Errorf("stop the recording server: %w", err)
	}
	l, err := net.Listen("tcp", s.Address())
	if err != nil {
		return fmt.Errorf("start the recording server: %w", err)
	}
	s.mu.Lock()
	s.listener, s.conns, s.closed = l, map[net.Conn]bool{}, false
	s.mu.Unlock()
	if err := shortenQueue(l); err != nil {
		return fmt.Errorf("shorten the queue of the recording server: %w", err)
	}
	return s.fillQueue(ctx)
}

// shortenQueue makes the operating system accept as few connections as possible for the listener.
func shortenQueue(l net.Listener) error {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) }); err != nil {
		return err
	}
	return failed
}

// fillQueue opens connections until one gets no answer. Close closes them.
func (s *Server) fillQueue(ctx context.Context) error {
	for range maxQueue {
		c, err := (&net.Dialer{Timeout: refusalTime}).DialContext(ctx, "tcp", s.Address())
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil:
			return nil
		case err != nil:
			return fmt.Errorf("fill the queue of the recording server: %w", err)
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
	}
	return fmt.Errorf("the operating system has accepted %d connections for a server that accepts none", maxQueue)
}
