package account

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/dberr"
)

// noUsers is a store without users.
type noUsers struct{ Store }

func (noUsers) UsersByUsername(context.Context, string) ([]User, error) { return nil, nil }

// Password sign-ins over the bounds are refused, and all others are answered.
func TestWaitingPasswordsAreBounded(t *testing.T) {
	s := New(Options{Store: noUsers{}, PasswordRounds: 100_000})
	const clients = 200
	replies := make(chan error, clients)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			_, err := s.PasswordSignIn(t.Context(), "unknown", "password")
			replies <- err
		})
	}
	wg.Wait()
	close(replies)
	count := map[error]int{}
	for err := range replies {
		count[err]++
	}
	// Each request that waits gets a turn in the end, so that more than the bounds may have been answered.
	least := maxWaiting + max(1, runtime.GOMAXPROCS(0)/2)
	if count[ErrWrongPassword] < least || count[ErrTooManyPasswords] == 0 || count[ErrWrongPassword]+count[ErrTooManyPasswords] != clients {
		t.Errorf("got %v, want at least %d answered and the rest refused", count, least)
	}
}

// A sign-in stops waiting when its request ends.
func TestWaitForATurnEndsWithTheRequest(t *testing.T) {
	s := New(Options{Store: noUsers{}, PasswordRounds: 1})
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		leave, err := s.hashing.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.PasswordSignIn(ctx, "unknown", "password"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the end of the request", err)
	}
}

// changingStore has one user, who is changed after the first read, as if while the password was hashed.
type changingStore struct {
	brokenStore
	change func(*User)
}

func (c *changingStore) UsersByUsername(context.Context, string) ([]User, error) {
	read := c.user
	c.change(&c.user)
	return []User{read}, nil
}

func (c *changingStore) UserByGUID(context.Context, string) (User, error) {
	if c.user.GUID == "" {
		return User{}, dberr.NotFound
	}
	return c.user, nil
}

func (c *changingStore) UpdateUser(_ context.Context, u User) error {
	c.user = u
	return nil
}

func (c *changingStore) Update(_ context.Context, do func(Tx) error) error { return do(c) }

// A sign-in with a password does not undo what an administrator changed while the password was hashed.
func TestUserChangesDuringSignIn(t *testing.T) {
	credential, err := hashPassword("password", 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := hashPassword("another password", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*User)
		want   error
	}{
		{"no change", func(*User) {}, nil},
		{"role", func(u *User) { u.Role = Publisher }, nil},
		{"lock", func(u *User) { u.Locked = true }, ErrLocked},
		{"password", func(u *User) { u.Credential = other }, ErrWrongPassword},
		{"deletion", func(u *User) { *u = User{} }, ErrWrongPassword},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &changingStore{change: tt.change}
			c.user = User{GUID: "u", Role: Viewer, Credential: credential}
			want := c.user
			tt.change(&want)
			_, err := New(Options{Store: c, PasswordRounds: 1}).PasswordSignIn(t.Context(), "ada", "password")
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if c.user.Active = want.Active; c.user != want {
				t.Errorf("stored %+v, want %+v", c.user, want)
			}
		})
	}
}

// Only a caller who may create users can have a password hashed.
func TestCreateUserHashesForAdministratorsOnly(t *testing.T) {
	for name, policy := range map[string]Policy{"password provider": {PasswordLogin: true}, "proxy": {}} {
		s := New(Options{Store: &brokenStore{}, Policy: policy, PasswordRounds: 1})
		_, err := s.CreateUser(t.Context(), Actor{}, NewUser{Username: "ada", Password: "password"})
		if !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: error %v, want %v", name, err, ErrForbidden)
		}
		if s.hashing.taken != nil {
			t.Errorf("%s: a password was hashed", name)
		}
	}
}
