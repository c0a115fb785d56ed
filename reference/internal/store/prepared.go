package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// maxPrepared bounds the statements that a connection keeps. There are fewer constant statements; a list of users has
// one for each combination of filters, which clients choose.
const maxPrepared = 256

// preparing is a connector of SQLite. Its connections keep the statements that they have prepared, for transactions
// too. The pools of database/sql cannot do this: a statement of a pool cannot be prepared while a transaction has the
// only connection, and one of a transaction is closed with it.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(preparer)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a connection of type %T", c), c.Close())
	}
	return &preparedConn{conn, map[string]preparedStmt{}}, nil
}

// preparer is what database/sql uses of a connection of SQLite.
type preparer interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedStmt is what preparedConn uses of a statement of SQLite.
type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedConn is a connection with the prepared statements that are not in use.
type preparedConn struct {
	preparer
	free map[string]preparedStmt
}

// take returns a statement for the text. The caller must release it.
func (c *preparedConn) take(ctx context.Context, query string) (preparedStmt, error) {
	if st, ok := c.free[query]; ok {
		delete(c.free, query)
		return st, nil
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	known, ok := st.(preparedStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a statement of type %T", st), st.Close())
	}
	return known, nil
}

// release keeps a statement for the next use, in place of any other one if there are too many.
func (c *preparedConn) release(query string, st preparedStmt) error {
	if _, ok := c.free[query]; ok { // both were in use at the same time
		return st.Close()
	}
	var err error
	if len(c.free) >= maxPrepared {
		for other := range c.free {
			err = c.free[other].Close()
			delete(c.free, other)
			break
		}
	}
	c.free[query] = st
	return err
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	st, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := st.ExecContext(ctx, args)
	return result, errors.Join(err, c.release(query, st))
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	st, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.release(query, st))
	}
	return &preparedRows{rows, func() error { return c.release(query, st) }}, nil
}

// Close closes the statements and the connection.
func (c *preparedConn) Close() error {
	var errs []error
	for _, st := range c.free {
		errs = append(errs, st.Close())
	}
	c.free = nil
	return errors.Join(append(errs, c.preparer.Close())...)
}

// preparedRows are the rows of a statement that is in use until they are closed.
type preparedRows struct {
	driver.Rows
	release func() error
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error { return errors.Join(r.Rows.Close(), r.release()) }

// uncancelled executes statements other than lists without cancellation, which would cost two goroutines
// for each: half of the time of a read by an index. If a request ends, such a statement runs to its end, and its
// transaction is rolled back all the same.
type uncancelled struct{ querier }

// ExecContext implements querier.
func (u uncancelled) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return u.querier.ExecContext(context.WithoutCancel(ctx), query, args...)
}

// QueryRowContext implements querier.
func (u uncancelled) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return u.querier.QueryRowContext(context.WithoutCancel(ctx), query, args...)
}
