package content_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"countersign/reference/internal/content"
)

// rawTar writes tar archives that package archive/tar does not write.
type rawTar struct {
	t *testing.T
	b bytes.Buffer
	z *gzip.Writer
}

func newRawTar(t *testing.T) *rawTar {
	r := &rawTar{t: t}
	r.z, _ = gzip.NewWriterLevel(&r.b, gzip.BestSpeed)
	return r
}

func (r *rawTar) write(p []byte) {
	r.t.Helper()
	if _, err := r.z.Write(p); err != nil {
		r.t.Fatal(err)
	}
}

// entry writes a header of the format ustar, and a body.
func (r *rawTar) entry(kind byte, name string, body []byte) {
	r.t.Helper()
	h := make([]byte, 512)
	copy(h, name)
	copy(h[100:], "0000644\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00", len(body)))
	copy(h[136:], "00000000000\x00")
	h[156] = kind
	copy(h[257:], "ustar\x0000")
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	r.write(h)
	r.write(body)
	r.write(make([]byte, (512-len(body)%512)%512))
}

// attributes writes a PAX header of n bytes for the next entry.
func (r *rawTar) attributes(n int) {
	r.t.Helper()
	record := fmt.Sprintf("%d comment=", n)
	r.entry('x', "attributes", []byte(record+strings.Repeat("a", n-len(record)-1)+"\n"))
}

func (r *rawTar) bytes() []byte {
	r.t.Helper()
	r.write(make([]byte, 1024))
	if err := r.z.Close(); err != nil {
		r.t.Fatal(err)
	}
	return r.b.Bytes()
}

// The headers of an archive are bounded like the bodies. A chain of headers that precedes one entry is read at once.
func TestUnpackHeaders(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	tests := []struct {
		name  string
		write func(*rawTar)
		want  string // "" = accepted
	}{
		{"attributes", func(r *rawTar) { r.attributes(900_000); r.entry('0', "a", []byte("x")) }, ""},
		{"a chain of attributes", func(r *rawTar) {
			for range 3 {
				r.attributes(mib)
			}
			r.entry('0', "a", []byte("x"))
		}, "bytes of headers"},
		{"data after the end", func(r *rawTar) {
			r.entry('0', "a", []byte("x"))
			for range 3 {
				r.write(make([]byte, mib))
			}
		}, "bytes of headers"},
		{"a large body", func(r *rawTar) {
			r.entry('0', "a", make([]byte, 3*mib))
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRawTar(t)
			test.write(r)
			err := content.Unpack(bytes.NewReader(r.bytes()), t.TempDir())
			var refused *content.BundleError
			switch {
			case test.want == "" && err != nil:
				t.Errorf("Unpack: %v", err)
			case test.want != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Problem, test.want)):
				t.Errorf("Unpack = %v, want a BundleError with %q", err, test.want)
			}
		})
	}
}
