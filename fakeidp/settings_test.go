package fakeidp_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"countersign/fakeidp/control"
)

// TestLax checks each negative control: without it the provider refuses the request, and with it the provider accepts.
func TestLax(t *testing.T) {
	t.Parallel()
	redeem := func(r *rig, code string, pairs ...string) bool {
		return r.post("/token", redemption(code, pairs...), r.as("web")).status == 200
	}
	const other = "http://elsewhere.example/callback"
	for _, tc := range []struct {
		name string
		lax  control.Lax
		try  func(r *rig) bool // a client that violates the standard; true if the provider accepts
	}{
		{"accept a code twice", control.Lax{ReuseCodes: true}, func(r *rig) bool {
			code := r.code("web")
			return redeem(r, code) && redeem(r, code)
		}},
		{"authorization without a challenge", control.Lax{IgnorePKCE: true}, func(r *rig) bool {
			g := r.get("/authorize?" + query("web", "code_challenge", "-", "code_challenge_method", "-").Encode())
			return r.back(g).Has("code")
		}},
		{"no verifier", control.Lax{IgnorePKCE: true}, func(r *rig) bool { return redeem(r, r.code("web"), "code_verifier", "-") }},
		{"wrong verifier", control.Lax{IgnorePKCE: true}, func(r *rig) bool { return redeem(r, r.code("web"), "code_verifier", "x") }},
		{"plain challenge", control.Lax{IgnorePKCE: true}, func(r *rig) bool {
			return r.back(r.get("/authorize?" + query("web", "code_challenge_method", "plain").Encode())).Has("code")
		}},
		{"another redirect URI", control.Lax{AnyRedirectURI: true}, func(r *rig) bool {
			return strings.HasPrefix(r.get("/authorize?"+query("web", "redirect_uri", other).Encode()).header.Get("Location"), other+"?code=")
		}},
		{"another redirect URI at the token endpoint", control.Lax{AnyRedirectURI: true}, func(r *rig) bool {
			return redeem(r, r.code("web"), "redirect_uri", other)
		}},
		{"no redirect URI at the token endpoint", control.Lax{AnyRedirectURI: true}, func(r *rig) bool {
			return redeem(r, r.code("web"), "redirect_uri", "-")
		}},
		{"reuse of a refresh token", control.Lax{ReuseRefreshTokens: true}, func(r *rig) bool {
			token := r.redeem("web").str("refresh_token")
			return r.refresh("web", token).status == 200 && r.refresh("web", token).status == 200
		}},
		{"another user's token", control.Lax{Account: "bob"}, func(r *rig) bool {
			first := r.redeem("web")
			next := r.refresh("web", first.str("refresh_token"))
			for _, g := range []got{first, next} {
				if r.get("/userinfo", bearer(g.str("access_token"))).str("sub") != "bob" || r.claims(g).Subject != "bob" {
					return false
				}
			}
			about := r.post("/introspect", form("token", next.str("access_token")), r.as("guard"))
			return about.str("sub") == "bob" && r.last().Account == "bob"
		}},
		{"wrong iss", control.Lax{Issuer: "http://evil.example"}, func(r *rig) bool {
			back := r.back(r.get("/authorize?" + query("web").Encode()))
			g := r.post("/token", redemption(back.Get("code")), r.as("web"))
			refused := r.back(r.get("/authorize?" + query("web", "scope", "none").Encode()))
			return back.Get("iss") == "http://evil.example" && refused.Get("iss") == back.Get("iss") && r.claims(g).Issuer == back.Get("iss")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, blue())
			if tc.try(r) {
				t.Error("accepted by default")
			}
			if err := r.mgmt.SetLax(t.Context(), "blue", "web", tc.lax); err != nil {
				t.Fatal(err)
			}
			if !tc.try(r) {
				t.Errorf("refused although %+v; the last entry is %+v", tc.lax, r.last())
			}
			if lax, err := r.mgmt.Lax(t.Context(), "blue", "web"); err != nil || lax != tc.lax {
				t.Errorf("shown as %+v, %v", lax, err)
			}
			if lax, err := r.mgmt.Lax(t.Context(), "blue", "post"); err != nil || lax != (control.Lax{}) {
				t.Errorf("another client: %+v, %v", lax, err)
			}
			if err := r.mgmt.SetLax(t.Context(), "blue", "web", control.Lax{}); err != nil {
				t.Fatal(err)
			}
			if tc.try(r) {
				t.Error("accepted after the end of it")
			}
		})
	}
}

