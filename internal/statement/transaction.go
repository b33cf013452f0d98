package statement

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strconv"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is the unit of work: what several statements of the plugin are one in. A function that makes several calls Work;
// the callbacks of one of GORM's statements, which are several functions, call BeginWork and EndWork, and stand in Guarded.
// However the work ends, by an error, a panic or runtime.Goexit, what it has begun is rolled back.

// Ground is what a unit of work stands on.
type Ground int

const (
	// OwnTransaction: one that the plugin has begun, READ COMMITTED whatever the database's default is.
	OwnTransaction Ground = iota
	// StatementTransaction: the one that GORM begins around a single statement, READ COMMITTED too: see BeginFresh.
	StatementTransaction
	// CallersTransaction: a savepoint in the caller's, of whatever level that is.
	CallersTransaction
)

// UnitOfWork is a transaction of the plugin's own where there is none, a savepoint inside the caller's. GORM's own
// transaction around a single statement serves as it is.
type UnitOfWork struct {
	Ground    Ground
	stmt      *gorm.Statement
	pool      gorm.ConnPool // the statement's connection before
	savepoint string        // of a unit in the caller's transaction

	context, inner context.Context // the statement's before and inside, where there is a savepoint, or temporary tables are known
	temporaries    temporaries     // where they stay
	// net ends a transaction that nobody can end any more, undone runs when a panic has ended the unit: see BeginWork.
	net    runtime.Cleanup
	undone func()
}

// depthKey is where the number of savepoints around a statement stands in its context. Savepoints inside each other must
// differ in name: going back to one goes to the latest of its name, which may be one that a hook or an association left.
type depthKey struct{}

// deepest is how many savepoints of the plugin may be inside each other. Hooks that call each other without end would nest them
// until the memory is full.
const deepest = 500

// Depth is the number of savepoints around a statement with the context: what one of them makes, and another inside it too, is told
// apart by it.
func Depth(ctx context.Context) int {
	depth, _ := ctx.Value(depthKey{}).(int)
	return depth
}

// Work runs what must happen as a whole or not at all, in a transaction or in a savepoint of the caller's. db gives the
// connection, the context and the settings of the session, but no conditions. An error, a panic and the end of the goroutine
// undo the work; a panic goes on to the caller.
func Work(db *gorm.DB, run func(tx *gorm.DB) error) error {
	tx := InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	if pinned, ok := tx.Statement.ConnPool.(Pinned); ok { // it only looks like a transaction
		tx.Statement.ConnPool = pinned.ConnPool
	}
	return work(tx, func() error { return run(InWork(tx, tx.Statement.Context)) })
}

