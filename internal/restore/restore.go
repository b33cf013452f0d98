// Package restore undoes deletions: it finds the rows that a deletion took and nothing else keeps deleted, refuses what would
// conflict with live rows, and takes their marks off or brings them back from the archive.
package restore

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// Restore undoes the deletion of value, with exactly those rows under it that the same deletion took.
func (restorer *Restorer) Restore(db *gorm.DB, value any) (deletion.Report, error) {
	return restorer.again(db, func(r *restoration) (deletion.Report, error) { return r.ofValue(db, value, "Restore") })
}

// Preview tells what Restore would do with value, and writes nothing. What would refuse is its error.
func (restorer *Restorer) Preview(db *gorm.DB, value any) (deletion.Report, error) {
	return restorer.again(db, func(r *restoration) (deletion.Report, error) {
		r.preview = true
		return r.ofValue(db, value, "PreviewRestore")
	})
}

// RestoreDeletion undoes a whole deletion: every row that it took and that nothing else keeps deleted.
func (restorer *Restorer) RestoreDeletion(db *gorm.DB, id mark.DeletionID) (deletion.Report, error) {
	return restorer.again(db, func(r *restoration) (deletion.Report, error) { return r.ofDeletion(db, id) })
}

// restoration is one call that restores rows.
type restoration struct {
	restorer *Restorer
	root     *policy.Policy
	graph    *policy.Graph
	preview  bool
	along    []*policy.Relation // followed beside those of the rules

	// deletion is set by RestoreDeletion. Otherwise where and keys tell the root rows. timed are the models among which the
	// deletion's time is its own.
	// Elsewhere is why it is refused where its root is no row of a known model's own table.
	deletion  mark.DeletionID
	at        time.Time
	timed     []*policy.Policy
	elsewhere error
	where     []clause.Expression
	span      *span           // the same root rows, of an archive, where they have such a name
	hasty     bool            // they were given that name before they were locked
	counted   bool            // so many are locked
	locked    bool            // all that the restore depends on is
	thorough  bool            // they get no such name
	known     bool            // the report names their deletion already
	pinned    bool            // where tells the root rows by their keys
	target    statement.Table // where they are looked for
	called    string          // what the caller's conditions call it

	lost, held *walk.Walk
	drops      []func() error         // drop what their rows were stored in
	holds      bool                   // rows may be held by other deleted parents
	back, kept map[*policy.Node]int64 // rows that come back, rows that are held
	loaded     []loadedRows
	told       bool // hooks BeforeRestore have run
	erased     bool // rows may be erased
	fresh      bool // the catalogue was asked for what must be unique
	choice     choice
	effects    []countedEffect
	rows       int64
	report     deletion.Report
}

// loadedRows are rows of a model with restore hooks.
type loadedRows struct {
	node *policy.Node
	rows reflect.Value
}

func (r *restoration) ofValue(db *gorm.DB, value any, function string) (deletion.Report, error) {
	if err := deletion.CheckCall(value, function); err != nil {
		return deletion.Report{}, err
	}
	db = policy.Called(db)
	p, err := r.restorer.Of(db, value)
	if err != nil {
		return deletion.Report{}, err
	}
	if !p.KeepsDeleted() {
		return deletion.Report{}, fmt.Errorf("%w: %s has no deleted rows to restore; its strategy is %q", fault.ErrUnsupported, p.Schema.Name, p.Strategy.Word())
	}
	if len(p.Schema.PrimaryFields) == 0 {
		return deletion.Report{}, fmt.Errorf("%w: %s has no primary key to restore its rows by; update its deletion column through db.Unscoped()", fault.ErrUnsupported, p.Schema.Name)
	}
	r.root, r.preview = p, r.preview || db.DryRun
	if err := r.readConditions(db, value); err != nil {
		return deletion.Report{}, err
	}
	if r.graph = r.root.RestoreGraph(); len(r.along) > 0 {
		r.graph = policy.MarkedGraph([]*policy.Policy{r.root}, false, r.along)
	}
	if r.graph.Err != nil {
		return deletion.Report{}, r.graph.Err
	}
	return r.run(db, func(tx *gorm.DB) (func(), error) {
		return deletion.Reload(r.restorer.Session(tx), &r.restorer.Folding, r.root, value)
	})
}

