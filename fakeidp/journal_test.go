package fakeidp_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

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
		{Seq: 6, Endpoint: "token", ClientID: "web", Outcome: "invalid_client", Detail: "client authentication failed", Status: 401, HasPKCE: true,
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
