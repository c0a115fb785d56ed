package vault_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"countersign/reference/internal/vault"
)

func master(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeySize) }

func mustNew(t *testing.T, masters ...[]byte) *vault.Vault {
	t.Helper()
	v, err := vault.New(masters...)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return v
}

func TestSealOpens(t *testing.T) {
	t.Parallel()
	v := mustNew(t, master(1))
	place := vault.Place("oauth_sessions", "refresh_token", "s1")
	for _, text := range []string{"", "rt_secret", strings.Repeat("x", 1<<16)} {
		sealed := v.Seal(text, place)
		if text != "" && strings.Contains(sealed, text) {
			t.Errorf("sealed value shows the plaintext")
		}
		if again := v.Seal(text, place); again == sealed {
			t.Errorf("the same text sealed twice gave the same value: no nonce")
		}
		got, err := v.Open(sealed, place)
		if err != nil || got != text {
			t.Errorf("Open = %d bytes, %v; want %d bytes", len(got), err, len(text))
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	v, place := mustNew(t, master(1)), vault.Place("t", "c", "r")
	sealed := v.Seal("secret", place)
	flipped := []byte(sealed)
	flipped[len(flipped)-3] ^= 1
	parts := strings.Split(sealed, ".")
	tests := []struct {
		name, sealed, place string
		vault               *vault.Vault
	}{
		{"another row", sealed, vault.Place("t", "c", "r2"), v},
		{"another column", sealed, vault.Place("t", "c2", "r"), v},
		{"words moved between the parts", sealed, vault.Place("tc", "", "r"), v},
		{"damage", string(flipped), place, v},
		{"cut short", sealed[:len(sealed)-8], place, v},
		{"another key", sealed, place, mustNew(t, master(2))},
		{"another key's name", parts[0] + ".00000000." + parts[2], place, v},
		{"unknown format", "v2." + parts[1] + "." + parts[2], place, v},
		{"plaintext", "secret", place, v},
		{"empty", "", place, v},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := test.vault.Open(test.sealed, test.place); !errors.Is(err, vault.ErrSealed) {
				t.Errorf("Open = %q, %v; want ErrSealed", got, err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	place := vault.Place("t", "c", "r")
	old := mustNew(t, master(1)).Seal("secret", place)
	both := mustNew(t, master(2), master(1))
	if got, err := both.Open(old, place); err != nil || got != "secret" {
		t.Errorf("the older key does not open: %q, %v", got, err)
	}
	if _, err := mustNew(t, master(1)).Open(both.Seal("secret", place), place); err == nil {
		t.Error("a new value was sealed with the older key")
	}
}

func TestKeysDifferByPurpose(t *testing.T) {
	t.Parallel()
	v := mustNew(t, master(1))
	if bytes.Equal(v.Key("a"), v.Key("b")) {
		t.Error("two purposes share a key")
	}
	if !bytes.Equal(v.Key("a"), mustNew(t, master(1)).Key("a")) {
		t.Error("two nodes with one master key derive different keys")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, masters := range map[string][][]byte{"none": nil, "short": {master(1)[:16]}, "twice": {master(1), master(1)}} {
		if _, err := vault.New(masters...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOpenDirKeepsTheKey(t *testing.T) {
	t.Parallel()
	dir, place := t.TempDir(), vault.Place("t", "c", "r")
	var wg sync.WaitGroup
	sealed := make([]string, 8)
	for i := range sealed { // eight processes that start concurrently
		wg.Go(func() {
			v, err := vault.OpenDir(dir)
			if err != nil {
				t.Errorf("OpenDir: %v", err)
				return
			}
			sealed[i] = v.Seal("secret", place)
		})
	}
	wg.Wait()
	v, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatalf("OpenDir: %v", err)
	}
	for i, s := range sealed {
		if got, err := v.Open(s, place); err != nil || got != "secret" {
			t.Errorf("starter %d had another key: %v", i, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, vault.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v; want mode 600", info.Mode(), err)
	}
}

func TestOpenDirRefuses(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString(master(1))
	tests := []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"readable by others", good, 0o644, "chmod 600"},
		{"not base64", "hello world", 0o600, "line 1 is not base64"},
		{"short", "AAAA", 0o600, "3 bytes"},
		{"empty", "", 0o600, "0 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, vault.FileName)
			if err := os.WriteFile(path, []byte(test.text), test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := vault.OpenDir(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("OpenDir = %v, want an error with %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hello world") {
				t.Error("the error quotes the key file")
			}
		})
	}
}
