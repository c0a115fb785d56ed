package steps

import (
	"net/http"
	"testing"

	"countersign/steps/driver"
	"countersign/steps/probe"
)

// Each assertion is shown a reply that it accepts and one that it does not.
func TestAssertionsFail(t *testing.T) {
	t.Parallel()
	shown := func(control string) *driver.Reply {
		return &driver.Reply{Status: 200, Header: http.Header{"Cache-Control": {control}}}
	}
	session := func(user string) *driver.Reply {
		return &driver.Reply{Status: 200, Body: []byte(`{"user_guid":"` + user + `","oauth_integration_guid":"i"}`)}
	}
	report := func(value string) *probe.Report {
		return &probe.Report{Request: &probe.Request{Headers: map[string][]string{"X": {value}}}}
	}
	exchanged := func(control string) probe.Result {
		return probe.Result{Headers: map[string][]string{"Cache-Control": {control}}}
	}
	setting := func(cookie string) *driver.Visit {
		return &driver.Visit{
			Reply:  &driver.Reply{Status: 200, Header: http.Header{"Set-Cookie": {cookie}}},
			Report: &probe.Report{Results: []probe.Result{{}}},
		}
	}
	associations := []driver.Association{{IntegrationGUID: "b"}, {IntegrationGUID: "a"}}
	visited := func(token, execution string) *probe.Report {
		return &probe.Report{
			Request:     &probe.Request{Headers: map[string][]string{"Posit-Connect-User-Session-Token": {token}}},
			Environment: map[string]string{"CONNECT_CONTENT_SESSION_TOKEN": execution},
		}
	}
	tests := []struct {
		name       string
		good, evil error
	}{
		{"shared caches", keptFromSharedCaches(shown("no-cache, private")), keptFromSharedCaches(shown("max-age=60"))},
		{"a value in a reply", holdsNo([]*driver.Reply{{Status: 200, Body: []byte("alice")}}, "it", "id-7"),
			holdsNo([]*driver.Reply{{Status: 200}, {Status: 200, Body: []byte(`{"x":"id-7"}`)}}, "it", "id-7")},
		{"associations", compareAssociations(associations, []string{"a", "b"}, nil), compareAssociations(associations, []string{"a"}, nil)},
		{"sessions of others", ownedBy([]driver.Session{{UserGUID: "u"}}, "u"), ownedBy([]driver.Session{{UserGUID: "u"}, {UserGUID: "v"}}, "u")},
		{"the session", describesSession(session("u"), "u", "i"), describesSession(session("v"), "u", "i")},
		{"a header", received(report("other"), "forged"), received(report("forged"), "forged")},
		{"a header with a secret", received(report("sha256:"+probe.Digest("other")), "forged"), received(report("sha256:"+probe.Digest("forged")), "forged")},
		{"a header with a key", received(report("sha256:"+probe.Digest("Key other")), "forged"), received(report("sha256:"+probe.Digest("Key forged")), "forged")},
		{"tokens of executions", differentTokens(visited("a", "x"), visited("b", "y")), differentTokens(visited("a", "x"), visited("b", "x"))},
		{"tokens of visits", differentTokens(visited("a", ""), visited("b", "")), differentTokens(visited("a", "x"), visited("a", "y"))},
		{"cookies of content", cookiesHeldBack(setting("session=x")), cookiesHeldBack(setting("session=" + planted + "; Path=/"))},
		{"the reply of an exchange", notStored(exchanged("no-store")), notStored(exchanged("private"))},
	}
	for _, test := range tests {
		if test.good != nil {
			t.Errorf("%s: %v", test.name, test.good)
		}
		if _, broken := asViolation(test.evil); !broken {
			t.Errorf("%s: got %v, want a violation", test.name, test.evil)
		}
	}
}
