package concurrency_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// The concurrency tests interleave transactions on a database that has row locks: each transaction belongs to an actor
// with a connection of its own, that can be stopped before or after a statement, and that can be seen waiting for a lock.
// What is exact under every interleaving on a single writer is tested with SQLite too, in stress_test.go.

// concDatabase is the one that the test at hand runs on. No two of them run at the same time.
var concDatabase string

// eachConc runs a test on all databases with row locks.
func eachConc(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		concDatabase = database.Name
		test(t)
	})
}

// concStage is a database with a spectator's connection.
type concStage struct {
	t         *testing.T
	database  *testdb.Database
	models    []any
	spectator *gorm.DB // without the plugin
	actors    []*concActor
	acting    int // how many of them the current round uses
}

func newConcStage(t *testing.T, models ...any) *concStage {
	t.Helper()
	s := &concStage{t: t, database: testdb.Named(t, concDatabase), models: models}
	s.spectator = s.connect()
	require.NoError(t, s.actor().AutoMigrate(models...))
	return s
}

// concActor is a session with one connection, and with a plugin of its own, as another process has it.
type concActor struct {
	*gorm.DB
	stage   *concStage
	session int64 // by its number at the server
}

// actor gives an actor that does nothing else in this round.
func (s *concStage) actor() *concActor {
	s.t.Helper()
	if s.acting++; s.acting > len(s.actors) {
		s.actors = append(s.actors, s.newActor())
	}
	return s.actors[s.acting-1]
}

// connect opens a single connection.
func (s *concStage) connect() *gorm.DB {
	s.t.Helper()
	return fixture.OneConnection(s.t, s.database.Open(s.t))
}

func (s *concStage) newActor() *concActor {
	s.t.Helper()
	db := s.connect()
	require.NoError(s.t, db.Use(softdelete.New(softdelete.Config{Models: s.models})))
	a := &concActor{DB: db.WithContext(s.t.Context()), stage: s}
	a.session = s.database.Session(s.t, a.DB)
	return a
}

// eachStatement runs rounds, each on empty tables: in the n-th, round stops an actor before its n-th statement. The last
// round is that in which it stands before its COMMIT or has no such statement.
func (s *concStage) eachStatement(round func(n int) *concStop) {
	s.t.Helper()
	s.someStatements(1, 1, round)
}

// partOfStatements does so at one statement out of so many, of which the number says the first: all have their turn where a test has
// several numbers. A call that finds and writes rows by statements of their own stops as often as one that does both by one.
func (s *concStage) partOfStatements(number, parts int, round func(n int) *concStop) {
	s.t.Helper()
	parts *= s.database.StatementsPerWrite()
	s.someStatements(1+number%parts, parts, round)
}

// someStatements does so from one statement on, with a step to the next.
func (s *concStage) someStatements(first, step int, round func(n int) *concStop) {
	s.t.Helper()
	for n, last := first, false; !last; n += step {
		s.empty()
		last = round(n).last
		for _, a := range s.actors {
			testdb.NothingLeft(s.t, a.DB)
		}
		require.Less(s.t, n, 250, "the call has no end")
	}
}

// empty empties all tables and frees all actors.
func (s *concStage) empty() {
	s.t.Helper()
	for _, a := range s.actors {
		testdb.Inject(a.DB).Reset()
	}
	s.acting = 0
	s.database.Empty(s.t, s.spectator, s.tables()...)
}

// tables lists the models' tables, in the order of the models.
func (s *concStage) tables() []string {
	s.t.Helper()
	tables := make([]string, len(s.models))
	for i, model := range s.models {
		tables[i] = fixture.Table(s.t, s.spectator, model)
	}
	return tables
}

// quoted is a name as statements have it.
func (s *concStage) quoted(name string) string { return s.spectator.Statement.Quote(name) }

// create inserts rows as they are.
func (s *concStage) create(rows ...any) {
	s.t.Helper()
	require.NoError(s.t, s.spectator.Transaction(func(tx *gorm.DB) error {
		for _, row := range rows {
			if err := tx.Create(row).Error; err != nil {
				return err
			}
		}
		return nil
	}))
}

