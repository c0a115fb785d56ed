package fakeidp_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/fakeidp/control"
)

func TestCodeRedeemed(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, id := range []string{"web", "post", "spa", "strict"} {
		t.Run(id, func(t *testing.T) {
			r := r.in(t)
			g := r.redeem(id)
			if !strings.HasPrefix(g.str("access_token"), "at_csn_") || !strings.HasPrefix(g.str("refresh_token"), "rt_csn_") {
				t.Errorf("tokens are not marked: %s", g.text)
			}
			if g.str("token_type") != "Bearer" || g.body["expires_in"] != 3600.0 || g.str("id_token") == "" {
				t.Errorf("got %s", g.text)
			}
			if !r.opens(g.str("access_token")) {
				t.Error("the access token opens nothing")
			}
			noStore(t, g)
		})
	}
	t.Run("without PKCE", func(t *testing.T) {
		r := r.in(t)
		code := r.code("relaxed", "code_challenge", "-", "code_challenge_method", "-")
		r.granted(r.post("/token", redemption(code, "code_verifier", "-"), r.as("relaxed")))
		if e := r.last(); e.HasPKCE {
			t.Errorf("journal claims PKCE: %+v", e)
		}
	})
}

// TestCodeRefused has requests that differ from that of TestCodeRedeemed in one respect.
func TestCodeRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, tc := range []struct {
		name    string
		request []string // alterations of the authorization request
		alter   []string // of the redemption
		client  string
		want    string
	}{
		{"unknown code", nil, []string{"code", "ac_csn_unknown"}, "web", "invalid_grant"},
		{"no code", nil, []string{"code", "-"}, "web", "invalid_request"},
		{"another client", nil, nil, "strict", "invalid_grant"},
		{"a client without the grant", nil, nil, "machine", "unauthorized_client"},
		{"no redirect_uri", nil, []string{"redirect_uri", "-"}, "web", "invalid_request"},
		{"another redirect_uri of the client's", nil, []string{"redirect_uri", callbackQ}, "web", "invalid_grant"},
		{"no verifier", nil, []string{"code_verifier", "-"}, "web", "invalid_grant"},
		{"wrong verifier", nil, []string{"code_verifier", strings.Repeat("a", 43)}, "web", "invalid_grant"},
		{"the challenge for a verifier", nil, []string{"code_verifier", challenge(verifier)}, "web", "invalid_grant"},
		{"short verifier", nil, []string{"code_verifier", "abc"}, "web", "invalid_request"},
		{"long verifier", nil, []string{"code_verifier", strings.Repeat("a", 129)}, "web", "invalid_request"},
		// RFC 9700, section 4.8.2: an attacker removed the challenge.
		{"verifier without challenge", []string{"code_challenge", "-", "code_challenge_method", "-"}, nil, "relaxed", "invalid_grant"},
		{"unknown grant type", nil, []string{"grant_type", "password"}, "web", "unsupported_grant_type"},
		{"no grant type", nil, []string{"grant_type", "-"}, "web", "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			id := "web"
			if tc.request != nil {
				id = tc.client
			}
			code := r.code(id, tc.request...)
			g := r.post("/token", redemption(code, tc.alter...), r.as(tc.client))
			r.refused(g, http.StatusBadRequest, tc.want)
			if e := r.last(); e.Outcome != tc.want || e.Status != 400 || len(e.Issued) != 0 || e.Detail != g.str("error_description") {
				t.Errorf("journal: %+v", e)
			}
		})
	}
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	code := r.code("web")
	r.clock.add(time.Minute - time.Second)
	r.granted(r.post("/token", redemption(code), r.as("web")))
	code = r.code("web")
	r.clock.add(time.Minute)
	r.refused(r.post("/token", redemption(code), r.as("web")), 400, "invalid_grant")
}

