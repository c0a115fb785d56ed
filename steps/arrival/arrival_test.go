package arrival

import (
	"slices"
	"testing"
)

func TestHeaderLines(t *testing.T) {
	t.Parallel()
	r := Request{Line: "GET /a?b HTTP/1.1", Fields: []string{"X-Auth-Username: alice", "x-auth-username:\t", "X_Auth.Username: evil", "X-Auth-User: bob"}}
	if got := r.Values("X-AUTH-Username"); !slices.Equal(got, []string{"alice", ""}) {
		t.Errorf("Values = %q", got)
	}
	if got := r.Alike("X-Auth-Username"); !slices.Equal(got, []string{"alice", "", "evil"}) {
		t.Errorf("Alike = %q", got)
	}
	if r.Target() != "/a?b" || r.Method() != "GET" {
		t.Errorf("Target = %q, Method = %q", r.Target(), r.Method())
	}
}
