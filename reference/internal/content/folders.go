package content

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"countersign/reference/internal/content/execution"
)

// folders holds the unpacked bundles of this node, in the folders apps/{item}/{bundle} of the data folder. Archives
// are in the store, which nodes share. Each node unpacks a bundle when it is first needed. A folder that is no longer
// needed is removed when its last user has closed it.
type folders struct {
	root      string
	archives  *archives
	unpacking execution.Locks // by path, so that concurrent users unpack a bundle once

	mu   sync.Mutex
	used map[string]*usage // by path
}

// usage counts the users of a folder.
type usage struct {
	users   int
	retired bool // the last user removes it
}

// Prefixes of folders that are not complete: they are being unpacked or removed.
const (
	unpackingPrefix = "unpacking-"
	removingPrefix  = "removing-"
)

// newFolders returns the folders in a data folder. It removes folders that a killed server left incomplete.
func newFolders(dataDir string, archives *archives) (*folders, error) {
	f := &folders{root: filepath.Join(dataDir, "apps"), archives: archives, used: map[string]*usage{}}
	for _, prefix := range []string{unpackingPrefix, removingPrefix} {
		left, err := fs.Glob(os.DirFS(f.root), "*/"+prefix+"*")
		if err != nil {
			return nil, fmt.Errorf("find incomplete folders: %w", err)
		}
		for _, name := range left {
			if err := os.RemoveAll(filepath.Join(f.root, name)); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

func removeAll(paths []string) error {
	var errs []error
	for _, path := range paths {
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}

func (f *folders) item(guid string) string { return filepath.Join(f.root, guid) }

// folder is an unpacked bundle in use.
type folder struct {
	path  string
	close func()
}

// open returns the folder of a bundle, which it unpacks if necessary. The folder remains until the caller calls
// close. The error is dberr.NotFound, a *BundleError, the error of the context, or an internal one.
func (f *folders) open(ctx context.Context, guid string, bundle int64) (*folder, error) {
	path := filepath.Join(f.item(guid), strconv.FormatInt(bundle, 10))
	unlock, err := f.unpacking.Lock(ctx, path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if !f.useExisting(path) {
		if err := f.create(ctx, path, guid, bundle); err != nil {
			return nil, err
		}
	}
	return &folder{path, sync.OnceFunc(func() { f.release(path) })}, nil
}

// useExisting counts a user of a folder, if the folder exists.
func (f *folders) useExisting(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := os.Stat(path); err != nil {
		return false
	}
	f.use(path)
	return true
}

// use counts a user of a folder. The caller holds mu.
func (f *folders) use(path string) {
	u := f.used[path]
	if u == nil {
		u = &usage{}
		f.used[path] = u
	}
	u.users++
}

// create unpacks a bundle and counts a user of its folder. It unpacks into a folder of another name first, so that a
// folder of the final name is complete.
func (f *folders) create(ctx context.Context, path, guid string, bundle int64) error {
	archive, err := f.archives.open(ctx, guid, bundle)
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := os.MkdirAll(f.item(guid), 0o700); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(f.item(guid), unpackingPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := Unpack(archive, temp); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	f.use(path)
	return nil
}

// release removes one user of a folder, and removes a retired folder with its last user.
func (f *folders) release(path string) {
	f.mu.Lock()
	u := f.used[path]
	u.users--
	var moved string
	if u.users == 0 {
		delete(f.used, path)
		if u.retired {
			moved, _ = moveAway(path) // the next retire tries again
		}
	}
	f.mu.Unlock()
	if moved != "" {
		os.RemoveAll(moved)           //nolint:errcheck // the next start tries again
		os.Remove(filepath.Dir(path)) //nolint:errcheck // it fails while the item has other folders
	}
}

// moveAway renames a folder, so that no further user can open it, and returns the new path.
func moveAway(path string) (string, error) {
	temp, err := os.MkdirTemp(filepath.Dir(path), removingPrefix)
	if err != nil {
		return "", err
	}
	return temp, os.Rename(path, filepath.Join(temp, "bundle"))
}

// retire removes all folders of an item except that of the bundle keep. A folder in use is removed when its last user
// closes it. keep = 0 retires all of them.
func (f *folders) retire(guid string, keep int64) error {
	entries, err := os.ReadDir(f.item(guid))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove unpacked bundles: %w", err)
	}
	f.keep(filepath.Join(f.item(guid), strconv.FormatInt(keep, 10)))
	var moved []string
	var errs []error
	for _, e := range entries {
		if _, err := strconv.ParseInt(e.Name(), 10, 64); err != nil || e.Name() == strconv.FormatInt(keep, 10) {
			continue // it is incomplete, or needed
		}
		path, err := f.retireFolder(filepath.Join(f.item(guid), e.Name()))
		if path != "" {
			moved = append(moved, path)
		}
		errs = append(errs, err)
	}
	errs = append(errs, removeAll(moved))
	if keep == 0 {
		os.Remove(f.item(guid)) //nolint:errcheck // it fails while a folder is in use, whose last user removes it
	}
	return errors.Join(errs...)
}

// keep takes back that a folder was retired, because its bundle is active again.
func (f *folders) keep(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if u := f.used[path]; u != nil {
		u.retired = false
	}
}

// retireFolder marks a folder in use, and moves any other folder away. It returns the new path of a moved folder.
func (f *folders) retireFolder(path string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if u := f.used[path]; u != nil {
		u.retired = true
		return "", nil
	}
	moved, err := moveAway(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil // its last user has removed it
	}
	return moved, err
}
