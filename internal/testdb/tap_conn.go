package testdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// modernConn is what the drivers' connections can do in common. What only some of them can, see below, has a default that
// database/sql would use too.
type modernConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

// modernStmt is the same for prepared statements.
type modernStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// tappedConn is a connection with a tap on it.
type tappedConn struct {
	modernConn
	tap *tap
}

// Close implements driver.Conn. That the server has ended the connection before is no failure, though a driver may say so: that of
// MySQL by an error of its own (errors.go:37, 1.8).
func (c *tappedConn) Close() error {
	err := c.modernConn.Close()
	if err != nil && (errors.Is(err, driver.ErrBadConn) || err.Error() == "bad connection") {
		err = nil
	}
	return err
}

func (c *tappedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	var inner driver.Tx
	err := c.tap.pass(ctx, "BEGIN", nil, func() (err error) {
		inner, err = c.modernConn.BeginTx(ctx, options)
		return err
	})
	if err != nil {
		if inner != nil { // begun, and failed afterwards on command
			err = errors.Join(err, inner.Rollback())
		}
		return nil, err
	}
	return &tappedTx{inner: inner, tap: c.tap, ctx: ctx}, nil
}

func (c *tappedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.tap.exec(ctx, c, query, args, func() (driver.Result, error) {
		result, err := c.modernConn.ExecContext(ctx, query, args)
		if !errors.Is(err, driver.ErrSkip) {
			return result, err
		}
		stmt, err := c.prepare(ctx, query)
		if err != nil {
			return nil, err
		}
		defer stmt.Close()
		return stmt.ExecContext(ctx, args)
	})
}

func (c *tappedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.tap.query(ctx, c, query, args, func() (driver.Rows, error) {
		rows, err := c.modernConn.QueryContext(ctx, query, args)
		if !errors.Is(err, driver.ErrSkip) {
			return rows, err
		}
		stmt, err := c.prepare(ctx, query)
		if err != nil {
			return nil, err
		}
		defer stmt.Close()
		if rows, err = stmt.QueryContext(ctx, args); err != nil {
			return nil, err
		}
		return readAll(rows)
	})
}

func (c *tappedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return &tappedStmt{modernStmt: stmt, conn: c, query: query}, nil
}

// prepare prepares a statement that does not pass the tap. A driver that answers ErrSkip wants this; database/sql would do
// the same, but the statement would pass twice.
func (c *tappedConn) prepare(ctx context.Context, query string) (modernStmt, error) {
	inner, err := c.modernConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := inner.(modernStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("testdb: %T lacks a method that takes a context", inner), inner.Close())
	}
	return stmt, nil
}

// undo undoes the connection's transaction where an error says that the server has, and gives the server's error.
func (c *tappedConn) undo(err error) error {
	var fault undone
	if !errors.As(err, &fault) {
		return err
	}
	_, failed := c.modernConn.ExecContext(context.Background(), "ROLLBACK", nil)
	if failed != nil {
		return errors.Join(fault.error, failed)
	}
	return fault.error
}

// Ping implements driver.Pinger.
func (c *tappedConn) Ping(ctx context.Context) error {
	if inner, ok := c.modernConn.(driver.Pinger); ok {
		return inner.Ping(ctx)
	}
	return nil
}

// ResetSession implements driver.SessionResetter.
func (c *tappedConn) ResetSession(ctx context.Context) error {
	if inner, ok := c.modernConn.(driver.SessionResetter); ok {
		return inner.ResetSession(ctx)
	}
	return nil
}

// IsValid implements driver.Validator.
func (c *tappedConn) IsValid() bool {
	if inner, ok := c.modernConn.(driver.Validator); ok {
		return inner.IsValid()
	}
	return true
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c *tappedConn) CheckNamedValue(value *driver.NamedValue) error {
	if inner, ok := c.modernConn.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// tappedStmt is a prepared statement with a tap on it.
type tappedStmt struct {
	modernStmt
	conn  *tappedConn
	query string
}

func (s *tappedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.tap.exec(ctx, s.conn, s.query, args, func() (driver.Result, error) {
		return s.modernStmt.ExecContext(ctx, args)
	})
}

func (s *tappedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.tap.query(ctx, s.conn, s.query, args, func() (driver.Rows, error) {
		return s.modernStmt.QueryContext(ctx, args)
	})
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s *tappedStmt) CheckNamedValue(value *driver.NamedValue) error {
	if inner, ok := s.modernStmt.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

// tappedTx is a transaction with a tap on it.
type tappedTx struct {
	inner driver.Tx
	tap   *tap
	ctx   context.Context // that of BEGIN, which ends the transaction when it ends
}

// Commit implements driver.Tx. A COMMIT that is stopped before it is sent must not leave the connection in the transaction:
// database/sql would give it to the next caller.
func (t *tappedTx) Commit() error {
	sent := false
	err := t.tap.pass(t.ctx, "COMMIT", nil, func() error {
		sent = true
		return t.inner.Commit()
	})
	if err != nil && !sent {
		err = errors.Join(err, t.Rollback())
	}
	return err
}

// Rollback implements driver.Tx.
func (t *tappedTx) Rollback() error {
	return t.tap.pass(t.ctx, "ROLLBACK", nil, t.inner.Rollback)
}
