package account

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
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
	s := New(Options{Store: noUsers{}, PasswordRounds: 1_000_000})
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		go s.PasswordSignIn(context.WithoutCancel(t.Context()), "unknown", "password") //nolint:errcheck // it occupies a turn
	}
	time.Sleep(20 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := s.PasswordSignIn(ctx, "unknown", "password")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v after %v, want the end of the request", err, time.Since(began))
	}
}
