package steps

import (
	"strings"
	"testing"
	"testing/fstest"

	"countersign/features"
	"countersign/steps/rules"
)

// TestOptionsFitTheFeatures requires that the list of options has those that features may set.
func TestOptionsFitTheFeatures(t *testing.T) {
	t.Parallel()
	if err := checkOptions(features.FS()); err != nil {
		t.Error(err)
	}
	const text = "option\tdocument\tlines\ttype\tdefault\tmeaning\nServer.Adress\tproxied\t1\tURL\tunset\tMisspelt.\n"
	err := checkOptions(fstest.MapFS{rules.OptionsFile: {Data: []byte(text)}})
	for _, want := range []string{"options.tsv:2: no feature may set Server.Adress", "options.tsv: the option Server.Address, which features may set, is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
