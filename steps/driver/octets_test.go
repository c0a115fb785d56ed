package driver_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/transcript"
)

// octetRecorder records the octets that arrive on its connections and replies to each head
// with 204.
type octetRecorder struct {
	url   string
	heads chan string
}

func newOctetRecorder(t *testing.T) *octetRecorder {
	t.Helper()
	o := &octetRecorder{heads: make(chan string, 8)}
	o.url = acceptAll(t, o.serve)
	return o
}

func (o *octetRecorder) serve(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		var head strings.Builder
		for !strings.HasSuffix(head.String(), "\r\n\r\n") {
			c, err := r.ReadByte()
			if err != nil {
				return
			}
			head.WriteByte(c)
		}
		o.heads <- head.String()
		if _, err := io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
			return
		}
	}
}

// identityOctets returns the lines of a head without those that a door adds.
func identityOctets(head string) []string {
	var lines []string
	_, rest, _ := strings.Cut(head, "\r\n")
	for _, line := range strings.Split(strings.TrimSuffix(rest, "\r\n\r\n"), "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "Content-Length":
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// TestOctetsOfBothDoors sends the same header lines through both doors and checks that the same
// octets arrive. Lines that the Client door would change must go through the Raw door.
func TestOctetsOfBothDoors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines []driver.HeaderLine
		want  []string
		door  string // the door that send chooses
	}{
		{"one", []driver.HeaderLine{{"X-Auth-Username", "alice"}}, []string{"X-Auth-Username: alice"}, "client"},
		{"twice", []driver.HeaderLine{{"X-Auth-Username", "alice"}, {"X-Auth-Username", "bob"}}, []string{"X-Auth-Username: alice", "X-Auth-Username: bob"}, "client"},
		{"twice the same", []driver.HeaderLine{{"X-Auth-Username", "a"}, {"X-Auth-Username", "a"}}, []string{"X-Auth-Username: a", "X-Auth-Username: a"}, "client"},
		{"lower case second", []driver.HeaderLine{{"X-Auth-Username", "alice"}, {"x-auth-username", "bob"}}, []string{"X-Auth-Username: alice", "x-auth-username: bob"}, "client"},
		{"lower case first", []driver.HeaderLine{{"x-auth-username", "alice"}, {"X-Auth-Username", "bob"}}, []string{"x-auth-username: alice", "X-Auth-Username: bob"}, "raw"},
		{"three spellings", []driver.HeaderLine{{"X-AUTH-USERNAME", "a"}, {"x-auth-username", "b"}, {"X-Auth-Username", "c"}}, []string{"X-AUTH-USERNAME: a", "x-auth-username: b", "X-Auth-Username: c"}, "raw"},
		{"underscores", []driver.HeaderLine{{"X_Auth_Username", "alice"}}, []string{"X_Auth_Username: alice"}, "client"},
		{"empty", []driver.HeaderLine{{"X-Auth-Username", ""}}, []string{"X-Auth-Username: "}, "client"},
		{"not ASCII", []driver.HeaderLine{{"X-Auth-Username", "ålice"}}, []string{"X-Auth-Username: ålice"}, "client"},
		{"comma", []driver.HeaderLine{{"X-Auth-Username", "alice, bob"}}, []string{"X-Auth-Username: alice, bob"}, "client"},
		{"tab inside", []driver.HeaderLine{{"X-Auth-Username", "a\tb"}}, []string{"X-Auth-Username: a\tb"}, "client"},
		{"blank", []driver.HeaderLine{{"X-Auth-Username", "   "}}, []string{"X-Auth-Username:    "}, "raw"},
		{"blank before", []driver.HeaderLine{{"X-Auth-Username", " alice"}}, []string{"X-Auth-Username:  alice"}, "raw"},
		{"blank after", []driver.HeaderLine{{"X-Auth-Username", "alice "}}, []string{"X-Auth-Username: alice "}, "raw"},
		{"fold", []driver.HeaderLine{{"X-Auth-Username", "alice\r\n bob"}}, []string{"X-Auth-Username: alice", " bob"}, "raw"},
		{"control", []driver.HeaderLine{{"X-Auth-Username", "alice\x01"}}, []string{"X-Auth-Username: alice\x01"}, "raw"},
		{"delete", []driver.HeaderLine{{"X-Auth-Username", "alice\x7f"}}, []string{"X-Auth-Username: alice\x7f"}, "raw"},
		{"NUL", []driver.HeaderLine{{"X-Auth-Username", "al\x00ice"}}, []string{"X-Auth-Username: al\x00ice"}, "raw"},
		{"blank before the colon", []driver.HeaderLine{{"X-Auth-Username ", "alice"}}, []string{"X-Auth-Username : alice"}, "raw"},
		{"framing", []driver.HeaderLine{{"Transfer-Encoding", "identity"}}, []string{"Transfer-Encoding: identity"}, "raw"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOctetRecorder(t)
			s := subjectAt(t, o.url)
			rec := transcript.New(transcript.Options{})
			p := driver.NewPersona(s, "alice", driver.Identity{}, plan.HeaderNames{Username: "X-Auth-Username"}, rec)
			if _, err := p.SignInWith(t.Context(), c.lines...); err != nil {
				t.Fatal(err)
			}
			chosen := <-o.heads
			if _, err := p.SendRaw(t.Context(), c.lines...); err != nil {
				t.Fatal(err)
			}
			raw := <-o.heads
			for door, head := range map[string]string{"chosen": chosen, "raw": raw} {
				if diff := cmp.Diff(c.want, identityOctets(head)); diff != "" {
					t.Errorf("%s door (-want +got):\n%s", door, diff)
				}
			}
			exchanges := rec.Exchanges()
			if got := exchanges[0].Door; got != c.door {
				t.Errorf("door: got %s, want %s", got, c.door)
			}
			for i, head := range []string{chosen, raw} {
				if diff := cmp.Diff(head, string(exchanges[i].RequestHead)); diff != "" {
					t.Errorf("recorded octets of exchange %d (-sent +recorded):\n%s", i, diff)
				}
			}
		})
	}
}

func TestOctetsAreSentUnchanged(t *testing.T) {
	t.Parallel()
	o := newOctetRecorder(t)
	p := driver.NewPersona(subjectAt(t, o.url), "alice", driver.Identity{Username: "alice"}, plan.HeaderNames{Username: "X-Auth-Username"}, nil)
	const octets = "TRACE  /%zz HTTP/1.0\r\nhost:x\r\nX:\ty\r\n\r\n"
	reply, err := p.Octets(t.Context(), "TRACE", []byte(octets))
	if err != nil {
		t.Fatal(err)
	}
	if got := <-o.heads; got != octets {
		t.Errorf("got %q, want %q", got, octets)
	}
	if reply.Status != http.StatusNoContent {
		t.Errorf("got %d, want 204", reply.Status)
	}
}
