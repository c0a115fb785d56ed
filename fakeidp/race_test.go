package fakeidp_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"countersign/fakeidp/control"
)

const together = 32

// winners sends a request many times concurrently and returns the successful replies. All others must be
// invalid_grant.
func (r *rig) winners(request func() *http.Request) []got {
	r.t.Helper()
	replies := make([]got, together)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range replies {
		req := request()
		wg.Go(func() {
			<-start
			replies[i] = r.do(req)
		})
	}
	close(start)
	wg.Wait()
	var won []got
	for _, g := range replies {
		if g.status == http.StatusOK {
			won = append(won, g)
			continue
		}
		r.refused(g, http.StatusBadRequest, "invalid_grant")
	}
	return won
}

func (r *rig) request(path, body string, edit ...func(*http.Request)) *http.Request {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.iss+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(req)
	}
	return req
}

// TestOneWinner checks that exactly one of several concurrent uses of a code or refresh token succeeds. The others
// are a reuse, so its tokens are revoked.
func TestOneWinner(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		name string
		body func() string
	}{
		{"code", func() string { return redemption(r.code("web")) }},
		{"refresh token", func() string {
			return form("grant_type", "refresh_token", "refresh_token", r.redeem("web").str("refresh_token"))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			body := tc.body()
			before := len(r.journal())
			won := r.winners(func() *http.Request { return r.request("/token", body, r.as("web")) })
			if len(won) != 1 {
				t.Fatalf("%d of %d were granted, want 1", len(won), together)
			}
			if r.opens(won[0].str("access_token")) {
				t.Error("the access token survived the reuse")
			}
			r.refused(r.refresh("web", won[0].str("refresh_token")), 400, "invalid_grant")
			granted := 0
			for _, e := range r.journal()[before:] {
				for _, i := range e.Issued {
					if i.Kind == control.KindRefreshToken {
						granted++
					}
				}
			}
			if granted != 1 {
				t.Errorf("the journal has %d refresh tokens issued, want 1", granted)
			}
		})
	}
}

// TestManyAtOnce sends many different requests concurrently, for the race detector, and checks the numbers in the
// journal.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := fmt.Sprintf("p%d", i)
			ctx := t.Context()
			if err := r.mgmt.AddAccount(ctx, "blue", control.Account{Name: name, Rows: []string{name}}); err != nil {
				t.Error(err)
			}
			for range 8 {
				g := r.post("/token", redemption(r.code("web")), r.as("web"))
				for range 3 {
					if g = r.refresh("web", g.str("refresh_token")); g.status != 200 {
						t.Errorf("a client on its own: %d %s", g.status, g.text)
						return
					}
				}
				if !r.opens(g.str("access_token")) {
					t.Error("the token opens nothing")
				}
				r.post("/introspect", form("token", g.str("access_token")), r.as("guard"))
				r.post("/revoke", form("token", g.str("refresh_token")), r.as("web"))
				if _, err := r.mgmt.Journal(ctx, "blue"); err != nil {
					t.Error(err)
				}
				if err := r.mgmt.Grant(ctx, "blue", name, []string{"x"}); err != nil {
					t.Error(err)
				}
				if _, err := r.mgmt.RevokeGrants(ctx, "blue", name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, e := range r.journal() {
		if e.Seq != i+1 {
			t.Fatalf("entry %d has number %d", i, e.Seq)
		}
	}
}
