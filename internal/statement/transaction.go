package statement

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"gorm.io/gorm"
)

// UnitOfWork makes a statement's callbacks one unit: a transaction of their own where there is none, a savepoint inside the
// caller's. GORM's own transaction around a single statement serves as it is.
type UnitOfWork struct {
	Stmt      *gorm.Statement
	pool      gorm.ConnPool // the statement's connection before
	savepoint string        // empty where there is none
	own       bool          // the transaction is ours to commit

	context, inner context.Context // the statement's before and inside, where there is a savepoint
}

// depthKey is where the number of savepoints around a statement stands in its context. Savepoints inside each other must
// differ in name: going back to one goes to the latest of its name, which may be one that a hook or an association left.
type depthKey struct{}

// BeginWork starts a unit of work for the statement of db.
func BeginWork(db *gorm.DB) (UnitOfWork, error) {
	w := UnitOfWork{Stmt: db.Statement, pool: db.Statement.ConnPool}
	if startedByGORM(w.Stmt) {
		return w, nil
	}
	if committer, ok := w.pool.(gorm.TxCommitter); ok && committer != nil {
		depth, _ := db.Statement.Context.Value(depthKey{}).(int)
		w.savepoint = fmt.Sprintf("softdelete_%d", depth+1)
		if err := Savepoint(db, db.Statement.Context, "SAVEPOINT "+w.savepoint); err != nil {
			return w, err
		}
		w.context = db.Statement.Context
		w.inner = context.WithValue(w.context, depthKey{}, depth+1)
		db.Statement.Context = w.inner
		return w, nil
	}
	tx := InWork(db, db.Statement.Context).Begin()
	if tx.Error != nil {
		return w, tx.Error
	}
	w.own = true
	w.Stmt.ConnPool = tx.Statement.ConnPool
	return w, nil
}

// startedByGORM tells whether GORM has started a transaction around the statement (callbacks/transaction.go:13, GORM 1.31). It
// is db.InstanceGet without the cost of formatting a pointer, which every deletion would pay.
func startedByGORM(stmt *gorm.Statement) bool {
	key := make([]byte, 0, 48)
	key = append(key, "0x"...)
	key = strconv.AppendUint(key, uint64(reflect.ValueOf(stmt).Pointer()), 16)
	key = append(key, "gorm:started_transaction"...)
	_, started := stmt.Settings.Load(string(key))
	return started
}

// End finishes the unit: it keeps the work where err is nil and undoes it otherwise. It returns what went wrong. A savepoint
// of work that is kept is left to the end of the transaction, as GORM leaves its own: releasing it could only fail.
func (w UnitOfWork) End(db *gorm.DB, err error) error {
	// Undoing must go through even if the caller's context has ended.
	switch {
	case w.own && err == nil:
		err = InWork(db, db.Statement.Context).Commit().Error
	case w.own:
		err = errors.Join(err, InWork(db, context.WithoutCancel(db.Statement.Context)).Rollback().Error)
	case w.savepoint != "" && err != nil:
		err = errors.Join(err, Savepoint(db, context.WithoutCancel(db.Statement.Context), "ROLLBACK TO SAVEPOINT "+w.savepoint))
	}
	if w.own {
		w.Stmt.ConnPool = w.pool
	}
	LeaveContext(w.Stmt, w.inner, w.context)
	return err
}

// LeaveContext puts a statement's context back to what it was before ours. Where another plugin has put its own around ours
// that one stays: whoever put it there takes it away, and finds its span in it, at the end of the chain.
func LeaveContext(stmt *gorm.Statement, ours, former context.Context) {
	if ours != nil && stmt.Context == ours {
		stmt.Context = former
	}
}

// ToWriter gives a session the connection that writes to a table go to, where gorm.io/plugin/dbresolver tells writers and
// replicas apart. It does so for GORM's own statements; what begins outside of them would go to the pool that gorm.Open made.
func ToWriter(session *gorm.DB, table string) {
	if resolve := session.Callback().Update().Get("gorm:db_resolver"); resolve != nil {
		session.Statement.Table = table
		resolve(session)
	}
}

// Pinned is a connection that looks like a transaction, so that gorm.io/plugin/dbresolver leaves what is read on it there
// (callbacks.go:52, dbresolver 1.6).
type Pinned struct{ gorm.ConnPool }

// Commit implements gorm.TxCommitter.
func (Pinned) Commit() error { return nil }

// Rollback implements gorm.TxCommitter.
func (Pinned) Rollback() error { return nil }

// InWork is a session on the statement's connection, without its conditions, its SQL and its error.
func InWork(db *gorm.DB, ctx context.Context) *gorm.DB {
	fresh := db.Session(&gorm.Session{NewDB: true, Initialized: true})
	fresh.Statement.Context = ctx
	fresh.Error = nil
	return fresh.Session(&gorm.Session{NewDB: true})
}

// Savepoint runs a statement about a savepoint. GORM's own calls lose their errors (driver/postgres/postgres.go:308 and
// driver/sqlite/sqlite.go:238), and prepared statements cannot carry it.
func Savepoint(db *gorm.DB, ctx context.Context, text string) error {
	_, err := Unprepared(db.Statement.ConnPool).ExecContext(ctx, text)
	return translate(db, err)
}

// Unprepared is a connection without GORM's prepared statements.
func Unprepared(pool gorm.ConnPool) gorm.ConnPool {
	switch prepared := pool.(type) {
	case *gorm.PreparedStmtTX:
		return prepared.Tx
	case *gorm.PreparedStmtDB:
		return prepared.ConnPool
	}
	return pool
}
