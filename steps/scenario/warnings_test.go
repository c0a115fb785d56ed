package scenario

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinesAbout(t *testing.T) {
	t.Parallel()
	const log = `2026-11-27T22:30:17.123Z INFO listening on 127.0.0.1:20000
2026-11-27T22:30:17.124Z INFO 2 Groups loaded in 1.25ms, id 7de8f0fc-6adc-4c52-a518-1c953d92e140
12:30 WARN group engineers-bcdfg has no owner
`
	want := []string{"#T#Z INFO # Groups loaded in #, id #", "# WARN group engineers-bcdfg has no owner"}
	got := linesAbout(log, "group")
	for i := range got { // the date is written in several ways
		got[i] = dashes.ReplaceAllString(got[i], "#")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	again := linesAbout("2026-11-28T01:02:03Z INFO 3 Groups loaded in 900µs, id 11111111-6adc-4c52-a518-1c953d92e140\n", "GROUP")
	if len(again) != 1 || dashes.ReplaceAllString(again[0], "#") != want[0] {
		t.Errorf("a line that differs in numbers only reads %q, want %q", again, want[0])
	}
}

var dashes = regexp.MustCompile(`#(?:-#)+`)

func TestNewLines(t *testing.T) {
	t.Parallel()
	if got := newLines([]string{"a", "b", "c"}, map[string]bool{"b": true}); !cmp.Equal(got, []string{"a", "c"}) {
		t.Errorf("got %q, want a and c", got)
	}
	if got := newLines([]string{"a"}, map[string]bool{"a": true}); len(got) != 0 {
		t.Errorf("got %q, want none", got)
	}
}
