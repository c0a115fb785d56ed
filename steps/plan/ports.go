package plan

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Ports are taken below the range from which Linux hands out ports of its own
// accord (32768 and up), in blocks, so that two runs on one machine do not meet.
const (
	firstPort = 20000
	lastPort  = 31999
	blockSize = 100
)

// A Reservation holds ports until it is released. A block is held by listening on
// its first port, so that it is held against every run that can see the port,
// whatever its user and its folder for temporary files, and until the process ends
// however it ends.
type Reservation struct {
	Ports []int
	locks []net.Listener
}

// Reserve takes n ports on which nobody listens now.
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
		return nil, fmt.Errorf("reserve ports: %d are free between %d and %d, %d are needed; end other runs or what else listens there", len(r.Ports), firstPort, lastPort, n)
	}
	return r, nil
}

// take adds the free ports of a block, unless another run holds the block.
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

// Release gives the ports back.
func (r *Reservation) Release() {
	for _, lock := range r.locks {
		_ = lock.Close() // closing ends the lock; there is nothing to lose
	}
	r.locks = nil
}
