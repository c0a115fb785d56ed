package integration

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
)

const (
	tokenURI = "https://idp.example/token"
	canary   = "rt_canary_that_a_broken_provider_echoes"
)

var confidential = Config{AuthMode: modeConfidential, AuthType: Viewer, ClientID: "id", AuthorizationURI: "https://idp.example/authorize",
	TokenURI: tokenURI, Scopes: "openid offline_access", EndpointAuth: authBasic, UsePKCE: true}

// reply returns a responder with a status, a content type and a body.
func reply(status int, kind, body string) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) {
		r := httpmock.NewStringResponse(status, body)
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		return r, nil
	}
}

func jsonReply(body string) httpmock.Responder { return reply(200, "application/json", body) }

// slow is the body of a provider that sends the head of a reply and no body.
type slow struct{ ctx context.Context }

func (s slow) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (slow) Close() error { return nil }

// TestProviderFaults checks, for each of the three requests, that a fault of the provider results in one request and
// in an error of the right kind, without text of the provider.
func TestProviderFaults(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name   string
		answer httpmock.Responder
		kind   FaultKind
		status int
		code   string
	}{
		{"connection refused", httpmock.NewErrorResponder(errors.New("dial: " + canary)), FaultNoAnswer, 0, ""},
		{"time-out", httpmock.NewErrorResponder(context.DeadlineExceeded), FaultNoAnswer, 0, ""},
		{"slow body", func(r *http.Request) (*http.Response, error) {
			ctx, cancel := context.WithTimeout(r.Context(), 20*time.Millisecond)
			context.AfterFunc(ctx, cancel)
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: slow{ctx}}, nil
		}, FaultReply, 0, ""},
		{"500", reply(500, "text/html", "<h1>"+canary+"</h1>"), FaultError, 500, ""},
		{"502 with an error code", reply(502, "application/json", `{"error":"temporarily_unavailable"}`), FaultError, 502, "temporarily_unavailable"},
		{"429", reply(429, "application/json", `{}`), FaultError, 429, ""},
		{"invalid_grant with another status", reply(500, "application/json", `{"error":"invalid_grant"}`), FaultGrant, 500, "invalid_grant"},
		{"invalid_grant with another media type", reply(400, "text/plain", `{"error":"invalid_grant"}`), FaultGrant, 400, "invalid_grant"},
		{"invalid_grant as a form", reply(200, "application/x-www-form-urlencoded", "error=bad_refresh_token"), FaultGrant, 200, "bad_refresh_token"},
		{"interaction_required", reply(400, "application/json", `{"error":"interaction_required"}`), FaultGrant, 400, "interaction_required"},
		{"invalid_grant", reply(400, "application/json", `{"error":"invalid_grant","error_description":"`+canary+`"}`), FaultGrant, 400, "invalid_grant"},
		{"invalid_client", reply(401, "application/json", `{"error":"invalid_client"}`), FaultError, 401, "invalid_client"},
		{"an error of its own", reply(400, "application/json", `{"error":"`+canary+`"}`), FaultError, 400, ""},
		{"400 without JSON", reply(400, "text/plain", canary), FaultError, 400, ""},
		{"200 that is an error", jsonReply(`{"error":"invalid_grant"}`), FaultGrant, 200, "invalid_grant"},
		{"redirect", func(*http.Request) (*http.Response, error) {
			r := httpmock.NewStringResponse(302, "")
			r.Header.Set("Location", "https://evil.example/token")
			return r, nil
		}, FaultError, 302, ""},
		{"307, which would send the secrets on", func(*http.Request) (*http.Response, error) {
			r := httpmock.NewStringResponse(307, "")
			r.Header.Set("Location", "https://evil.example/token")
			return r, nil
		}, FaultError, 307, ""},
		{"HTML", reply(200, "text/html", "<h1>Welcome "+canary+"</h1>"), FaultReply, 0, ""},
		{"broken JSON", jsonReply(`{"access_token":"` + canary), FaultReply, 0, ""},
		{"JSON array", jsonReply(`["` + canary + `"]`), FaultReply, 0, ""},
		{"empty", jsonReply(""), FaultReply, 0, ""},
		{"204", reply(204, "application/json", ""), FaultReply, 0, ""},
		{"no access_token", jsonReply(`{"token_type":"Bearer","refresh_token":"` + canary + `"}`), FaultReply, 200, ""},
		{"empty access_token", jsonReply(`{"access_token":"","token_type":"Bearer"}`), FaultReply, 200, ""},
		{"access_token is a number", jsonReply(`{"access_token":5,"token_type":"Bearer"}`), FaultReply, 200, ""},
		{"no token_type", jsonReply(`{"access_token":"a"}`), FaultReply, 200, ""},
		{"another token_type", jsonReply(`{"access_token":"a","token_type":"DPoP"}`), FaultReply, 200, ""},
		{"too long", jsonReply(`{"access_token":"` + strings.Repeat("a", 1<<20) + `","token_type":"Bearer"}`), FaultReply, 0, ""},
	}
	requests := map[string]func(context.Context, client) (grant, error){
		"code": func(ctx context.Context, c client) (grant, error) {
			return c.exchangeCode(ctx, confidential, "secret", "https://s.example/callback", "code", "verifier")
		},
		"refresh": func(ctx context.Context, c client) (grant, error) {
			return c.refresh(ctx, confidential, "secret", "old")
		},
		"service": func(ctx context.Context, c client) (grant, error) { return c.serviceToken(ctx, confidential, "secret") },
	}
	for _, test := range faults {
		for name, request := range requests {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				transport := httpmock.NewMockTransport()
				transport.RegisterResponder("POST", tokenURI, test.answer)
				got, err := request(t.Context(), newClient(transport))
				var f *Fault
				if !errors.As(err, &f) || f.Kind != test.kind || f.Status != test.status || f.Code != test.code {
					t.Fatalf("got %+v, error %v; want %q, status %d, code %q", got, err, test.kind, test.status, test.code)
				}
				if n := transport.GetTotalCallCount(); n != 1 {
					t.Errorf("%d requests, want 1: a strict provider takes a second one for theft", n)
				}
				if strings.Contains(err.Error(), "canary") {
					t.Errorf("the error repeats what the provider wrote: %v", err)
				}
			})
		}
	}
}

