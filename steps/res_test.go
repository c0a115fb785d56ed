package steps

import (
	"testing"

	"countersign/features"
	"countersign/steps/plan"
)

func TestResolveAll(t *testing.T) {
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Resolve(documents); err != nil {
		t.Fatal(err)
	}
}
