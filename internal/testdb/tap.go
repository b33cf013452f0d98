package testdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm"
)

// tap sits between the connection pool of one *gorm.DB and the driver. What passes it is recorded, and fails on command.
// It is a driver.Driver, because that is what a *sql.DB gives out again.
type tap struct {
	inner  driver.Driver
	left   func() ([]string, error) // what is open in the database
	faults Faults
	// collect is called after every statement that was sent, with what became of it; it may be nil.
	collect func(query string, err error)

	mu        sync.Mutex // guards recorders
	recorders []*Recorder
}

// openTapped opens a pool with a tap of its own. It does not connect yet.
func openTapped(connector driver.Connector, tap *tap) *sql.DB {
	tap.inner = connector.Driver()
	return sql.OpenDB(tappedConnector{tap: tap, connect: connector.Connect})
}

// tapOf returns the tap that the statements of db pass.
func tapOf(db *gorm.DB) *tap {
	pool, err := db.DB()
	if err != nil {
		panic("testdb: " + err.Error())
	}
	tap, ok := pool.Driver().(*tap)
	if !ok {
		panic("testdb: this *gorm.DB was not opened by testdb")
	}
	return tap
}

// Open implements driver.Driver. What it opens is another database than the pool's, and is not tapped.
func (t *tap) Open(dsn string) (driver.Conn, error) { return t.inner.Open(dsn) }

func (t *tap) attach(recorder *Recorder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recorders = append(t.recorders, recorder)
}

func (t *tap) record(query string, args []driver.NamedValue) {
	t.mu.Lock()
	recorders := slices.Clone(t.recorders)
	t.mu.Unlock()
	for _, recorder := range recorders {
		recorder.add(query, args)
	}
}

// pass lets one statement through to the driver.
func (t *tap) pass(ctx context.Context, query string, args []driver.NamedValue, send func() error) error {
	if isRollback(query) {
		t.record(query, args)
		return t.sent(query, send())
	}
	n, err := t.faults.begin(query)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	t.record(query, args)
	if err := t.sent(query, send()); err != nil {
		return err
	}
	return t.faults.end(n, query)
}

// sent says what became of a statement to whom it concerns.
func (t *tap) sent(query string, err error) error {
	if t.collect != nil {
		t.collect(query, err)
	}
	return err
}

// isRollback is true for a rollback to a savepoint, too.
func isRollback(query string) bool {
	const rollback = "ROLLBACK"
	return len(query) >= len(rollback) && strings.EqualFold(query[:len(rollback)], rollback)
}

func (t *tap) exec(
	ctx context.Context, conn *tappedConn, query string, args []driver.NamedValue, send func() (driver.Result, error),
) (result driver.Result, err error) {
	err = t.pass(ctx, query, args, func() error {
		result, err = send()
		return err
	})
	if err != nil {
		return nil, conn.undo(err)
	}
	return result, nil
}

// query reads the rows to their end while the plan waits for the end of statements: SQLite executes a query while its rows
// are read, and INSERT … RETURNING is a query.
func (t *tap) query(
	ctx context.Context, conn *tappedConn, query string, args []driver.NamedValue, send func() (driver.Rows, error),
) (rows driver.Rows, err error) {
	err = t.pass(ctx, query, args, func() error {
		rows, err = send()
		if err == nil && t.faults.waitsForEnd() {
			rows, err = readAll(rows)
		}
		return err
	})
	if err != nil {
		return nil, conn.undo(err)
	}
	return rows, nil
}

// tappedConnector is what database/sql opens connections with.
type tappedConnector struct {
	tap     *tap
	connect func(ctx context.Context) (driver.Conn, error)
}

// Connect implements driver.Connector.
func (c tappedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return newTappedConn(c.tap, inner)
}

// Driver implements driver.Connector.
func (c tappedConnector) Driver() driver.Driver { return c.tap }

func newTappedConn(tap *tap, inner driver.Conn) (driver.Conn, error) {
	modern, ok := inner.(modernConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("testdb: %T lacks a method that takes a context", inner), inner.Close())
	}
	return &tappedConn{modernConn: modern, tap: tap}, nil
}
