package plan

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Ports are below the ephemeral range of Linux (32768 and up). They are reserved in blocks, so
// that concurrent runs on one machine use different ports.
const (
	firstPort = 20000
	lastPort  = 31999
	blockSize = 100
)

// A Reservation holds ports until it is released. A run reserves a block by listening on its first
// port. This excludes all other runs that can see the port, whatever their user and folder for
// temporary files, and ends with the process in any case.
type Reservation struct {
	Ports []int
	locks []net.Listener
}

// Reserve reserves n ports on which no process listens.
func Reserve(n int) (*Reservation, error) {
	r := &Reservation{}
	for base := firstPort; base <= lastPort && len(r.Ports) < n; base += blockSize {
		if err := r.take(base, n); err != nil {
			r.Release()
			return nil, fmt.Errorf("reserve ports: %w", err)
		}
	}
	if len(r.Ports) < n {
		r.Release()
		return nil, fmt.Errorf("reserve ports: %d are free between %d and %d, %d are needed; end other runs or other programs that listen there", len(r.Ports), firstPort, lastPort, n)
	}
	return r, nil
}

// take reserves the free ports of a block unless another run has reserved the block.
func (r *Reservation) take(base, n int) error {
	lock, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base))
	if errors.Is(err, unix.EADDRINUSE) {
		return nil
	}
	if err != nil {
		return err
	}
	r.locks = append(r.locks, lock)
	for port := base + 1; port < base+blockSize && len(r.Ports) < n; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return err
		}
		r.Ports = append(r.Ports, port)
	}
	return nil
}

// Release releases the ports.
func (r *Reservation) Release() {
	for _, lock := range r.locks {
		_ = lock.Close() // the listener accepted no connection
	}
	r.locks = nil
}
