package softdelete

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// deletion is one call that deletes rows, from the moment that GORM's callbacks meet it until they are through. It deletes
// in three steps: find what refuses, write, and look again for what concurrent transactions have added meanwhile.
type deletion struct {
	engine *engine
	stmt   *gorm.Statement
	root   *policy
	target target
	graph  *graph
	// erasing is set for Unscoped: rows go for good, live and deleted ones alike.
	erasing bool
	preview bool
	// unstoppable is set for the deletion of an erasure: what a rule would block stays where it is.
	unstoppable bool
	outer       *deletion   // the deletion in whose hooks or associations this one runs
	over        atomic.Bool // a hook may have kept the context

	id            DeletionID // see ID
	at            time.Time
	shares        bool // time and ID are those of outer
	actor, reason string
	assignments   []assignment  // what marks a root row
	space         [2]assignment // room for them, in the common case

	work     unitOfWork
	context  context.Context // the statement's before, where inner is set
	inner    context.Context // the statement's inside, by which others find the deletion
	where    clause.Clause   // the caller's conditions, with the keys of the value
	removed  clause.Clause   // the same, narrowed to the rows that were looked at, of a removal
	held     *holdWalk       // what holds cover, of a removal; nil where there are none
	snapshot snapshot
	keys     [][]any                 // the root rows' keys, where there are few
	exact    bool                    // each of the keys was that of a live row, which is taken now
	marked   map[*node]int64         // the rows taken of each node so far
	expected map[*node]int64         // the rows to archive of each node with others under it
	loaded   map[*node]reflect.Value // rows for AfterDelete that are gone by then
	logging  bool                    // the event logs are open
	covered  map[covered]int64       // how many rows each hold covers
	together func(db *gorm.DB) error // runs after a statement that removed more than the root rows

	report   *Report
	blockers []Blocker
	effects  []depthEffect
	rows     int64 // taken so far, the root's included
}

// deletionKey is where a deletion stands in its statement's settings and in its context.
type deletionKey struct{}

func deletionOf(stmt *gorm.Statement) *deletion {
	if value, ok := stmt.Settings.Load(deletionKey{}); ok {
		if d := value.(*deletion); d.stmt == stmt {
			return d
		}
	}
	return nil
}

// beginDelete is the first callback of a delete statement: it finds the policy, opens the transaction and remembers the caller's
// value.
func (e *engine) beginDelete(db *gorm.DB) {
	stmt := db.Statement
	if db.Error != nil || stmt.Schema == nil || stmt.SQL.Len() > 0 {
		return
	}
	p := e.policy(db, stmt.Schema)
	_, preview := stmt.Settings.Load(previewKey{})
	if p.err != nil {
		_ = db.AddError(p.err)
		return
	}
	report, reported := stmt.Settings.Load(reportKey{})
	heeds := e.plugin.config.Holds && (p.foreign == nil || stmt.Unscoped) // a row under a hold may be destroyed
	if p.plain() && !p.logsBelow() && !preview && !reported && !heeds {
		return
	}
	d := &deletion{
		engine: e, stmt: stmt, root: p, target: targetOf(stmt), graph: p.graphOf(), preview: preview,
		where: stmt.Clauses["WHERE"], erasing: stmt.Unscoped, actor: actorFrom(stmt.Context), reason: reasonFrom(stmt.Context),
	}
	d.unstoppable, _ = stmt.Context.Value(erasingKey{}).(bool)
	if reported {
		d.report = report.(*Report)
	}
	if outer, ok := stmt.Context.Value(deletionKey{}).(*deletion); ok && outer.engine == e && !outer.over.Load() {
		d.outer = outer
		d.preview = d.preview || outer.preview
	}
	switch {
	case p.foreign != nil && (preview || reported):
		_ = db.AddError(fmt.Errorf("%w: %s is deleted by the rules of the type %s of its field %s, of which there is no report; "+
			"make it a plain integer or bool, and tag it with the strategy timestamp or flag", ErrUnsupported, p.schema.Name, p.foreign.FieldType, p.foreign.Name))
		return
	case d.graph.err != nil:
		_ = db.AddError(d.graph.err)
		return
	case d.refuseArchive() != nil:
		_ = db.AddError(d.refuseArchive())
		return
	case p.never() && !d.preview:
		_ = db.AddError(d.neverError(p, 0))
		return
	case stmt.ReflectValue.Kind() == reflect.Struct && !stmt.ReflectValue.CanAddr():
		_ = db.AddError(fmt.Errorf("%w: Delete needs a pointer to a %s, so that it can tell what became of the row",
			gorm.ErrInvalidValue, p.schema.Name))
		return
	}
	if d.outer != nil {
		// A BeforeDelete hook of the outer deletion's root runs before that has chosen its mark.
		if err := d.outer.chooseMark(db); err != nil {
			_ = db.AddError(err)
			return
		}
	}
	before := stmt.Context
	if !db.DryRun && !d.single() {
		work, err := beginWork(db)
		if err != nil {
			_ = db.AddError(err)
			return
		}
		d.work = work
	}
	d.snapshot = takeSnapshot(stmt.ReflectValue)
	stmt.Settings.Store(deletionKey{}, d)
	if len(stmt.Selects) > 0 || len(d.graph.nodes) > 1 || stmt.Schema.BeforeDelete || stmt.Schema.AfterDelete {
		// Deletions of selected associations and of hooks find this one by the context.
		d.context, d.inner = before, context.WithValue(stmt.Context, deletionKey{}, d)
		stmt.Context = d.inner
	}
}

