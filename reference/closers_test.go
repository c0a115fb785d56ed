package reference

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestClosers closes three parts, two of which fail.
func TestClosers(t *testing.T) {
	var c closers
	var order []string
	first, third := errors.New("first"), errors.New("third")
	part := func(name string, err error) func(context.Context) error {
		return func(context.Context) error {
			order = append(order, name)
			return err
		}
	}
	c.add(part("first", first))
	c.add(part("second", nil))
	c.add(part("third", third))
	err := c.close(t.Context())
	if !errors.Is(err, first) || !errors.Is(err, third) {
		t.Errorf("close = %v, want the errors of both parts", err)
	}
	if want := []string{"third", "second", "first"}; !slices.Equal(order, want) {
		t.Errorf("closed %v, want %v", order, want)
	}
	if err := c.close(t.Context()); err != nil || len(order) != 3 {
		t.Errorf("closed again: %v, %v", order, err)
	}
}
