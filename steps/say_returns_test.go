package steps

import (
	"net/url"
	"testing"
)

// TestAlterAnswer holds each way in which a browser brings back another answer than the provider gave: it differs in one
// parameter.
func TestAlterAnswer(t *testing.T) {
	const issuer = "http://provider.example/s-1"
	answer, err := url.Parse("http://server.example/callback?code=c&state=s&iss=" + url.QueryEscape(issuer))
	if err != nil {
		t.Fatal(err)
	}
	for how, want := range map[string]map[string]string{
		"with the answer unchanged":                {"code": "c", "state": "s", "iss": issuer},
		"in another browser":                       {"code": "c", "state": "s", "iss": issuer},
		"without the state":                        {"code": "c", "iss": issuer},
		"with another state":                       {"code": "c", "state": "0123456789abcdef0123456789abcdef", "iss": issuer},
		"without the code":                         {"state": "s", "iss": issuer},
		"with an error beside the code":            {"code": "c", "state": "s", "iss": issuer, "error": "access_denied"},
		"with the issuer of another provider":      {"code": "c", "state": "s", "iss": "https://provider.example.com/"},
		"with another issuer of the same provider": {"code": "c", "state": "s", "iss": issuer + "-other"},
	} {
		altered := alterAnswer(answer, issuer, how)
		got := altered.Query()
		if len(got) != len(want) || altered.Path != answer.Path || altered.Host != answer.Host {
			t.Errorf("%s: got %s", how, altered)
		}
		for name, value := range want {
			if got.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", how, name, got.Get(name), value)
			}
		}
	}
	if answer.Query().Get("code") != "c" || answer.Query().Has("error") {
		t.Errorf("the answer itself was changed: %s", answer)
	}
}