// TestTokenRequests checks the authentication of the client and the parameters of requests.
func TestTokenRequests(t *testing.T) {
	t.Parallel()
	post := confidential
	post.EndpointAuth = authPost
	public := confidential
	public.AuthMode = modePublic
	type form map[string]string
	tests := []struct {
		name  string
		run   func(context.Context, client) (grant, error)
		basic bool
		want  form
	}{
		{"code, basic", func(ctx context.Context, c client) (grant, error) {
			return c.exchangeCode(ctx, confidential, "s e", "https://s/cb", "co", "ve")
		}, true, form{"grant_type": "authorization_code", "code": "co", "redirect_uri": "https://s/cb", "code_verifier": "ve"}},
		{"code, post", func(ctx context.Context, c client) (grant, error) {
			return c.exchangeCode(ctx, post, "s e", "https://s/cb", "co", "")
		}, false, form{"grant_type": "authorization_code", "code": "co", "redirect_uri": "https://s/cb", "client_id": "id", "client_secret": "s e"}},
		{"code, public", func(ctx context.Context, c client) (grant, error) {
			return c.exchangeCode(ctx, public, "", "https://s/cb", "co", "ve")
		}, false, form{"grant_type": "authorization_code", "code": "co", "redirect_uri": "https://s/cb", "code_verifier": "ve", "client_id": "id"}},
		{"refresh", func(ctx context.Context, c client) (grant, error) { return c.refresh(ctx, confidential, "s e", "old") },
			true, form{"grant_type": "refresh_token", "refresh_token": "old"}},
		{"service", func(ctx context.Context, c client) (grant, error) { return c.serviceToken(ctx, confidential, "s e") },
			true, form{"grant_type": "client_credentials", "scope": "openid offline_access"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var body string
			var seen *http.Request
			transport := httpmock.NewMockTransport()
			transport.RegisterResponder("POST", tokenURI, func(r *http.Request) (*http.Response, error) {
				text, err := io.ReadAll(r.Body)
				body, seen = string(text), r
				if err != nil {
					return nil, err
				}
				return jsonReply(`{"access_token":"a","token_type":"bearer","refresh_token":"new","expires_in":60}`)(r)
			})
			got, err := test.run(t.Context(), newClient(transport))
			if err != nil || got.access != "a" || !got.expires || got.lifetime != time.Minute {
				t.Fatalf("got %+v, %v", got, err)
			}
			seen.Body = io.NopCloser(strings.NewReader(body))
			if err := seen.ParseForm(); err != nil {
				t.Fatal(err)
			}
			for name, values := range seen.PostForm {
				if len(values) != 1 || values[0] != test.want[name] {
					t.Errorf("%s = %q, want %q", name, values, test.want[name])
				}
			}
			for name := range test.want {
				if !seen.PostForm.Has(name) {
					t.Errorf("%s is missing", name)
				}
			}
			user, password, basic := seen.BasicAuth()
			if basic != test.basic || basic && (user != "id" || password != "s+e") { // form-encoded: RFC 6749 section 2.3.1
				t.Errorf("basic authentication %v %q %q", basic, user, password)
			}
			if seen.URL.RawQuery != "" {
				t.Errorf("query %q", seen.URL.RawQuery)
			}
		})
	}
}

