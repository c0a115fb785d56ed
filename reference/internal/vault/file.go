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

// FileName is the name of the key file in the data folder. Each line holds one key in Base64. The first key seals;
// the others only open.
const FileName = "vault.key"

// OpenDir reads the key file in dir. If there is none, it creates one with a new key. Processes that start at the
// same time with the same folder use the same key. OpenDir refuses a file that other users can read.
func OpenDir(dir string) (*Vault, error) {
	path := filepath.Join(dir, FileName)
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKeyFile(path); err != nil {
			return nil, fmt.Errorf("create key file %s: %w", path, err)
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

// createKeyFile writes a temporary file and links it to path, so that readers see a complete file or none. If another
// process has already created the file, its key is used and there is no error.
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
