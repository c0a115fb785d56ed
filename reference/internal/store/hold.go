package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrInUse is returned if another process has the database open.
var ErrInUse = errors.New("the database is in use by a server, or by usermanager")

// A Hold reserves a SQLite database for one process of this project: a server, or usermanager while no server runs.
// The locks of SQLite itself last for one transaction only. The kernel releases a Hold when the process ends for any
// reason.
type Hold struct{ file *os.File }

// HoldSQLite reserves the database at path, or returns ErrInUse. Its folder must exist; the database need not.
func HoldSQLite(path string) (*Hold, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock database: %w", err)
	}
	// The file is opened close-on-exec, so content processes do not inherit the lock.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close() //nolint:errcheck // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, ErrInUse)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Hold{f}, nil
}

// Close releases the database.
func (h *Hold) Close() error { return h.file.Close() }
