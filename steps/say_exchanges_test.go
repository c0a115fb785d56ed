package steps

import (
	"errors"
	"testing"

	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// TestTokenThenNone holds what a report of two exchanges with a change between them means.
func TestTokenThenNone(t *testing.T) {
	granted, changed, refused := probe.Result{Status: 200, Token: "digest"}, probe.Result{Status: 200}, probe.Result{Status: 403}
	tests := []struct {
		name              string
		results           []probe.Result
		violation, blocks bool
	}{
		{"refused after the change", []probe.Result{granted, changed, refused}, false, false},
		{"granted after the change", []probe.Result{granted, changed, granted}, true, false},
		{"a failure of the server", []probe.Result{granted, changed, {Status: 500}}, true, false},
		{"refused before the change", []probe.Result{refused, changed, refused}, false, true},
		{"a change that was refused", []probe.Result{granted, refused, granted}, false, true},
	}
	for _, test := range tests {
		err := tokenThenNone(&probe.Report{Results: test.results})
		var block *verdict.Block
		if _, broken := asViolation(err); broken != test.violation || errors.As(err, &block) != test.blocks || (err != nil) != (test.violation || test.blocks) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
