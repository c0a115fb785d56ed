package proxyauth_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"countersign/reference/internal/proxyauth"
)

// everything is a policy with every header; byID is the same policy with a unique id.
var (
	everything = proxyauth.Policy{
		Username: "X-Auth-Username", FirstName: "X-Auth-First-Name", LastName: "X-Auth-Last-Name", Email: "X-Auth-Email",
		Role: "X-Auth-RSC-Role", Groups: "X-Auth-Groups", GroupsSeparator: "|",
	}
	byID = proxyauth.Policy{
		Username: "X-Auth-Username", UniqueID: "X-Auth-ID", FirstName: "X-Auth-First-Name", LastName: "X-Auth-Last-Name", Email: "X-Auth-Email",
		Role: "X-Auth-RSC-Role", Groups: "X-Auth-Groups", GroupsSeparator: "|",
	}
)

// heads are header blocks of attackers, as clients and misled proxies send them.
var heads = []string{
	"X-Auth-Username: alice\r\nX-Auth-Groups: a|b\r\nX-Auth-Groups: c\r\n",
	"X-Auth-Username: alice\r\nX-Auth-Username: alice\r\n",
	"X-Auth-Username: alice\r\nx-auth-USERNAME: bob\r\n",
	"X-Auth-Username: alice, bob\r\n",
	"X-Auth-Username: alice,evil\r\n",
	"X_Auth_Username: mallory\r\n",
	"X-Auth_Username: mallory\r\n",
	"X.Auth.Username: mallory\r\n",
	"X-Auth-Username : mallory\r\n",
	"X-Auth-Username: ali\r\n ce\r\n",
	"X-Auth-Username: alice\r\n\tX-Auth-Username: bob\r\n",
	"Trailer: X-Auth-Username\r\nX-Auth-ID: 42\r\n",
	"Connection: X-Auth-Username, close\r\nX-Auth-Username: alice\r\n",
	"X-Auth-Username:\r\n",
	"X-Auth-Username:   \t\r\nX-Auth-Email: a@x\r\n",
	"X-Auth-Username: (null)\r\n",
	"X-Auth-Username: {http.reverse_proxy.header.X-Auth-Username}\r\n",
	"X-Auth-Username: %{REMOTE_USER}e\r\nX-Auth-Groups: (null)\r\n",
	"X-Auth-Username: ${x}\r\n",
	"X-Auth-Username: $host\r\n",
	"X-Auth-Username: connect\r\n",
	"X-Auth-Username: <script>alert(1)</script>\r\n",
	"X-Auth-Username: ../../etc/passwd\r\n",
	"X-Auth-Username: a%00b\r\nX-Auth-Email: a%0d%0ab\r\n",
	"X-Auth-Username: a\tb\r\n",
	"X-Auth-Username: a\x00b\r\n",
	"X-Auth-Username: a\x01\x7f\r\n",
	"X-Auth-Username: Jos\xe9\r\n",
	"X-Auth-Username: \xc0\xaf\r\n",
	"X-Auth-Username: A\u030angstro\u0308m\r\n",
	"X-Auth-Username: alice\u200b\r\n",
	"X-Auth-Username: \u202eecila\r\n",
	"X-Auth-Username: \u00a0\r\n",
	"X-Auth-Username: \"alice\"\r\nX-Auth-RSC-Role: 'administrator'\r\n",
	"X-Auth-Username: " + strings.Repeat("a", 4096) + "\r\n",
	"X-Auth-Username: " + strings.Repeat("é", 127) + "\r\n",
	"X-Auth-ID: 42\r\nX-Auth-Email: a@x, b@x\r\n",
	"X-Auth-ID: 42\r\nX-Auth-Username: alice\r\nX-Auth-Email: a@x;b@x\r\nX-Auth-First-Name: Jos\xe9\r\nX-Auth-Groups: a|\xff|b\tc\r\n",
	"X-Auth-ID:\r\nX-Auth-Username: alice\r\n",
	"X-Auth-ID: 42\r\nX-Auth-ID: 43\r\n",
	"X-Auth-Username: alice\r\nX-Auth-RSC-Role: viewer\r\nX-Auth-RSC-Role: administrator\r\n",
	"X-Auth-Username: alice\r\nX-Auth-RSC-Role: viewer, administrator\r\n",
	"X-Auth-Username: alice\r\nX-Auth-RSC-Role:\r\n",
	"X-Auth-RSC-Role: administrator\r\nX-Auth-Groups: admins\r\n",
	"Authorization: Bearer x, Key y\r\nX-RSC-Authorization: z\r\nX-Auth-Username: alice\r\n",
}

