// Package deletion carries out what GORM deletes: it finds all rows that a deletion takes by the rules of their relations, refuses
// or writes, and reports. A preview is the same without the writing.
package deletion

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"
	"weak"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// deletion is one call that deletes rows, from the moment that GORM's callbacks meet it until they are through. It deletes
// in three steps: find what refuses, write, and look again for what concurrent transactions have added meanwhile.
type deletion struct {
	deleter *Deleter
	stmt    *gorm.Statement
	root    *policy.Policy
	target  statement.Table
	graph   *policy.Graph
	// erasing is set for Unscoped: rows go for good, live and deleted ones alike.
	erasing bool
	bin     bool       // it is about deleted rows alone
	closed  *closedBin // the statement's table before its bin was opened
	preview bool
	// unstoppable is set for the deletion of an erasure: what a rule would block stays where it is.
	unstoppable bool
	outer       *deletion   // the deletion in whose hooks or associations this one runs
	over        atomic.Bool // a hook may have kept the context

	id            mark.DeletionID // see ID
	at            time.Time
	concerned     *concerned // the models that this time is a matter of
	shares        bool       // time and ID are those of outer
	actor, reason string
	assignments   []policy.Assignment  // what marks a root row
	space         [2]policy.Assignment // room for them, in the common case

	context  context.Context // the statement's before, where inner is set
	inner    context.Context // the statement's inside, by which others find the deletion
	where    clause.Clause   // the caller's conditions, with the keys of the value
	removed  clause.Clause   // the same, narrowed to the rows that were looked at, of a removal
	held     *hold.Walk      // what holds cover, of a removal; nil where there are none
	unstore  func() error    // drops the table in which that is, of a wide graph
	snapshot statement.Snapshot
	keys     [][]any                  // the root rows' keys, where there are few
	exact    bool                     // each of the keys was that of a live row, which is taken now
	marked   map[*policy.Node]int64   // the rows taken of each node so far
	taking   map[*policy.Node][][]any // the keys of the rows taken of each node of a wide graph, where there are few
	expected map[*policy.Node]int64   // the rows to take of each node with others under it
	copied   int64                    // the root rows of which the archive has got a copy, where that is a statement of its own
	// expectedRoots is how many root rows a removal found by its conditions; nil where nothing hangs on it.
	expectedRoots *int64
	loaded        map[*policy.Node]reflect.Value // rows for AfterDelete that are gone by then
	watched       []*watched                     // tables with rows that the database hides
	logging       bool                           // the event logs are open
	covered       map[hold.Covered]int64         // how many rows each hold covers
	together      func(db *gorm.DB) error        // runs after a statement that removed more than the root rows
	lookedUp      bool                           // that statement looks them up by their keys
	freed         func() error                   // empties the keys by which the rows of that refer to each other

	works          bool                // the deletion is a unit of work
	built          bool                // Mark has run
	planned, aside bool                // see look and standsAside
	seen           []clause.Expression // the conditions that plan went by

	report   func(Report) // where the caller wants the report; nil where it does not
	blockers []fault.Blocker
	effects  []DepthEffect
	rows     int64 // taken so far, the root's included
}

// Begin is the first callback of a delete statement: it finds the policy, opens the transaction and remembers the caller's
// value.
func (deleter *Deleter) Begin(db *gorm.DB) {
	stmt := db.Statement
	if db.Error != nil || stmt.Schema == nil || stmt.SQL.Len() > 0 {
		return
	}
	if err := scope.CheckWrite(stmt); err != nil {
		_ = db.AddError(err)
		return
	}
	p := deleter.Policy(db, stmt.Schema)
	_, preview := stmt.Settings.Load(PreviewKey{})
	if p.Err != nil {
		_ = db.AddError(p.Err)
		return
	}
	report, reported := stmt.Settings.Load(reportKey{})
	bin := isBin(stmt)
	if p.Plain() && !eventlog.LogsBelow(p) && !preview && !reported && !bin {
		if heeds, err := deleter.heedsPlain(db, p); err != nil || !heeds {
			_ = db.AddError(err)
			return
		}
	}
	p, table, err := deleter.here(db, p)
	if err != nil {
		_ = db.AddError(err)
		return
	}
	d := &deletion{
		deleter: deleter, stmt: stmt, root: p, target: table, graph: p.GraphOf(), preview: preview,
		where: stmt.Clauses["WHERE"], erasing: stmt.Unscoped, bin: bin, actor: mark.ActorFrom(stmt.Context), reason: mark.ReasonFrom(stmt.Context),
	}
	d.unstoppable, _ = stmt.Context.Value(ErasingKey{}).(bool)
	if reported {
		d.report = report.(func(Report))
	}
	if outer := deletionAround(stmt.Context); outer != nil && outer.deleter == deleter && !outer.over.Load() {
		d.outer = outer
		d.preview = d.preview || outer.preview
	}
	switch {
	case p.Foreign != nil && (preview || reported):
		_ = db.AddError(fmt.Errorf("%w: %s is deleted by the rules of the type %s of its field %s, of which there is no report; "+
			"make it a plain integer or bool, and tag it with the strategy timestamp or flag", fault.ErrUnsupported, p.Schema.Name, p.Foreign.FieldType, p.Foreign.Name))
		return
	case d.graph.Err != nil:
		_ = db.AddError(d.graph.Err)
		return
	case d.refuseClauses() != nil:
		_ = db.AddError(d.refuseClauses())
		return
	case p.Never() && !d.preview:
		_ = db.AddError(d.neverError(p, 0, nil))
		return
	case stmt.ReflectValue.Kind() == reflect.Struct && !stmt.ReflectValue.CanAddr() && !p.Plain():
		_ = db.AddError(fmt.Errorf("%w: Delete needs a pointer to a %s, so that it can tell what became of the row",
			gorm.ErrInvalidValue, p.Schema.Name))
		return
	}
	if d.outer != nil {
		// A BeforeDelete hook of the outer deletion's root runs before that has chosen its mark.
		if err := d.outer.chooseMark(deleter.Session(db)); err != nil {
			_ = db.AddError(err)
			return
		}
	}
	before := stmt.Context
	if !db.DryRun && !d.single() {
		if err := statement.BeginWork(db, d.undone); err != nil {
			_ = db.AddError(err)
			return
		}
		d.works = true
	}
	d.openBin()
	d.snapshot = statement.TakeSnapshot(stmt.ReflectValue)
	stmt.Settings.Store(deletionKey{}, d)
	if len(stmt.Selects) > 0 || len(d.graph.Nodes) > 1 || stmt.Schema.BeforeDelete || stmt.Schema.AfterDelete {
		// Deletions of selected associations and of hooks find this one by the context.
		d.context, d.inner = before, context.WithValue(stmt.Context, deletionKey{}, weak.Make(d))
		stmt.Context = d.inner
	}
}

