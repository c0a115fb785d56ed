package scenario

import (
	"testing"
	"time"

	"countersign/steps/driver"
)

// TestDateToSign checks that a request with a flaw has the date of the one without, to which it is
// compared, although the clock has reached another second.
func TestDateToSign(t *testing.T) {
	first := time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC)
	later := first.Add(time.Nanosecond)
	p := &Person{}
	for _, tt := range []struct {
		now    time.Time
		flawed bool
		want   time.Time
	}{
		{first, true, first}, // there is no other to compare it with
		{first, false, first},
		{later, true, first},
		{later, false, later},
		{later, true, later},
	} {
		if got := p.dateToSign(tt.now, tt.flawed); got != driver.Date(tt.want) {
			t.Errorf("at %v, flawed %v: got %s, want %s", tt.now, tt.flawed, got, driver.Date(tt.want))
		}
	}
}
