package account

import (
	"context"
	"errors"
	"testing"

	"countersign/reference/internal/dberr"
)

// keyStore is a store with the keys of one user.
type keyStore struct {
	Tx
	keys []APIKey
}

func (k *keyStore) Update(_ context.Context, do func(Tx) error) error { return do(k) }

func (k *keyStore) KeysOfUser(_ context.Context, userGUID string) ([]APIKey, error) {
	if userGUID != "ada" {
		return nil, nil
	}
	return k.keys, nil
}

func (k *keyStore) InsertKey(_ context.Context, key *APIKey) error {
	k.keys = append(k.keys, *key)
	return nil
}

func (k *keyStore) DeleteKey(_ context.Context, userGUID string, id int64) error {
	if userGUID == "ada" && len(k.keys) > 0 && k.keys[0].ID == id {
		k.keys = nil
		return nil
	}
	return dberr.NotFound
}

// Users manage their own keys, also with a key that they created, but not with the key of a content process.
func TestWhoManagesKeys(t *testing.T) {
	ada, ctx := User{GUID: "ada", Role: Administrator}, t.Context()
	for _, tt := range []struct {
		name string
		by   Actor
		want error
	}{
		{"themselves", Actor{User: ada, Role: Administrator}, nil},
		{"with their key", Actor{User: ada, Role: Administrator, Key: UserKey}, nil},
		{"content", Actor{User: ada, Role: Administrator, Key: ContentKey}, ErrForbidden},
		{"another administrator", Actor{User: User{GUID: "bob"}, Role: Administrator}, ErrForbidden},
		{"anonymous", Actor{}, ErrForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(Options{Store: &keyStore{keys: []APIKey{{ID: 7}}}})
			_, list := s.ListKeys(ctx, tt.by, "ada")
			_, find := s.FindKey(ctx, tt.by, "ada", 7)
			_, _, create := s.CreateKey(ctx, tt.by, "ada", NewKey{Name: "k"})
			for what, err := range map[string]error{"list": list, "find": find, "create": create, "delete": s.DeleteKey(ctx, tt.by, "ada", 7)} {
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: got %v, want %v", what, err, tt.want)
				}
			}
		})
	}
	s := New(Options{Store: &keyStore{}})
	if _, err := s.FindKey(ctx, Actor{User: ada}, "ada", 7); !errors.Is(err, ErrNoKey) {
		t.Errorf("find: got %v, want %v", err, ErrNoKey)
	}
	if err := s.DeleteKey(ctx, Actor{User: ada}, "ada", 7); !errors.Is(err, ErrNoKey) {
		t.Errorf("delete: got %v, want %v", err, ErrNoKey)
	}
}
