package store

import "context"

// Exec runs a statement of a test.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) error {
	_, err := t.exec(ctx, query, args...)
	return err
}
