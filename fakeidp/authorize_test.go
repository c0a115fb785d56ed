package fakeidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/fakeidp/control"
)

// TestAuthorizationGranted sends the request from which every refused one in this file differs.
func TestAuthorizationGranted(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	g := r.get("/authorize?" + query("web").Encode())
	back := r.back(g)
	if !strings.HasPrefix(back.Get("code"), "ac_csn_") || len(back.Get("code")) < len("ac_csn_")+32 {
		t.Errorf("code %q has no mark or too little in it", back.Get("code"))
	}
	if got, want := back.Get("state"), "s 1"; got != want {
		t.Errorf("state %q, want %q", got, want)
	}
	if got := back.Get("iss"); got != r.iss { // RFC 9207
		t.Errorf("iss %q, want %q", got, r.iss)
	}
	noStore(t, g)

	back = r.back(r.get("/authorize?" + query("web", "redirect_uri", callbackQ, "state", "-").Encode()))
	if back.Get("tenant") != "a b" || back.Get("code") == "" || back.Has("state") {
		t.Errorf("redirect URI with a query, no state: got %v", back)
	}
	if g := r.post("/authorize", query("web").Encode()); r.back(g).Get("code") == "" {
		t.Error("by POST: no code")
	}
	// RFC 6749, section 3.1: unknown parameters are ignored, empty ones omitted.
	if r.code("web", "unknown", "x", "response_mode", "") == "" {
		t.Error("unknown and empty parameters: no code")
	}
}

// TestAuthorizationRefusedByRedirect checks errors that are sent to the client, because client and redirect URI are
// valid (RFC 6749, section 4.1.2.1).
func TestAuthorizationRefusedByRedirect(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		name   string
		client string
		alter  []string
		want   string
	}{
		{"no response_type", "web", []string{"response_type", "-"}, "invalid_request"},
		{"implicit", "web", []string{"response_type", "token"}, "unsupported_response_type"},
		{"hybrid", "web", []string{"response_type", "code id_token"}, "unsupported_response_type"},
		{"fragment mode", "web", []string{"response_mode", "fragment"}, "invalid_request"},
		{"unregistered scope", "post", []string{"scope", "openid read"}, "invalid_scope"},
		{"two blanks in scope", "web", []string{"scope", "openid  read"}, "invalid_scope"},
		{"quote in scope", "web", []string{"scope", `open"id`}, "invalid_scope"},
		{"plain challenge", "web", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"challenge without method, which is plain", "web", []string{"code_challenge_method", "-"}, "invalid_request"},
		{"method without challenge", "web", []string{"code_challenge", "-"}, "invalid_request"},
		{"short challenge", "web", []string{"code_challenge", "abc"}, "invalid_request"},
		{"long challenge", "web", []string{"code_challenge", challenge(verifier) + "A"}, "invalid_request"},
		{"padded challenge", "web", []string{"code_challenge", challenge(verifier)[:42] + "="}, "invalid_request"},
		{"public client without PKCE", "spa", []string{"code_challenge", "-", "code_challenge_method", "-"}, "invalid_request"},
		{"confidential client without PKCE", "web", []string{"code_challenge", "-", "code_challenge_method", "-"}, "invalid_request"},
		{"request object", "web", []string{"request", "e30.e30."}, "request_not_supported"},
		{"request object by reference", "web", []string{"request_uri", "urn:x"}, "request_uri_not_supported"},
		{"registration", "web", []string{"registration", "{}"}, "registration_not_supported"},
		{"unknown prompt", "web", []string{"prompt", "later"}, "invalid_request"},
		{"prompt none and login", "web", []string{"prompt", "none login"}, "invalid_request"},
		{"max_age of words", "web", []string{"max_age", "soon"}, "invalid_request"},
		{"negative max_age", "web", []string{"max_age", "-1"}, "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			back := r.back(r.get("/authorize?" + query(tc.client, tc.alter...).Encode()))
			if back.Get("error") != tc.want || back.Has("code") {
				t.Errorf("got %v, want error %s", back, tc.want)
			}
			if back.Get("state") != "s 1" || back.Get("iss") != r.iss {
				t.Errorf("state and iss belong to an error as well: got %v", back)
			}
		})
	}
	t.Run("repeated parameter", func(t *testing.T) {
		r := r.in(t)
		back := r.back(r.get("/authorize?" + query("web").Encode() + "&scope=openid"))
		if back.Get("error") != "invalid_request" {
			t.Errorf("got %v", back)
		}
	})
}