// readConditions takes the table that the caller means, the conditions, those of scopes too, and the keys of the value.
func (r *restoration) readConditions(db *gorm.DB, value any) error {
	s := r.root.Schema
	built, err := scope.Built(db, r.root)
	if err != nil {
		return err
	}
	if err := r.readTable(db, built); err != nil {
		return err
	}
	if err := r.readChoice(built); err != nil {
		return err
	}
	r.where = scope.WhereOfSession(built)
	keys := rowkey.InModels(db.Statement.Context, reflect.ValueOf(value), s.PrimaryFields)
	if len(keys) > 0 {
		r.where = []clause.Expression{scope.Group(append(slices.Clone(r.where), r.target.KeysIn(r.restorer.Dialect, s, keys)))}
	}
	if len(r.where) == 0 && !db.AllowGlobalUpdate {
		return fmt.Errorf("%w: a restore needs a primary key or a condition", gorm.ErrMissingWhereClause)
	}
	return nil
}

// readTable takes the table of the caller's statement.
func (r *restoration) readTable(db *gorm.DB, stmt *gorm.Statement) (err error) {
	if err := r.restorer.Recognize(stmt.DB, r.root, false); err != nil {
		return err
	}
	if r.root, r.target, err = r.restorer.HereOrRefuse(stmt, r.root); err != nil {
		return err
	}
	r.called = r.target.Called()
	if !r.root.Strategy.Leaves() {
		return nil
	}
	if r.target.Alias != "" {
		return fmt.Errorf("%w: %s is restored to its table %s only under that name, not as %s; leave the alias out",
			fault.ErrUnsupported, r.root.Schema.Name, r.root.Table, r.target.Alias)
	}
	r.target = statement.Table{Name: r.root.DeletedTable(), Alias: r.called}
	return r.restorer.Columns.Need(r.restorer.Session(db), r.root)
}

// run restores in a transaction, or in a savepoint of the caller's. after runs last inside it, what it returns when all is
// done.
func (r *restoration) run(db *gorm.DB, after func(tx *gorm.DB) (func(), error)) (deletion.Report, error) {
	tx := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true, SkipHooks: db.Statement.SkipHooks})
	tx.Config.DryRun = false
	statement.ToWriter(tx, r.root.Table)
	if err := r.prepare(r.restorer.Session(tx)); err != nil {
		return deletion.Report{}, err
	}
	if r.preview {
		return r.foresee(tx)
	}
	var finish func()
	err := statement.Work(tx, func(tx *gorm.DB) (err error) {
		if err = r.restore(r.restorer.Session(tx)); err == nil {
			finish, err = after(tx)
		}
		return err
	})
	if err != nil {
		return deletion.Report{}, err
	}
	finish()
	effects, err := r.list(r.restorer.Session(tx))
	return r.finished(effects), err
}

// finished is the report. Where no row was deleted it names no deletion.
func (r *restoration) finished(effects []deletion.Effect) deletion.Report {
	r.report.Effects = effects
	if r.rows == 0 {
		r.report.DeletionID = ""
	}
	return r.report
}

// restore finds what refuses, then writes: children before parents, since a row is found by the mark of its parent.
func (r *restoration) restore(tx statement.Session) error {
	inner := tx.InWork(tx.Statement.Context)
	if err := inner.LockWriter(r.root.Table, r.root.Schema.PrimaryFields); err != nil {
		return err
	}
	if err := r.choose(inner); err != nil {
		return err
	}
	if none, err := r.pin(inner); err != nil || none {
		return err
	}
	if err := r.lock(inner); err != nil {
		return err
	}
	drop, err := r.store(inner)
	if err != nil {
		return err
	}
	if err := r.find(inner); err != nil || r.rows == 0 {
		return errors.Join(err, drop())
	}
	skipHooks := tx.Statement.SkipHooks
	if !skipHooks {
		if err := r.beforeHooks(inner); err != nil {
			return err
		}
	}
	if err := r.markLedger(inner); err != nil {
		return err
	}
	if err := r.logged(inner, r.write); err != nil {
		return r.explain(inner, err)
	}
	if err := drop(); err != nil {
		return err
	}
	if !skipHooks {
		return r.afterHooks(inner)
	}
	return nil
}

// prepare sets up the two walks: over the rows that the deletion took, and over those of them that others hold.
func (r *restoration) prepare(tx statement.Session) error {
	addressed := map[*policy.Policy]bool{}
	for _, n := range r.graph.Nodes {
		c, err := r.restorer.Columns.Of(tx, n.Policy)
		if err != nil {
			return err
		}
		addressed[n.Policy] = c.Addressed
		for _, h := range slices.Concat(r.holders(n), n.Policy.Guards) {
			if _, err := r.restorer.Columns.Of(tx, h.Parent); err != nil { // which tells what orders an archive
				return err
			}
		}
	}
	r.lost = &walk.Walk{Graph: r.graph, Prefix: "lost", Addressed: addressed, In: walk.Deleted, Flat: r.deletion != "", Base: r.lostBase, Step: r.sameDeletion}
	r.held = &walk.Walk{Graph: r.graph, Prefix: "held", Addressed: addressed, In: walk.Deleted, Marked: true, Base: r.heldBase, Step: func(q *statement.Query, e *policy.Edge, _, child string) {
		q.Text(" AND ")
		r.lost.InWalk(q, e.To, child)
	}}
	if r.restorer.HasPersonal() {
		known, err := r.restorer.Records.There(tx)
		if err != nil {
			return err
		}
		r.erased = known
	}
	r.holds = slices.ContainsFunc(r.graph.Nodes, func(n *policy.Node) bool { return len(r.holders(n)) > 0 || r.heldBase(n) != nil })
	return nil
}

