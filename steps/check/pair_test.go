package check

import (
	"strings"
	"testing"

	"countersign/steps/driver"
	"countersign/steps/transcript"
)

// sent returns a reply to a request that was sent so: its head, with | between lines, and its body.
func sent(status int, head, body string) *driver.Reply {
	r := reply(status, "")
	r.Exchange = &transcript.Exchange{RequestHead: []byte(strings.ReplaceAll(head, "|", "\r\n") + "\r\n\r\n"), RequestBody: []byte(body)}
	return r
}

// TestDifferences checks in which parts two recorded requests differ.
func TestDifferences(t *testing.T) {
	t.Parallel()
	const head = "POST /a?x=1&y=2 HTTP/1.1|Host: h|Accept: application/json|X-Auth-Username: alice"
	tests := []struct {
		name, head, body string
		want             string
	}{
		{"the same", head, "b", ""},
		{"the order of a query", "POST /a?y=2&x=1 HTTP/1.1|Accept: application/json|x-auth-username: alice", "b", ""},
		{"how it is sent", head + "|Connection: close|User-Agent: x", "b", ""},
		{"the actions of a visit", strings.Replace(head, "y=2", "y=2&probe=abc", 1), "b", ""},
		{"another method", strings.Replace(head, "POST", "PUT", 1), "b", "its resource"},
		{"another path", strings.Replace(head, "/a", "/b", 1), "b", "its resource"},
		{"another query", strings.Replace(head, "y=2", "y=3", 1), "b", "its resource"},
		{"another user", strings.Replace(head, "alice", "bob", 1), "b", "the caller"},
		{"a second identity header", head + "|X_Auth_Username: bob", "b", "the caller"},
		{"an API key", head + "|Authorization: Key x", "b", "the caller"},
		{"a cookie", head + "|Cookie: a=b", "b", "the caller"},
		{"another header", head + "|Origin: x", "b", "its headers"},
		{"another body", head, "c", "its body"},
		{"another media type", head + "|Content-Type: text/plain", "b", "its body"},
		{"two parts", strings.Replace(head, "/a", "/b", 1), "c", "its body and its resource"},
	}
	for _, tt := range tests {
		p := Pair{Granted: sent(200, head, "b"), Tried: sent(403, tt.head, tt.body)}
		if got := join(p.Differences()); got != tt.want {
			t.Errorf("%s: differs in %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestAPairDiffersInOneThing checks that a refusal is compared with a request that differs from it
// in one part, unless the step excuses the others.
func TestAPairDiffersInOneThing(t *testing.T) {
	t.Parallel()
	granted := sent(200, "GET /a HTTP/1.1|Cookie: a=b", "")
	other := sent(403, "GET /b HTTP/1.1|Cookie: a=c", "")
	run(t, []row{
		{"Refused", "two parts", Pair{Granted: granted, Tried: other}.Refused(), blocked},
		{"Refused", "one excused", Pair{Granted: granted, Tried: other, Excused: []Part{Resource}}.Refused(), holds},
		{"RefusedOrEmpty", "two parts", Pair{Granted: granted, Tried: other}.RefusedOrEmpty(), blocked},
		{"RefusedOrAskedToLogIn", "two parts", Pair{Granted: granted, Tried: other}.RefusedOrAskedToLogIn(false), blocked},
		{"APIError", "two parts", Pair{Granted: granted, Tried: other}.APIError(), blocked},
	})
	err := Pair{Granted: granted, Tried: sent(200, "GET /a HTTP/1.1|Cookie: a=c", "")}.Refused()
	if err == nil || !strings.Contains(err.Error(), "differs in the caller") {
		t.Errorf("%v, want a violation that names the difference", err)
	}
}