// here finds the policy of the table that a delete statement means.
func (deleter *Deleter) here(db *gorm.DB, p *policy.Policy) (*policy.Policy, statement.Table, error) {
	stmt := db.Statement
	if err := deleter.Recognize(db, p, stmt.Unscoped || !p.KeepsDeleted()); err != nil {
		return nil, statement.Table{}, err
	}
	p, table, err := deleter.HereOrRefuse(stmt, p)
	if err != nil {
		return nil, table, err
	}
	policy.Call(stmt, table)
	if p == p.Own() {
		return p, table, nil
	}
	if !stmt.Unscoped && !db.DryRun {
		if err := deleter.Columns.Need(deleter.Session(db), p); err != nil {
			return nil, table, err
		}
	}
	if len(stmt.Selects) == 0 {
		return p, table, nil
	}
	columns, _ := stmt.SelectAndOmitColumns(true, false)
	for _, rel := range policy.RelationsOf(stmt.Schema) {
		if columns[rel.Name] && rel.Schema == stmt.Schema && rel.JoinTable == nil && p.RefersTo(rel) {
			return nil, table, fmt.Errorf("%w: GORM would delete the selected %s.%s in the table %s, not in %s; delete without Select, by the rule cascade",
				fault.ErrUnsupported, p.Schema.Name, rel.Name, p.Own().Table, p.Table)
		}
	}
	return p, table, nil
}

// single tells whether the deletion is one UPDATE, after which nothing can refuse: the database takes back all of it or nothing
// by itself.
func (d *deletion) single() bool {
	hooks := d.stmt.Schema.BeforeDelete || d.stmt.Schema.AfterDelete
	return d.action(d.root) == ActionDeleted && d.graph.Alone() && len(d.graph.Checks) == 0 && d.root.Log == nil && d.outer == nil &&
		len(d.stmt.Selects) == 0 && !hooks && d.deleter.MaxRows == 0 && !d.deleter.Ledger
}

// reports tells whether the numbers per relation are wanted.
func (d *deletion) reports() bool {
	return d.report != nil || d.preview || d.deleter.Ledger || d.outer != nil && d.outer.reports()
}

func (d *deletion) neverError(p *policy.Policy, rows int64, keys []string) error {
	if rows > 0 {
		return fmt.Errorf("%w: %d live %s of %s (table %s, %s %s) would be deleted with it; keep them, or remove the cascade",
			fault.ErrNeverDelete, rows, fault.Plural(rows, "row"), p.Schema.Name, p.Table, fault.Plural(rows, "key"), strings.Join(keys, ", "))
	}
	return fmt.Errorf("%w: %s (table %s) has the strategy never; keep its rows, or give the model another strategy", fault.ErrNeverDelete, p.Schema.Name, p.Table)
}

// Prepare runs after the caller's BeforeDelete hook and before anything is written. What others add to the statement until GORM
// writes counts too, so that the looking is left to Mark. Where GORM deletes selected associations before, it comes here.
func (deleter *Deleter) Prepare(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if db.Error != nil || d == nil || d.standsAside() {
		return
	}
	d.addKeyConditions()
	if !hasCondition(db.Statement) && !db.AllowGlobalUpdate {
		_ = db.AddError(gorm.ErrMissingWhereClause)
		return
	}
	if len(db.Statement.Selects) > 0 {
		_ = db.AddError(d.look(db))
	}
}

