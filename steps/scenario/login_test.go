package scenario

import (
	"net/url"
	"testing"
)

// TestAnswerChanges checks that each change of the provider's answer changes one parameter.
func TestAnswerChanges(t *testing.T) {
	t.Parallel()
	const issuer = "http://provider.example/s-1"
	wanted := map[string]map[string]string{
		"with the answer unchanged":                {"code": "c", "state": "s", "iss": issuer},
		"without the state":                        {"code": "c", "iss": issuer},
		"with another state":                       {"code": "c", "state": "0123456789abcdef0123456789abcdef", "iss": issuer},
		"without the code":                         {"state": "s", "iss": issuer},
		"with an error beside the code":            {"code": "c", "state": "s", "iss": issuer, "error": "access_denied"},
		"with the issuer of another provider":      {"code": "c", "state": "s", "iss": "https://provider.example.com/"},
		"with another issuer of the same provider": {"code": "c", "state": "s", "iss": issuer + "-other"},
	}
	for words, change := range AnswerChanges {
		query := url.Values{"code": {"c"}, "state": {"s"}, "iss": {issuer}}
		change(query, issuer)
		want := wanted[words]
		if len(query) != len(want) {
			t.Errorf("%s: %v, want %v", words, query, want)
		}
		for name, value := range want {
			if query.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", words, name, query.Get(name), value)
			}
		}
	}
}
