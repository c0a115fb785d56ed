package proxyauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"countersign/reference/internal/proxyauth"
)

var (
	basic = proxyauth.Policy{Username: "X-Auth-Username"}
	full  = proxyauth.Policy{
		Username: "X-Auth-Username", FirstName: "X-Auth-First-Name", LastName: "X-Auth-Last-Name",
		Email: "X-Auth-Email", Role: "X-Auth-RSC-Role", Groups: "X-Auth-Groups",
	}
	unique = proxyauth.Policy{Username: "X-Auth-Username", UniqueID: "X-Auth-ID", Email: "X-Auth-Email"}
	piped  = proxyauth.Policy{Username: "X-Auth-Username", Groups: "X-Auth-Groups", GroupsSeparator: "|"}
)

// headers returns "Name: value" lines in the form of net/http, with canonical names.
func headers(lines ...string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ":")
		h.Add(name, strings.Trim(value, " \t"))
	}
	return h
}

func TestReadClaims(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy proxyauth.Policy
		lines  []string
		want   proxyauth.Claim
	}{
		{"no headers", full, nil, proxyauth.Claim{}},
		{"username", basic, []string{"X-Auth-Username: alice"}, proxyauth.Claim{Identity: "alice", Username: "alice"}},
		{"letter case of the name", basic, []string{"x-AUTH-username: alice"}, proxyauth.Claim{Identity: "alice", Username: "alice"}},
		{"underscores are another header", basic, []string{"X_Auth_Username: alice"}, proxyauth.Claim{}},
		{"custom name only", proxyauth.Policy{Username: "X-Me"}, []string{"X-Auth-Username: alice"}, proxyauth.Claim{}},
		{"profile alone names nobody", full, []string{"X-Auth-First-Name: A", "X-Auth-RSC-Role: administrator", "X-Auth-Groups: g"}, proxyauth.Claim{}},
		{"profile", full, []string{"X-Auth-Username: alice", "X-Auth-First-Name: Alice", "X-Auth-Last-Name: Roe, Jr.", "X-Auth-Email: a@b.c", "X-Auth-RSC-Role: viewer"},
			proxyauth.Claim{Identity: "alice", Username: "alice", FirstName: "Alice", LastName: "Roe, Jr.", Email: "a@b.c", Role: "viewer"}},
		{"blank profile is not sent", full, []string{"X-Auth-Username: alice", "X-Auth-Email:", "X-Auth-First-Name: (null)"}, proxyauth.Claim{Identity: "alice", Username: "alice"}},
		{"UTF-8", basic, []string{"X-Auth-Username: Åse Ø"}, proxyauth.Claim{Identity: "Åse Ø", Username: "Åse Ø"}},
		{"unique id", unique, []string{"X-Auth-ID: 42", "X-Auth-Username: sam"}, proxyauth.Claim{Identity: "42", Username: "sam"}},
		{"unique id without username", unique, []string{"X-Auth-ID: 42", "X-Auth-Email: sam@x.org"}, proxyauth.Claim{Identity: "42", Email: "sam@x.org"}},
		{"username without the unique id", unique, []string{"X-Auth-Username: sam"}, proxyauth.Claim{}},
		{"groups repeat", full, []string{"X-Auth-Username: a", "X-Auth-Groups: A", "X-Auth-Groups: B", "X-Auth-Groups: A"}, proxyauth.Claim{Identity: "a", Username: "a", Groups: []string{"A", "B"}}},
		{"a comma separates no groups", full, []string{"X-Auth-Username: a", "X-Auth-Groups: A, B"}, proxyauth.Claim{Identity: "a", Username: "a", Groups: []string{"A, B"}}},
		{"without a separator nothing is split", full, []string{"X-Auth-Username: a", "X-Auth-Groups: A|B"}, proxyauth.Claim{Identity: "a", Username: "a", Groups: []string{"A|B"}}},
		{"variables not filled in are no groups", full, []string{"X-Auth-Username: a", "X-Auth-Groups: (null)", "X-Auth-Groups: ${groups}", "X-Auth-Groups: A"}, proxyauth.Claim{Identity: "a", Username: "a", Groups: []string{"A"}}},
		{"separator", piped, []string{"X-Auth-Username: a", "X-Auth-Groups: A | B||", "X-Auth-Groups: C", "X-Auth-Groups:"}, proxyauth.Claim{Identity: "a", Username: "a", Groups: []string{"A", "B", "C"}}},
		{"several roles are one strange role", full, []string{"X-Auth-Username: a", "X-Auth-RSC-Role: viewer, administrator"}, proxyauth.Claim{Identity: "a", Username: "a", Role: "viewer, administrator"}},
		{"role with a bad byte", full, []string{"X-Auth-Username: a", "X-Auth-RSC-Role: \xff"}, proxyauth.Claim{Identity: "a", Username: "a", Role: "\uFFFD"}},
		{"longest", basic, []string{"X-Auth-Username: " + strings.Repeat("a", 255)}, proxyauth.Claim{Identity: strings.Repeat("a", 255), Username: strings.Repeat("a", 255)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.policy.Read(headers(tt.lines...))
			if err != nil {
				t.Fatalf("Read: %v", err)
			}
			if (got.Digest == "") != got.Anonymous() {
				t.Errorf("digest %q of anonymous=%v", got.Digest, got.Anonymous())
			}
			got.Digest = ""
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestReadRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy proxyauth.Policy
		lines  []string
		reason proxyauth.Reason
		header string
	}{
		{"two usernames", basic, []string{"X-Auth-Username: a", "X-Auth-Username: b"}, proxyauth.Duplicate, "X-Auth-Username"},
		{"equal usernames", basic, []string{"X-Auth-Username: a", "X-Auth-Username: a"}, proxyauth.Duplicate, "X-Auth-Username"},
		{"other letter case", basic, []string{"X-Auth-Username: a", "x-auth-username: a"}, proxyauth.Duplicate, "X-Auth-Username"},
		{"one of them empty", basic, []string{"X-Auth-Username: a", "X-Auth-Username:"}, proxyauth.Duplicate, "X-Auth-Username"},
		{"unique ids", unique, []string{"X-Auth-ID: 1", "X-Auth-ID: 1"}, proxyauth.Duplicate, "X-Auth-ID"},
		{"usernames beside a unique id", unique, []string{"X-Auth-ID: 1", "X-Auth-Username: a", "X-Auth-Username: a"}, proxyauth.Duplicate, "X-Auth-Username"},
		{"first names", full, []string{"X-Auth-Username: a", "X-Auth-First-Name: a", "X-Auth-First-Name: a"}, proxyauth.Duplicate, "X-Auth-First-Name"},
		{"last names", full, []string{"X-Auth-Username: a", "X-Auth-Last-Name: a", "X-Auth-Last-Name: b"}, proxyauth.Duplicate, "X-Auth-Last-Name"},
		{"emails without an identity", full, []string{"X-Auth-Email: a", "X-Auth-Email: b"}, proxyauth.Duplicate, "X-Auth-Email"},
		{"roles", full, []string{"X-Auth-Username: a", "X-Auth-RSC-Role: viewer", "X-Auth-RSC-Role: viewer"}, proxyauth.Duplicate, "X-Auth-RSC-Role"},
		{"empty", basic, []string{"X-Auth-Username:"}, proxyauth.Blank, "X-Auth-Username"},
		{"no-break blank", basic, []string{"X-Auth-Username: \u00a0"}, proxyauth.Blank, "X-Auth-Username"},
		{"blank at the end", basic, []string{"X-Auth-Username: a\u00a0"}, proxyauth.Blank, "X-Auth-Username"},
		{"tab inside", basic, []string{"X-Auth-Username: a\tb"}, proxyauth.Characters, "X-Auth-Username"},
		{"line break", basic, []string{"X-Auth-Username: a\r\nb"}, proxyauth.Characters, "X-Auth-Username"},
		{"zero-width", basic, []string{"X-Auth-Username: a\u200bb"}, proxyauth.Characters, "X-Auth-Username"},
		{"right to left", basic, []string{"X-Auth-Username: a\u202eb"}, proxyauth.Characters, "X-Auth-Username"},
		{"Latin-1", basic, []string{"X-Auth-Username: \xe5se"}, proxyauth.Encoding, "X-Auth-Username"},
		{"too long", basic, []string{"X-Auth-Username: " + strings.Repeat("a", 256)}, proxyauth.TooLong, "X-Auth-Username"},
		{"joined", basic, []string{"X-Auth-Username: alice, bob"}, proxyauth.Joined, "X-Auth-Username"},
		{"joined without blank", basic, []string{"X-Auth-Username: alice,evil"}, proxyauth.Joined, "X-Auth-Username"},
		{"joined unique id", unique, []string{"X-Auth-ID: 1, 2"}, proxyauth.Joined, "X-Auth-ID"},
		{"empty unique id", unique, []string{"X-Auth-ID:", "X-Auth-Username: a"}, proxyauth.Blank, "X-Auth-ID"},
		{"empty username beside a unique id", unique, []string{"X-Auth-ID: 1", "X-Auth-Username:"}, proxyauth.Blank, "X-Auth-Username"},
		{"Apache's unset variable", basic, []string{"X-Auth-Username: (null)"}, proxyauth.Placeholder, "X-Auth-Username"},
		{"Caddy's placeholder", basic, []string{"X-Auth-Username: {http.reverse_proxy.header.X-Auth-Username}"}, proxyauth.Placeholder, "X-Auth-Username"},
		{"shell variable", basic, []string{"X-Auth-Username: ${user}"}, proxyauth.Placeholder, "X-Auth-Username"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.policy.Read(headers(tt.lines...))
			var refusal *proxyauth.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %+v, %v, want a refusal", got, err)
			}
			if refusal.Reason != tt.reason || refusal.Header != tt.header {
				t.Errorf("got %q of %s, want %q of %s", refusal.Reason, refusal.Header, tt.reason, tt.header)
			}
			if !got.Anonymous() {
				t.Errorf("a refusal came with the claim %+v", got)
			}
		})
	}
}

