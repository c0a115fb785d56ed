package scenario

import (
	"testing"

	"countersign/steps/check"
	"countersign/steps/driver"
)

// TestTheNextTryIsNotExcused checks that parts which one request may differ in are compared
// again for the next request, be it a call of the API or a visit to content.
func TestTheNextTryIsNotExcused(t *testing.T) {
	t.Parallel()
	reply := &driver.Reply{}
	next := map[string]func(c *Comparison) error{
		"a call":  func(c *Comparison) error { return c.Try(reply, nil) },
		"a visit": func(c *Comparison) error { return c.tryAt(&Content{}, reply) },
	}
	for name, try := range next {
		c := &Comparison{}
		if err := c.TryExcused(&driver.Reply{}, nil, check.Body); err != nil || len(c.Excused) != 1 {
			t.Fatalf("TryExcused() = %v, with %v excused", err, c.Excused)
		}
		if err := try(c); err != nil || len(c.Excused) != 0 {
			t.Errorf("%s: error %v, with %v excused; want neither", name, err, c.Excused)
		}
		if len(c.All) != 2 || c.All[1] != reply || c.Tried != reply {
			t.Errorf("%s: %d replies are kept, want 2 that end with that of the request", name, len(c.All))
		}
	}
}