// TestCodeReused: RFC 6749, sections 4.1.2 and 10.5.
func TestCodeReused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	code := r.code("web")
	first := r.post("/token", redemption(code), r.as("web"))
	r.granted(first)
	second := r.refresh("web", first.str("refresh_token"))
	r.granted(second)
	other := r.redeem("web")

	r.refused(r.post("/token", redemption(code), r.as("web")), 400, "invalid_grant")
	for name, token := range map[string]string{"first": first.str("access_token"), "refreshed": second.str("access_token")} {
		if r.opens(token) {
			t.Errorf("the %s access token survived the reuse of its code", name)
		}
	}
	r.refused(r.refresh("web", second.str("refresh_token")), 400, "invalid_grant")
	if !r.opens(other.str("access_token")) {
		t.Error("another grant of the same client and account went with it")
	}

	t.Run("a failed use is a use", func(t *testing.T) {
		r := r.in(t)
		code := r.code("web")
		r.refused(r.post("/token", redemption(code, "code_verifier", strings.Repeat("x", 43)), r.as("web")), 400, "invalid_grant")
		r.refused(r.post("/token", redemption(code), r.as("web")), 400, "invalid_grant")
	})
	t.Run("another client's use is not", func(t *testing.T) {
		r := r.in(t)
		code := r.code("web")
		r.refused(r.post("/token", redemption(code), r.as("strict")), 400, "invalid_grant")
		r.granted(r.post("/token", redemption(code), r.as("web")))
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	first := r.redeem("web", "scope", "openid offline_access read write")
	second := r.refresh("web", first.str("refresh_token"))
	r.granted(second)
	if second.str("refresh_token") == first.str("refresh_token") || second.str("access_token") == first.str("access_token") {
		t.Error("tokens were not replaced")
	}
	if second.str("scope") != "openid offline_access read write" {
		t.Errorf("scope %q", second.str("scope"))
	}
	// RFC 6749, section 6: the smaller scope is for this access token only.
	narrow := r.refresh("web", second.str("refresh_token"), "scope", "read")
	r.granted(narrow)
	if narrow.str("scope") != "read" || narrow.str("id_token") != "" {
		t.Errorf("narrowed: %s", narrow.text)
	}
	wide := r.refresh("web", narrow.str("refresh_token"))
	r.granted(wide)
	if wide.str("scope") != "openid offline_access read write" {
		t.Errorf("scope after a narrower one: %q", wide.str("scope"))
	}
	token := wide.str("refresh_token")
	r.refused(r.refresh("web", token, "scope", "read profile"), 400, "invalid_scope")
	r.refused(r.refresh("strict", token), 400, "invalid_grant")
	r.refused(r.refresh("once", token), 400, "unauthorized_client")
	r.refused(r.refresh("web", "rt_csn_unknown"), 400, "invalid_grant")
	r.refused(r.refresh("web", first.str("access_token")), 400, "invalid_grant")
	r.refused(r.refresh("web", ""), 400, "invalid_request")
	r.granted(r.refresh("web", token)) // none of these requests used the token
}

// TestRefreshReused checks RFC 9700, section 4.14.2.
func TestRefreshReused(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	first := r.redeem("spa")
	second := r.refresh("spa", first.str("refresh_token"))
	r.granted(second)
	r.refused(r.refresh("spa", first.str("refresh_token")), 400, "invalid_grant")
	if r.opens(second.str("access_token")) {
		t.Error("the newer access token is alive")
	}
	r.refused(r.refresh("spa", second.str("refresh_token")), 400, "invalid_grant")
	if e := r.last(); e.Account != "alice" || e.Presented[0] != (control.Issued{Kind: "refresh_token", Digest: sha(second.str("refresh_token"))}) {
		t.Errorf("journal: %+v", e)
	}
}

func TestRefreshExpires(t *testing.T) {
	t.Parallel()
	spec := blue()
	spec.AccessTokenLifetime, spec.RefreshTokenLifetime = 10, 100
	r := newRig(t, spec)
	g := r.redeem("web")
	for range 3 { // each use begins anew
		r.clock.add(99 * time.Second)
		if r.opens(g.str("access_token")) {
			t.Error("the access token has not expired")
		}
		g = r.refresh("web", g.str("refresh_token"))
		r.granted(g)
		if !r.opens(g.str("access_token")) || g.body["expires_in"] != 10.0 {
			t.Errorf("refreshed: %s", g.text)
		}
	}
	r.clock.add(100 * time.Second)
	r.refused(r.refresh("web", g.str("refresh_token")), 400, "invalid_grant")
}

// TestRefreshTokenOnlyIfGranted checks four cases without a refresh token.
func TestRefreshTokenOnlyIfGranted(t *testing.T) {
	t.Parallel()
	without := func(t *testing.T, g got) {
		t.Helper()
		if strings.Contains(g.text, "rt_csn_") || strings.Contains(g.str("scope"), "offline_access") {
			t.Errorf("got %s", g.text)
		}
	}
	r := newRig(t, blue())
	if g := r.redeem("web"); g.str("refresh_token") == "" {
		t.Fatal("asked for, and not given")
	}
	t.Run("not asked for", func(t *testing.T) { without(t, r.in(t).redeem("web", "scope", "openid")) })
	t.Run("no scope at all", func(t *testing.T) { without(t, r.in(t).redeem("web", "scope", "-")) })
	t.Run("client may not refresh", func(t *testing.T) { without(t, r.in(t).redeem("once")) })
	t.Run("issuer has none", func(t *testing.T) {
		spec := blue()
		spec.OmitRefreshToken, spec.OmitExpiresIn = true, true
		g := newRig(t, spec).redeem("web")
		without(t, g)
		if _, has := g.body["expires_in"]; has {
			t.Errorf("expires_in: %s", g.text)
		}
	})
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	ask := func(id string, pairs ...string) got {
		t.Helper()
		return r.post("/token", form(append([]string{"grant_type", "client_credentials"}, pairs...)...), r.as(id))
	}
	for _, tc := range []struct{ name, ask, want string }{
		{"default scope", "", "read write"},
		{"one scope", "write", "write"},
		{"what belongs to people is ignored", "openid offline_access read", "read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			g := ask("machine", "scope", tc.ask)
			r.granted(g)
			if g.str("scope") != tc.want || g.str("refresh_token") != "" || g.str("id_token") != "" {
				t.Errorf("got %s", g.text)
			}
			res := r.get("/resource", bearer(g.str("access_token")))
			if res.str("account") != "robot" {
				t.Errorf("resource: %s", res.text)
			}
			if e := r.journal()[len(r.journal())-2]; e.Account != "robot" || e.GrantType != "client_credentials" || e.Issued[0].Digest != sha(g.str("access_token")) {
				t.Errorf("journal: %+v", e)
			}
		})
	}
	r.refused(ask("machine", "scope", "admin"), 400, "invalid_scope")
	r.refused(ask("web"), 400, "unauthorized_client")
	r.refused(ask("spa"), 400, "unauthorized_client")
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	web, post := r.secret("web"), r.secret("post")
	header := func(v string) func(*http.Request) {
		return func(req *http.Request) { req.Header.Add("Authorization", v) }
	}
	encoded := func(text string) func(*http.Request) {
		return header("Basic " + base64.StdEncoding.EncodeToString([]byte(text)))
	}
	for _, tc := range []struct {
		name   string
		client string
		edits  []func(*http.Request)
		status int
		want   string
	}{
		{"basic", "web", []func(*http.Request){basicAuth("web", web)}, 200, ""},
		{"basic, and the same client in the body", "web", []func(*http.Request){basicAuth("web", web), appendForm("client_id", "web")}, 200, ""},
		{"basic, scheme in another case", "web", []func(*http.Request){header("bAsIc " + base64.StdEncoding.EncodeToString([]byte("web:"+url.QueryEscape(web))))}, 200, ""},
		{"post", "post", []func(*http.Request){appendForm("client_id", "post", "client_secret", post)}, 200, ""},
		{"none", "spa", []func(*http.Request){appendForm("client_id", "spa")}, 200, ""},

		{"nothing", "web", nil, 401, "invalid_client"},
		{"wrong secret", "web", []func(*http.Request){basicAuth("web", web+"x")}, 401, "invalid_client"},
		{"empty secret", "web", []func(*http.Request){basicAuth("web", "")}, 401, "invalid_client"},
		{"unknown client", "web", []func(*http.Request){basicAuth("nobody", web)}, 401, "invalid_client"},
		{"another client's secret", "web", []func(*http.Request){basicAuth("web", post)}, 401, "invalid_client"},
		{"secret not encoded", "web", []func(*http.Request){encoded("web:" + web)}, 401, "invalid_client"},
		{"not base64", "web", []func(*http.Request){header("Basic ???")}, 401, "invalid_client"},
		{"no colon", "web", []func(*http.Request){encoded("web")}, 401, "invalid_client"},
		{"bearer", "web", []func(*http.Request){header("Bearer " + web)}, 401, "invalid_client"},
		{"post by a basic client", "web", []func(*http.Request){appendForm("client_id", "web", "client_secret", web)}, 401, "invalid_client"},
		{"basic by a post client", "post", []func(*http.Request){basicAuth("post", post)}, 401, "invalid_client"},
		{"no secret by a confidential client", "post", []func(*http.Request){appendForm("client_id", "post")}, 401, "invalid_client"},
		{"empty secret in the body", "post", []func(*http.Request){appendForm("client_id", "post", "client_secret", "")}, 401, "invalid_client"},
		{"a secret by a public client", "spa", []func(*http.Request){appendForm("client_id", "spa", "client_secret", "x")}, 401, "invalid_client"},
		{"basic by a public client", "spa", []func(*http.Request){basicAuth("spa", "")}, 401, "invalid_client"},
		{"both ways", "web", []func(*http.Request){basicAuth("web", web), appendForm("client_id", "web", "client_secret", web)}, 400, "invalid_request"},
		{"two headers", "web", []func(*http.Request){basicAuth("web", web), header("Basic eDp5")}, 400, "invalid_request"},
		{"another client in the body", "web", []func(*http.Request){basicAuth("web", web), appendForm("client_id", "post")}, 400, "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			g := r.post("/token", redemption(r.code(tc.client)), tc.edits...)
			if tc.want == "" {
				r.granted(g)
				return
			}
			r.refused(g, tc.status, tc.want)
			if e := r.last(); e.Outcome != tc.want || len(e.Issued) > 0 {
				t.Errorf("journal: %+v", e)
			}
		})
	}
}