// concPatience is how long a test waits for what must happen.
const concPatience = 20 * time.Second

// concRun is a call in another goroutine.
type concRun struct {
	actor *concActor
	done  chan struct{}
	err   error
}

// start calls do in another goroutine. What the database has undone in favour of another transaction it begins again, as whoever calls has
// to where he writes SQL of his own or has begun the transaction.
func (a *concActor) start(do func(db *gorm.DB) error) *concRun {
	run := &concRun{actor: a, done: make(chan struct{})}
	d, err := dialect.Of(a.Dialector)
	require.NoError(a.stage.t, err)
	const tries = 5
	go func() {
		defer close(run.done)
		for range tries {
			if run.err = do(a.DB); !d.EndsTransaction(run.err) {
				return
			}
		}
	}()
	return run
}

// waits returns once the call waits for a lock that another transaction holds.
func (r *concRun) waits() *concRun {
	r.actor.stage.t.Helper()
	require.True(r.actor.stage.t, r.waitsOrEnds(), "the call should wait for a lock, but it ended: %v", r.err)
	return r
}

// waitsOrEnds returns once the call waits for a lock that another transaction holds, or has ended. It tells whether it
// waits.
func (r *concRun) waitsOrEnds() bool {
	t := r.actor.stage.t
	t.Helper()
	const longest = 2 * time.Millisecond
	deadline := time.Now().Add(concPatience)
	for pause := time.Duration(0); ; pause = min(2*pause+50*time.Microsecond, longest) {
		select {
		case <-r.done:
			return false
		case <-time.After(pause):
		}
		if r.actor.stage.database.Waits(t, r.actor.session) {
			return true
		}
		require.True(t, time.Now().Before(deadline), "the call should end or wait for a lock, but it does neither")
	}
}

// ended tells whether the call has ended.
func (r *concRun) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// result returns the call's error once it has ended.
func (r *concRun) result() error {
	t := r.actor.stage.t
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(concPatience):
		require.FailNow(t, "the call does not end")
	}
	return r.err
}

// pair runs two calls, the first one stopped before its n-th statement until the second one waits or is through. Neither
// may fail but with one of the errors that are allowed.
func (s *concStage) pair(n int, first, second func(db *gorm.DB) error, allowed ...error) *concStop {
	s.t.Helper()
	one := s.actor()
	stop := one.stopBeforeNumber(n)
	runs := []*concRun{one.start(first)}
	stop.wait(runs[0])
	runs = append(runs, s.actor().start(second))
	runs[1].waitsOrEnds()
	stop.goOn()
	for i, run := range runs {
		if err := run.result(); err != nil {
			require.True(s.t, slices.ContainsFunc(allowed, func(e error) bool { return errors.Is(err, e) }),
				"call %d of 2, the first stopped before statement %d: %v", i+1, n, err)
		}
	}
	return stop
}

// afterCommit lets a second call begin when a first one has done its work in a transaction: it must wait for that, which
// then commits. The error is the second call's.
func (s *concStage) afterCommit(first, second func(db *gorm.DB) error) error {
	s.t.Helper()
	return s.afterEnd((*gorm.DB).Commit, first, second)
}

// afterRollback does so with a transaction that is rolled back.
func (s *concStage) afterRollback(first, second func(db *gorm.DB) error) error {
	s.t.Helper()
	return s.afterEnd((*gorm.DB).Rollback, first, second)
}

func (s *concStage) afterEnd(end func(tx *gorm.DB) *gorm.DB, first, second func(db *gorm.DB) error) error {
	s.t.Helper()
	tx := s.actor().Begin()
	require.NoError(s.t, first(tx))
	run := s.actor().start(second).waits()
	require.NoError(s.t, end(tx).Error)
	return run.result()
}

