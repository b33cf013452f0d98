package softdelete

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Restore undoes the deletion of value: it brings the row back with exactly those rows under it that the same deletion
// took. value is a pointer to a model or a slice of models with their primary keys; conditions on db are obeyed, as in
// Restore(db.Where("email = ?", address), &User{}). A row under it that another deleted parent would have taken too stays
// deleted until that parent comes back. Restoring a live row does nothing.
//
// Errors: gorm.ErrMissingWhereClause without key and condition, ErrParentDeleted where a row would stand under a deleted
// parent, ErrRestoreConflict (a *ConflictError) where a live row has one of its unique values, ErrTooManyRows, and what the
// hooks BeforeRestore and AfterRestore return. Then nothing has changed, in the database or in value. In a dry run it is
// PreviewRestore.
func Restore(db *gorm.DB, value any) (Report, error) {
	return restoreValue(db, value, "Restore", false)
}

// PreviewRestore tells what Restore would do with value, and writes nothing. What would refuse is its error, as it would be
// Restore's.
func PreviewRestore(db *gorm.DB, value any) (Report, error) {
	return restoreValue(db, value, "PreviewRestore", true)
}

// RestoreDeletion undoes a whole deletion: every row that it took and that nothing else keeps deleted. Rows under another
// deleted parent are passed on to that parent's deletion, and reported as skipped. The rows are looked for in Config.Models
// and the models used so far. An unknown ID gives gorm.ErrRecordNotFound; other errors are those of Restore.
func RestoreDeletion(db *gorm.DB, id DeletionID) (Report, error) {
	e, err := engineOf(db)
	if err != nil {
		return Report{}, err
	}
	at, ok := id.at()
	if !ok {
		return Report{}, fmt.Errorf("%w: %q is no DeletionID", gorm.ErrRecordNotFound, string(id))
	}
	policies, err := e.restorable(db)
	if err != nil {
		return Report{}, err
	}
	r := &restoration{engine: e, deletion: id, at: at, preview: db.DryRun}
	// The root's model first, so that its rows lead the report; models that carry no ID are told by the time, which is
	// unique among the models that cascades and guards connect with the root.
	for i, p := range policies {
		if id.rootedIn(p.schema.Table) {
			r.root = p
			policies = slices.Insert(slices.Delete(policies, i, i+1), 0, p)
			break
		}
	}
	if r.root != nil {
		r.timed = concerned(r.root)
	}
	policies = slices.DeleteFunc(policies, func(p *policy) bool { return p.id == nil && !slices.Contains(r.timed, p) })
	if len(policies) == 0 {
		return Report{}, fmt.Errorf("%w: deletion %s", gorm.ErrRecordNotFound, id)
	}
	if r.root == nil {
		r.root = policies[0]
	}
	r.graph = newGraph(policies, true)
	r.graph.carryMarks()
	return r.run(db, func(*gorm.DB) (func(), error) { return func() {}, nil })
}

// restorable lists the models that have deleted rows, of Config.Models and of those used so far.
func (e *engine) restorable(db *gorm.DB) ([]*policy, error) {
	list, err := e.models(db)
	if err != nil {
		return nil, err
	}
	e.policies.Range(func(_, value any) bool {
		p := value.(*policy)
		known := slices.ContainsFunc(list, func(q *policy) bool { return q.schema.ModelType == p.schema.ModelType })
		if p.err == nil && p.canonical && !known {
			list = append(list, p)
		}
		return true
	})
	return slices.DeleteFunc(list, func(p *policy) bool {
		return !p.keepsDeleted() || !p.canCarryMark() || len(p.schema.PrimaryFields) == 0
	}), nil
}

// restoration is one call that restores rows.
type restoration struct {
	engine  *engine
	root    *policy
	graph   *graph
	preview bool

	// deletion is set by RestoreDeletion. Otherwise where and keys tell the root rows. timed are the models among which the
	// deletion's time is its own.
	deletion DeletionID
	at       time.Time
	timed    []*policy
	where    []clause.Expression
	pinned   bool // where tells the root rows by their keys
	target   target

	lost, held *walk
	holds      bool            // rows may be held by other deleted parents
	back, kept map[*node]int64 // rows that come back, rows that are held
	loaded     []loadedRows
	effects    []depthEffect
	rows       int64
	report     Report
}

// loadedRows are rows of a model with restore hooks.
type loadedRows struct {
	node *node
	rows reflect.Value
}

