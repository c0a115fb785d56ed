package check

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// However a server writes a name and its value, the two stand on one line.
func TestGives(t *testing.T) {
	t.Parallel()
	cases := []struct {
		log, name, value string
		want             bool
	}{
		{`headers.X-Custom=blue`, "X-Custom", "blue", true},
		{`"X-Custom": ["blue"]`, "X-Custom", "blue", true},
		{`x-custom: blue`, "X-Custom", "blue", true},
		{`X-Custom -> blue`, "X-Custom", "blue", true},
		{`{"name":"X-Custom","time":"12:00","value":"blue"}`, "X-Custom", "blue", true},
		{`the header "X-Custom" came with blue`, "X-Custom", "blue", true},
		{`cookies colour (<redacted>), rsconnect (<internal>)`, "colour", "<redacted>", true},
		{`cookies colour (<redacted>), rsconnect (<internal>)`, "rsconnect", "<internal>", true},
		{`Accept: */*; Authorization: <internal>; User-Agent: x`, "Authorization", "<internal>", true},

		{`nothing`, "X-Custom", "blue", false},
		{"X-Custom\nblue", "X-Custom", "blue", false},
		{`blue X-Custom`, "X-Custom", "blue", false},
		{`X-Custom-Other=blue`, "X-Custom", "blue", false},
		{`My-X-Custom=blue`, "X-Custom", "blue", false},
		{`colour=<internal> other=<redacted>`, "colour", "<redacted>", false},
		{`Authorization: Key abc; User-Agent: x; rsconnect=<internal>`, "Authorization", "<internal>", false},
		{`Proxy-Authorization: <internal>`, "Authorization", "<internal>", false},
		{`Authorization: *** X-Custom: blue rsconnect: <internal>`, "Authorization", "<internal>", false},
	}
	for _, c := range cases {
		if got := Gives(c.log+"\n", []string{c.name}, c.value); got != c.want {
			t.Errorf("%q gives %s as %s: %v, want %v", c.log, c.name, c.value, got, c.want)
		}
	}
}

func TestLinesAbout(t *testing.T) {
	t.Parallel()
	const log = `2026-11-27T22:30:17.123Z INFO listening on 127.0.0.1:20000
2026-11-27T22:30:17.124Z INFO 2 Groups loaded in 1.25ms, id 7de8f0fc-6adc-4c52-a518-1c953d92e140
12:30 WARN group engineers-bcdfg has no owner
`
	want := []string{"#T#Z INFO # Groups loaded in #, id #", "# WARN group engineers-bcdfg has no owner"}
	got := LinesAbout(log, "group")
	for i := range got { // the date is written in several ways
		got[i] = dashes.ReplaceAllString(got[i], "#")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	again := LinesAbout("2026-11-28T01:02:03Z INFO 3 Groups loaded in 900µs, id 11111111-6adc-4c52-a518-1c953d92e140\n", "GROUP")
	if len(again) != 1 || dashes.ReplaceAllString(again[0], "#") != want[0] {
		t.Errorf("a line that differs in numbers only reads %q, want %q", again, want[0])
	}
}

var dashes = regexp.MustCompile(`#(?:-#)+`)

func TestNewLines(t *testing.T) {
	t.Parallel()
	if got := NewLines([]string{"a", "b", "c"}, map[string]bool{"b": true}); !cmp.Equal(got, []string{"a", "c"}) {
		t.Errorf("got %q, want a and c", got)
	}
	if got := NewLines([]string{"a"}, map[string]bool{"a": true}); len(got) != 0 {
		t.Errorf("got %q, want none", got)
	}
}
