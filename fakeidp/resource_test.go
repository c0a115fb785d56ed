package fakeidp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/fakeidp/control"
)

func TestResource(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	token := r.redeem("web").str("access_token")

	g := r.get("/resource", bearer(token))
	if g.status != 200 || strings.TrimSpace(g.text) != `{"account":"alice","rows":["r1","r2"]}` {
		t.Fatalf("granted: %d %s", g.status, g.text)
	}
	if e := r.last(); e.Endpoint != "resource" || e.Account != "alice" || e.ClientID != "web" || e.Presented[0].Digest != sha(token) {
		t.Errorf("journal: %+v", e)
	}
	for _, tc := range []struct {
		name      string
		edit      func(*http.Request)
		status    int
		want      string
		challenge string
	}{
		{"no token", func(*http.Request) {}, 401, "invalid_token", `Bearer realm="blue"`},
		{"basic", basicAuth("web", "x"), 401, "invalid_token", `Bearer realm="blue"`},
		{"unknown token", bearer(token + "x"), 401, "invalid_token", `error="invalid_token"`},
		{"empty token", func(req *http.Request) { req.Header.Set("Authorization", "Bearer ") }, 400, "invalid_request", `error="invalid_request"`},
		{"two tokens", bearer(token + " " + token), 400, "invalid_request", `error="invalid_request"`},
		{"two headers", func(req *http.Request) { req.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token} }, 400, "invalid_request", `error="invalid_request"`},
		{"token in the URL", func(req *http.Request) { req.URL.RawQuery = "access_token=" + token }, 400, "invalid_request", `error="invalid_request"`},
		{"POST", func(req *http.Request) { req.Method = "POST"; bearer(token)(req) }, 405, "invalid_request", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			g := r.get("/resource", tc.edit)
			r.refused(g, tc.status, tc.want)
			if got := g.header.Get("WWW-Authenticate"); !strings.Contains(got, tc.challenge) {
				t.Errorf("challenge %q, want %s in it", got, tc.challenge)
			}
			if tc.challenge == `Bearer realm="blue"` && g.header.Get("WWW-Authenticate") != tc.challenge {
				t.Errorf("who shows no token gets no error code: %q", g.header.Get("WWW-Authenticate"))
			}
		})
	}
	t.Run("refresh token", func(t *testing.T) {
		r := r.in(t)
		r.refused(r.get("/resource", bearer(r.redeem("web").str("refresh_token"))), 401, "invalid_token")
	})
	t.Run("another issuer's", func(t *testing.T) {
		r := r.in(t)
		green := blue()
		green.Name = "green"
		if _, err := r.mgmt.CreateIssuer(t.Context(), green); err != nil {
			t.Fatal(err)
		}
		r.iss = r.base + "/green"
		r.refused(r.get("/resource", bearer(token)), 401, "invalid_token")
	})
	t.Run("rows granted and taken", func(t *testing.T) {
		r := r.in(t)
		if err := r.mgmt.Grant(t.Context(), "blue", "alice", nil); err != nil {
			t.Fatal(err)
		}
		r.refused(r.get("/resource", bearer(token)), 403, "access_denied")
		if err := r.mgmt.Grant(t.Context(), "blue", "alice", []string{"new"}); err != nil {
			t.Fatal(err)
		}
		if g := r.get("/resource", bearer(token)); !strings.Contains(g.text, `["new"]`) {
			t.Errorf("got %s", g.text)
		}
	})
	t.Run("expired", func(t *testing.T) {
		r := r.in(t)
		r.clock.add(time.Hour)
		r.refused(r.get("/resource", bearer(token)), 401, "invalid_token")
	})
}

func TestUserinfo(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	g := r.get("/userinfo", bearer(r.redeem("web").str("access_token")))
	if g.status != 200 || g.str("sub") != "alice" || g.str("preferred_username") != "alice" {
		t.Errorf("got %d %s", g.status, g.text)
	}
	g = r.get("/userinfo", bearer(r.redeem("web", "scope", "openid").str("access_token")))
	if g.str("sub") != "alice" || g.str("preferred_username") != "" {
		t.Errorf("without profile: %s", g.text)
	}
	g = r.get("/userinfo", bearer(r.redeem("web", "scope", "read").str("access_token")))
	r.refused(g, 403, "insufficient_scope")
	if !strings.Contains(g.header.Get("WWW-Authenticate"), `scope="openid"`) {
		t.Errorf("challenge %q", g.header.Get("WWW-Authenticate"))
	}
	r.refused(r.get("/userinfo"), 401, "invalid_token")
}

