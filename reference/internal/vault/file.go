package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileName is the key file inside the data folder. One key a line, base64; the first seals, the others only open.
const FileName = "vault.key"

// OpenDir reads the key file in dir and makes one with a fresh key where there is none. Processes that start at the same
// moment on the same folder end up with the same key. A file that others than its owner may read is refused.
func OpenDir(dir string) (*Vault, error) {
	path := filepath.Join(dir, FileName)
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKeyFile(path); err != nil {
			return nil, fmt.Errorf("make key file %s: %w", path, err)
		}
		text, err = readKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	masters, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return New(masters...)
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %o): chmod 600 it", path, info.Mode().Perm())
	}
	return os.ReadFile(path)
}

// createKeyFile writes the file under another name first and links it into place, so a reader sees a whole file or none,
// and of two writers one wins. Losing is not an error: the winner's file is there.
func createKeyFile(path string) error {
	master := make([]byte, KeySize)
	if _, err := rand.Read(master); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".vault-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(master) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func parse(text []byte) ([][]byte, error) {
	var masters [][]byte
	for n, line := range strings.Split(string(bytes.TrimSpace(text)), "\n") {
		master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("line %d is not base64", n+1) // the error itself may quote the line
		}
		masters = append(masters, master)
	}
	return masters, nil
}
