package content

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of a bundle. They are far above the needs of a probe or a small app, and low enough to protect the server.
const (
	MaxBundle   = 64 << 20  // bytes of the uploaded archive
	maxUnpacked = 256 << 20 // bytes of all files together, because a small archive can contain large files
	maxEntries  = 20_000
	maxDepth    = 32
	maxManifest = 4 << 20
	// Headers can be large too: each may have 1 MiB of attributes, and any number of them may precede an entry.
	maxEntryHeaders = 2 << 20  // bytes that precede the body of one entry
	maxHeaders      = 64 << 20 // bytes of the unpacked archive that are in no body
)

// ManifestName is the name of the file that describes a bundle.
const ManifestName = "manifest.json"

// A BundleError is the reason why an archive cannot be unpacked or used. Its text is for the publisher.
type BundleError struct{ Problem string }

func (e *BundleError) Error() string { return "bundle: " + e.Problem }

func badBundle(format string, args ...any) error {
	return &BundleError{fmt.Sprintf(format, args...)}
}

// Unpack writes the files of a gzip-compressed tar archive into dir, which must exist and be empty. It writes regular
// files and folders and refuses other entries: absolute names, names outside dir, links (which could point outside
// dir), devices, and sizes beyond the limits. It keeps only the file mode bits of the owner. The error is a
// *BundleError if the archive is invalid.
func Unpack(archive io.Reader, dir string) error {
	root, err := os.OpenRoot(dir) // a second protection: no file outside dir is opened, whatever its name
	if err != nil {
		return err
	}
	defer root.Close()
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return badBundle("not a gzip-compressed archive")
	}
	metered := &meter{r: unzipped}
	if err := unpackEntries(root, metered); err != nil {
		return err
	}
	// The checksum of gzip is at the end, after any data that follows the end of the tar.
	if _, err := io.Copy(io.Discard, metered); err != nil {
		return damaged(err, "damaged archive")
	}
	return nil
}

// unpackEntries writes all entries of an archive.
func unpackEntries(root *os.Root, metered *meter) error {
	files, left := 0, int64(maxUnpacked)
	for r := tar.NewReader(metered); ; files++ {
		metered.startHeaders()
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damaged(err, "damaged archive")
		}
		if files == maxEntries {
			return badBundle("more than %d entries", maxEntries)
		}
		metered.startBody()
		written, err := unpackEntry(root, r, header, left)
		if err != nil {
			return err
		}
		left -= written
	}
	if files == 0 {
		return badBundle("the archive is empty")
	}
	return nil
}

// damaged returns err if it is a *BundleError, which a meter returns, and otherwise a *BundleError with the text.
func damaged(err error, format string, args ...any) error {
	var known *BundleError
	if errors.As(err, &known) {
		return known
	}
	return badBundle(format, args...)
}

// meter bounds the bytes of an unpacked archive that are in no body. It is below the tar reader, because one call of
// Next reads all headers that precede an entry.
type meter struct {
	r           io.Reader
	body        bool
	entry, rest int64 // bytes of headers of the present entry and of the earlier ones
}

func (m *meter) startHeaders() { m.body, m.entry, m.rest = false, 0, m.rest+m.entry }
func (m *meter) startBody()    { m.body = true }

// Read implements io.Reader. It returns a *BundleError at a limit.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.body {
		return n, err
	}
	if m.entry += int64(n); m.entry > maxEntryHeaders || m.rest+m.entry > maxHeaders {
		return 0, badBundle("more than %d bytes of headers at one entry, or %d in all", maxEntryHeaders, maxHeaders)
	}
	return n, err
}

// unpackEntry writes one entry and returns its size, which is at most left.
func unpackEntry(root *os.Root, r io.Reader, header *tar.Header, left int64) (int64, error) {
	name, err := cleanName(header.Name)
	if err != nil {
		return 0, err
	}
	switch header.Typeflag {
	case tar.TypeXGlobalHeader: // written by git
		return 0, nil
	case tar.TypeDir:
		if err := root.MkdirAll(name, 0o700); err != nil {
			return 0, badBundle("folder %q clashes with another entry", header.Name)
		}
		return 0, nil
	case tar.TypeReg:
	default:
		return 0, badBundle("entry %q is neither a file nor a folder", header.Name)
	}
	if name == "." {
		return 0, badBundle("a file without a name")
	}
	if header.Size > left {
		return 0, badBundle("more than %d bytes unpacked", int64(maxUnpacked))
	}
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return 0, badBundle("file %q clashes with another entry", header.Name)
	}
	mode := os.FileMode(0o600) | os.FileMode(header.Mode)&0o100
	// O_EXCL: a second entry of the same name indicates tampering, and must not follow a link that the first one
	// created.
	file, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, badBundle("file %q clashes with another entry", header.Name)
	}
	written, err := io.Copy(file, r) // r ends after header.Size bytes
	if err := errors.Join(err, file.Close()); err != nil {
		return written, damaged(err, "damaged archive at %q", header.Name)
	}
	return written, nil
}

// cleanName returns the name of an entry relative to the folder, or an error.
func cleanName(name string) (string, error) {
	clean := path.Clean(name)
	if strings.ContainsAny(name, "\x00\\") || !filepath.IsLocal(filepath.FromSlash(clean)) {
		return "", badBundle("entry name %q leads outside the bundle", name)
	}
	if strings.Count(clean, "/") >= maxDepth {
		return "", badBundle("entry name %q is too deep", name)
	}
	return clean, nil
}

// A Manifest holds the members of manifest.json that this server uses.
type Manifest struct {
	Mode  Mode
	Entry string // the primary file of static content
}

// ReadManifest reads and checks the manifest in an unpacked bundle. The error is a *BundleError if the manifest is
// invalid.
func ReadManifest(dir string) (Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Manifest{}, err
	}
	defer root.Close()
	file, err := root.Open(ManifestName)
	if err != nil {
		return Manifest{}, badBundle("the application's manifest is missing")
	}
	defer file.Close()
	// rsconnect, rsconnect-python and Publisher write many more members, which this server ignores.
	var wire struct {
		Metadata struct {
			AppMode     string `json:"appmode"`
			PrimaryHTML string `json:"primary_html"`
		} `json:"metadata"`
	}
	text, err := io.ReadAll(io.LimitReader(file, maxManifest))
	if err := errors.Join(err, json.Unmarshal(text, &wire)); err != nil {
		return Manifest{}, badBundle("the application's manifest is invalid")
	}
	mode, known := ParseMode(wire.Metadata.AppMode)
	if !known {
		return Manifest{}, badBundle("the application's manifest has no known appmode: %q", wire.Metadata.AppMode)
	}
	entry, err := cleanName(cmp.Or(wire.Metadata.PrimaryHTML, "index.html"))
	return Manifest{Mode: mode, Entry: entry}, err
}
