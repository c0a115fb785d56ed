package reference

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// A node is one of the servers that share a database, identified by its data folder. The next start with the same
// folder removes the data that a killed server left in the database and the folder.
type node struct {
	id   string
	file *os.File
}

// lockNode locks the data folder for this server and reads the name of the node from it, or creates one. Two servers
// in one folder would remove each other's running executions.
func lockNode(dir string) (*node, error) {
	f, err := lockFile(filepath.Join(dir, "node-id"))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("a server runs in the data folder %s: give each its own Server.DataDir", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("identify this node: %w", err)
	}
	n := &node{file: f}
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
