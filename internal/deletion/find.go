package deletion

import (
	"fmt"
	"slices"

	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// readsFirst tells whether the deletion looks into the database before it writes.
func (d *deletion) readsFirst() bool {
	return d.mayRefuse() || d.heeds() || d.seeksKeys() || d.hasHooks() ||
		d.root.Elsewhere() != nil || len(d.graph.Nodes) > 1 && d.anyLeaves()
}

// seeksKeys tells whether findKeys looks into the database.
func (d *deletion) seeksKeys() bool {
	wanted := len(d.graph.Nodes) > 1 || len(d.graph.Kept) > 0 || d.deleter.Ledger
	return d.keys == nil && wanted && len(d.root.Schema.PrimaryFields) > 0
}

// mayRefuse tells whether rows can refuse the deletion.
func (d *deletion) mayRefuse() bool {
	return len(d.graph.Checks) > 0 || d.deleter.MaxRows > 0
}

// rootCondition writes the caller's conditions, with the keys of the value.
func (d *deletion) rootCondition(q *statement.Query) {
	q.Stmt.Table = d.stmt.Table
	q.Stmt.Schema = d.stmt.Schema
	where, ok := d.stmt.Clauses["WHERE"].Expression.(clause.Where)
	if !ok || len(where.Exprs) == 0 {
		q.Text("1 = 1")
		return
	}
	q.Expression(scope.Group(where.Exprs))
}

// live writes AND and the model's live predicate, unless rows go for good: then deleted ones go too.
func (d *deletion) live(q *statement.Query, p *policy.Policy, table string) {
	if !d.erasing {
		statement.WriteAnd(q, p.Predicates.Live, table)
	}
}

// reach is the walk over the rows that the deletion will take.
func (d *deletion) reach() *walk.Walk {
	return &walk.Walk{
		Graph:  d.graph,
		Prefix: "reached",
		Base: func(n *policy.Node) func(q *statement.Query) {
			if n.Policy != d.root {
				return nil
			}
			return func(q *statement.Query) {
				walk.SelectCarried(n, q, &walk.Walk{}, d.target.Qualifier())
				q.Text(" FROM ")
				q.Table(d.target)
				q.Text(" WHERE ")
				d.rootCondition(q)
				d.live(q, n.Policy, d.target.Qualifier())
				d.withoutHeirs(q)
			}
		},
		Step: func(q *statement.Query, e *policy.Edge, _, child string) { d.live(q, e.Child, child) },
		In:   d.places(),
		Live: !d.erasing,
	}
}

// places are where the rows lie that the deletion takes: rows that go for good go wherever they are.
func (d *deletion) places() func(*policy.Policy) []policy.Place {
	if d.erasing {
		return (*policy.Policy).Places
	}
	return nil
}

// findKeys asks for the root rows' keys where the caller gave conditions: few keys save later statements a search for the
// mark.
func (d *deletion) findKeys(tx statement.Session) error {
	pins := d.pins()
	if !d.seeksKeys() && !pins {
		return nil
	}
	fields := d.root.Schema.PrimaryFields
	q := tx.Query().Text("SELECT ").Columns(d.target.Qualifier(), fields).Text(" FROM ")
	q.Table(d.target)
	q.Text(" WHERE ")
	d.rootCondition(q)
	d.live(q, d.root, d.target.Qualifier())
	if pins {
		statement.Joined(q.Text(" ORDER BY "), d.targetPlace().LockOrder(), ", ", func(column string) { q.Column(d.target.Qualifier(), column) })
	}
	q.Text(" LIMIT ", fmt.Sprint(FewKeys+1))
	if pins {
		q.Lock(dialect.SoleLock)
	}
	keys, err := q.KeyValues(len(fields))
	if err != nil || len(keys) > FewKeys {
		return err
	}
	// From here on these are the root rows: one that begins to fulfil the conditions meanwhile was not looked at.
	among := clause.Expression(clause.Expr{SQL: "1 = 0"})
	if len(keys) > 0 {
		d.keys = keys
		among = d.target.KeysIn(d.deleter.Dialect, d.root.Schema, keys)
	}
	scope.GroupAlternatives(d.stmt)
	d.stmt.AddClause(clause.Where{Exprs: []clause.Expression{among}})
	return nil
}

// lockRows locks rows before anything is written, table by table, in the order of their keys. Of a removal these are all
// rows that others may come under, for a removed row leaves nothing that a second look could find them by. Rows marked in
// place are locked by the marking, but where several statements mark them, and where hooks must see them all first.
func (d *deletion) lockRows(tx statement.Session) error {
	if !d.deleter.Dialect.Has(dialect.RowLocks) {
		return nil
	}
	nodes, lock := d.nodesToLock()
	if len(nodes) == 0 {
		return nil
	}
	if err := d.lockNodes(tx, nodes, lock); err != nil {
		return err
	}
	return d.countRoots(tx)
}

// countRoots counts the root rows of a removal that are told by conditions, before anything is asked of them: one that begins to fulfil
// these later, when the rows under the others are gone, was not asked.
func (d *deletion) countRoots(tx statement.Session) error {
	if len(d.keys) > 0 || !d.leaves(d.root) || len(d.root.Schema.PrimaryFields) == 0 {
		return nil
	}
	var counts statement.Tally
	counts.Add(func(q *statement.Query) {
		d.reach().Base(d.graph.Nodes[0])(q.Text(" FROM ("))
		q.Text(") AS roots")
	}, func(rows int64) { d.expectedRoots = &rows })
	return counts.Run(tx.Query())
}

// sameRoots refuses a removal of more root rows than were counted.
func (d *deletion) sameRoots(rows int64) error {
	if d.expectedRoots == nil || rows <= *d.expectedRoots {
		return nil
	}
	return d.cameOrWent(rows-*d.expectedRoots, d.root)
}

func (d *deletion) lockNodes(tx statement.Session, nodes []*policy.Node, lock dialect.Lock) error {
	w := d.reach()
	if d.graph.Wide {
		// What is under a row is looked for once that is locked.
		drop, err := w.StoreLevels(start(tx), func(n *policy.Node) error {
			if !slices.Contains(nodes, n) {
				return nil
			}
			return d.lockNode(tx, w, n, lock, d.asksLevel())
		})
		if err != nil {
			return err
		}
		return drop()
	}
	for _, n := range nodes {
		if err := d.lockNode(tx, w, n, lock, d.asksLevel()); err != nil {
			return err
		}
	}
	return nil
}

// asksLevel tells whether the deletion may be in a caller's transaction that does not show rows which others have put under the
// root rows meanwhile. They would stay live under a deleted parent, and no lock leads to them. The first statement that locks or marks
// the root rows finds out.
func (d *deletion) asksLevel() bool {
	return !d.graph.Alone() && statement.InCallers(d.stmt, d.deleter.Dialect)
}

// start begins statements of a session.
func start(tx statement.Session) func() *statement.Query {
	return func() *statement.Query { return tx.Query() }
}

// pins tells whether the root rows are locked before all others: rows of a model with an archive leave their table, or the archive, after
// the rows under them, and one that comes back meanwhile would go without those under it.
func (d *deletion) pins() bool {
	return d.root.Archives() && len(d.graph.Nodes) > 1 && d.deleter.Dialect.Has(dialect.RowLocks)
}

// nodesToLock are those whose rows are locked before anything is written, and how.
func (d *deletion) nodesToLock() (nodes []*policy.Node, lock dialect.Lock) {
	if d.anyLeaves() {
		return slices.DeleteFunc(slices.Clone(d.graph.Nodes), func(n *policy.Node) bool {
			return len(d.graph.Checks) == 0 && d.graph.Leaf(n)
		}), dialect.SoleLock
	}
	root := d.graph.Components[0]
	switch {
	case d.hasHooks():
		nodes = d.graph.Nodes
	case len(root.Inner) > 0 || len(d.graph.Nodes) > 1 && len(d.keys) != 1:
		nodes = root.Nodes
	}
	return nodes, dialect.MarkLock
}

// refuse finds everything that refuses the deletion.
func (d *deletion) refuse(tx statement.Session) error {
	if err := d.refuseHeld(tx); err != nil || !d.mayRefuse() {
		return err
	}
	checks, _ := d.checks()
	w := d.reach()
	return w.Stored(start(tx), func() error {
		blocking, total, err := d.findBlocking(tx, w, checks)
		if err != nil {
			return err
		}
		if limit := d.deleter.MaxRows; limit > 0 && total > limit {
			return fault.TooManyRows(d.target.Name, total, limit)
		}
		return d.refusal(tx, w, blocking)
	})
}

// blockingRows are the rows of a relation that refuse the deletion.
type blockingRows struct {
	*policy.Edge
	rows int64
}

// selected tells whether GORM deletes the relation's rows itself before the root rows, since the caller has named it in
// Select.
func (d *deletion) selected(e *policy.Edge) bool {
	if len(d.stmt.Selects) == 0 || e.From.Policy != d.root {
		return false
	}
	columns, _ := d.stmt.SelectAndOmitColumns(true, false)
	return columns[e.Name]
}

// checks splits the relations that are looked at into those of now, and those of selected associations: their rows refuse
// only where GORM has left them.
func (d *deletion) checks() (now, later []*policy.Edge) {
	if len(d.stmt.Selects) == 0 {
		return d.graph.Checks, nil
	}
	for _, e := range d.graph.Checks {
		if d.selected(e) {
			later = append(later, e)
		} else {
			now = append(now, e)
		}
	}
	return now, later
}

// refuseSelected looks for rows of selected associations that refuse, once GORM has deleted what it could.
func (d *deletion) refuseSelected(tx statement.Session) error {
	_, later := d.checks()
	if len(later) == 0 || tx.DryRun {
		return nil
	}
	return d.refuseBlocking(tx, d.reach(), later)
}

// refuseBlocking refuses where rows of some relations to those of a walk do.
func (d *deletion) refuseBlocking(tx statement.Session, w *walk.Walk, checks []*policy.Edge) error {
	return w.Stored(start(tx), func() error {
		blocking, _, err := d.findBlocking(tx, w, checks)
		if err != nil {
			return err
		}
		return d.refusal(tx, w, blocking)
	})
}

// findBlocking counts the rows that refuse, per relation, and where a bound is set the rows that the walk reaches.
func (d *deletion) findBlocking(tx statement.Session, w *walk.Walk, checks []*policy.Edge) (blocking []blockingRows, total int64, err error) {
	counts := statement.Tally{Fresh: !d.preview}
	for _, e := range checks {
		counts.Add(func(q *statement.Query) { d.untaken(q, w, e) }, func(rows int64) {
			if rows > 0 {
				blocking = append(blocking, blockingRows{Edge: e, rows: rows})
			}
		})
	}
	if d.deleter.MaxRows > 0 {
		for _, n := range d.graph.Nodes {
			counts.Add(func(q *statement.Query) { w.NodeRows(q, n) }, func(rows int64) { total += rows })
		}
	}
	q := tx.Query()
	w.With(q, d.graph.Last())
	return blocking, total, counts.Run(q)
}

// untaken writes FROM and WHERE of a relation's live rows that the deletion does not take.
func (d *deletion) untaken(q *statement.Query, w *walk.Walk, e *policy.Edge) {
	table := e.Child.Table
	q.Text(" FROM ").Name(table).Text(" WHERE ")
	walk.MatchIn(e, q, w, table)
	statement.WriteAnd(q, e.Child.Predicates.Live, table)
	if e.Far != nil && e.Rule == policy.RuleBlock { // a link to a row that is not there, or deleted, or taken too, keeps nothing
		const far = "softdelete_far"
		q.Text(" AND EXISTS (SELECT 1 FROM ").Name(e.Far.Table).Text(" AS ", far, " WHERE ")
		statement.Joined(q, e.FarKeys, " AND ", func(key policy.KeyPair) {
			q.Column(far, key.Parent.DBName).Text(" = ").Column(table, key.Child.DBName)
		})
		statement.WriteAnd(q, e.Far.Predicates.Live, far)
		if n := d.graph.NodeOf(e.Far); n != nil {
			q.Text(" AND ")
			w.NotInWalk(q, n, far)
		}
		q.Text(")")
	}
	if n := d.graph.NodeOf(e.Child); n != nil {
		q.Text(" AND ")
		w.NotInWalk(q, n, table)
	}
}

// refusal is the error for rows that refuse: ErrNeverDelete before a fault.Blocked with the rows' keys.
func (d *deletion) refusal(tx statement.Session, w *walk.Walk, blocking []blockingRows) error {
	if len(blocking) == 0 || d.unstoppable {
		return nil
	}
	for _, b := range blocking {
		if b.Rule != policy.RuleBlock {
			described, err := d.describe(tx, w, []blockingRows{b})
			if err != nil {
				return err
			}
			return d.neverError(b.Child, b.rows, described[0].Keys)
		}
	}
	blockers, err := d.describe(tx, w, blocking)
	if err != nil {
		return err
	}
	return &fault.Blocked{Blockers: blockers}
}

// describe names the rows that refuse.
func (d *deletion) describe(tx statement.Session, w *walk.Walk, blocking []blockingRows) ([]fault.Blocker, error) {
	var list []fault.Blocker
	for _, b := range blocking {
		blocker := fault.Blocker{Table: b.Child.Table, Relation: b.Name, Rows: b.rows}
		with := func() *statement.Query {
			q := tx.Query()
			w.With(q, d.graph.Last())
			return q
		}
		var err error
		if blocker.Keys, err = KeysIn(with, b.Child, b.Child.Table, b.rows, func(q *statement.Query) { d.untaken(q, w, b.Edge) }); err != nil {
			return nil, err
		}
		list = append(list, blocker)
	}
	return list, nil
}

// action is what the deletion does to a model's rows.
func (d *deletion) action(p *policy.Policy) Action {
	switch {
	case d.erasing || !p.KeepsDeleted():
		return ActionRemoved
	case p.Strategy.Leaves():
		return ActionArchived
	}
	return ActionDeleted
}
