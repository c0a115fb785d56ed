package scenario

import (
	"countersign/steps/check"
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
		"with an empty state":                      {"code": "c", "state": "", "iss": issuer},
		"without the code":                         {"state": "s", "iss": issuer},
		"with an empty code":                       {"code": "", "state": "s", "iss": issuer},
		"with markup as the error":                 {"state": "s", "iss": issuer, "error": check.ProviderMarkup},
		"with an error beside the code":            {"code": "c", "state": "s", "iss": issuer, "error": "access_denied"},
		"with the issuer of another provider":      {"code": "c", "state": "s", "iss": "https://provider.example.com/"},
		"with another issuer of the same provider": {"code": "c", "state": "s", "iss": issuer + "-other"},
	}
	repeated := map[string]string{"with a second state": "state", "with a second code": "code"}
	for words, change := range AnswerChanges {
		query := url.Values{"code": {"c"}, "state": {"s"}, "iss": {issuer}}
		change(query, issuer)
		if name := repeated[words]; name != "" {
			if len(query) != 3 || len(query[name]) != 2 || query[name][0] == query[name][1] {
				t.Errorf("%s: %v, want two values of %s", words, query, name)
			}
			continue
		}
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
