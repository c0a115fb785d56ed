package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// UserFolder creates and returns the folder of this user for runs, below the
// temporary folder.
func UserFolder() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("countersign-%d", os.Getuid()))
	return dir, PrivateFolder(dir)
}

// PrivateFolder creates a folder unless it exists. It returns an error if the folder
// is a link, belongs to another user or is open to others: files in it name processes
// to kill, and its name can be guessed.
func PrivateFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("create the folder for runs: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("check the folder for runs: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("check the folder for runs: %s is not a folder that belongs to this user and is closed to others", dir)
	}
	return nil
}

// Lock opens and locks a file, and waits until no other process holds the lock. Closing
// the file releases the lock; so does the end of the program. Go opens files
// close-on-exec, so no child holds the lock.
func Lock(name string) (*os.File, error) { return lock(name, syscall.LOCK_EX) }

// tryLock locks a file as Lock does, but does not wait: the error is syscall.EWOULDBLOCK if
// another process holds the lock.
func tryLock(name string) (*os.File, error) { return lock(name, syscall.LOCK_EX|syscall.LOCK_NB) }

func lock(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}