// TestTokenRequestShape checks the form of requests. The request in the first row is valid.
func TestTokenRequestShape(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	good := form("grant_type", "client_credentials")
	kind := func(v string) func(*http.Request) {
		return func(req *http.Request) { req.Header.Set("Content-Type", v) }
	}
	method := func(v string) func(*http.Request) { return func(req *http.Request) { req.Method = v } }
	none := func(*http.Request) {}
	for _, tc := range []struct {
		name, path, body string
		edit             func(*http.Request)
		status           int
	}{
		{"good", "/token", good, none, 200},
		{"good, charset named", "/token", good, kind("Application/x-www-form-urlencoded; charset=UTF-8"), 200},
		{"unknown parameter", "/token", good + "&x=1", none, 200},
		{"empty parameter", "/token", good + "&scope=", none, 200},
		{"JSON", "/token", `{"grant_type":"client_credentials"}`, kind("application/json"), 400},
		{"form called JSON", "/token", good, kind("application/json"), 400},
		{"no content type", "/token", good, func(req *http.Request) { req.Header.Del("Content-Type") }, 400},
		{"multipart", "/token", good, kind("multipart/form-data; boundary=x"), 400},
		{"another charset", "/token", good, kind("application/x-www-form-urlencoded; charset=latin1"), 400},
		{"encoded body", "/token", good, func(req *http.Request) { req.Header.Set("Content-Encoding", "gzip") }, 400},
		{"parameters in the URL", "/token?" + good, "", none, 400},
		{"one parameter in the URL", "/token?scope=read", good, none, 400},
		{"repeated parameter", "/token", good + "&scope=read&scope=write", none, 400},
		{"repeated with the same value", "/token", good + "&" + good, none, 400},
		{"repeated and empty", "/token", good + "&scope=read&scope=", none, 400},
		{"repeated and unknown", "/token", good + "&x=1&x=1", none, 400},
		{"semicolon", "/token", good + ";x=1", none, 400},
		{"broken escape", "/token", good + "&x=%zz", none, 400},
		{"GET", "/token?" + good, "", method("GET"), 405},
		{"PUT", "/token", good, method("PUT"), 405},
		{"HEAD", "/token", "", method("HEAD"), 405},
		{"long body", "/token", good + "&x=" + strings.Repeat("a", 64<<10), none, 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := r.in(t)
			g := r.post(tc.path, tc.body, r.as("machine"), tc.edit)
			if tc.name == "HEAD" {
				if g.status != 405 {
					t.Errorf("got %d", g.status)
				}
				return
			}
			if tc.status == 200 {
				r.granted(g)
				return
			}
			r.refused(g, tc.status, "invalid_request")
			if tc.status == 405 && g.header.Get("Allow") != "POST" {
				t.Errorf("Allow: %q", g.header.Get("Allow"))
			}
		})
	}
}
