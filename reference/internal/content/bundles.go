package content

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"countersign/reference/internal/account"
	"countersign/reference/internal/dberr"
)

// Receive writes the body of an upload to a file. The error is a *BodyError if the body cannot be read. The caller must
// close the upload, and should call Editable first.
func (s *Service) Receive(body io.Reader) (*Upload, error) { return s.archives.receive(body) }

// AddBundle stores an upload as a bundle of an item. It waits while other large archives are in memory. It returns the
// errors of Editable and of the context.
func (s *Service) AddBundle(ctx context.Context, by account.Actor, guid string, u *Upload, metadata map[string]string) (*Bundle, error) {
	if _, err := s.Editable(ctx, by, guid); err != nil {
		return nil, err
	}
	b := &Bundle{
		ContentGUID: guid, CreatedBy: by.User.GUID, CreatorName: by.User.Username, CreatedTime: s.now(), Size: u.Size,
		MD5: hex.EncodeToString(u.MD5), SHA1: hex.EncodeToString(u.SHA1), Metadata: metadata,
	}
	return b, s.archives.insert(ctx, b, u)
}

// Bundles returns the bundles of an item, newest first. It returns the errors of Editable.
func (s *Service) Bundles(ctx context.Context, by account.Actor, guid string) ([]*Bundle, error) {
	if _, err := s.Editable(ctx, by, guid); err != nil {
		return nil, err
	}
	return s.store.Bundles(ctx, guid)
}

// Bundle returns a bundle of an item. It returns the errors of Editable, and dberr.NotFound.
func (s *Service) Bundle(ctx context.Context, by account.Actor, guid string, id int64) (*Bundle, error) {
	if _, err := s.Editable(ctx, by, guid); err != nil {
		return nil, err
	}
	return s.store.Bundle(ctx, guid, id)
}

// Archive returns the archive of a bundle in a file, which the caller must close. It returns the errors of Bundle.
func (s *Service) Archive(ctx context.Context, by account.Actor, guid string, id int64) (*os.File, error) {
	if _, err := s.Editable(ctx, by, guid); err != nil {
		return nil, err
	}
	return s.archives.open(ctx, guid, id)
}

// DeleteBundle deletes a bundle with its archive. It returns ErrActive for the active bundle, and the errors of
// Bundle.
func (s *Service) DeleteBundle(ctx context.Context, by account.Actor, guid string, id int64) error {
	return s.update(ctx, by, guid, func(tx Tx, e *Entry) error {
		if e.BundleID == id {
			return ErrActive
		}
		return tx.DeleteBundle(ctx, guid, id)
	})
}

// Deploy activates a bundle in a task, and returns the id of the task. A nil id selects the newest bundle. It returns
// the errors of Editable, ErrNoBundle, and execution.ErrStopped.
func (s *Service) Deploy(ctx context.Context, by account.Actor, guid string, id *int64) (task string, err error) {
	if _, err := s.Editable(ctx, by, guid); err != nil {
		return "", err
	}
	var b *Bundle
	if id == nil {
		b, err = s.store.LatestBundle(ctx, guid)
	} else {
		b, err = s.store.Bundle(ctx, guid, *id)
	}
	if errors.Is(err, dberr.NotFound) {
		return "", ErrNoBundle
	}
	if err != nil {
		return "", err
	}
	d := &deployment{service: s, guid: guid, bundle: b.ID}
	return s.runtime.StartTask(ctx, by.User.GUID, guid, d.run)
}