// TestAuthorizationRefusedByPage checks that there is no redirect to a redirect URI that is not registered for the
// client.
func TestAuthorizationRefusedByPage(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	good := query("web").Encode()
	for _, tc := range []struct{ name, query string }{
		{"no client", query("web", "client_id", "-").Encode()},
		{"unknown client", query("nobody").Encode()},
		{"two clients", good + "&client_id=web"},
		{"no redirect URI", query("web", "redirect_uri", "-").Encode()},
		{"two redirect URIs", good + "&redirect_uri=" + url.QueryEscape(callback)},
		{"another redirect URI", query("web", "redirect_uri", "http://evil.example/callback").Encode()},
		{"longer redirect URI", query("web", "redirect_uri", callback+"/more").Encode()},
		{"redirect URI with a query added", query("web", "redirect_uri", callback+"?x=1").Encode()},
		{"redirect URI in another case", query("web", "redirect_uri", "http://CLIENT.example/callback").Encode()},
		{"redirect URI encoded otherwise", query("web", "redirect_uri", "http://client.example/%63allback").Encode()},
		{"client without redirect URIs", query("machine").Encode()},
		{"control character in state", query("web", "state", "a\nb").Encode()},
		{"broken escape", good + "&x=%zz"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			g := r.get("/authorize?" + tc.query)
			if tc.name == "control character in state" {
				if back := r.back(g); back.Get("error") != "invalid_request" || back.Has("state") {
					t.Errorf("got %v", back)
				}
				return
			}
			if g.status != http.StatusBadRequest || g.header.Get("Location") != "" {
				t.Errorf("got %d, location %q", g.status, g.header.Get("Location"))
			}
			if g.header.Get("X-Frame-Options") != "DENY" {
				t.Error("the page may be framed")
			}
		})
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		name      string
		consent   control.Consent
		wantError string
		wantScope string
	}{
		{"approve", control.Consent{Approve: true}, "", "openid profile offline_access"},
		{"deny", control.Consent{}, "access_denied", ""},
		{"unavailable", control.Consent{Error: "temporarily_unavailable"}, "temporarily_unavailable", ""},
		{"withhold", control.Consent{Approve: true, Withhold: []string{"offline_access"}}, "", "openid profile"},
		{"withhold all", control.Consent{Approve: true, Withhold: []string{"openid", "profile", "offline_access"}}, "access_denied", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			if err := r.mgmt.SetConsent(t.Context(), "blue", "alice", tc.consent); err != nil {
				t.Fatal(err)
			}
			back := r.back(r.get("/authorize?" + query("web").Encode()))
			if back.Get("error") != tc.wantError || back.Has("code") == (tc.wantError != "") {
				t.Fatalf("got %v, want error %q", back, tc.wantError)
			}
			if e := r.last(); e.Outcome != map[bool]string{true: "ok", false: tc.wantError}[tc.wantError == ""] || e.Account != "alice" {
				t.Errorf("journal: %+v", e)
			}
			if tc.wantError != "" {
				return
			}
			g := r.post("/token", redemption(back.Get("code")), r.as("web"))
			r.granted(g)
			if g.str("scope") != tc.wantScope {
				t.Errorf("scope %q, want %q", g.str("scope"), tc.wantScope)
			}
			if _, has := g.body["refresh_token"]; has != strings.Contains(tc.wantScope, "offline_access") {
				t.Errorf("refresh token: %v, with scope %q", has, tc.wantScope)
			}
		})
	}
}

