package integration_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"countersign/reference/internal/integration"
	"countersign/reference/internal/store/storetest"
)

// Concurrent requests for an expired token, on two nodes that share the database, cause one refresh.
func TestOneRefreshForAll(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	db := storetest.Open(t)
	nodes := []*node{newNode(t, db, c), newNode(t, db, c)}
	p := newProvider(t)
	in, alice := nodes[0].integration(p), nodes[0].user("alice")
	nodes[0].login(in, alice)
	for round := range 3 {
		c.advance(2 * time.Hour)
		var wg sync.WaitGroup
		tokens := make([]string, 40)
		for i := range tokens {
			wg.Go(func() {
				token, err := nodes[i%2].ViewerToken(t.Context(), in, alice)
				if err != nil {
					t.Errorf("ViewerToken: %v", err)
				}
				tokens[i] = token.Value
			})
		}
		wg.Wait()
		for _, token := range tokens {
			if token != tokens[0] {
				t.Fatalf("round %d: different tokens %v", round, tokens)
			}
		}
		if p.refreshes != round+1 || p.theft {
			t.Fatalf("round %d: %d refreshes, theft %v", round, p.refreshes, p.theft)
		}
	}
}

// If the first caller of a refresh disconnects, the other callers still get their token.
func TestRefreshOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	arrived, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.mu.Lock()
	p.answer = func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() { close(arrived) })
		<-release
		return false
	}
	p.mu.Unlock()
	first, cancel := context.WithCancel(t.Context())
	gaveUp, got := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := n.ViewerToken(first, in, alice)
		gaveUp <- err
	}()
	<-arrived
	go func() {
		_, err := n.ViewerToken(t.Context(), in, alice)
		got <- err
	}()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller got %v", err)
	}
	close(release)
	if err := <-got; err != nil {
		t.Errorf("the second caller got %v", err)
	}
	if p.refreshes != 1 {
		t.Errorf("%d refreshes", p.refreshes)
	}
}

func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	p.dead[0] = true // the provider ended the grant
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrRefreshFailed) {
		t.Errorf("ViewerToken = %v, want ErrRefreshFailed", err)
	}
	if n.session(in, alice).LoggedIn() {
		t.Error("the user counts as logged in after a refused refresh")
	}
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrNotLoggedIn) {
		t.Errorf("ViewerToken after that = %v, want ErrNotLoggedIn", err)
	}
	if p.refreshes != 1 {
		t.Errorf("%d refreshes: a dead token was tried again", p.refreshes)
	}
}

// A failure of the provider does not end the session: the next exchange tries again.
func TestRefreshSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	p.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true }
	var fault *integration.Fault
	if _, err := n.ViewerToken(t.Context(), in, alice); !errors.As(err, &fault) || fault.Status != 503 {
		t.Errorf("ViewerToken = %v, want the fault", err)
	}
	if !n.session(in, alice).LoggedIn() {
		t.Fatal("an outage logged the user out")
	}
	p.mu.Lock()
	p.answer = nil
	p.mu.Unlock()
	if _, err := n.ViewerToken(t.Context(), in, alice); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

// A logout during a refresh takes precedence.
func TestLogoutDuringRefresh(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(2 * time.Hour)
	p.answer = func(http.ResponseWriter, *http.Request) bool {
		if err := n.Logout(context.Background(), alice, in.GUID); err != nil {
			t.Error(err)
		}
		return false
	}
	if token, err := n.ViewerToken(t.Context(), in, alice); !errors.Is(err, integration.ErrNotLoggedIn) {
		t.Errorf("ViewerToken = %+v, %v", token, err)
	}
	if len(n.sessions(alice)) != 0 {
		t.Error("the refresh brought the session back")
	}
}

func TestTokenWithoutExpiryIsKept(t *testing.T) {
	t.Parallel()
	n, p, c := newSingle(t)
	p.lifetime = 0
	in, alice := n.integration(p), n.user("alice")
	n.login(in, alice)
	c.advance(1000 * time.Hour)
	token, err := n.ViewerToken(t.Context(), in, alice)
	if err != nil || !token.Expires.IsZero() || p.refreshes != 0 {
		t.Errorf("ViewerToken = %+v, %v after %d refreshes", token, err, p.refreshes)
	}
}

func TestServiceTokenIsFreshEachTime(t *testing.T) {
	t.Parallel()
	n, p, _ := newSingle(t)
	in := n.integration(p, serviceAccount)
	seen := map[string]bool{}
	for range 3 {
		token, err := n.ServiceToken(t.Context(), in)
		if err != nil || seen[token.Value] {
			t.Errorf("ServiceToken = %+v, %v", token, err)
		}
		seen[token.Value] = true
	}
}
