package reference

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errLocked is the error of lockFile if another process has locked the file.
var errLocked = errors.New("another process has locked the file")

// lockFile opens the file at path for reading and writing, creates it if it does not exist, and locks it until it is
// closed. The kernel releases the lock when the process ends for any reason. Content processes do not inherit the
// lock, because the file is opened close-on-exec.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
}
