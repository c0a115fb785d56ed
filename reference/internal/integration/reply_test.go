package integration

import (
	"errors"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
)

// request sends one token request to a provider with a reply.
func request(t *testing.T, answer httpmock.Responder) (grant, error) {
	t.Helper()
	transport := httpmock.NewMockTransport()
	transport.RegisterResponder("POST", tokenURI, answer)
	return newClient(transport).serviceToken(t.Context(), confidential, "secret")
}

// TestLifetimes checks that a token is used whatever the form of expires_in, and that a value that is no lifetime
// counts as absent.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	for expiresIn, want := range map[string]time.Duration{
		`3600`: time.Hour, `3600.0`: time.Hour, `3.6e3`: time.Hour, `"3600"`: time.Hour, `59.9`: 59 * time.Second,
		`1e20`: (1<<31 - 1) * time.Second, `"3.6e3"`: time.Hour,
		`0`: 0, `-1`: 0, `""`: 0, `"soon"`: 0, `null`: 0, `true`: 0, `[60]`: 0, `{}`: 0, `0.5`: 0, `"NaN"`: 0,
	} {
		got, err := request(t, jsonReply(`{"access_token":"a","token_type":"Bearer","expires_in":`+expiresIn+`}`))
		if err != nil || got.access != "a" || got.lifetime != want || got.expires != (want > 0) {
			t.Errorf("expires_in %s: %+v, %v; want the token and the lifetime %s", expiresIn, got, err, want)
		}
	}
}

// TestJSONWithAnotherMediaType checks that a token response in JSON is used whatever its media type.
func TestJSONWithAnotherMediaType(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "text/plain", "text/html", "application/x-www-form-urlencoded", "application/vnd.idp+json"} {
		got, err := request(t, reply(200, kind, `{"access_token":"a","token_type":"Bearer","expires_in":60}`))
		if err != nil || got.access != "a" || got.lifetime != time.Minute {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
	}
}

// TestUnusableMembers checks that the error of a refused reply names the member.
func TestUnusableMembers(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"token_type":"Bearer"}`:                                          "access_token is missing",
		`{"access_token":null,"token_type":"Bearer"}`:                      "access_token is not a text",
		`{"access_token":["a"],"token_type":"Bearer"}`:                     "access_token is not a text",
		`{"access_token":"","token_type":"Bearer"}`:                        "access_token is empty",
		`{"access_token":"a"}`:                                             "token_type is missing",
		`{"access_token":"a","token_type":7}`:                              "token_type is not a text",
		`{"access_token":"a","token_type":"MAC"}`:                          "token_type is not Bearer",
		`{"access_token":"a","token_type":"Bearer","refresh_token":false}`: "refresh_token is not a text",
	} {
		_, err := request(t, jsonReply(body))
		var f *Fault
		if !errors.As(err, &f) || f.Kind != FaultReply || f.Member != want {
			t.Errorf("%s: %v, want the member %s", body, err, want)
		}
	}
}