// claims returns the verified claims of the ID token of a reply, whatever its issuer and expiry.
func (r *rig) claims(g got) *oidc.IDToken {
	r.t.Helper()
	ctx := oidc.ClientContext(r.t.Context(), r.http)
	config := &oidc.Config{ClientID: "web", SupportedSigningAlgs: []string{oidc.ES256}, SkipIssuerCheck: true, SkipExpiryCheck: true}
	token, err := oidc.NewVerifier(r.iss, oidc.NewRemoteKeySet(ctx, r.iss+"/jwks"), config).Verify(ctx, g.str("id_token"))
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func TestClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	ctx := t.Context()
	set := func(seconds int, frozen bool) time.Time {
		t.Helper()
		clock, err := r.mgmt.SetClock(ctx, "blue", control.ClockSetting{OffsetSeconds: seconds, Frozen: frozen})
		if err != nil || clock.OffsetSeconds != seconds || clock.Frozen != frozen {
			t.Fatalf("clock %+v, %v", clock, err)
		}
		return clock.Now
	}
	start := r.clock.Now()
	set(-3600, false)
	g := r.redeem("web")
	if c := r.claims(g); !c.IssuedAt.Equal(start.Add(-time.Hour)) || !c.Expiry.Equal(start.Add(-time.Hour+5*time.Minute)) {
		t.Errorf("an hour slow: issued %v, expires %v", c.IssuedAt, c.Expiry)
	}
	if date, err := http.ParseTime(g.header.Get("Date")); err != nil || !date.Equal(start.Add(-time.Hour)) {
		t.Errorf("Date %q, %v", g.header.Get("Date"), err)
	}
	if e := r.last(); !e.Time.Equal(start.Add(-time.Hour)) {
		t.Errorf("the journal has %v", e.Time)
	}
	set(3600, false) // the access token was valid for an hour
	if r.opens(g.str("access_token")) {
		t.Error("the access token is still valid two hours later")
	}
	if set(0, false); !r.opens(r.redeem("web").str("access_token")) {
		t.Error("a new token is not valid after the clock is right again")
	}

	if now := set(10, true); !now.Equal(start.Add(10 * time.Second)) {
		t.Errorf("frozen at %v", now)
	}
	r.clock.add(24 * time.Hour)
	if clock, err := r.mgmt.Clock(ctx, "blue"); err != nil || !clock.Now.Equal(start.Add(10*time.Second)) {
		t.Errorf("a day later it is %v, %v", clock.Now, err)
	}
	if now := set(40, true); !now.Equal(start.Add(40 * time.Second)) {
		t.Errorf("30 s forward: %v", now)
	}
	if now := set(0, false); !now.Equal(start.Add(24 * time.Hour)) {
		t.Errorf("released: %v", now)
	}
	var e *control.Error
	if _, err := r.mgmt.SetClock(ctx, "blue", control.ClockSetting{OffsetSeconds: 1 << 40}); !errors.As(err, &e) ||
		!strings.Contains(e.Message, "offset_seconds: 1099511627776: want -315360000 to 315360000") {
		t.Errorf("got %v", err)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	ctx := oidc.ClientContext(t.Context(), r.http)
	verifies := func(g got) bool {
		config := &oidc.Config{ClientID: "web", SupportedSigningAlgs: []string{oidc.ES256}, SkipExpiryCheck: true}
		_, err := oidc.NewVerifier(r.iss, oidc.NewRemoteKeySet(ctx, r.iss+"/jwks"), config).Verify(ctx, g.str("id_token"))
		return err == nil
	}
	first := r.redeem("web")
	old, err := r.mgmt.Keys(t.Context(), "blue")
	if err != nil || !slices.Equal(old.Published, []string{old.Signing}) {
		t.Fatalf("keys %+v, %v", old, err)
	}
	keys, err := r.mgmt.RotateKey(t.Context(), "blue", control.KeyRotation{})
	if err != nil || keys.Signing == old.Signing || !slices.Equal(keys.Published, []string{keys.Signing, old.Signing}) {
		t.Errorf("rotated: %+v, %v", keys, err)
	}
	second := r.redeem("web")
	if !verifies(first) || !verifies(second) {
		t.Error("an ID token cannot be verified although its key is published")
	}
	keys, err = r.mgmt.RotateKey(t.Context(), "blue", control.KeyRotation{RetireOld: true})
	if err != nil || !slices.Equal(keys.Published, []string{keys.Signing}) {
		t.Errorf("rotated and retired: %+v, %v", keys, err)
	}
	if verifies(first) || verifies(second) || !verifies(r.redeem("web")) {
		t.Error("want the ID tokens of retired keys unverifiable, and the new one verified")
	}
	for range 20 {
		keys, err = r.mgmt.RotateKey(t.Context(), "blue", control.KeyRotation{})
	}
	if err != nil || len(keys.Published) != 16 {
		t.Errorf("%d published keys, %v", len(keys.Published), err)
	}
}

// TestSettingsRefused checks that bad input names the member and what is allowed.
func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"PUT", "/issuers/blue/clients/web/lax", `{"account":"eve"}`, 400, `account: "eve" is not an account`},
		{"PUT", "/issuers/blue/clients/web/lax", `{"iss":"a\nb"}`, 400, "iss: want printable ASCII"},
		{"PUT", "/issuers/blue/clients/web/lax", `{"reuse_code":true}`, 400, "the known members are account, any_redirect_uri"},
		{"PUT", "/issuers/blue/clients/web/lax", `{"reuse_codes":"yes"}`, 400, "reuse_codes: want true or false, got string"},
		{"PUT", "/issuers/blue/clients/nobody/lax", `{}`, 404, "does not exist"},
		{"GET", "/issuers/blue/clients/nobody/lax", ``, 404, "no such client"},
		{"PUT", "/issuers/blue/clock", `{"offset_seconds":1.5}`, 400, "offset_seconds: want a whole number"},
		{"PUT", "/issuers/blue/clock", `{"offset":1}`, 400, "the known members are frozen, offset_seconds"},
		{"PUT", "/issuers/red/clock", `{}`, 404, "no such issuer"},
		{"POST", "/issuers/blue/keys", `{"retire":true}`, 400, "the known members are retire_old"},
		{"POST", "/issuers/red/keys", `{}`, 404, "no such issuer"},
		{"PUT", "/issuers/blue/faults", `{}`, 400, "faults: want a list"},
		{"PUT", "/issuers/blue/clients/x", `{"require_pkce":true}`, 400, "optional_pkce"},
		{"PUT", "/issuers/blue/clients/x", `{"public":true,"optional_pkce":true,"grant_types":["authorization_code"],"redirect_uris":["http://c/"]}`, 400, "optional_pkce: a public client needs PKCE"},
	} {
		t.Run(tc.method+" "+tc.path+" "+tc.body, func(t *testing.T) {
			req, err := http.NewRequest(tc.method, r.mgmt.Base+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if g := r.do(req); g.status != tc.status || !strings.Contains(g.str("error"), tc.want) {
				t.Errorf("got %d %s, want %d %s", g.status, g.str("error"), tc.status, tc.want)
			}
		})
	}
	for _, path := range []string{"/issuers/blue/clients/web/lax", "/issuers/blue/clock", "/issuers/blue/faults"} {
		u, _ := url.Parse(r.mgmt.Base + path)
		if g := r.do(&http.Request{Method: http.MethodDelete, URL: u}); g.status != 204 {
			t.Errorf("DELETE %s: %d %s", path, g.status, g.text)
		}
	}
}