// rootCondition writes the condition of the rows that the caller asked for.
func (r *restoration) rootCondition(q *statement.Query) {
	if r.span != nil {
		r.span.write(q, r.target.Qualifier())
		return
	}
	r.askedRows(q)
	walk.AndLatest(q, r.root.DeletedPlace(), r.target.Qualifier())
}

// askedRows writes the caller's own condition, which earlier rows of an archived key may fulfil too.
func (r *restoration) askedRows(q *statement.Query) {
	q.Stmt.Table, q.Stmt.Schema = r.called, r.root.Schema
	if len(r.where) == 0 {
		q.Text("1 = 1")
	} else {
		q.Expression(scope.Group(r.where))
	}
}

// lostBase writes the SELECT of the rows where the walk over the lost rows begins: those that the caller asked for, or all
// that carry the deletion's mark.
func (r *restoration) lostBase(n *policy.Node) func(q *statement.Query) {
	if r.deletion == "" && n.Policy != r.root {
		return nil
	}
	return func(q *statement.Query) {
		table := r.tableOf(n)
		walk.SelectCarried(n, q, r.lost, table)
		if r.lost.Rooted {
			q.Text(", 1")
		}
		q.Text(" FROM ")
		if n.Policy == r.root && r.deletion == "" {
			q.Table(r.target)
		} else {
			r.lost.Source(q, n.Policy)
		}
		q.Text(" WHERE ")
		if r.deletion != "" && r.within(n) {
			r.span.write(q, table)
		} else if r.deletion != "" {
			r.carriesMark(q, n.Policy, table)
		} else {
			r.rootCondition(q)
		}
		if r.deletion != "" {
			statement.WriteAnd(q, n.Policy.Predicates.Deleted, table)
		} else {
			walk.AndDeleted(q, n.Policy, table)
		}
	}
}

// pin makes few root rows the ones that the restore is about: one that begins to fulfil the caller's conditions meanwhile, or
// is deleted, was not looked at. none tells that there is nothing to restore.
func (r *restoration) pin(tx statement.Session) (none bool, err error) {
	fields := r.root.Schema.PrimaryFields
	if r.deletion != "" {
		return false, r.pinSpan(tx)
	}
	if len(fields) == 0 {
		return false, nil
	}
	q := tx.Query().Text("SELECT ").Columns(r.target.Qualifier(), fields)
	columns := len(fields)
	number, numbered := r.numbered()
	if numbered {
		q.Text(", ").Column(r.target.Qualifier(), number)
		columns++
	}
	q.Text(" FROM ")
	q.Table(r.target)
	q.Text(" WHERE ")
	r.rootCondition(q)
	statement.WriteAnd(q, r.root.Predicates.Deleted, r.target.Qualifier())
	q.Text(" LIMIT ", fmt.Sprint(deletion.FewKeys+1))
	keys, err := q.KeyValues(columns)
	if err == nil && len(keys) == 0 {
		none := deletion.DepthEffect{Effect: deletion.Effect{Table: r.root.Table, Action: deletion.ActionRestored}}
		r.effects = append(r.effects, countedEffect{DepthEffect: none, node: r.graph.NodeOf(r.root)})
		return true, nil
	}
	if err == nil && len(keys) <= deletion.FewKeys {
		if numbered {
			keys, r.span = spanOfKeys(number, keys)
		}
		r.where, r.pinned = []clause.Expression{r.target.KeysIn(tx.Dialect, r.root.Schema, keys)}, true
	} else if err == nil {
		err = r.pinSpan(tx)
	}
	return false, err
}

// tableOf is what the columns of a node's table are qualified with.
func (r *restoration) tableOf(n *policy.Node) string {
	if n.Policy == r.root && r.deletion == "" {
		return r.target.Qualifier()
	}
	return n.Policy.DeletedTable()
}

// from writes a node's table for an alias to follow.
func (r *restoration) from(q *statement.Query, n *policy.Node) {
	q.Name(n.Policy.DeletedTable())
}
