package plan

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Ports are taken below the range from which Linux hands out ports of its own
// accord (32768 and up), in blocks, so that two runs on one machine do not meet.
const (
	firstPort = 20000
	lastPort  = 31999
	blockSize = 100
)

// A Reservation holds ports until it is released. A block is held by a lock on
// a file, which ends with the process however it ends.
type Reservation struct {
	Ports []int
	locks []*os.File
}

// Reserve takes n ports on which nobody listens now.
func Reserve(n int) (*Reservation, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("countersign-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("reserve ports: %w", err)
	}
	r := &Reservation{}
	for base := firstPort; base <= lastPort && len(r.Ports) < n; base += blockSize {
		if err := r.take(dir, base, n); err != nil {
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
func (r *Reservation) take(dir string, base, n int) error {
	lock, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%d.lock", base)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return lock.Close()
	}
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	r.locks = append(r.locks, lock)
	for port := base; port < base+blockSize && len(r.Ports) < n; port++ {
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