// FuzzRead checks that a claim equals the content of exactly one valid line, for every input, and that nothing can be
// added to it unnoticed.
func FuzzRead(f *testing.F) {
	for _, h := range heads {
		f.Add([]byte(h))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		// net/http parses the headers, as for the server.
		req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\n"), bytes.NewReader(head), strings.NewReader("\r\n\r\n"))))
		if err != nil {
			t.Skip()
		}
		for _, p := range []proxyauth.Policy{everything, byID} {
			c, err := p.Read(req.Header)
			identity := p.Username
			if p.UniqueID != "" {
				identity = p.UniqueID
			}
			checkClaim(t, p, req.Header, identity, c, err)
			checkForged(t, p, req.Header, identity, c, err)
		}
	})
}

// checkClaim compares a claim with the headers from which it was read.
func checkClaim(t *testing.T, p proxyauth.Policy, h http.Header, identity string, c proxyauth.Claim, err error) {
	t.Helper()
	var refusal *proxyauth.Refusal
	switch {
	case err != nil && (!errors.As(err, &refusal) || !reflect.DeepEqual(c, proxyauth.Claim{})):
		t.Fatalf("refused by %v with the claim %+v", err, c)
	case err != nil:
		if want := refusal.Header + ": " + string(refusal.Reason); err.Error() != want {
			t.Fatalf("the refusal says %q, want %q and no value", err, want)
		}
		if refusal.Reason != proxyauth.Duplicate && refusal.Header != identity && refusal.Header != p.Username {
			t.Fatalf("refused by %v, which is no identity", err)
		}
		return
	case c.Anonymous():
		if !reflect.DeepEqual(c, proxyauth.Claim{}) || h[http.CanonicalHeaderKey(identity)] != nil {
			t.Fatalf("anonymous, with %+v and %q", c, h[http.CanonicalHeaderKey(identity)])
		}
		return
	case c.Digest == "":
		t.Fatalf("%+v has no digest", c)
	}
	if sent := h[http.CanonicalHeaderKey(identity)]; len(sent) != 1 || c.Identity != sent[0] {
		t.Fatalf("the identity %q was made of %q", c.Identity, sent)
	}
	for name, v := range map[string]string{p.Username: c.Username, identity: c.Identity, p.Email: c.Email} {
		if strings.Contains(v, ",") {
			t.Fatalf("%s: %q is several values", name, v)
		}
	}
	for name, v := range map[string]string{p.Username: c.Username, p.FirstName: c.FirstName, p.LastName: c.LastName, p.Email: c.Email} {
		sent := h[http.CanonicalHeaderKey(name)]
		if v != "" && (len(sent) != 1 || strings.TrimSpace(sent[0]) != v) {
			t.Fatalf("%s: %q was made of %q", name, v, sent)
		}
	}
	for _, v := range append([]string{c.Identity, c.Username, c.FirstName, c.LastName, c.Email}, c.Groups...) {
		if !utf8.ValidString(v) || len(v) > proxyauth.MaxValue || strings.ContainsFunc(v, unicode.IsControl) {
			t.Fatalf("accepted %q", v)
		}
	}
}

