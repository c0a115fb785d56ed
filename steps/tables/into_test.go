package tables

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const blocks = `---
title: Rules
---

Before.
<!-- countersign:tables support -->
old
<!-- /countersign:tables -->
Between, without a line feed between blocks:
  <!--countersign:tables rules-->
  <!--/countersign:tables-->

` + "```" + `
<!-- countersign:tables support -->
` + "```" + `
After`

func TestReplaceBlocks(t *testing.T) {
	t.Parallel()
	d, err := ParseDocument([]byte(blocks))
	if err != nil {
		t.Fatal(err)
	}
	got, changed := d.Replace(map[Kind][]byte{Support: []byte("new\n"), Proxies: []byte("unused")})
	want := strings.Replace(blocks, "old\n", "\nnew\n\n", 1)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
	if len(changed) != 1 || changed[0].Kind != Support || changed[0].Line != 6 {
		t.Errorf("the changed blocks are %+v", changed)
	}
	again, err := ParseDocument(got)
	if err != nil {
		t.Fatal(err)
	}
	same, changed := again.Replace(map[Kind][]byte{Support: []byte("new\n")})
	if string(same) != string(got) || len(changed) != 0 {
		t.Errorf("the second time, %d blocks change", len(changed))
	}
}

// TestReplaceKeepsLineEnds checks a file whose lines end in CR LF, without an end of the last line.
func TestReplaceKeepsLineEnds(t *testing.T) {
	t.Parallel()
	const text = "a\r\n<!-- countersign:tables support -->\r\n<!-- /countersign:tables -->\r\n\xff last"
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := d.Replace(map[Kind][]byte{Support: []byte("x\ny\n")})
	want := "a\r\n<!-- countersign:tables support -->\r\n\r\nx\r\ny\r\n\r\n<!-- /countersign:tables -->\r\n\xff last"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
}

func TestDocumentsWithMistakes(t *testing.T) {
	t.Parallel()
	const start, end = "<!-- countersign:tables support -->\n", "<!-- /countersign:tables -->\n"
	for _, tt := range []struct{ name, text, want string }{
		{"no end", "x\n" + start, "line 2: the block does not end"},
		{"no start", end, "line 1: a block ends that has not begun; begin it with <!-- countersign:tables support -->"},
		{"two", start + end + start + end, "line 3: this is a second block for the table support, after that of line 1"},
		{"nested", start + start + end, "line 2: a block begins inside the block of line 1"},
		{"unknown", "<!-- countersign:tables colours -->\n" + end, `line 1: there is no table "colours"; use support`},
		{"no name", "<!-- countersign:tables -->\n" + end, `line 1: there is no table ""; use support`},
		{"end in code", start + "~~~\n" + end + "~~~\n", "line 1: the block does not end"},
	} {
		_, err := ParseDocument([]byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: the error is %v, want %s", tt.name, err, tt.want)
		}
	}
	d, err := ParseDocument([]byte("text " + start))
	if err != nil {
		t.Fatal(err)
	}
	for _, kinds := range [][]Kind{nil, {Rules}} {
		if err := d.Require(kinds); err == nil || !strings.Contains(err.Error(), "has no block for a table") {
			t.Errorf("a file without markers: the error is %v", err)
		}
	}
	if d, err = ParseDocument([]byte(start + end)); err != nil {
		t.Fatal(err)
	}
	if err := d.Require([]Kind{Support, Rules}); err == nil || !strings.Contains(err.Error(), "no block for the table rules") {
		t.Errorf("a file without a block for the table: the error is %v", err)
	}
}
