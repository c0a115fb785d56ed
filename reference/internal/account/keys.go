package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/dberr"
)

// NewKey describes a key that MakeKey creates.
type NewKey struct {
	Kind        KeyKind
	User        User   // the key acts for this user
	ContentGUID string // set for content keys only
	Name        string
	Role        Role      // the highest role of the key; "" means the role of the user
	Expires     time.Time // zero if the key does not expire
}

// MakeKey creates a key and returns it with its text, which is not stored. Errors: ErrBlankKeyName, ErrInvalidRole,
// ErrKeyRole.
func (s *Service) MakeKey(ctx context.Context, n NewKey) (APIKey, string, error) {
	n.Name = strings.TrimSpace(n.Name)
	if n.Kind == UserKey && n.Name == "" {
		return APIKey{}, "", ErrBlankKeyName
	}
	if !usable(n.Name) {
		return APIKey{}, "", ErrInvalidField
	}
	if n.Role == "" {
		n.Role = n.User.Role
	}
	if n.Role.Rank() == 0 {
		return APIKey{}, "", ErrInvalidRole
	}
	if n.Role.Rank() > n.User.Role.Rank() {
		return APIKey{}, "", ErrKeyRole
	}
	text := secrets.New()
	k := APIKey{
		Kind: n.Kind, UserGUID: n.User.GUID, ContentGUID: n.ContentGUID, Name: n.Name,
		Hash: digest(text), Tail: text[len(text)-4:], Role: n.Role, Created: s.Now(), Expires: n.Expires,
	}
	err := s.Store.Update(ctx, func(tx Tx) error { return tx.InsertKey(ctx, &k) })
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create key: %w", err)
	}
	return k, text, nil
}

// UserOfKey returns the user whose key has the given text. It returns ErrNoKey for an unknown or expired key, and
// ErrLocked if the user is locked.
func (s *Service) UserOfKey(ctx context.Context, text string) (APIKey, User, error) {
	k, u, err := s.Store.KeyUser(ctx, digest(text))
	now := s.Now()
	switch {
	case errors.Is(err, dberr.NotFound):
		return APIKey{}, User{}, ErrNoKey
	case err != nil:
		return APIKey{}, User{}, err
	case !k.Expires.IsZero() && !k.Expires.After(now):
		return APIKey{}, User{}, ErrNoKey
	case u.Locked:
		return APIKey{}, User{}, ErrLocked
	}
	// The time of the last use is accurate to the minute, so that a busy key does not cost one write for each
	// request.
	if k.Kind == UserKey && now.Sub(k.Used) >= time.Minute {
		k.Used = now
		if err := s.Store.Update(ctx, func(tx Tx) error { return tx.TouchKey(ctx, k.ID, now) }); err != nil {
			return APIKey{}, User{}, fmt.Errorf("record use of key: %w", err)
		}
	}
	return k, u, nil
}

// RemoveKey deletes a key of a user. It returns dberr.NotFound if the user has no such key.
func (s *Service) RemoveKey(ctx context.Context, userGUID string, id int64) error {
	return s.Store.Update(ctx, func(tx Tx) error { return tx.DeleteKey(ctx, userGUID, id) })
}
