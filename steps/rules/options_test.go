package rules_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"countersign/features"
	. "countersign/steps/rules"
)

func TestOptionsOfTheProject(t *testing.T) {
	t.Parallel()
	list, err := LoadOptions(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Errorf("the list has %d options", len(list))
	}
	if o := list[0]; o.Name != "Authentication.Provider" || o.Source() != "Proxied Authentication, lines 12, 83" || o.Line != 2 {
		t.Errorf("the first option is %+v, from %s", o, o.Source())
	}
}

func TestOptionsWithMistakes(t *testing.T) {
	t.Parallel()
	const header = "option\tdocument\tlines\ttype\tdefault\tmeaning\n"
	for _, tt := range []struct{ text, want string }{
		{"", "options.tsv: the file is empty"},
		{"name\tlines\n", "options.tsv:1: the header is"},
		{header + "A.B\tproxied\t1\tboolean\ttrue\n", "options.tsv:2: the row has 5 columns; it has to have 6"},
		{header + "A.B\tproxied\t1\tboolean\t\tx\n", `options.tsv:2: column default: "" is empty`},
		{header + "AB\tproxied\t1\tboolean\ttrue\tx\n", `options.tsv:2: column option: "AB" is no section and key`},
		{header + "A.B\tsaml\t1\tboolean\ttrue\tx\n", `options.tsv:2: column document: "saml" is not allowed`},
		{header + "A.B\tproxied\t-\tboolean\ttrue\tx\n", `options.tsv:2: column lines: "-" is not a list`},
		{header + "A.B\tproxied\t1\tboolean\ttrue\tx\nA.B\tproxied\t1\tboolean\ttrue\tx\n", "options.tsv:3: A.B is in the list twice"},
	} {
		_, err := LoadOptions(fstest.MapFS{OptionsFile: {Data: []byte(tt.text)}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %s", tt.text, err, tt.want)
		}
	}
	if _, err := LoadOptions(fstest.MapFS{}); err == nil {
		t.Error("a missing file is accepted")
	}
}
