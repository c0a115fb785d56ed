package reference

import (
	"context"
	"errors"
	"io"
)

// closers are the functions that close what a Server has opened, in the order of opening.
type closers []func(context.Context) error

// add adds a function that closes a part. The parts that were added later are closed before it.
func (c *closers) add(closePart func(context.Context) error) { *c = append(*c, closePart) }

// addCloser adds a part that closes without a context.
func (c *closers) addCloser(part io.Closer) {
	c.add(func(context.Context) error { return part.Close() })
}

// close closes all parts, the latest first, and returns all errors. It does not stop at an error.
func (c *closers) close(ctx context.Context) error {
	var errs []error
	for i := len(*c) - 1; i >= 0; i-- {
		errs = append(errs, (*c)[i](ctx))
	}
	*c = nil
	return errors.Join(errs...)
}
