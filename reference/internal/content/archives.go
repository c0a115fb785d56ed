package content

import (
	"context"
	"crypto/md5"  //nolint:gosec // the API names bundles by it; nothing rests on it
	"crypto/sha1" //nolint:gosec // likewise
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxInMemory is the number of archives that this node holds in memory at a time. The others are in files.
const maxInMemory = 2

// archives keeps the archives of bundles in files while clients send, receive or unpack them. The drivers of the
// databases need a whole archive in memory, which few calls may have at a time.
type archives struct {
	dir   string
	store Store
	slots chan struct{} // holds one element for each archive in memory
}

// newArchives returns the archives of a node, with a folder for their files in the data folder.
func newArchives(dataDir string, store Store) (*archives, error) {
	a := &archives{dir: filepath.Join(dataDir, "archives"), store: store, slots: make(chan struct{}, maxInMemory)}
	if err := a.close(); err != nil {
		return nil, fmt.Errorf("remove files of archives: %w", err)
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return nil, fmt.Errorf("create folder of archives: %w", err)
	}
	return a, nil
}

// close removes the folder. Files that are open have no name.
func (a *archives) close() error { return os.RemoveAll(a.dir) }

// file returns a new file without a name, whose space is free when it is closed.
func (a *archives) file() (*os.File, error) {
	f, err := os.CreateTemp(a.dir, "")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close() //nolint:errcheck // nothing was written
		return nil, err
	}
	return f, nil
}

// acquire waits until the caller may have an archive in memory. The caller must call release. The error is that of
// the context.
func (a *archives) acquire(ctx context.Context) (release func(), err error) {
	select {
	case a.slots <- struct{}{}:
		return func() { <-a.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open returns the archive of a bundle in a file, which the caller must close. It returns dberr.NotFound.
func (a *archives) open(ctx context.Context, guid string, bundle int64) (*os.File, error) {
	f, err := a.file()
	if err != nil {
		return nil, fmt.Errorf("create file of archive: %w", err)
	}
	if err := a.read(ctx, f, guid, bundle); err != nil {
		f.Close() //nolint:errcheck // its data is lost
		return nil, err
	}
	return f, nil
}

// read writes an archive of the store into a file, and positions the file at its start.
func (a *archives) read(ctx context.Context, f *os.File, guid string, bundle int64) error {
	release, err := a.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	archive, err := a.store.Archive(ctx, guid, bundle)
	if err != nil {
		return err
	}
	if _, err := f.Write(archive); err != nil {
		return fmt.Errorf("write file of archive: %w", err)
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// insert stores a bundle with an archive that was received.
func (a *archives) insert(ctx context.Context, b *Bundle, u *Upload) error {
	release, err := a.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	archive := make([]byte, u.Size)
	if _, err := io.ReadFull(u.Reader(), archive); err != nil {
		return fmt.Errorf("read file of archive: %w", err)
	}
	return a.store.InsertBundle(ctx, b, archive)
}

// Upload is the body of a request, or a part of it, in a file without a name. Its receiver must close it.
type Upload struct {
	Size      int64
	MD5, SHA1 []byte
	file      *os.File
}

// Reader returns a reader of the whole upload.
func (u *Upload) Reader() *io.SectionReader { return io.NewSectionReader(u.file, 0, u.Size) }

// Close deletes the upload.
func (u *Upload) Close() error { return u.file.Close() }

// A BodyError reports that a client did not send the whole body, or that the body is too large.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "receive body: " + e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }

// receive writes a body to a file. The error is a *BodyError if the body cannot be read.
func (a *archives) receive(body io.Reader) (*Upload, error) {
	f, err := a.file()
	if err != nil {
		return nil, fmt.Errorf("create file of upload: %w", err)
	}
	source := &source{r: body}
	md, sha := md5.New(), sha1.New() //nolint:gosec // names, not protection
	size, err := io.Copy(io.MultiWriter(f, md, sha), source)
	if err == nil {
		return &Upload{Size: size, MD5: md.Sum(nil), SHA1: sha.Sum(nil), file: f}, nil
	}
	f.Close() //nolint:errcheck // its data is lost
	if source.err != nil {
		return nil, &BodyError{source.err}
	}
	return nil, fmt.Errorf("write upload: %w", err)
}

// source records the error of a reader, to distinguish it from errors of the writer.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