func (d *deletion) plan(tx statement.Session) error {
	if d.preview {
		return d.foresee(tx.On(tx.Session(&gorm.Session{NewDB: true, Context: tx.Statement.Context})))
	}
	if tx.DryRun {
		return d.chooseMark(tx)
	}
	if d.readsFirst() {
		if err := tx.LockWriter(d.root.Table, d.root.Schema.PrimaryFields); err != nil {
			return err
		}
	}
	for _, step := range [...]func(statement.Session) error{d.checkColumns, d.chooseMark, d.findKeys, d.lockRows, d.refuse} {
		if err := step(tx); err != nil {
			return err
		}
	}
	if d.planned {
		return nil // the hooks have run
	}
	return d.beforeHooks(tx)
}

// chooseMark decides on the deletion's time, once: that of the deletion around it where it fits.
func (d *deletion) chooseMark(tx statement.Session) (err error) {
	if !d.at.IsZero() {
		return nil
	}
	d.concerned = d.deleter.concernedBy(d.root, d.selectedModels())
	d.at, err = d.deleter.chooseInstant(tx, d.concerned, d.outer)
	d.shares = d.outer != nil && d.outer.at.Equal(d.at)
	return err
}

// ID identifies the deletion; one inside another may share the outer one's.
func (d *deletion) ID() mark.DeletionID {
	if d.shares {
		return d.outer.ID()
	}
	if d.id == "" {
		d.id = mark.NewDeletionID(d.at, d.root.Table)
	}
	return d.id
}

// stamp is what the deletion writes on rows of a model.
func (d *deletion) stamp(p *policy.Policy) policy.Stamp {
	s := policy.Stamp{At: d.at, Actor: d.actor, Reason: d.reason}
	if p.ID != nil {
		s.ID = d.ID()
	}
	return s
}

// Cascade runs once the root rows are written: it takes the rows under them, and looks again.
func (deleter *Deleter) Cascade(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if d == nil || d.aside || db.Error != nil || db.DryRun {
		return
	}
	if err := d.rootsLeft(db); err != nil {
		_ = db.AddError(err)
		return
	}
	d.rows += db.RowsAffected
	if d.watched != nil {
		if err := d.refuseUnseen(deleter.Session(db)); err != nil {
			_ = db.AddError(err)
			return
		}
	}
	if err := d.refuseSpared(deleter.Session(db), d.removed); err != nil {
		_ = db.AddError(err)
		return
	}
	if err := d.finishWriting(deleter.Session(db), db.RowsAffected); err != nil {
		_ = db.AddError(err)
		return
	}
	_ = db.AddError(d.refuseLost(deleter.Session(db)))
}

// finishWriting takes the rows under the root rows and looks again for what refuses.
func (d *deletion) finishWriting(tx statement.Session, rootRows int64) error {
	if err := d.sameRoots(rootRows); err != nil {
		return err
	}
	if root := d.graph.Nodes[0]; len(root.Inner) == 0 {
		if err := d.sameRows(tx, nil, root, rootRows); err != nil {
			return err
		}
	}
	d.addEffect(Effect{Table: d.root.Table, Action: d.action(d.root), Rows: rootRows}, 0, 0)
	if rootRows == 0 {
		if d.asksLevel() {
			if err := statement.AskFresh(tx); err != nil {
				return err
			}
		}
		return d.closeLog(tx.DB)
	}
	d.exact = rootRows == int64(len(d.keys))
	if !d.graph.Alone() {
		d.marked = map[*policy.Node]int64{d.graph.Nodes[0]: rootRows}
	}
	if d.action(d.root) == ActionDeleted {
		if err := d.cascade(tx); err != nil {
			return err
		}
		if err := d.countKept(tx, func() *walk.Walk { return d.taken(nil) }); err != nil {
			return err
		}
		if err := d.removeNodes(tx); err != nil {
			return err
		}
	}
	if d.action(d.root) != ActionRemoved {
		d.setFields()
	}
	if limit := d.deleter.MaxRows; limit > 0 && d.rows > limit {
		return fault.TooManyRows(d.target.Name, d.rows, limit)
	}
	if err := d.closeLog(tx.DB); err != nil {
		return err
	}
	return d.afterHooks(tx)
}

// include adds what a deletion inside this one did: one of GORM's for a selected association, or one of a hook.
func (d *deletion) include(inner *deletion) {
	relation := d.relationTo(inner.root)
	if d.preview && relation != nil && relation.Rule == policy.RuleCascade {
		return // foreseen already
	}
	for _, effect := range inner.effects {
		if effect.Relation == "" && relation != nil {
			effect.Relation, effect.Parent = relation.Name, d.target.Name
		}
		effect.Depth++
		d.effects = append(d.effects, effect)
	}
	d.blockers = append(d.blockers, inner.blockers...)
	d.rows += inner.rows
}

// relationTo is the root's first relation to a model.
func (d *deletion) relationTo(p *policy.Policy) *policy.Relation {
	for _, r := range d.root.Has {
		if r.Child == p {
			return r
		}
	}
	return nil
}