func TestRefreshKeepsTheOldToken(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"access_token":"a","token_type":"Bearer"}`:                       "old",
		`{"access_token":"a","token_type":"Bearer","refresh_token":"new"}`: "new",
	} {
		transport := httpmock.NewMockTransport()
		transport.RegisterResponder("POST", tokenURI, jsonReply(answer))
		got, err := newClient(transport).refresh(t.Context(), confidential, "secret", "old")
		if err != nil || got.refresh != want || got.expires {
			t.Errorf("%s: %+v, %v; want refresh token %s and no expiry", answer, got, err, want)
		}
	}
}

func TestFromIssuer(t *testing.T) {
	t.Parallel()
	const authorize = "https://idp.example/acme/authorize"
	tests := []struct {
		name, configured, iss string
		want                  bool
	}{
		{"the same", "", "https://idp.example/acme", true},
		{"host alone", "", "https://idp.example", true},
		{"another tenant", "", "https://idp.example/evil", false},
		{"another host", "", "https://evil.example/acme", false},
		{"another scheme", "", "http://idp.example/acme", false},
		{"empty", "", "", false},
		{"no URL", "", "https://[idp.example", false},
		{"configured", "https://login.example/tenant", "https://login.example/tenant", true},
		{"configured, with a slash", "https://login.example/tenant", "https://login.example/tenant/", false},
		{"configured, in other letters", "https://login.example/tenant", "https://LOGIN.example/tenant", false},
		{"configured, that of the endpoint", "https://login.example/tenant", "https://idp.example/acme", false},
		{"configured, not a URL", "accounts.example", "accounts.example", true},
	}
	for _, test := range tests {
		if got := fromIssuer(Config{AuthorizationURI: authorize, Issuer: test.configured}, test.iss); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestUserTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { return now }
	make32 := func(b byte) []byte { return []byte(strings.Repeat(string(rune(b)), 32)) }
	tokens, err := newUserTokens(make32('a'), clock)
	if err != nil {
		t.Fatal(err)
	}
	visit := Visit{User: "u", Content: "c", Execution: "e"}
	token, err := tokens.issue(visit)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tokens.verify(token); err != nil || got != visit {
		t.Fatalf("verify = %+v, %v", got, err)
	}
	again, _ := tokens.issue(visit)
	if again == token {
		t.Error("two requests of a visit have the same token")
	}
	other, _ := newUserTokens(make32('b'), clock)
	foreign, _ := other.issue(visit)
	unsigned := "eyJhbGciOiJub25lIn0." + strings.Split(token, ".")[1] + "."
	for name, bad := range map[string]string{
		"empty": "", "made up": "abc", "another key": foreign, "algorithm none": unsigned,
		"changed": token[:len(token)-4] + "AAAA", "cut": token[:len(token)-1], "a guid": "2f9d0c9e-6f0a-4b1c-9a44-111111111111",
	} {
		if got, err := tokens.verify(bad); !errors.Is(err, errUserToken) {
			t.Errorf("%s: verify = %+v, %v", name, got, err)
		}
	}
	now = now.Add(UserTokenLifetime - time.Second)
	if _, err := tokens.verify(token); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	now = now.Add(2 * time.Second)
	if _, err := tokens.verify(token); !errors.Is(err, errUserToken) {
		t.Errorf("a second after its end: %v", err)
	}
}