// Rehearse runs what only looks but needs tables of its own: as Work does, and undoes it in the end.
func Rehearse(db *gorm.DB, run func(tx *gorm.DB) error) error {
	err := Work(db, func(tx *gorm.DB) error {
		if err := run(tx); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// errRehearsed ends a unit of work that is undone as it should be. Nobody sees it.
var errRehearsed = errors.New("softdelete: a unit of work has only looked")

// WorkOn does the same as Work with a session that keeps the statement of db: its table, and what it is about.
func WorkOn(db *gorm.DB, run func(tx *gorm.DB) error) error {
	tx := db.Session(&gorm.Session{Initialized: true})
	return work(tx, func() error { return run(tx.Session(&gorm.Session{})) })
}

func work(tx *gorm.DB, run func() error) error {
	w, err := begin(tx)
	if err != nil {
		return err
	}
	through := false
	defer func() {
		if !through {
			_ = w.end(tx, errAbandoned)
		}
	}()
	err = run()
	through = true
	return w.end(tx, err)
}

// errAbandoned ends a unit of work that no error has ended. Nobody sees it.
var errAbandoned = errors.New("softdelete: a panic has ended the unit of work")

// workKey is where a statement's unit of work stands in its settings.
type workKey struct{}

// BeginWork makes the callbacks of a statement one unit, until EndWork. undone runs when a panic ends it before that; it may
// be nil.
//
// GORM calls callbacks one after the other, so that no function of ours is there to end the unit when one of another plugin's
// panics, which Guarded does not see. The end of the statement's context then ends a transaction of our own, or the garbage
// collector, which finds the statement and no more use of it.
func BeginWork(db *gorm.DB, undone func()) error {
	w, err := begin(db)
	if err != nil || w.Ground == StatementTransaction && undone == nil {
		return err
	}
	w.undone = undone
	if committer, ok := db.Statement.ConnPool.(gorm.TxCommitter); ok && w.Ground == OwnTransaction {
		w.net = runtime.AddCleanup(db.Statement, func(left gorm.TxCommitter) { go func() { _ = left.Rollback() }() }, committer)
	}
	db.Statement.Settings.Store(workKey{}, w)
	return nil
}

// EnsureWork begins the statement's unit of work where it has none yet.
func EnsureWork(db *gorm.DB) error {
	if workOf(db.Statement) != nil {
		return nil
	}
	return BeginWork(db, nil)
}

// EndWork ends the statement's unit of work, if it has one: it keeps the work where err is nil and undoes it otherwise. It
// returns what went wrong.
func EndWork(db *gorm.DB, err error) error {
	w := workOf(db.Statement)
	if w == nil {
		return err
	}
	db.Statement.Settings.Delete(workKey{})
	return w.end(db, err)
}

// workOf finds the unit of work that belongs to a statement. One that saves an association inherits the settings of the
// statement around it, with a unit that is not its own (callbacks/associations.go:389, GORM 1.31).
func workOf(stmt *gorm.Statement) *UnitOfWork {
	if value, ok := stmt.Settings.Load(workKey{}); ok {
		if w := value.(*UnitOfWork); w.stmt == stmt {
			return w
		}
	}
	return nil
}

// Guarded is a callback whose panic ends the statement's unit of work, and GORM's own transaction around the statement, which
// GORM leaves open then. The panic goes on to the caller.
func Guarded(callback func(*gorm.DB)) func(*gorm.DB) {
	return func(db *gorm.DB) {
		through := false
		defer func() {
			if !through {
				abandon(db)
			}
		}()
		callback(db)
		through = true
	}
}

func abandon(db *gorm.DB) {
	if w := workOf(db.Statement); w != nil {
		_ = EndWork(db, errAbandoned)
		if w.undone != nil {
			w.undone()
		}
	}
	if !startedByGORM(db.Statement) {
		return
	}
	if committer, ok := db.Statement.ConnPool.(gorm.TxCommitter); ok && committer != nil {
		_ = committer.Rollback()
	}
	db.Statement.Settings.Delete(startedKey(db.Statement))
	db.Statement.ConnPool = db.ConnPool
}

// RefuseSharding refuses what writes more than one statement where gorm.io/sharding is registered, before or after this plugin. Its
// connection pool begins no transactions, and its parser sends statements to shards one by one (conn_pool.go:97, sharding 0.6.2).
func RefuseSharding(db *gorm.DB) error {
	const name = "gorm:sharding"
	if _, there := db.Plugins[name]; !there {
		return nil
	}
	return fmt.Errorf("%w: the plugin %s (gorm.io/sharding) is registered on this *gorm.DB: it begins no transactions, so that nothing could be undone; "+
		"open a *gorm.DB of its own for the sharded tables, without softdelete, and use softdelete on one without sharding", fault.ErrUnsupported, name)
}

// begin starts a unit of work for the statement of db.
func begin(db *gorm.DB) (*UnitOfWork, error) {
	if err := RefuseSharding(db); err != nil {
		return nil, err
	}
	w := &UnitOfWork{stmt: db.Statement, pool: db.Statement.ConnPool}
	_, begins := w.pool.(gorm.TxBeginner)
	if !begins {
		_, begins = w.pool.(gorm.ConnPoolBeginner)
	}
	committer, ok := w.pool.(gorm.TxCommitter)
	inTransaction := ok && committer != nil
	switch {
	case startedByGORM(w.stmt):
		if begins {
			return nil, noTransaction(w.pool)
		}
		w.Ground = StatementTransaction
		w.makeRoom(db)
		return w, nil
	case inTransaction && !begins:
		return w, w.save(db)
	}
	// What both begins and ends transactions may be either: it is asked.
	tx := InWork(db, db.Statement.Context).Begin(options(db))
	switch {
	case inTransaction && errors.Is(tx.Error, gorm.ErrInvalidTransaction):
		return w, w.save(db)
	case tx.Error != nil:
		return nil, tx.Error
	case same(tx.Statement.ConnPool, w.pool):
		return nil, noTransaction(w.pool)
	}
	w.stmt.ConnPool = tx.Statement.ConnPool
	w.makeRoom(db)
	return w, nil
}

// makeRoom lets the unit of work know its temporary tables, where they stay.
func (w *UnitOfWork) makeRoom(db *gorm.DB) {
	if inner := w.withTemporaries(db, db.Statement.Context); inner != db.Statement.Context {
		w.context, w.inner = db.Statement.Context, inner
		db.Statement.Context = inner
	}
}

// save starts a savepoint in the caller's transaction.
func (w *UnitOfWork) save(db *gorm.DB) error {
	w.Ground = CallersTransaction
	depth := Depth(db.Statement.Context)
	if depth >= deepest {
		return fmt.Errorf("%w: %d deletions or restores inside each other; a hook deletes or restores rows whose hooks call it again, "+
			"as a child's BeforeDelete that deletes its parent does: let AfterDelete or AfterRestore do it, when the row is through",
			fault.ErrUnsupported, depth)
	}
	name := "softdelete_" + strconv.Itoa(depth+1)
	if err := Savepoint(db, db.Statement.Context, "SAVEPOINT "+name); err != nil {
		return err
	}
	w.savepoint = name
	w.context = db.Statement.Context
	w.inner = context.WithValue(w.withTemporaries(db, w.context), depthKey{}, depth+1)
	db.Statement.Context = w.inner
	return nil
}

// options are those of the transactions that the plugin begins.
func options(db *gorm.DB) *sql.TxOptions {
	if d, err := dialect.Of(db.Dialector); err == nil {
		return d.TxOptions()
	}
	return nil
}

// same tells whether two pools are one.
func same(a, b gorm.ConnPool) bool {
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	return v.Kind() == reflect.Pointer && w.Kind() == reflect.Pointer && v.Pointer() == w.Pointer() && v.Type() == w.Type()
}

func noTransaction(pool gorm.ConnPool) error {
	return fmt.Errorf("%w: the connection pool %T gives no transaction when one is begun, so that nothing could be undone; "+
		"use the plugin without what replaces the pool", fault.ErrUnsupported, pool)
}

// startedByGORM tells whether GORM has started a transaction around the statement (callbacks/transaction.go:13, GORM 1.31). It
// is db.InstanceGet without the cost of formatting a pointer, which every deletion would pay.
func startedByGORM(stmt *gorm.Statement) bool {
	_, started := stmt.Settings.Load(startedKey(stmt))
	return started
}

func startedKey(stmt *gorm.Statement) string {
	key := make([]byte, 0, 48)
	key = append(key, "0x"...)
	key = strconv.AppendUint(key, uint64(reflect.ValueOf(stmt).Pointer()), 16)
	key = append(key, "gorm:started_transaction"...)
	return string(key)
}

// end finishes the unit: it keeps the work where err is nil and undoes it otherwise. It returns what went wrong. A savepoint
// of work that is kept is left to the end of the transaction, as GORM leaves its own: releasing it could only fail.
func (w *UnitOfWork) end(db *gorm.DB, err error) error {
	w.net.Stop()
	if w.inner != nil {
		w.dropLeft(db)
	}
	// Undoing must go through even if the caller's context has ended.
	switch {
	case w.Ground == OwnTransaction && err == nil:
		err = InWork(db, db.Statement.Context).Commit().Error
	case w.Ground == OwnTransaction:
		err = errors.Join(err, InWork(db, context.WithoutCancel(db.Statement.Context)).Rollback().Error)
	case w.savepoint != "" && err != nil && endsTransaction(db, err):
		err = w.over(err)
	case w.savepoint != "" && err != nil:
		err = errors.Join(err, Savepoint(db, context.WithoutCancel(db.Statement.Context), "ROLLBACK TO SAVEPOINT "+w.savepoint))
	}
	if w.Ground == OwnTransaction {
		w.stmt.ConnPool = w.pool
	}
	LeaveContext(w.stmt, w.inner, w.context)
	return err
}

// endsTransaction tells whether an error says that the database has undone the caller's whole transaction.
func endsTransaction(db *gorm.DB, err error) bool {
	d, unknown := dialect.Of(db.Dialector)
	return unknown == nil && d.EndsTransaction(err)
}

// over ends a caller's transaction that the database has undone already: what the caller's code executed in it further would be
// committed, each statement by itself.
func (w *UnitOfWork) over(err error) error {
	if committer, ok := w.stmt.ConnPool.(gorm.TxCommitter); ok && committer != nil {
		_ = committer.Rollback()
	}
	return fmt.Errorf("%w; the database has undone the whole transaction that this stood in: begin that again", err)
}
