package content

import (
	"context"
	"crypto/rand"

	"github.com/google/uuid"

	"countersign/reference/internal/account"
	"countersign/reference/internal/account/secrets"
)

// CreateShareLink creates a share link for an item and returns it with its token. Only the hash of the token is
// stored. It returns the errors of Editable.
func (s *Service) CreateShareLink(ctx context.Context, by account.Actor, guid string) (l ShareLink, token string, err error) {
	token = rand.Text()
	l = ShareLink{GUID: uuid.NewString(), ContentGUID: guid, CreatedBy: by.User.GUID, CreatedTime: s.now()}
	err = s.update(ctx, by, guid, func(tx Tx, _ *Entry) error { return tx.InsertShareLink(ctx, &l, secrets.Hash(token)) })
	return l, token, err
}

// ShareLinks returns the share links of an item. It returns the errors of Editable.
func (s *Service) ShareLinks(ctx context.Context, by account.Actor, guid string) ([]ShareLink, error) {
	if _, err := s.Editable(ctx, by, guid); err != nil {
		return nil, err
	}
	return s.store.ShareLinks(ctx, guid)
}

// DeleteShareLink deletes a share link. It returns the errors of Editable, and dberr.NotFound.
func (s *Service) DeleteShareLink(ctx context.Context, by account.Actor, guid, link string) error {
	return s.update(ctx, by, guid, func(tx Tx, _ *Entry) error { return tx.DeleteShareLink(ctx, guid, link) })
}