func restoreValue(db *gorm.DB, value any, function string, preview bool) (Report, error) {
	if err := checkCall(db, value, function); err != nil {
		return Report{}, err
	}
	db = db.Clauses() // what a hook gets is a session that still shows the conditions of the hook's own statement
	e, err := engineOf(db)
	if err != nil {
		return Report{}, err
	}
	p, err := policyOf(db, value)
	if err != nil {
		return Report{}, err
	}
	if !p.keepsDeleted() {
		return Report{}, fmt.Errorf("%w: %s has no deleted rows to restore; its strategy is %q", ErrUnsupported, p.schema.Name, p.strategy.word())
	}
	if len(p.schema.PrimaryFields) == 0 {
		return Report{}, fmt.Errorf("%w: %s has no primary key to restore its rows by; update its deletion column through db.Unscoped()", ErrUnsupported, p.schema.Name)
	}
	r := &restoration{engine: e, root: p, graph: p.restoreGraph(), preview: preview || db.DryRun, target: target{qualifier: p.schema.Table, name: p.schema.Table}}
	if r.graph.err != nil {
		return Report{}, r.graph.err
	}
	if err := r.readConditions(db, value); err != nil {
		return Report{}, err
	}
	return r.run(db, func(tx *gorm.DB) (func(), error) { return reload(tx, p.schema, value) })
}

// readConditions takes the caller's conditions, those of scopes too, and the keys of the value.
func (r *restoration) readConditions(db *gorm.DB, value any) error {
	s := r.root.schema
	// Built, not run: scopes and other plugins add their conditions while GORM builds the statement.
	built := db.Session(&gorm.Session{DryRun: true, SkipHooks: true}).Unscoped().Clauses(liveTable{}).Model(reflect.New(s.ModelType).Interface())
	built = built.Find(reflect.New(reflect.SliceOf(s.ModelType)).Interface())
	if built.Error != nil {
		return built.Error
	}
	r.target = targetOf(built.Statement)
	if r.root.archives() {
		if r.target.aliased() || r.target.name != s.Table {
			return fmt.Errorf("%w: %s is restored from its own archive only, not through db.Table; leave db.Table out", ErrUnsupported, s.Name)
		}
		from := quoteName(db, r.root.deletedTable()) + " AS " + quoteName(db, r.target.qualifier)
		r.target.expr = &clause.Expr{SQL: from}
	}
	if where, ok := built.Statement.Clauses["WHERE"].Expression.(clause.Where); ok {
		for _, condition := range where.Exprs {
			// A statement of the same *gorm.DB that is under way has its filter among them.
			if _, ours := condition.(*filter); !ours {
				r.where = append(r.where, condition)
			}
		}
	}
	_, keys := schema.GetIdentityFieldValuesMap(db.Statement.Context, reflect.Indirect(reflect.ValueOf(value)), s.PrimaryFields)
	if column, in := schema.ToQueryValues(r.target.qualifier, s.PrimaryFieldDBNames, keys); len(in) > 0 {
		r.where = []clause.Expression{group(append(slices.Clone(r.where), clause.IN{Column: column, Values: in}))}
	}
	if len(r.where) == 0 && !db.AllowGlobalUpdate {
		return fmt.Errorf("%w: a restore needs a primary key or a condition", gorm.ErrMissingWhereClause)
	}
	return nil
}

// run restores in a transaction, or in a savepoint of the caller's. after runs last inside it, what it returns when all is
// done.
func (r *restoration) run(db *gorm.DB, after func(tx *gorm.DB) (func(), error)) (Report, error) {
	r.prepare()
	tx := inWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true, SkipHooks: db.Statement.SkipHooks})
	tx.Config.DryRun = false
	toWriter(tx, r.root.schema.Table)
	if r.preview {
		tx.Statement.ConnPool = pinned{tx.Statement.ConnPool}
		err := r.find(tx)
		r.report.Effects = sortEffects(r.effects)
		return r.report, err
	}
	work, err := beginWork(tx)
	if err != nil {
		return Report{}, err
	}
	err = r.restore(tx)
	var finish func()
	if err == nil {
		finish, err = after(tx)
	}
	if err = work.end(tx, err); err != nil {
		r.engine.forgetColumns(r.graph)
		return Report{}, err
	}
	finish()
	r.report.Effects = sortEffects(r.effects)
	return r.report, nil
}