// Only the identity can cause a refusal. Unusable values of the profile are left out, and usable ones remain.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	const email, first, last, groups = "X-Auth-Email", "X-Auth-First-Name", "X-Auth-Last-Name", "X-Auth-Groups"
	long := strings.Repeat("x", proxyauth.MaxValue+1)
	for _, tt := range []struct {
		name  string
		lines []string
		want  proxyauth.Claim
	}{
		{"joined email", []string{email + ": a@x, b@x"}, proxyauth.Claim{LeftOut: []proxyauth.LeftOut{{email, proxyauth.Joined}}}},
		{"email joined by a semicolon", []string{email + ": a@x;b@x"}, proxyauth.Claim{LeftOut: []proxyauth.LeftOut{{email, proxyauth.Joined}}}},
		{"long email", []string{email + ": " + long}, proxyauth.Claim{LeftOut: []proxyauth.LeftOut{{email, proxyauth.TooLong}}}},
		{"Latin-1", []string{first + ": Jos\xe9", last + ": Roe"}, proxyauth.Claim{LastName: "Roe", LeftOut: []proxyauth.LeftOut{{first, proxyauth.Encoding}}}},
		{"control character", []string{first + ": Joe", last + ": a\x00b"}, proxyauth.Claim{FirstName: "Joe", LeftOut: []proxyauth.LeftOut{{last, proxyauth.Characters}}}},
		{"some groups", []string{groups + ": A", groups + ": " + long, groups + ": \xff", groups + ": \xfe", groups + ": B"},
			proxyauth.Claim{Groups: []string{"A", "B"}, LeftOut: []proxyauth.LeftOut{{groups, proxyauth.TooLong}, {groups, proxyauth.Encoding}}}},
		{"all groups", []string{groups + ": a\tb"}, proxyauth.Claim{LeftOut: []proxyauth.LeftOut{{groups, proxyauth.Characters}}}},
		{"everything", []string{first + ": \xff", last + ": \xff", email + ": \xff", groups + ": \xff"}, proxyauth.Claim{LeftOut: []proxyauth.LeftOut{
			{first, proxyauth.Encoding}, {last, proxyauth.Encoding}, {email, proxyauth.Encoding}, {groups, proxyauth.Encoding}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := full.Read(headers(append(tt.lines, "X-Auth-Username: alice")...))
			if err != nil {
				t.Fatalf("Read: %v", err)
			}
			got.Digest = ""
			tt.want.Identity, tt.want.Username = "alice", "alice"
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTooManyGroups(t *testing.T) {
	t.Parallel()
	h := headers("X-Auth-Username: a")
	for i := range proxyauth.MaxGroups {
		h.Add("X-Auth-Groups", fmt.Sprint("g", i))
	}
	if c, err := full.Read(h); err != nil || len(c.Groups) != proxyauth.MaxGroups || len(c.LeftOut) != 0 {
		t.Fatalf("at the limit: %d groups, left out %v, %v", len(c.Groups), c.LeftOut, err)
	}
	h.Add("X-Auth-Groups", "g1")
	h.Add("X-Auth-Groups", "one more")
	h.Add("X-Auth-Groups", "and another")
	c, err := full.Read(h)
	if want := []proxyauth.LeftOut{{Header: "X-Auth-Groups", Reason: proxyauth.TooMany}}; err != nil || len(c.Groups) != proxyauth.MaxGroups || !reflect.DeepEqual(c.LeftOut, want) {
		t.Fatalf("above the limit: %d groups, left out %v, %v", len(c.Groups), c.LeftOut, err)
	}
}

// The digest must change with every value, and only with the values.
func TestDigest(t *testing.T) {
	t.Parallel()
	read := func(lines ...string) string {
		c, err := full.Read(headers(lines...))
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest
	}
	base := read("X-Auth-Username: a", "X-Auth-Groups: A", "X-Auth-Groups: B")
	if got := read("X-Auth-Groups: B", "X-Auth-Username: a", "X-Auth-Groups: A", "X-Other: 1"); got != base {
		t.Error("the order of groups, or a header that is not configured, changed the digest")
	}
	for _, other := range [][]string{
		{"X-Auth-Username: a", "X-Auth-Groups: A"},
		{"X-Auth-Username: a", "X-Auth-Groups: AB"},
		{"X-Auth-Username: a", "X-Auth-Groups: A", "X-Auth-Groups: B", "X-Auth-Email: e"},
		{"X-Auth-Username: a", "X-Auth-Groups: A", "X-Auth-Groups: B", "X-Auth-First-Name: e"},
		{"X-Auth-Username: a", "X-Auth-Groups: A", "X-Auth-Groups: B", "X-Auth-RSC-Role: e"},
		{"X-Auth-Username: b", "X-Auth-Groups: A", "X-Auth-Groups: B"},
	} {
		if read(other...) == base {
			t.Errorf("%q has the digest of another claim", other)
		}
	}
}
