package fakeidp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"countersign/fakeidp"
	"countersign/fakeidp/control"
)

// TestRelyingParty uses independent libraries: go-oidc for discovery, keys and ID tokens, and x/oauth2 for the
// grants.
func TestRelyingParty(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	r.clock.add(-r.clock.Now().Sub(realNow())) // the libraries use the clock of the machine
	ctx := oidc.ClientContext(t.Context(), r.http)

	provider, err := oidc.NewProvider(ctx, r.iss)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	config := oauth2.Config{
		ClientID: "web", ClientSecret: r.secret("web"), Endpoint: endpoint, RedirectURL: callback,
		Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess},
	}
	v := oauth2.GenerateVerifier()
	u := config.AuthCodeURL("state", oidc.Nonce("nonce"), oauth2.S256ChallengeOption(v))
	req, err := http.NewRequest(http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	back := r.back(r.do(req))
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(v))
	if err != nil {
		t.Fatal(err)
	}

	check := func(token *oauth2.Token, nonce string) {
		t.Helper()
		raw, _ := token.Extra("id_token").(string)
		id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: "web", SupportedSigningAlgs: []string{oidc.ES256}}).Verify(ctx, raw)
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			Name     string `json:"preferred_username"`
			AuthTime int64  `json:"auth_time"`
		}
		if err := id.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		if id.Subject != "alice" || id.Nonce != nonce || claims.Name != "alice" || claims.AuthTime == 0 {
			t.Errorf("ID token: subject %q, nonce %q, %+v", id.Subject, id.Nonce, claims)
		}
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			t.Error(err)
		}
	}
	check(token, "nonce")

	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != "alice" {
		t.Errorf("userinfo: %+v, %v", info, err)
	}

	stale := *token
	stale.Expiry = realNow().Add(-1)
	next, err := config.TokenSource(ctx, &stale).Token()
	if err != nil {
		t.Fatal(err)
	}
	if next.RefreshToken == token.RefreshToken || next.AccessToken == token.AccessToken {
		t.Error("refresh replaced nothing")
	}
	check(next, "") // OpenID Connect Core, section 12.2

	checkRevocation(t, r, config.Client(ctx, next), provider, next)

	machine := clientcredentials.Config{
		ClientID: "machine", ClientSecret: "m", TokenURL: endpoint.TokenURL, AuthStyle: oauth2.AuthStyleInHeader, Scopes: []string{"read"},
	}
	own, err := machine.Token(ctx)
	if err != nil || !r.opens(own.AccessToken) {
		t.Errorf("client credentials: %v", err)
	}
}