// meets lets another call begin while a run stands at a stop, and both go on once that one waits or is through. Neither may
// fail.
func (r *concRun) meets(stop *concStop, other func(db *gorm.DB) error) {
	s := r.actor.stage
	s.t.Helper()
	stop.wait(r)
	second := s.actor().start(other)
	second.waitsOrEnds()
	stop.goOn()
	require.NoError(s.t, r.result())
	require.NoError(s.t, second.result())
}

// concStop is a statement at which an actor stops once.
type concStop struct {
	stage           *concStage
	reached, resume chan struct{}
	numbered        bool
	last            bool // the call has no further statement to stop at
}

// stopBefore makes the actor stop before its next statement that has all the parts.
func (a *concActor) stopBefore(parts ...string) *concStop {
	stop, hook := a.stop(hasAll(parts))
	testdb.Inject(a.DB).OnStatement(hook)
	return stop
}

// stopBeforeNumber makes the actor stop before its n-th statement from now, or before COMMIT.
func (a *concActor) stopBeforeNumber(n int) *concStop {
	stop, hook := a.stop(func(number int, sql string) bool { return number >= n || sql == "COMMIT" })
	stop.numbered = true
	testdb.Inject(a.DB).OnStatement(hook)
	return stop
}

func hasAll(parts []string) func(int, string) bool {
	return func(_ int, sql string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(sql, part) })
	}
}

func (a *concActor) stop(here func(n int, sql string) bool) (*concStop, func(int, string) error) {
	stop := &concStop{stage: a.stage, reached: make(chan struct{}), resume: make(chan struct{})}
	ended := a.stage.t.Context().Done()
	met := false
	return stop, func(n int, sql string) error {
		if met || !here(n, sql) {
			return nil
		}
		met, stop.last = true, sql == "COMMIT"
		close(stop.reached)
		select {
		case <-stop.resume:
			return nil
		case <-ended:
			return context.Canceled
		}
	}
}

// wait returns once the call stands at the stop. It may end before a stop by number.
func (s *concStop) wait(run *concRun) *concStop {
	s.stage.t.Helper()
	select {
	case <-s.reached:
	case <-run.done:
		require.True(s.stage.t, s.numbered, "the call ended without the statement to stop at: %v", run.err)
		s.last = true
	case <-time.After(concPatience):
		require.FailNow(s.stage.t, "the call does not reach the statement to stop at")
	}
	return s
}

// goOn lets the call go on.
func (s *concStop) goOn() { close(s.resume) }

// errConcUndone is for a call that the plugin should have begun again. Nobody else does.
var errConcUndone = errors.New("what the database has undone was not begun again")

// concOwn is a call that the plugin itself begins again where the database has undone it in favour of another transaction: a deletion or a
// restore without hooks, outside of a caller's transaction.
func concOwn(do func(db *gorm.DB) error) func(db *gorm.DB) error {
	return func(db *gorm.DB) error {
		err := do(db)
		if d, unknown := dialect.Of(db.Dialector); unknown != nil || !d.EndsTransaction(err) {
			return err
		}
		if tx, ok := db.Statement.ConnPool.(gorm.TxCommitter); ok && tx != nil {
			return err
		}
		return fmt.Errorf("%w: %v", errConcUndone, err)
	}
}

// concDelete is a call that deletes value.
func concDelete(value any, conds ...any) func(db *gorm.DB) error {
	return concOwn(func(db *gorm.DB) error { return db.Delete(value, conds...).Error })
}

// concRemove is a call that removes value's row for good.
func concRemove(value any) func(db *gorm.DB) error {
	return concOwn(func(db *gorm.DB) error { return db.Unscoped().Delete(value).Error })
}

// concRestore is a call that restores value.
func concRestore(value any) func(db *gorm.DB) error {
	return concOwn(func(db *gorm.DB) error {
		_, err := softdelete.Restore(db, value)
		return err
	})
}

// concCreate is a call that creates value.
func concCreate(value any) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return db.Create(value).Error }
}

// concUpdate is a call that sets a column of value's row.
func concUpdate(value any, column string, to any) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return db.Model(value).Update(column, to).Error }
}
