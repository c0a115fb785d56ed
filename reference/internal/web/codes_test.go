package web

import (
	"testing"

	"countersign/reference/internal/integration"
)

func TestRefusalGivesItsText(t *testing.T) {
	t.Parallel()
	told := toAPIError(&integration.Refusal{Err: integration.ErrAudience, Text: "x %s"})
	if told.Code != errAudience.Code || told.Status != errAudience.Status || told.Text != "x %s" {
		t.Errorf("toAPIError = %d, code %d, %q", told.Status, told.Code, told.Text)
	}
	if errAudience.Text == told.Text {
		t.Error("toAPIError changed the table")
	}
}
