package content

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"countersign/reference/internal/account"
	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/content/execution"
	"countersign/reference/internal/dberr"
)

// Link has the tokens of share links that come with a visit.
type Link struct {
	Token string // in the address
	Kept  string // of an earlier visit, which the browser has kept
	Opens bool   // whether the visitor opens the item, and not one of the parts of its page
}

// Visit is a permitted visit of an item.
type Visit struct {
	Item   *Item
	ByLink bool // by a share link, which does not identify its user (OI-018)
	// NewToken and DropToken tell whether the browser must keep Link.Token, or must delete the token that it has kept.
	NewToken, DropToken bool
}

// Visit checks whether a user may visit an item by a permission or by a share link. It returns ErrNotViewer if neither
// allows it, and dberr.NotFound.
func (s *Service) Visit(ctx context.Context, by account.Actor, guid string, link Link) (Visit, error) {
	visitor, err := s.visitor(ctx, by)
	if err != nil {
		return Visit{}, err
	}
	e, err := s.store.Entry(ctx, guid, visitor.UserGUID)
	if err != nil {
		return Visit{}, err
	}
	role := RoleOf(&e.Item, e.Permissions, visitor)
	v := Visit{Item: &e.Item}
	if err := s.useLink(ctx, &v, role, link); err != nil {
		return Visit{}, err
	}
	if !v.ByLink && !role.CanView() {
		return Visit{}, ErrNotViewer
	}
	return v, nil
}

// useLink decides whether a visit is made by a share link. A token in the address precedes one that was kept. If a
// visitor with a role of their own opens the item without a link, the token that was kept no longer counts.
func (s *Service) useLink(ctx context.Context, v *Visit, role AppRole, link Link) (err error) {
	switch {
	case link.Token != "":
		v.ByLink, err = s.store.ShareLinkHolds(ctx, v.Item.GUID, secrets.Hash(link.Token))
		v.NewToken = v.ByLink
	case link.Kept == "":
	case role.CanView() && link.Opens:
		v.DropToken = true
	default:
		v.ByLink, err = s.store.ShareLinkHolds(ctx, v.Item.GUID, secrets.Hash(link.Kept))
	}
	return err
}

// Process returns the process of an interactive item, which it starts if necessary. The caller must call leave when
// the visit has ended. The errors are those of execution.Runtime.Visit and of the bundle.
func (s *Service) Process(ctx context.Context, item *Item) (p *execution.Process, leave func(), err error) {
	folder, err := s.folders.open(ctx, item.GUID, item.BundleID)
	if err != nil {
		return nil, nil, err
	}
	p, leaveProcess, err := s.runtime.Visit(ctx, work(item, folder))
	if err != nil {
		folder.close()
		return nil, nil, err
	}
	return p, sync.OnceFunc(func() { leaveProcess(); folder.close() }), nil
}

// work returns the program of an item in its folder.
func work(item *Item, f *folder) execution.Work {
	return execution.Work{ContentGUID: item.GUID, OwnerGUID: item.OwnerGUID, BundleID: item.BundleID, Folder: f.path}
}

// Render returns the last render of a rendered item, or dberr.NotFound.
func (s *Service) Render(ctx context.Context, guid string) (*Render, error) {
	return s.store.Render(ctx, guid)
}

// Open opens a file of a static item. An empty name selects the first page. The manifest and folders are not served.
// It returns dberr.NotFound. The caller must close the file.
func (s *Service) Open(ctx context.Context, item *Item, name string) (*File, error) {
	folder, err := s.folders.open(ctx, item.GUID, item.BundleID)
	if err != nil {
		return nil, err
	}
	file, err := openIn(folder.path, name)
	if err != nil {
		folder.close()
		return nil, err
	}
	file.folder = folder
	return file, nil
}

// File is an open file of a bundle, which remains unpacked until the file is closed.
type File struct {
	*os.File
	Info   fs.FileInfo
	folder *folder
}

// Close closes the file.
func (f *File) Close() error {
	defer f.folder.close()
	return f.File.Close()
}

// openIn opens a regular file in the folder of a bundle.
func openIn(dir, name string) (*File, error) {
	if name == "" {
		manifest, err := ReadManifest(dir)
		if err != nil {
			return nil, err
		}
		name = manifest.Entry
	}
	if name == ManifestName || strings.HasSuffix(name, "/") {
		return nil, dberr.NotFound
	}
	root, err := os.OpenRoot(dir) // no file outside the folder is opened, whatever the name
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dberr.NotFound, err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		file.Close() //nolint:errcheck // nothing was written
		return nil, dberr.NotFound
	}
	return &File{File: file, Info: info}, nil
}