// checkForged adds headers to a request. Some must not change the claim, and others must cause a refusal or another
// claim.
func checkForged(t *testing.T, p proxyauth.Policy, h http.Header, identity string, c proxyauth.Claim, err error) {
	t.Helper()
	other := h.Clone()
	for _, name := range []string{"X_auth_username", "X-Auth_username", "X-Auth-Username-", "X-Forwarded-User", "Remote-User"} {
		other[name] = append(other[name], "mallory")
	}
	same, sameErr := p.Read(other)
	if fmt.Sprint(err) != fmt.Sprint(sameErr) || !reflect.DeepEqual(c, same) {
		t.Fatalf("other headers made %+v, %v of %+v, %v", same, sameErr, c, err)
	}
	if err != nil || c.Anonymous() {
		return
	}
	for _, name := range []string{identity, p.Username, p.FirstName, p.LastName, p.Email, p.Role} {
		key := http.CanonicalHeaderKey(name)
		if len(h[key]) == 0 {
			continue
		}
		twice := h.Clone()
		twice[key] = append(twice[key], twice[key][0])
		if forged, err := p.Read(twice); err == nil {
			t.Fatalf("a second %s gave %+v", name, forged)
		}
	}
	for _, grown := range []string{"zz-1", "zz-2"} { // another group gives another claim
		more := h.Clone()
		more.Add(p.Groups, grown)
		if with, err := p.Read(more); err == nil && !slices.Contains(c.Groups, grown) && len(c.Groups) < proxyauth.MaxGroups && with.Digest == c.Digest {
			t.Fatalf("the group %s leaves the digest", grown)
		}
	}
}

// neverFilled matches the values that proxies send for a variable without a value.
var neverFilled = regexp.MustCompile(`(?s)^(\(null\)|\$?\{.*\}|%\{.*\}[es]?)$`)

// FuzzGroups checks that the list of groups contains the parts of the lines, split at the separator, each once.
func FuzzGroups(f *testing.F) {
	for _, lines := range []string{
		"A\nB\nA", "A|B||C|", " A | B \n\t\n", "A, B", "a;b", "(null)", "(null)|A", "\n", "|", "||||", "A\r", "A\x00B", "\xff|A", "a\u200b", "Engineering|engineering",
		strings.Repeat("g|", 1001), strings.Repeat("x", 256), strings.Repeat("é", 128), "A\u00a0|\u00a0A", "<script>|../..|%00|${x}",
	} {
		for _, separator := range []string{"", "|", ",", ";", " ", "\t", "A"} {
			f.Add(lines, separator)
		}
	}
	f.Fuzz(func(t *testing.T, text, separator string) {
		if len(separator) > 1 || separator != "" && separator != "\t" && (separator[0] < ' ' || separator[0] > '~') {
			t.Skip() // the configuration accepts no other separator
		}
		p := proxyauth.Policy{Username: "U", Groups: "G", GroupsSeparator: separator}
		lines := strings.Split(text, "\n")
		c, err := p.Read(http.Header{"U": {"alice"}, "G": lines})

		// The same result, computed in another way.
		var want []string
		left := map[proxyauth.Reason]bool{}
		for _, line := range lines {
			for {
				part, rest := line, ""
				more := false
				if separator != "" {
					part, rest, more = strings.Cut(line, separator)
				}
				switch part = strings.TrimSpace(part); {
				case part == "" || neverFilled.MatchString(part) || slices.Contains(want, part) || left[proxyauth.TooMany]:
				case len(part) > proxyauth.MaxValue:
					left[proxyauth.TooLong] = true
				case !utf8.ValidString(part):
					left[proxyauth.Encoding] = true
				case strings.ContainsFunc(part, unicode.IsControl):
					left[proxyauth.Characters] = true
				case len(want) == proxyauth.MaxGroups:
					left[proxyauth.TooMany] = true
				default:
					want = append(want, part)
				}
				if !more {
					break
				}
				line = rest
			}
		}
		if err != nil {
			t.Fatalf("%q by %q: %v", lines, separator, err)
		}
		for _, out := range c.LeftOut {
			if out.Header != "G" || !left[out.Reason] {
				t.Fatalf("%q by %q: left out %+v, want %v", lines, separator, out, left)
			}
		}
		if len(c.LeftOut) != len(left) {
			t.Fatalf("%q by %q: left out %+v, want %v", lines, separator, c.LeftOut, left)
		}
		if !slices.Equal(c.Groups, want) {
			t.Fatalf("%q by %q: got %q, want %q", lines, separator, c.Groups, want)
		}
		slices.Reverse(lines)
		if again, err := p.Read(http.Header{"U": {"alice"}, "G": lines}); err != nil || again.Digest != c.Digest && !left[proxyauth.TooMany] {
			t.Fatalf("the order of the lines changed the claim: %v", err)
		}
	})
}