// TestWho checks the order: the session, then the default account, then the page.
func TestWho(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	account := func() string {
		t.Helper()
		r.code("web")
		return r.last().Account
	}
	if got := account(); got != "alice" {
		t.Errorf("default account: got %q", got)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.http.Jar = jar
	if g := r.get("/signin?account=nobody"); g.status != http.StatusNotFound {
		t.Errorf("sign-in as nobody: %d", g.status)
	}
	if g := r.get("/signin?account=bob"); g.status != http.StatusNoContent {
		t.Fatalf("sign-in: %d %s", g.status, g.text)
	}
	if got := account(); got != "bob" {
		t.Errorf("with a session: got %q", got)
	}
	r.clock.add(time.Hour)
	if back := r.back(r.get("/authorize?" + query("web", "prompt", "none", "max_age", "60").Encode())); back.Get("error") != "login_required" {
		t.Errorf("prompt none with a session that is too old: %v", back)
	}
	if r.code("web", "prompt", "none", "max_age", "3600") == "" {
		t.Error("prompt none with a session that is fresh enough")
	}
	if r.code("web", "max_age", "60"); r.last().Account != "bob" {
		t.Errorf("max_age changed the account to %q", r.last().Account)
	}
	if g := r.get("/signout"); g.status != http.StatusNoContent {
		t.Errorf("sign-out: %d", g.status)
	}
	if got := account(); got != "alice" {
		t.Errorf("after sign-out: got %q", got)
	}
	if err := r.mgmt.SetDefaultAccount(t.Context(), "blue", ""); err != nil {
		t.Fatal(err)
	}
	if back := r.back(r.get("/authorize?" + query("web", "prompt", "none").Encode())); back.Get("error") != "login_required" {
		t.Errorf("prompt none and nobody there: %v", back)
	}
	if g := r.get("/authorize?" + query("web").Encode()); g.status != http.StatusOK {
		t.Errorf("nobody there: %d, want the page", g.status)
	}
}

// TestChoicePage follows a user with a browser.
func TestChoicePage(t *testing.T) {
	t.Parallel()
	spec := blue()
	spec.DefaultAccount = ""
	spec.Clients[0].ID = `<script>"web"`
	r := newRig(t, spec)
	ask := func() string {
		t.Helper()
		g := r.get("/authorize?" + query(spec.Clients[0].ID).Encode())
		if g.status != http.StatusOK || strings.Contains(g.text, "<script") {
			t.Fatalf("page: %d\n%s", g.status, g.text)
		}
		for name, want := range map[string]bool{`value="alice" required checked`: true, `value="bob" required>`: true, "robot": false,
			`name="allow:openid"`: true, `name="allow:offline_access"`: true, "&lt;script&gt;": true, callback: true} {
			if strings.Contains(g.text, name) != want {
				t.Errorf("the page has %s: %v\n%s", name, !want, g.text)
			}
		}
		if g.header.Get("X-Frame-Options") != "DENY" {
			t.Error("the page may be framed")
		}
		_, style, _ := strings.Cut(g.text, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
		if got := g.header.Get("Content-Security-Policy"); got != want {
			t.Errorf("Content-Security-Policy %q, want %q", got, want)
		}
		return regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(g.text)[1]
	}

	ticket := ask()
	g := r.post("/choose", form("ticket", ticket, "account", "bob", "decision", "approve", "allow:openid", "yes", "allow:profile", "yes"))
	back := r.back(g)
	if back.Get("code") == "" || back.Get("state") != "s 1" || back.Get("iss") != r.iss {
		t.Fatalf("approved: %v", back)
	}
	if e := r.last(); e.Endpoint != "authorize" || e.Account != "bob" || len(e.Issued) != 1 || e.Scope != "openid profile" {
		t.Errorf("journal: %+v", e)
	}
	if g := r.post("/choose", form("ticket", ticket, "account", "bob", "decision", "approve")); g.status != http.StatusBadRequest {
		t.Errorf("the same ticket again: %d", g.status)
	}
	if back := r.back(r.post("/choose", form("ticket", ask(), "account", "bob", "decision", "deny"))); back.Get("error") != "access_denied" {
		t.Errorf("denied: %v", back)
	}
	if back := r.back(r.post("/choose", form("ticket", ask(), "account", "eve", "decision", "approve"))); back.Get("error") != "invalid_request" {
		t.Errorf("no such account: %v", back)
	}
	if back := r.back(r.post("/choose", form("ticket", ask(), "account", "bob", "decision", "approve", "allow:write", "yes"))); back.Get("error") != "access_denied" {
		t.Errorf("everything that was asked for refused: %v", back)
	}
	late := ask()
	r.clock.add(time.Hour)
	if g := r.post("/choose", form("ticket", late, "account", "bob", "decision", "approve")); g.status != http.StatusBadRequest {
		t.Errorf("an hour later: %d", g.status)
	}
	if g := r.get("/authorize?" + query(spec.Clients[0].ID, "prompt", "select_account").Encode()); g.status != http.StatusOK {
		t.Errorf("select_account: %d", g.status)
	}
}

// TestAuthorizeMethods uses GET and POST (RFC 6749, section 3.1); a POST has its parameters in the body.
func TestAuthorizeMethods(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	good := query("web").Encode()
	for _, method := range []string{"PUT", "DELETE", "HEAD"} {
		g := r.get("/authorize?"+good, func(req *http.Request) { req.Method = method })
		if g.status != http.StatusMethodNotAllowed || g.header.Get("Allow") != "GET, POST" || g.header.Get("Location") != "" {
			t.Errorf("%s: %d, Allow %q", method, g.status, g.header.Get("Allow"))
		}
	}
	for name, g := range map[string]got{
		"POST with a query":       r.post("/authorize?"+good, ""),
		"POST of JSON":            r.post("/authorize", "{}", func(req *http.Request) { req.Header.Set("Content-Type", "application/json") }),
		"choice without a form":   r.post("/choose", "", func(req *http.Request) { req.Header.Del("Content-Type") }),
		"choice without a ticket": r.post("/choose", form("account", "alice", "decision", "approve")),
		"endless request":         r.get("/authorize?" + good + "&x=" + strings.Repeat("a", 64<<10)),
	} {
		if g.status != http.StatusBadRequest || g.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, g.status, g.text)
		}
	}
}
