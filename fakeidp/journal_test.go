package fakeidp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"countersign/fakeidp"
	"countersign/fakeidp/control"
)

// TestJournal follows one login and one use of the token.
func TestJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	code := r.code("web")
	tok := r.post("/token", redemption(code), r.as("web"))
	next := r.refresh("web", tok.str("refresh_token"))
	r.opens(next.str("access_token"))
	r.post("/introspect", form("token", next.str("access_token")), r.as("guard"))
	r.post("/token", redemption(code), basicAuth("web", "wrong"))

	is := func(kind, secret string) control.Issued { return control.Issued{Kind: kind, Digest: sha(secret)} }
	scope := "openid profile offline_access"
	want := []control.Entry{
		{Seq: 1, Endpoint: "authorize", ClientID: "web", Account: "alice", Outcome: "ok", Status: 303, HasPKCE: true, RedirectURI: callback,
			Scope: scope, Issued: []control.Issued{is("authorization_code", code)}},
		{Seq: 2, Endpoint: "token", GrantType: "authorization_code", ClientID: "web", Account: "alice", Outcome: "ok", Status: 200, HasPKCE: true,
			Scope: scope, Presented: []control.Issued{is("authorization_code", code)},
			Issued: []control.Issued{is("access_token", tok.str("access_token")), is("refresh_token", tok.str("refresh_token")), is("id_token", tok.str("id_token"))}},
		{Seq: 3, Endpoint: "token", GrantType: "refresh_token", ClientID: "web", Account: "alice", Outcome: "ok", Status: 200,
			Scope: scope, Presented: []control.Issued{is("refresh_token", tok.str("refresh_token"))},
			Issued: []control.Issued{is("access_token", next.str("access_token")), is("refresh_token", next.str("refresh_token")), is("id_token", next.str("id_token"))}},
		{Seq: 4, Endpoint: "resource", ClientID: "web", Account: "alice", Outcome: "ok", Status: 200,
			Presented: []control.Issued{is("access_token", next.str("access_token"))}},
		{Seq: 5, Endpoint: "introspect", ClientID: "guard", Account: "alice", Outcome: "ok", Status: 200,
			Presented: []control.Issued{is("access_token", next.str("access_token"))}},
		{Seq: 6, Endpoint: "token", ClientID: "web", Outcome: "invalid_client", Detail: "the client secret is wrong", Status: 401, HasPKCE: true,
			Presented: []control.Issued{is("authorization_code", code)}},
	}
	got := r.journal()
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(control.Entry{}, "Time", "RemoteAddr")); d != "" {
		t.Errorf("journal (-want +got):\n%s", d)
	}
	for _, e := range got {
		if !e.Time.Equal(r.clock.Now()) || e.RemoteAddr == "" {
			t.Errorf("entry %d: time %v, from %q", e.Seq, e.Time, e.RemoteAddr)
		}
	}
}

// TestJournalHoldsNoSecrets checks that no entry contains an issued secret, for all requests.
func TestJournalHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	spec := blue()
	spec.Clients[0].Secret = "" // so that the secret has the prefix
	r := newRig(t, spec)
	g := r.redeem("web")
	secrets := []string{g.str("access_token"), g.str("refresh_token"), r.code("web"), r.secret("web")}
	for _, s := range secrets {
		r.get("/" + s)
		r.get("/authorize?" + form("client_id", s, "redirect_uri", s, "scope", s, "state", s, "prompt", s))
		r.get("/authorize?" + query("web", "scope", s, "prompt", s, "response_type", s).Encode())
		r.get("/signin?account=" + s)
		r.get("/resource?access_token=" + s)
		r.get("/resource", bearer(s))
		r.post("/token", form("grant_type", s, "client_id", s, "client_secret", s))
		r.post("/token", form("grant_type", s), r.as("web"))
		r.post("/token", form("grant_type", "refresh_token", "refresh_token", s, "scope", s), r.as("web"))
		r.post("/introspect", form("token", s), basicAuth(s, s))
	}
	text, err := json.Marshal(r.journal())
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"rt_csn_", "at_csn_", "ac_csn_", "cs_csn_"} {
		if i := strings.Index(string(text), mark); i >= 0 {
			t.Errorf("the journal holds a secret: ...%s", text[max(0, i-200):i+len(mark)])
		}
	}
}