// TestRevoke: RFC 7009.
func TestRevoke(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	revoke := func(id, token string, pairs ...string) got {
		t.Helper()
		return r.post("/revoke", form(append([]string{"token", token}, pairs...)...), r.as(id))
	}
	t.Run("access token goes alone", func(t *testing.T) {
		r := r.in(t)
		g := r.redeem("web")
		if got := revoke("web", g.str("access_token"), "token_type_hint", "refresh_token"); got.status != 200 || got.text != "" {
			t.Errorf("got %d %q", got.status, got.text)
		}
		if r.opens(g.str("access_token")) {
			t.Error("it still opens")
		}
		r.granted(r.refresh("web", g.str("refresh_token")))
	})
	t.Run("refresh token takes its grant along", func(t *testing.T) {
		r := r.in(t)
		g := r.redeem("spa")
		r.granted(revoke("spa", g.str("refresh_token")))
		if r.opens(g.str("access_token")) {
			t.Error("the access token is alive")
		}
		r.refused(r.refresh("spa", g.str("refresh_token")), 400, "invalid_grant")
		r.granted(revoke("spa", g.str("refresh_token"))) // revoking again is no error
	})
	t.Run("a replaced refresh token too", func(t *testing.T) {
		r := r.in(t)
		g := r.redeem("web")
		next := r.refresh("web", g.str("refresh_token"))
		r.granted(revoke("web", g.str("refresh_token")))
		r.refused(r.refresh("web", next.str("refresh_token")), 400, "invalid_grant")
	})
	t.Run("another client's", func(t *testing.T) {
		r := r.in(t)
		g := r.redeem("web")
		for _, kind := range []string{"access_token", "refresh_token"} {
			r.refused(revoke("strict", g.str(kind)), 400, "invalid_grant")
		}
		if !r.opens(g.str("access_token")) {
			t.Error("it is revoked")
		}
		r.granted(r.refresh("web", g.str("refresh_token")))
	})
	r.granted(revoke("web", "at_csn_unknown"))
	r.refused(revoke("web", ""), 400, "invalid_request")
	r.refused(r.post("/revoke", form("token", "x")), 401, "invalid_client")
	r.refused(r.get("/revoke?token=x"), 405, "invalid_request")
}

// TestIntrospect: RFC 7662.
func TestIntrospect(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	g := r.redeem("web", "scope", "openid offline_access read")
	access, refresh := g.str("access_token"), g.str("refresh_token")
	ask := func(id, token string) got {
		t.Helper()
		return r.post("/introspect", form("token", token), r.as(id))
	}
	for _, id := range []string{"web", "guard"} {
		got := ask(id, access)
		want := map[string]any{
			"active": true, "scope": "openid offline_access read", "client_id": "web", "username": "alice", "sub": "alice",
			"token_type": "Bearer", "iss": r.iss,
			"iat": float64(r.clock.Now().Unix()), "exp": float64(r.clock.Now().Add(time.Hour).Unix()),
		}
		for name, value := range want {
			if got.body[name] != value {
				t.Errorf("%s asks: %s is %v, want %v", id, name, got.body[name], value)
			}
		}
		if got := ask(id, refresh); got.body["active"] != true || got.str("token_type") != "" {
			t.Errorf("%s asks of the refresh token: %s", id, got.text)
		}
	}
	inactive := func(g got) {
		t.Helper()
		if g.status != 200 || strings.TrimSpace(g.text) != `{"active":false}` {
			t.Errorf("want inactive and nothing more, got %d %s", g.status, g.text)
		}
	}
	inactive(ask("post", access)) // not a token of this client
	inactive(ask("post", refresh))
	inactive(ask("guard", "at_csn_unknown"))
	next := r.refresh("web", refresh)
	r.granted(next)
	inactive(ask("guard", refresh)) // it has been used, and introspection does not use it
	r.granted(r.refresh("web", next.str("refresh_token")))
	r.clock.add(time.Hour)
	inactive(ask("guard", access))
	r.refused(ask("spa", access), 401, "invalid_client")
	r.refused(r.post("/introspect", form("token", access)), 401, "invalid_client")
	r.refused(r.post("/introspect", form("token", access), basicAuth("guard", "wrong")), 401, "invalid_client")
	r.refused(ask("guard", ""), 400, "invalid_request")
}

// TestRevokeGrants revokes the grants of an account.
func TestRevokeGrants(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	a, b := r.redeem("web"), r.redeem("spa")
	unused := r.code("web")
	machine := r.post("/token", form("grant_type", "client_credentials"), r.as("machine"))
	n, err := r.mgmt.RevokeGrants(t.Context(), "blue", "alice")
	if err != nil || n != 3 {
		t.Errorf("revoked %d, %v; want 3", n, err)
	}
	if r.opens(a.str("access_token")) || r.opens(b.str("access_token")) || !r.opens(machine.str("access_token")) {
		t.Error("wrong tokens were revoked")
	}
	r.refused(r.refresh("web", a.str("refresh_token")), 400, "invalid_grant")
	r.refused(r.post("/token", redemption(unused), r.as("web")), 400, "invalid_grant")
	if n, err := r.mgmt.RevokeGrants(t.Context(), "blue", "alice"); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	if e := r.journal(); e[0].ClientID != "web" || e[0].RedirectURI != callback || e[0].Issued[0].Kind != control.KindCode {
		t.Errorf("journal: %+v", e[0])
	}
}
