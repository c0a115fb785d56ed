package content

import (
	"errors"
	"io"
	"testing"
)

// zeros is a reader without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// The headers of all entries together are bounded. Bodies do not count.
func TestMeter(t *testing.T) {
	t.Parallel()
	m := &meter{r: zeros{}}
	read := func(n int64) error {
		_, err := io.CopyN(io.Discard, m, n)
		return err
	}
	for n := range maxHeaders / (1 << 20) {
		m.startHeaders()
		if err := read(1 << 20); err != nil {
			t.Fatalf("headers of entry %d: %v", n, err)
		}
		m.startBody()
		if err := read(maxEntryHeaders + 1); err != nil {
			t.Fatalf("body of entry %d: %v", n, err)
		}
	}
	m.startHeaders()
	var refused *BundleError
	if err := read(1); !errors.As(err, &refused) {
		t.Errorf("after %d bytes of headers: %v, want a BundleError", maxHeaders, err)
	}
}
