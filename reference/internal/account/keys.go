package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/reference/internal/account/secrets"
	"countersign/reference/internal/dberr"
)

// NewKey describes a key that a user creates.
type NewKey struct {
	Name    string
	Role    Role      // the highest role of the key; "" means the role of the request
	Expires time.Time // zero if the key does not expire
}

// checkOwnKeys returns ErrForbidden unless the actor is the user and may manage keys. The key of a content process may
// not, because a key created with it would outlive the process.
func checkOwnKeys(by Actor, userGUID string) error {
	if by.User.GUID != userGUID || by.Key == ContentKey {
		return ErrForbidden
	}
	return nil
}

// ListKeys returns the keys that a user has created, oldest first. It returns ErrForbidden unless the actor is this
// user.
func (s *Service) ListKeys(ctx context.Context, by Actor, userGUID string) ([]APIKey, error) {
	if err := checkOwnKeys(by, userGUID); err != nil {
		return nil, err
	}
	return s.store.KeysOfUser(ctx, by.User.GUID)
}

// FindKey returns a key of a user. It returns ErrForbidden unless the actor is this user, and ErrNoKey if the user has
// no such key.
func (s *Service) FindKey(ctx context.Context, by Actor, userGUID string, id int64) (APIKey, error) {
	keys, err := s.ListKeys(ctx, by, userGUID)
	if err != nil {
		return APIKey{}, err
	}
	for _, k := range keys {
		if k.ID == id {
			return k, nil
		}
	}
	return APIKey{}, ErrNoKey
}

// CreateKey creates a key of a user and returns it with its text, which is not stored. The role of the request bounds
// the role of the key. Errors: ErrForbidden unless the actor is this user, ErrBlankKeyName, ErrInvalidField,
// ErrInvalidRole, ErrKeyRole.
func (s *Service) CreateKey(ctx context.Context, by Actor, userGUID string, n NewKey) (APIKey, string, error) {
	if err := checkOwnKeys(by, userGUID); err != nil {
		return APIKey{}, "", err
	}
	switch {
	case n.Role == "":
		n.Role = by.Role
	case n.Role.Rank() == 0:
		return APIKey{}, "", ErrInvalidRole
	case n.Role.Rank() > by.Role.Rank():
		return APIKey{}, "", ErrKeyRole
	}
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Name == "":
		return APIKey{}, "", ErrBlankKeyName
	case !usable(n.Name):
		return APIKey{}, "", ErrInvalidField
	}
	return s.insertKey(ctx, APIKey{Kind: UserKey, UserGUID: by.User.GUID, Name: n.Name, Role: n.Role, Expires: n.Expires})
}

// IssueContentKey creates the key of a content process, which acts for the owner of the content. It returns the key
// with its text, or ErrNoUser if the owner does not exist.
func (s *Service) IssueContentKey(ctx context.Context, ownerGUID, contentGUID string) (APIKey, string, error) {
	owner, err := s.FindUser(ctx, ownerGUID)
	if err != nil {
		return APIKey{}, "", err
	}
	return s.insertKey(ctx, APIKey{Kind: ContentKey, UserGUID: ownerGUID, ContentGUID: contentGUID, Name: "content", Role: owner.Role})
}

// insertKey gives the key a text and stores it.
func (s *Service) insertKey(ctx context.Context, k APIKey) (APIKey, string, error) {
	text := secrets.New()
	k.Hash, k.Tail, k.Created = keyHash(text), text[len(text)-4:], s.now()
	if err := s.store.Update(ctx, func(tx Tx) error { return tx.InsertKey(ctx, &k) }); err != nil {
		return APIKey{}, "", fmt.Errorf("create key: %w", err)
	}
	return k, text, nil
}

// UserOfKey returns the user whose key has the given text. It returns ErrNoKey for an unknown or expired key, and
// ErrLocked if the user is locked.
func (s *Service) UserOfKey(ctx context.Context, text string) (APIKey, User, error) {
	k, u, err := s.store.KeyUser(ctx, keyHash(text))
	now := s.now()
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
		if err := s.store.Update(ctx, func(tx Tx) error { return tx.TouchKey(ctx, k.ID, now) }); err != nil {
			return APIKey{}, User{}, fmt.Errorf("record use of key: %w", err)
		}
	}
	return k, u, nil
}

// DeleteKey deletes a key of a user. It returns ErrForbidden unless the actor is this user, and ErrNoKey if the user
// has no such key.
func (s *Service) DeleteKey(ctx context.Context, by Actor, userGUID string, id int64) error {
	if err := checkOwnKeys(by, userGUID); err != nil {
		return err
	}
	err := s.store.Update(ctx, func(tx Tx) error { return tx.DeleteKey(ctx, by.User.GUID, id) })
	if errors.Is(err, dberr.NotFound) {
		return ErrNoKey
	}
	return err
}

// keyHash returns the form in which keys are stored and found. It is the hash of secrets.Hash in Base64, because
// existing databases have it: the SQL that both databases understand cannot convert one encoding into the other, and
// the keys themselves are not stored.
func keyHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
