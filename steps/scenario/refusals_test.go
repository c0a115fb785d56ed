package scenario

import (
	"errors"
	"testing"

	"countersign/steps/driver"
)

// TestNoteRecordsRefusalsOnce checks which replies become refusals of a scenario.
func TestNoteRecordsRefusalsOnce(t *testing.T) {
	t.Parallel()
	c := &Comparison{}
	broken := errors.New("broken")
	for _, tt := range []struct {
		reply *driver.Reply
		err   error
		want  int
	}{
		{&driver.Reply{Status: 403}, broken, 0}, // the rule is not satisfied
		{&driver.Reply{Status: 303}, nil, 0},    // a request to log in
		{nil, nil, 0},
		{&driver.Reply{Status: 403, Body: []byte(`{"code": 22}`)}, nil, 1},
		{&driver.Reply{Status: 403, Body: []byte(`{"code": 22}`)}, nil, 1},
		{&driver.Reply{Status: 403, Body: []byte(`{"code": "22"}`)}, nil, 2},
		{&driver.Reply{Status: 501}, nil, 3},
	} {
		if err := c.note(tt.reply, tt.err); !errors.Is(err, tt.err) {
			t.Errorf("note returns %v, want %v", err, tt.err)
		}
		if len(c.refusals) != tt.want {
			t.Errorf("after %+v there are %d refusals, want %d", tt.reply, len(c.refusals), tt.want)
		}
	}
	if code := c.refusals[0].Code; code == nil || *code != 22 {
		t.Errorf("the code is %v, want 22", code)
	}
	for status := 400; status < 460; status++ {
		c.note(&driver.Reply{Status: status}, nil)
	}
	if len(c.refusals) != maxRefusals {
		t.Errorf("there are %d refusals, want the limit %d", len(c.refusals), maxRefusals)
	}
}