// single tells whether the deletion is one UPDATE, after which nothing can refuse: the database takes back all of it or nothing
// by itself.
func (d *deletion) single() bool {
	config, hooks := &d.engine.plugin.config, d.stmt.Schema.BeforeDelete || d.stmt.Schema.AfterDelete
	return d.action(d.root) == ActionDeleted && d.graph.alone() && len(d.graph.checks) == 0 && d.root.log == nil && d.outer == nil &&
		len(d.stmt.Selects) == 0 && !hooks && config.MaxRows == 0 && !config.Ledger
}

// reports tells whether the numbers per relation are wanted.
func (d *deletion) reports() bool {
	return d.report != nil || d.preview || d.engine.plugin.config.Ledger || d.outer != nil && d.outer.reports()
}

func (d *deletion) neverError(p *policy, rows int64) error {
	if rows > 0 {
		return fmt.Errorf("%w: %d live %s of %s (table %s) would be deleted with it; keep them, or remove the cascade",
			ErrNeverDelete, rows, plural(rows, "row"), p.schema.Name, p.schema.Table)
	}
	return fmt.Errorf("%w: %s (table %s) has the strategy never", ErrNeverDelete, p.schema.Name, p.schema.Table)
}

// planDelete runs after the caller's BeforeDelete hook and before anything is written: it decides on the mark and finds all
// that refuses, at any depth.
func (e *engine) planDelete(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if db.Error != nil || d == nil {
		return
	}
	d.addKeyConditions()
	d.where = db.Statement.Clauses["WHERE"]
	if !hasCondition(db.Statement) && !db.AllowGlobalUpdate {
		_ = db.AddError(gorm.ErrMissingWhereClause)
		return
	}
	if err := d.plan(db); err != nil {
		_ = db.AddError(err)
	}
}

// hasCondition tells whether the statement has a condition beside the model's filter, as GORM's guard asks
// (callbacks/helper.go:109, GORM 1.31).
func hasCondition(stmt *gorm.Statement) bool {
	c, ok := stmt.Clauses["WHERE"]
	where, known := c.Expression.(clause.Where)
	if !known {
		return ok
	}
	conditions := len(where.Exprs)
	if _, filtered := stmt.Clauses[softDeleteEnabled]; filtered {
		conditions--
	}
	return conditions > 0
}

func (d *deletion) plan(db *gorm.DB) error {
	if d.preview {
		return d.foresee(db.Session(&gorm.Session{NewDB: true, Context: db.Statement.Context}))
	}
	if db.DryRun {
		return d.chooseMark(db)
	}
	if d.readsFirst() {
		if err := d.engine.lockWriter(db, d.root); err != nil {
			return err
		}
	}
	for _, step := range [...]func(*gorm.DB) error{d.checkColumns, d.chooseMark, d.findKeys, d.lockRows, d.refuse, d.beforeHooks} {
		if err := step(db); err != nil {
			return err
		}
	}
	return nil
}

// chooseMark decides on the deletion's time, once: that of the deletion around it where it fits.
func (d *deletion) chooseMark(tx *gorm.DB) (err error) {
	if !d.at.IsZero() {
		return nil
	}
	d.at, err = d.engine.chooseInstant(tx, d.root, d.target.table(d.root), d.outer)
	d.shares = d.outer != nil && d.outer.at.Equal(d.at)
	return err
}

// ID identifies the deletion; one inside another may share the outer one's.
func (d *deletion) ID() DeletionID {
	if d.shares {
		return d.outer.ID()
	}
	if d.id == "" {
		d.id = newDeletionID(d.at, d.target.name)
	}
	return d.id
}

