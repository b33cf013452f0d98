package testdb

import (
	"context"
	"sync"

	"gorm.io/gorm"
)

// Faults makes statements fail on command. There is one for each [Database.Open].
//
// It counts every query and execution, every BEGIN and COMMIT and SAVEPOINT, from 1. A rollback, of a transaction or to a
// savepoint, is not counted and never fails. One plan is in force at a time: each of OnStatement, AfterStatement,
// AroundStatement and the methods built on them replaces the plan and starts to count anew.
//
// The GORM drivers for SQLite and PostgreSQL ignore the error of a SAVEPOINT (sqlite.go:238, postgres.go:308): a test that
// fails every statement in turn sees a success there.
//
// It may be used by several goroutines. A plan's function may run by several at once, and may itself use a database; on
// the same *gorm.DB its own statements are counted and passed to it too.
type Faults struct {
	mu            sync.Mutex // guards the rest
	count         int
	before, after func(n int, sql string) error
}

// Inject returns the faults of db. They have counted since it was opened; call Reset before reading Count. It panics if db
// is not from [Database.Open].
func Inject(db *gorm.DB) *Faults { return &tapOf(db).faults }

// OnStatement runs a function before each statement. If that returns an error, the statement does not reach the database
// and fails with it; if it cancels the statement's context, with the context's error. A COMMIT that fails so is a rollback.
func (f *Faults) OnStatement(do func(n int, sql string) error) { f.plan(do, nil) }

// AfterStatement runs a function after each statement that the database has executed to the end without an error. If that
// returns an error, the caller gets it instead of the result: as when a connection is lost before the answer arrives. A
// BEGIN that fails so is rolled back, a COMMIT has happened.
func (f *Faults) AfterStatement(do func(n int, sql string) error) { f.plan(nil, do) }

// AroundStatement does both: before runs as by OnStatement, after as by AfterStatement.
func (f *Faults) AroundStatement(before, after func(n int, sql string) error) { f.plan(before, after) }

// FailAt fails the n-th statement from now, and only that, without sending it.
func (f *Faults) FailAt(n int, err error) { f.OnStatement(at(n, func() error { return err })) }

// FailAfter executes the n-th statement from now and then fails it, and only that.
func (f *Faults) FailAfter(n int, err error) { f.AfterStatement(at(n, func() error { return err })) }

// Undo makes of an error that a plan gives one before which the server has undone the whole transaction of the connection, as in a
// deadlock: what follows on it would be committed statement by statement.
func Undo(err error) error { return undone{err} }

type undone struct{ error }

// CancelAt calls cancel right before the n-th statement from now.
func (f *Faults) CancelAt(n int, cancel context.CancelFunc) {
	f.OnStatement(at(n, func() error { cancel(); return nil }))
}

// CancelAfter calls cancel right after the n-th statement from now was executed.
func (f *Faults) CancelAfter(n int, cancel context.CancelFunc) {
	f.AfterStatement(at(n, func() error { cancel(); return nil }))
}

// at is a plan that does something at the n-th statement.
func at(n int, do func() error) func(int, string) error {
	return func(number int, _ string) error {
		if number != n {
			return nil
		}
		return do()
	}
}

// Count returns how many statements were tried since the plan was set or Reset was called, those that failed included.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Reset ends the plan and starts to count anew.
func (f *Faults) Reset() { f.plan(nil, nil) }

func (f *Faults) plan(before, after func(int, string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count, f.before, f.after = 0, before, after
}

// begin numbers a statement and asks the plan whether it may be sent.
func (f *Faults) begin(query string) (n int, err error) {
	f.mu.Lock()
	f.count++
	n, before := f.count, f.before
	f.mu.Unlock()
	if before != nil {
		err = before(n, query)
	}
	return n, err
}

// end asks the plan what becomes of a statement that was executed.
func (f *Faults) end(n int, query string) error {
	f.mu.Lock()
	after := f.after
	f.mu.Unlock()
	if after == nil {
		return nil
	}
	return after(n, query)
}

// waitsForEnd tells whether the plan looks at statements after they were executed.
func (f *Faults) waitsForEnd() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.after != nil
}