func TestJournalBound(t *testing.T) {
	t.Parallel()
	p := fakeidp.New(fakeidp.Options{JournalBound: 3})
	protocol, management := httptest.NewServer(p), httptest.NewServer(p.Management())
	t.Cleanup(protocol.Close)
	t.Cleanup(management.Close)
	c := control.Client{Base: management.URL}
	if _, err := c.CreateIssuer(t.Context(), control.Issuer{Name: "blue"}); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 7; n++ {
		resp, err := protocol.Client().Get(protocol.URL + "/blue/jwks")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		entries, err := c.Journal(t.Context(), "blue")
		var lost *control.TruncatedError
		if errors.As(err, &lost) != (n > 3) || (n > 3 && lost.Dropped != n-3) || (n <= 3 && err != nil) {
			t.Errorf("after %d: %v", n, err)
		}
		if len(entries) != min(n, 3) || entries[len(entries)-1].Seq != n || entries[0].Seq != max(1, n-2) {
			t.Errorf("after %d: %+v", n, entries)
		}
	}
}

// TestJournalReasons checks that the journal says why a request was refused, where the client must not learn it.
func TestJournalReasons(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	revoked := r.redeem("web")
	r.post("/revoke", form("token", revoked.str("refresh_token")), r.as("web"))
	expired := r.redeem("web")
	machine := form("grant_type", "client_credentials")
	for _, tc := range []struct {
		want string
		send func() got
	}{
		{"the client secret is wrong", func() got { return r.post("/token", machine, basicAuth("machine", "x")) }},
		{"the client is not registered", func() got { return r.post("/token", machine, basicAuth("nobody", "x")) }},
		{"the client used client_secret_post and is registered for client_secret_basic", func() got {
			return r.post("/token", machine, appendForm("client_id", "machine", "client_secret", "m"))
		}},
		{"the request names no client", func() got { return r.post("/token", machine) }},
		{"the Authorization header is not that of RFC 6749, section 2.3.1", func() got { return r.post("/token", machine, bearer("x")) }},
		{"the provider knows no such access token", func() got { return r.get("/resource", bearer("x")) }},
		{"the access token is revoked", func() got { return r.get("/resource", bearer(revoked.str("access_token"))) }},
		{"the access token has expired", func() got {
			r.clock.add(2 * time.Hour)
			return r.get("/resource", bearer(expired.str("access_token")))
		}},
		{"redirect_uri is not exactly one of those registered", func() got {
			return r.get("/authorize?" + query("web", "redirect_uri", callback+"/x").Encode())
		}},
		{"redirect_uri is missing or repeated", func() got { return r.get("/authorize?" + query("web", "redirect_uri", "-").Encode()) }},
		{"client_id is not registered", func() got { return r.get("/authorize?" + query("nobody").Encode()) }},
		{"client_id is missing or repeated", func() got { return r.get("/authorize?" + query("web").Encode() + "&client_id=web") }},
	} {
		g := tc.send()
		if e := r.last(); e.Detail != tc.want || e.Outcome == "ok" {
			t.Errorf("%s: journaled as %s: %s", tc.want, e.Outcome, e.Detail)
		}
		if strings.Contains(g.text, tc.want) {
			t.Errorf("the client learned the reason: %s", g.text)
		}
	}
}

