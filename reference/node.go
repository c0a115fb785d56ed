package reference

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"
)

// A node is one of the servers that share a database, identified by its data folder. The next start with the same
// folder removes the data that a killed server left in the database and the folder.
type node struct {
	id   string
	file *os.File
}

// lockNode locks the data folder for this server and reads the name of the node from it, or creates one. Two servers
// in one folder would remove each other's running executions. The kernel releases the lock when the process ends for
// any reason.
func lockNode(dir string) (*node, error) {
	f, err := os.OpenFile(filepath.Join(dir, "node-id"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("identify this node: %w", err)
	}
	n := &node{file: f}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("a server runs in the data folder %s: give each its own Server.DataDir", dir)
		}
		return nil, errors.Join(err, n.Close())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if n.id = strings.TrimSpace(string(text)); err == nil && n.id == "" {
		n.id = uuid.NewString()
		_, err = f.WriteString(n.id)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("identify this node: %w", err), n.Close())
	}
	return n, nil
}

// Close releases the folder.
func (n *node) Close() error { return n.file.Close() }