// cascadeDelete runs once the root rows are written: it takes the rows under them, and looks again.
func (e *engine) cascadeDelete(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if d == nil {
		return
	}
	if db.Error != nil || db.DryRun {
		return
	}
	if d.together != nil {
		if err := d.together(db); err != nil {
			_ = db.AddError(err)
			return
		}
	}
	d.rows += db.RowsAffected
	if err := d.refuseSpared(db, d.removed); err != nil {
		_ = db.AddError(err)
		return
	}
	if err := d.finishWriting(db, db.RowsAffected); err != nil {
		_ = db.AddError(err)
		return
	}
	_ = db.AddError(d.refuseLost(db))
}

// finishWriting takes the rows under the root rows and looks again for what refuses.
func (d *deletion) finishWriting(tx *gorm.DB, rootRows int64) error {
	if root := d.graph.nodes[0]; len(root.inner) == 0 {
		if err := d.sameRows(root, rootRows); err != nil {
			return err
		}
	}
	d.addEffect(Effect{Table: d.target.name, Action: d.action(d.root), Rows: rootRows}, 0, 0)
	if rootRows == 0 {
		return d.closeLog(tx)
	}
	d.exact = rootRows == int64(len(d.keys))
	if !d.graph.alone() {
		d.marked = map[*node]int64{d.graph.nodes[0]: rootRows}
	}
	if d.action(d.root) == ActionDeleted {
		if err := d.cascade(tx); err != nil {
			return err
		}
		if err := d.countKept(tx, func() *walk { return d.taken(nil) }); err != nil {
			return err
		}
		if err := d.removeNodes(tx); err != nil {
			return err
		}
	}
	if d.action(d.root) != ActionRemoved {
		d.setFields()
	}
	if limit := d.engine.plugin.config.MaxRows; limit > 0 && d.rows > limit {
		return tooManyRows(d.rows, limit)
	}
	if err := d.closeLog(tx); err != nil {
		return err
	}
	return d.afterHooks(tx)
}

// include adds what a deletion inside this one did: one of GORM's for a selected association, or one of a hook.
func (d *deletion) include(inner *deletion) {
	relation := d.relationTo(inner.root)
	if d.preview && relation != nil && relation.rule == ruleCascade {
		return // foreseen already
	}
	for _, effect := range inner.effects {
		if effect.Relation == "" && relation != nil {
			effect.Relation = relation.name
		}
		effect.depth++
		d.effects = append(d.effects, effect)
	}
	d.blockers = append(d.blockers, inner.blockers...)
	d.rows += inner.rows
}

// relationTo is the root's first relation to a model.
func (d *deletion) relationTo(p *policy) *relation {
	for _, r := range d.root.has {
		if r.child == p {
			return r
		}
	}
	return nil
}

func tooManyRows(rows, limit int64) error {
	return fmt.Errorf("%w: %d rows, Config.MaxRows is %d; narrow the condition or raise the bound", ErrTooManyRows, rows, limit)
}

// endDelete runs after the last hook: it writes the ledger and ends the transaction or savepoint.
func (e *engine) endDelete(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if d == nil {
		return
	}
	if !db.DryRun {
		if db.Error == nil && d.rows > 0 && !d.shares {
			_ = db.AddError(d.writeLedger(db))
		}
		if err := d.work.end(db, db.Error); db.Error == nil {
			_ = db.AddError(err)
		}
	}
	if db.Error == nil && d.outer != nil {
		d.outer.include(d)
	}
}

// finishDelete is the last callback, after GORM's commit: it gives the report, or puts the caller's value back.
func (e *engine) finishDelete(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if d == nil {
		return
	}
	d.over.Store(true)
	d.withdrawConditions()
	leaveContext(db.Statement, d.inner, d.context)
	db.Statement.Settings.Delete(deletionKey{})
	if db.Error != nil {
		d.engine.forgetColumns(d.graph)
		db.Error = d.explain(db, db.Error)
		db.RowsAffected = 0
		d.snapshot.restore()
		return
	}
	if d.report != nil {
		*d.report = Report{DeletionID: d.ID(), At: d.at, Effects: sortEffects(d.effects), Blockers: d.blockers}
	}
}

// explain makes a foreign key's refusal a BlockedError.
func (d *deletion) explain(db *gorm.DB, err error) error {
	if errors.Is(err, ErrBlocked) {
		return err
	}
	violation := errors.Is(err, gorm.ErrForeignKeyViolated)
	if translator, ok := db.Dialector.(gorm.ErrorTranslator); ok && !violation {
		violation = errors.Is(translator.Translate(err), gorm.ErrForeignKeyViolated)
	}
	if !violation {
		return err
	}
	return &BlockedError{Cause: err}
}
