package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"text/template"

	"countersign/fakeidp/control"
)

// presetIssuer is the name of the issuer that --preset creates.
const presetIssuer = "demo"

// defaultRedirect is the redirect URI of the clients of the preset if the user gives none.
const defaultRedirect = "http://127.0.0.1:8000/callback"

// The code verifier of the printed commands, and its challenge: the example of RFC 7636, appendix B.
const (
	presetVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	presetChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// presetSpec returns an issuer with one client of each kind and two accounts. It has no default
// account, so that the provider asks who signs in.
func presetSpec(redirects []string) control.Issuer {
	code := []string{control.GrantAuthorizationCode, control.GrantRefreshToken}
	scopes := []string{"openid", "profile", "offline_access", "read"}
	return control.Issuer{
		Name: presetIssuer,
		Accounts: []control.Account{
			{Name: "alice", Rows: []string{"a row of alice"}}, {Name: "bob", Rows: []string{"a row of bob"}}, {Name: "robot", Rows: []string{"a row of robot"}},
		},
		Clients: []control.ClientSpec{
			{ID: "web", GrantTypes: code, RedirectURIs: redirects, Scopes: scopes},
			{ID: "app", Public: true, GrantTypes: code, RedirectURIs: redirects, Scopes: scopes},
			{ID: "service", GrantTypes: []string{control.GrantClientCredentials}, Scopes: []string{"read"}, ServiceAccount: "robot"},
			{ID: "api", ResourceServer: true},
		},
	}
}

// writePreset creates the issuer of the preset and writes all that a client needs to use it.
func (p *provider) writePreset(ctx context.Context, w io.Writer, redirects []string) error {
	made, err := p.client.CreateIssuer(ctx, presetSpec(redirects))
	if err != nil {
		return withHint(fmt.Errorf("create the issuer of the preset: %w", err), "give --redirect-uri an absolute http or https URL without a fragment")
	}
	secrets := map[string]string{}
	for _, c := range made.Clients {
		secrets[c.ID] = c.Secret
	}
	issuer := p.url + "/" + presetIssuer
	query := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {redirects[0]}, "scope": {"openid profile offline_access read"},
		"state": {"1"}, "code_challenge": {presetChallenge}, "code_challenge_method": {"S256"},
	}
	err = presetText.Execute(w, map[string]any{
		"Issuer": issuer, "Management": p.client.Base + "/issuers/" + presetIssuer, "Secrets": secrets,
		"Redirects": redirects, "Login": issuer + "/authorize?" + query.Encode(), "Query": query.Encode(), "Verifier": presetVerifier,
	})
	if err != nil {
		return fmt.Errorf("write the preset: %w", err)
	}
	return nil
}

// presetText is what --preset prints. The part after the line of #s is a shell script; a test runs it.
var presetText = template.Must(template.New("preset").Parse(`
issuer         {{.Issuer}}
discovery      {{.Issuer}}/.well-known/openid-configuration
authorization  {{.Issuer}}/authorize
token          {{.Issuer}}/token
userinfo       {{.Issuer}}/userinfo
revocation     {{.Issuer}}/revoke
introspection  {{.Issuer}}/introspect
keys           {{.Issuer}}/jwks
resource       {{.Issuer}}/resource   (data by account, for access tokens)
management     {{.Management}}

client id  secret                                              use
web        {{.Secrets.web}}  authorization code with PKCE, refresh; client_secret_basic
app        (public)                                            authorization code with PKCE, refresh
service    {{.Secrets.service}}  client credentials, as the account robot
api        {{.Secrets.api}}  introspection of all tokens

redirect URIs of web and app: {{range .Redirects}}{{.}} {{end}}
scopes: openid profile offline_access read; offline_access gives a refresh token
accounts: alice and bob, without passwords

Log in with a browser:
{{.Login}}

############ the same with curl: copy the lines into a shell ############
ISSUER={{.Issuer}}
MANAGEMENT={{.Management}}
WEB=web:{{.Secrets.web}}
SERVICE=service:{{.Secrets.service}}
API=api:{{.Secrets.api}}
REDIRECT={{index .Redirects 0}}
JAR=$(mktemp)
member() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }

# sign alice in, and get an authorization code
curl -sS -c "$JAR" "$ISSUER/signin?account=alice"
CODE=$(curl -sS -b "$JAR" -o /dev/null -w '%{redirect_url}' "$ISSUER/authorize?{{.Query}}" | sed 's/.*[?&]code=\([^&]*\).*/\1/')

# exchange the code, refresh, and use the access token
TOKENS=$(curl -sS -u "$WEB" "$ISSUER/token" -d grant_type=authorization_code -d code="$CODE" --data-urlencode redirect_uri="$REDIRECT" -d code_verifier={{.Verifier}})
TOKENS=$(curl -sS -u "$WEB" "$ISSUER/token" -d grant_type=refresh_token -d refresh_token="$(echo "$TOKENS" | member refresh_token)")
ACCESS=$(echo "$TOKENS" | member access_token)
curl -sS -H "Authorization: Bearer $ACCESS" "$ISSUER/userinfo"
curl -sS -H "Authorization: Bearer $ACCESS" "$ISSUER/resource"

# introspect and revoke; get a token for a service
curl -sS -u "$API" "$ISSUER/introspect" -d token="$ACCESS"
curl -sS -u "$WEB" "$ISSUER/revoke" -d token="$(echo "$TOKENS" | member refresh_token)"
curl -sS -u "$SERVICE" "$ISSUER/token" -d grant_type=client_credentials

# make the provider fail: the next token request is answered with 503, and then it behaves well again
curl -sS -X PUT "$MANAGEMENT/faults" -H 'Content-Type: application/json' \
  -d '{"faults": [{"endpoint": "token", "times": 1, "moment": "before", "status": 503, "body": "{\"error\": \"temporarily_unavailable\"}"}]}'
curl -sS -u "$SERVICE" "$ISSUER/token" -d grant_type=client_credentials; echo

# what the provider has seen
curl -sS "$MANAGEMENT/journal"
`))