// TestJournalWait checks that readers receive an entry when it is added, without polling.
func TestJournalWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	r.get("/jwks")
	ctx := t.Context()
	if entries, err := r.mgmt.JournalAfter(ctx, "blue", 0, time.Second); err != nil || len(entries) != 1 {
		t.Errorf("with an entry at once: %v, %v", entries, err)
	}
	if entries, err := r.mgmt.JournalAfter(ctx, "blue", 1, 0); err != nil || len(entries) != 0 {
		t.Errorf("without waiting: %v, %v", entries, err)
	}
	type found struct {
		entry control.Entry
		err   error
	}
	done := make(chan found)
	for range 2 {
		go func() {
			e, err := r.mgmt.AwaitEntry(ctx, "blue", 1, func(e control.Entry) bool { return e.Endpoint == "token" })
			done <- found{e, err}
		}()
	}
	r.get("/jwks")
	r.post("/token", form("grant_type", "client_credentials"), r.as("machine"))
	for range 2 {
		if f := <-done; f.err != nil || f.entry.Seq != 3 || f.entry.ClientID != "machine" {
			t.Errorf("awaited: %+v, %v", f.entry, f.err)
		}
	}
	ended, cancel := context.WithCancelCause(ctx)
	cancel(errors.New("the test is over"))
	_, err := r.mgmt.AwaitEntry(ended, "blue", 0, func(control.Entry) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "the test is over") {
		t.Errorf("after the end: %v", err)
	}
}

func TestJournalClear(t *testing.T) {
	t.Parallel()
	p := fakeidp.New(fakeidp.Options{JournalBound: 3})
	protocol, management := httptest.NewServer(p), httptest.NewServer(p.Management())
	t.Cleanup(protocol.Close)
	t.Cleanup(management.Close)
	c := control.Client{Base: management.URL}
	if _, err := c.CreateIssuer(t.Context(), control.Issuer{Name: "blue"}); err != nil {
		t.Fatal(err)
	}
	request := func(n int) {
		for range n {
			resp, err := protocol.Client().Get(protocol.URL + "/blue/jwks")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
	}
	request(5)
	if err := c.ClearJournal(t.Context(), "blue"); err != nil {
		t.Fatal(err)
	}
	if entries, err := c.Journal(t.Context(), "blue"); err != nil || len(entries) != 0 {
		t.Errorf("after the reset: %v, %v", entries, err)
	}
	request(2)
	if entries, err := c.Journal(t.Context(), "blue"); err != nil || len(entries) != 2 || entries[0].Seq != 6 {
		t.Errorf("two later: %+v, %v", entries, err)
	}
	request(3) // entries 8, 9, 10 remain
	var lost *control.TruncatedError
	if entries, err := c.Journal(t.Context(), "blue"); !errors.As(err, &lost) || lost.Dropped != 2 || len(entries) != 3 || entries[0].Seq != 8 {
		t.Errorf("five later: %+v, %v", entries, err)
	}
	if entries, err := c.JournalAfter(t.Context(), "blue", 7, 0); err != nil || len(entries) != 3 {
		t.Errorf("after an entry that is lost, with nothing lost since: %+v, %v", entries, err)
	}
	if entries, err := c.JournalAfter(t.Context(), "blue", 9, 0); err != nil || len(entries) != 1 || entries[0].Seq != 10 {
		t.Errorf("after 9: %+v, %v", entries, err)
	}
	if entries, err := c.JournalAfter(t.Context(), "blue", 99, 0); err != nil || len(entries) != 0 {
		t.Errorf("after what is not there yet: %+v, %v", entries, err)
	}
}

func TestJournalQueryRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for query, want := range map[string]string{
		"after=x": "after: [", "after=-1": "after: [", "after=1&after=2": "after: [", "wait=31": "wait is 0 to 30 seconds",
		"wait=1.5": "wait: [", "since=1": `unknown parameter \"since\"; the known parameters are after, wait`, "%zz": "the query",
	} {
		req, err := http.NewRequest(http.MethodGet, r.mgmt.Base+"/issuers/blue/journal?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if g := r.do(req); g.status != 400 || !strings.Contains(g.text, want) {
			t.Errorf("%s: %d %s", query, g.status, g.text)
		}
	}
}