// restore finds what refuses, then writes: children before parents, since a row is found by the mark of its parent.
func (r *restoration) restore(tx *gorm.DB) error {
	inner := inWork(tx, tx.Statement.Context)
	if err := r.engine.lockWriter(inner, r.root); err != nil {
		return err
	}
	if none, err := r.pin(inner); err != nil || none {
		return err
	}
	if err := r.lock(inner); err != nil {
		return err
	}
	if err := r.find(inner); err != nil || r.rows == 0 {
		return err
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
	if !skipHooks {
		return r.afterHooks(inner)
	}
	return nil
}

// prepare sets up the two walks: over the rows that the deletion took, and over those of them that others hold.
func (r *restoration) prepare() {
	r.lost = &walk{graph: r.graph, prefix: "lost", deleted: true, flat: r.deletion != "", base: r.lostBase, step: r.sameDeletion}
	r.held = &walk{graph: r.graph, prefix: "held", deleted: true, marked: true, base: r.heldBase, step: func(q *query, e *edge, _, child string) {
		q.text(" AND ")
		r.lost.inWalk(q, e.to, child)
	}}
	for _, n := range r.graph.nodes {
		if len(r.holders(n)) > 0 {
			r.holds = true
		}
	}
}

// rootCondition writes the condition of the rows that the caller asked for.
func (r *restoration) rootCondition(q *query) {
	q.stmt.Table, q.stmt.Schema = r.target.qualifier, r.root.schema
	if len(r.where) == 0 {
		q.text("1 = 1")
	} else {
		q.expression(group(r.where))
	}
	if r.root.archives() {
		q.text(" AND ").latest(r.root, r.target.qualifier)
	}
}

// lostBase writes the SELECT of the rows where the walk over the lost rows begins: those that the caller asked for, or all
// that carry the deletion's mark.
func (r *restoration) lostBase(n *node) func(q *query) {
	if r.deletion == "" && n.policy != r.root {
		return nil
	}
	return func(q *query) {
		table := r.tableOf(n)
		n.selectCarried(q, r.lost, table)
		q.text(" FROM ")
		if n.policy == r.root && r.deletion == "" {
			r.target.from(q)
		} else {
			r.lost.source(q, n.policy)
		}
		q.text(" WHERE ")
		if r.deletion != "" {
			r.carriesMark(q, n.policy, table)
		} else {
			r.rootCondition(q)
		}
		if r.deletion != "" {
			writeAnd(q, n.policy.predicates.deleted, table)
		} else {
			q.andDeleted(n.policy, table)
		}
	}
}

// pin makes few root rows the ones that the restore is about: one that begins to fulfil the caller's conditions meanwhile, or
// is deleted, was not looked at. none tells that there is nothing to restore.
func (r *restoration) pin(tx *gorm.DB) (none bool, err error) {
	fields := r.root.schema.PrimaryFields
	if r.deletion != "" || len(fields) == 0 {
		return false, nil
	}
	q := newQuery(tx, r.engine.dialect).text("SELECT ").columns(r.target.qualifier, fields).text(" FROM ")
	r.target.from(q)
	q.text(" WHERE ")
	r.rootCondition(q)
	writeAnd(q, r.root.predicates.deleted, r.target.qualifier)
	q.text(" LIMIT ", fmt.Sprint(fewKeys+1))
	keys, err := q.keyValues(fields)
	if err == nil && len(keys) == 0 {
		r.effects = append(r.effects, depthEffect{Effect{Table: r.target.name, Action: ActionRestored}, 0, 0})
		return true, nil
	}
	if err == nil && len(keys) <= fewKeys {
		r.where, r.pinned = []clause.Expression{r.target.keysIn(r.root.schema, keys)}, true
	}
	return false, err
}

// tableOf is what the columns of a node's table are qualified with.
func (r *restoration) tableOf(n *node) string {
	if n.policy == r.root && r.deletion == "" {
		return r.target.qualifier
	}
	return n.policy.deletedTable()
}

// from writes a node's table for an alias to follow.
func (r *restoration) from(q *query, n *node) {
	if n.policy == r.root && r.deletion == "" && !r.target.aliased() {
		r.target.from(q)
		return
	}
	q.name(n.policy.deletedTable())
}

// explain makes the database's refusal of a duplicate a ConflictError.
func (r *restoration) explain(tx *gorm.DB, err error) error {
	translated := err
	if translator, ok := tx.Dialector.(gorm.ErrorTranslator); ok {
		translated = translator.Translate(err)
	}
	if errors.Is(translated, gorm.ErrDuplicatedKey) && !errors.Is(err, ErrRestoreConflict) {
		return &ConflictError{Index: "(see the cause)", Cause: err}
	}
	return err
}
