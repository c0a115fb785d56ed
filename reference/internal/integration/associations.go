package integration

import (
	"context"
	"errors"
	"slices"
	"time"

	"countersign/reference/internal/content"
	"countersign/reference/internal/dberr"
)

// Associations returns the associations of an item, oldest integration first. The caller has checked that the actor may
// view the item.
func (s *Service) Associations(ctx context.Context, item *content.Item) ([]Association, error) {
	return s.store.Associations(ctx, item.GUID)
}

// AssociationsOf returns the associations of an integration, oldest first. It returns dberr.NotFound if the integration
// does not exist.
func (s *Service) AssociationsOf(ctx context.Context, guid string) ([]Association, error) {
	if _, err := s.store.Integration(ctx, guid); err != nil {
		return nil, err
	}
	return s.store.AssociationsOf(ctx, guid)
}

// Associate replaces the associations of an item by the integrations in guids (OAuth document, lines 31 to 36).
// Existing associations keep their time. It returns ErrListedTwice, ErrNoIntegration or ErrContentClass, without a
// change. The caller has checked that the actor may change the item.
func (s *Service) Associate(ctx context.Context, item *content.Item, guids []string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		if err := checkAssociations(ctx, tx, item, guids); err != nil {
			return err
		}
		present, err := tx.Associations(ctx, item.GUID)
		if err != nil {
			return err
		}
		since := map[string]time.Time{}
		for _, a := range present {
			since[a.Integration.GUID] = a.CreatedTime
		}
		if err := tx.DeleteAssociations(ctx, item.GUID); err != nil {
			return err
		}
		for _, guid := range guids {
			created, old := since[guid]
			if !old {
				created = s.now()
			}
			if err := tx.InsertAssociation(ctx, item.GUID, guid, created); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkAssociations checks that the integrations exist, are different and fit the item.
func checkAssociations(ctx context.Context, r Reader, item *content.Item, guids []string) error {
	for i, guid := range guids {
		if slices.Contains(guids[:i], guid) {
			return ErrListedTwice
		}
		in, err := r.Integration(ctx, guid)
		if errors.Is(err, dberr.NotFound) {
			return ErrNoIntegration
		}
		if err != nil {
			return err
		}
		if class := item.Mode.Class(); !Fits(in.Config.AuthType, class) {
			return refuse(ErrContentClass, "%s integrations cannot be associated with %s content.", in.Config.AuthType, class)
		}
	}
	return nil
}