// checkRevocation introspects and revokes the tokens at the endpoints of the metadata. x/oauth2 has no functions for
// this (RFC 7662 and RFC 7009), so it only presents the tokens.
func checkRevocation(t *testing.T, r *rig, client *http.Client, provider *oidc.Provider, token *oauth2.Token) {
	t.Helper()
	var endpoints struct {
		Revocation    string `json:"revocation_endpoint"`
		Introspection string `json:"introspection_endpoint"`
	}
	if err := provider.Claims(&endpoints); err != nil {
		t.Fatal(err)
	}
	post := func(endpoint, id, token string) got {
		return r.post(strings.TrimPrefix(endpoint, r.iss), form("token", token), r.as(id))
	}
	status := func() int {
		resp, err := client.Get(r.iss + "/resource")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, secret := range []string{token.AccessToken, token.RefreshToken} {
		if g := post(endpoints.Introspection, "guard", secret); g.body["active"] != true || g.str("sub") != "alice" {
			t.Errorf("introspection before the revocation: %s", g.text)
		}
	}
	before := status()
	r.granted(post(endpoints.Revocation, "web", token.RefreshToken))
	if before != 200 || status() != 401 {
		t.Errorf("the resource answered %d, and after the revocation %d; want 200 and 401", before, status())
	}
	for _, secret := range []string{token.AccessToken, token.RefreshToken} {
		if g := post(endpoints.Introspection, "guard", secret); g.text != "{\"active\":false}\n" {
			t.Errorf("introspection after the revocation: %s", g.text)
		}
	}
}

// TestRelyingPartyRefusal checks that x/oauth2 recognises the refusals of the provider and of a fault.
func TestRelyingPartyRefusal(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	ctx := oidc.ClientContext(t.Context(), r.http)
	config := oauth2.Config{
		ClientID: "web", ClientSecret: r.secret("web"), RedirectURL: callback,
		Endpoint: oauth2.Endpoint{AuthURL: r.iss + "/authorize", TokenURL: r.iss + "/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	back := r.back(r.get("/authorize?" + query("web", "code_challenge", "-", "code_challenge_method", "-").Encode()))
	if back.Get("error") != "invalid_request" {
		t.Errorf("without PKCE: %v", back)
	}
	refused := func(name string, err error, want string) {
		t.Helper()
		var e *oauth2.RetrieveError
		if !errors.As(err, &e) || e.ErrorCode != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	_, err := config.Exchange(ctx, r.code("web"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	refused("wrong verifier", err, "invalid_grant")
	_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: "unknown"}).Token()
	refused("unknown refresh token", err, "invalid_grant")
	r.setFaults(onRefresh(control.Fault{Moment: control.Before, Body: control.Text(`{"error":"bad_refresh_token"}`)}))
	_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: r.redeem("web").str("refresh_token")}).Token()
	refused("an error with status 200", err, "bad_refresh_token")
}

// TestMetadata reads both documents at every specified place.
func TestMetadata(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	for _, u := range []string{
		r.iss + "/.well-known/openid-configuration",
		r.iss + "/.well-known/oauth-authorization-server",
		r.base + "/.well-known/oauth-authorization-server/blue", // RFC 8414, section 3.1
	} {
		req, err := http.NewRequest(http.MethodGet, u, nil)
		if err != nil {
			t.Fatal(err)
		}
		g := r.do(req)
		if g.status != 200 || g.str("issuer") != r.iss || g.str("token_endpoint") != r.iss+"/token" {
			t.Errorf("%s: %d %s", u, g.status, g.text)
		}
		if g.body["authorization_response_iss_parameter_supported"] != true {
			t.Errorf("%s: RFC 9207, section 3", u)
		}
		if v, ok := g.body["request_uri_parameter_supported"]; !ok || v != false {
			t.Errorf("%s: an absent request_uri_parameter_supported means true", u)
		}
	}
	g := r.get("/jwks")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal([]byte(g.text), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("JWKS: %v %s", err, g.text)
	}
	key := set.Keys[0]
	if key["kty"] != "EC" || key["crv"] != "P-256" || key["alg"] != "ES256" || key["use"] != "sig" || key["kid"] == "" || key["d"] != "" {
		t.Errorf("key: %v", key)
	}
	for _, path := range []string{"/nothing", "/", "/token/", "//token", "/.well-known/jwks"} {
		if g := r.get(path); g.status != 404 {
			t.Errorf("%s: %d", path, g.status)
		}
	}
	r.iss = r.base + "/red"
	if g := r.get("/jwks"); g.status != 404 {
		t.Errorf("an issuer that is not there: %d", g.status)
	}
}

// TestBaseURLFromSocket checks that without a configured base URL the issuer contains the address of the socket, and
// not the Host header.
func TestBaseURLFromSocket(t *testing.T) {
	t.Parallel()
	p := fakeidp.New(fakeidp.Options{})
	protocol, management := httptest.NewServer(p), httptest.NewServer(p.Management())
	t.Cleanup(protocol.Close)
	t.Cleanup(management.Close)
	c := control.Client{Base: management.URL + "/"}
	if _, err := c.CreateIssuer(t.Context(), control.Issuer{Name: "bare"}); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, protocol.URL+"/bare/.well-known/openid-configuration", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := protocol.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var m struct{ Issuer string }
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || m.Issuer != protocol.URL+"/bare" {
		t.Errorf("issuer %q, %v; want %s/bare", m.Issuer, err, protocol.URL)
	}
}
