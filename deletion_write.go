package softdelete

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// mark is the condition that tells a deletion's rows: the ID where the model has one, else the time.
func (d *deletion) mark(q *query, p *policy, table string) {
	if p.id != nil {
		q.column(table, p.id.DBName).text(" = ").bind(d.ID())
		return
	}
	q.column(table, p.at.DBName).text(" = ").bind(p.atClock.value(d.at))
}

// taken is the walk over the rows that the deletion has taken so far. Inside growing, a component, it goes on to the live
// rows that it is about to take.
func (d *deletion) taken(growing *component) *walk {
	condition := func(q *query, n *node, table string) {
		if d.leaves(n.policy) {
			q.text("1 = 1")
			d.live(q, n.policy, table)
			return
		}
		if n.component != growing {
			q.opaque(func() { d.mark(q, n.policy, table) })
			return
		}
		q.text("(")
		d.mark(q, n.policy, table)
		q.text(" OR ", n.policy.predicates.live.of(quoteName(q.tx, table)), ")")
	}
	var keys [][]any
	if d.exact && d.graph.byKey && d.action(d.root) == ActionDeleted {
		keys = d.keys
	}
	return &walk{
		graph:   d.graph,
		prefix:  "taken",
		keys:    keys,
		archive: d.erasing,
		base: func(n *node) func(q *query) {
			if n.policy != d.root {
				return nil
			}
			return func(q *query) {
				if d.leaves(d.root) {
					d.reach().base(n)(q)
					return
				}
				n.selectCarried(q, &walk{}, d.target.qualifier)
				q.text(" FROM ")
				d.target.from(q)
				q.text(" WHERE ")
				d.mark(q, n.policy, d.target.qualifier)
				d.knownKeys(q)
			}
		},
		step: func(q *query, e *edge, _, child string) {
			q.text(" AND ")
			condition(q, e.to, child)
		},
	}
}

// knownKeys writes AND and the condition on the root rows' keys, where they are known.
func (d *deletion) knownKeys(q *query) {
	if d.keys == nil {
		return
	}
	q.text(" AND ").key(d.target.qualifier, d.root.schema.PrimaryFields).text(" IN (")
	joined(q, d.keys, ", ", func(key []any) {
		if len(key) == 1 {
			q.bind(key[0])
			return
		}
		q.text("(")
		joined(q, key, ", ", func(value any) { q.bind(value) })
		q.text(")")
	})
	q.text(")")
}

// cascade takes the rows under the root rows, which are marked already.
func (d *deletion) cascade(tx *gorm.DB) error {
	if d.graph.alone() {
		return d.refuseAgain(tx)
	}
	if err := d.takeNodes(tx, d.markedOf(d.graph.nodes)); err != nil {
		return err
	}
	return d.refuseAgain(tx)
}

// takeNodes marks the rows of the nodes, parents first, a statement per relation. Each statement sees what committed before
// it began, and locks what it marks.
func (d *deletion) takeNodes(tx *gorm.DB, nodes []*node) error {
	for _, c := range d.graph.components {
		ours := slices.DeleteFunc(slices.Clone(c.nodes), func(n *node) bool { return !slices.Contains(nodes, n) })
		if err := d.lockComponent(tx, c, ours); err != nil {
			return err
		}
		for _, n := range ours {
			for _, e := range n.in {
				rows, err := d.takeEdge(tx, e)
				if err != nil {
					return err
				}
				d.took(n, e.name, rows)
			}
		}
		// Relations inside the component are followed once all ways into it are taken.
		for _, n := range ours {
			if len(n.inner) > 0 {
				if err := d.takeComponent(tx, n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// lockComponent locks the rows that the deletion is about to take from nodes of a component which several statements take
// them from: one statement locks them all in the order of their keys, so that two deletions never wait for each other. The
// rows are found again when they are taken: one that was moved away while its lock was waited for stays, with all under it.
func (d *deletion) lockComponent(tx *gorm.DB, c *component, nodes []*node) error {
	if !d.engine.dialect.Has(dialect.RowLocks) || c == d.graph.components[0] {
		return nil // the root's component is locked by lockRows
	}
	for _, n := range nodes {
		if d.several(n) {
			if err := d.lockNode(tx, d.taken(c), n, d.engine.dialect.MarkLock()); err != nil {
				return err
			}
		}
	}
	return nil
}

// several tells whether several statements take a node's rows.
func (d *deletion) several(n *node) bool { return len(n.in) > 1 || len(n.inner) > 0 }

// takeComponent takes the rows of a node that the relations inside its component lead to, which are locked already. Rows that
// came under taken ones meanwhile are taken in another turn.
func (d *deletion) takeComponent(tx *gorm.DB, n *node) error {
	locks := d.engine.dialect.Has(dialect.RowLocks)
	for {
		rows, err := d.takeInner(tx, n)
		if err != nil {
			return err
		}
		d.took(n, n.inner[0].name, rows)
		if !locks || rows == 0 {
			return nil
		}
		if more, err := d.anyLeft(tx, n); err != nil || !more {
			return err
		}
		if err := d.lockNode(tx, d.taken(n.component), n, d.engine.dialect.MarkLock()); err != nil {
			return err
		}
	}
}

// lockNode locks a node's rows in the walk, in the order of their keys.
func (d *deletion) lockNode(tx *gorm.DB, w *walk, n *node, strength string) error {
	q := newQuery(tx, d.engine.dialect)
	table, fields := n.policy.schema.Table, n.policy.schema.PrimaryFields
	if len(fields) == 0 { // a root without relations that take rows
		q.text("SELECT count(*) FROM (")
		w.base(n)(q)
	} else {
		w.with(q, n.component)
		q.text("SELECT count(*) FROM (SELECT 1 FROM ").name(table).text(" WHERE ")
		w.inWalk(q, n, table)
		d.live(q, n.policy, table)
		q.text(" ORDER BY ").columns(table, fields)
	}
	q.text(" ", strength, ") AS locked")
	return q.rows(func(func(...any) error) error { return nil })
}

// anyLeft tells whether a live row of the node refers to a row that carries the deletion's mark.
func (d *deletion) anyLeft(tx *gorm.DB, n *node) (left bool, err error) {
	q := newQuery(tx, d.engine.dialect).text("SELECT 1 WHERE 1 = 0")
	for _, e := range n.inner {
		q.text(" OR EXISTS (SELECT 1 FROM ").name(n.policy.schema.Table).text(" AS c, ").name(e.from.policy.schema.Table).text(" AS p WHERE ")
		d.mark(q, e.from.policy, "p")
		joined(q, e.keys, "", func(key keyPair) {
			q.text(" AND ").column("c", key.child.DBName).text(" = ", parentValue(q, key, q.quoted("p", key.parent.DBName)))
		})
		e.matchFixed(q, "c")
		writeAnd(q, n.policy.predicates.live, "c")
		q.text(")")
	}
	err = q.rows(func(func(...any) error) error { left = true; return nil })
	return left, err
}

// update writes UPDATE … SET … WHERE live for a node's rows.
func (d *deletion) update(q *query, n *node) {
	q.text("UPDATE ").name(n.policy.schema.Table).text(" SET ").assign(n.policy.deletionAssignments(nil, d))
	q.text(" WHERE ", n.policy.predicates.live.of(""), " AND ")
}

// manyParents is the number of parents up to which the rows under them are locked in the order of their keys before they are
// marked. Beyond it a level is marked fastest by a plain UPDATE, which locks its rows in no order. Cascades that meet in such
// a level have waited for each other at its parents.
const manyParents = 50

// takeEdge marks the live rows that refer to taken rows by one relation.
func (d *deletion) takeEdge(tx *gorm.DB, e *edge) (int64, error) {
	w := d.taken(nil)
	q := newQuery(tx, d.engine.dialect)
	w.with(q, e.from.component)
	d.update(q, e.to)
	if d.several(e.to) || d.marked[e.from] > manyParents {
		e.matchIn(q, w, "") // locked already, or many
	} else {
		d.ordered(q, e.to, func(table string) { e.matchIn(q, w, table) })
	}
	return q.exec()
}

// takeInner marks the rows of a node that the relations inside its component lead to. One recursive query finds them all.
func (d *deletion) takeInner(tx *gorm.DB, n *node) (int64, error) {
	w := d.taken(n.component)
	q := newQuery(tx, d.engine.dialect)
	w.with(q, n.component)
	d.update(q, n)
	w.inWalk(q, n, "")
	return q.exec()
}

// ordered writes the condition that a row is one of those that condition selects, locked in the order of their keys.
func (d *deletion) ordered(q *query, n *node, condition func(table string)) {
	table, fields := n.policy.schema.Table, n.policy.schema.PrimaryFields
	if !d.engine.dialect.Has(dialect.RowLocks) || len(fields) == 0 {
		condition("")
		return
	}
	open, shut := " IN (", ")"
	if len(fields) == 1 {
		open, shut = d.engine.dialect.Among()
	}
	q.key("", fields).text(open, "SELECT ").columns(table, fields).text(" FROM ").name(table).text(" WHERE ")
	condition(table)
	writeAnd(q, n.policy.predicates.live, table)
	q.text(" ORDER BY ").columns(table, fields).text(" ", d.engine.dialect.MarkLock(), shut)
}

// refuseAgain looks for rows that refuse once more: what concurrent transactions added while the marking waited for their
// locks shows now.
func (d *deletion) refuseAgain(tx *gorm.DB) error {
	if len(d.graph.checks) == 0 || !d.engine.dialect.Has(dialect.RowLocks) {
		return nil
	}
	w := d.taken(nil)
	blocking, _, err := d.findBlocking(tx, w, d.graph.checks)
	if err != nil {
		return err
	}
	return d.refusal(tx, w, blocking)
}

// countKept counts the live rows that the deletion leaves in the walk that reached gives, where the numbers are wanted.
func (d *deletion) countKept(tx *gorm.DB, reached func() *walk) error {
	if len(d.graph.kept) == 0 || !d.reports() {
		return nil
	}
	w := reached()
	var counts tally
	for _, e := range d.graph.kept {
		counts.add(func(q *query) { d.untaken(q, w, e) }, func(rows int64) {
			d.addEffect(Effect{Table: e.child.schema.Table, Relation: e.name, Action: ActionKept, Rows: rows}, e.from.depth+1, keptRank)
		})
	}
	q := newQuery(tx, d.engine.dialect)
	w.with(q, d.graph.last())
	return counts.run(q)
}

// removeChildren takes the rows under root rows that are about to be removed: those that are marked in place first, then,
// children before parents, those that go for good.
func (d *deletion) removeChildren(db *gorm.DB) error {
	if db.DryRun {
		return nil
	}
	tx := inWork(db, db.Statement.Context)
	if err := d.countKept(tx, d.reach); err != nil {
		return err
	}
	if err := d.takeNodes(tx, d.markedOf(d.graph.nodes)); err != nil {
		return err
	}
	return d.removeNodes(tx)
}

// markedOf gives those of the nodes whose rows are marked in place.
func (d *deletion) markedOf(nodes []*node) []*node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *node) bool { return d.leaves(n.policy) })
}

// removeNodes takes the rows that leave their tables, children before parents.
func (d *deletion) removeNodes(tx *gorm.DB) error {
	if err := d.countArchived(tx); err != nil {
		return err
	}
	for _, c := range slices.Backward(d.graph.components) {
		if !d.leaves(c.nodes[0].policy) {
			continue
		}
		if err := d.removeComponent(tx, c); err != nil {
			return err
		}
	}
	if len(d.graph.nodes) == 1 {
		return nil
	}
	return d.refuseSpared(tx, d.removed)
}

// removeComponent removes the rows of a component's models.
func (d *deletion) removeComponent(tx *gorm.DB, c *component) error {
	w := d.taken(nil)
	ring := d.ring(c.nodes[0])
	var rows int64
	if ring {
		q := newQuery(tx, d.engine.dialect).text("SELECT count(*) FROM (")
		w.base(c.nodes[0])(q)
		q.text(") AS roots")
		if err := q.rows(func(scan func(...any) error) error { return scan(&rows) }); err != nil {
			return err
		}
	}
	drop, err := w.store(func() *query { return newQuery(tx, d.engine.dialect) }, c)
	if err != nil {
		return err
	}
	if err := d.loosen(tx, w, c); err != nil {
		return err
	}
	for _, n := range slices.Backward(c.nodes) {
		if err := d.removeRows(tx, w, n); err != nil {
			return err
		}
	}
	if ring {
		d.together = d.removeTogether(tx, w, rows, drop)
		return nil
	}
	return drop()
}

// ring tells whether the root's model also loses rows under the root rows, and one statement is to remove them all: rows of
// a ring refer to each other. The rows that a caller asks to be returned are the root rows alone, which needs two.
func (d *deletion) ring(n *node) bool {
	_, returning := d.stmt.Clauses["RETURNING"]
	return n.policy == d.root && len(n.inner) > 0 && !returning
}

// removeTogether makes GORM's own statement remove the root rows with all of their model's under them. What it returns runs
// after that statement.
func (d *deletion) removeTogether(tx *gorm.DB, w *walk, rootRows int64, drop func() error) func(db *gorm.DB) error {
	n := d.graph.nodes[0]
	q := newQuery(tx, d.engine.dialect).key("", n.policy.schema.PrimaryFields).text(" IN (")
	w.with(q, n.component)
	w.selectKeys(q, n)
	q.text(")")
	d.spareHeld(q, n, "")
	d.stmt.Clauses["WHERE"] = clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{written{q}}}}
	return func(db *gorm.DB) error {
		if err := d.sameRows(n, db.RowsAffected); err != nil {
			return err
		}
		delete(d.expected, n)
		d.took(n, n.inner[0].name, db.RowsAffected-rootRows)
		db.RowsAffected = rootRows
		return drop()
	}
}

// written is a condition that stands in a query of the plugin's own. It must be the first in its statement to bind values.
type written struct{ *query }

// Build implements clause.Expression.
func (w written) Build(builder clause.Builder) {
	stmt := builder.(*gorm.Statement)
	stmt.SQL.WriteString(w.stmt.SQL.String())
	stmt.Vars = append(stmt.Vars, w.stmt.Vars...)
}

// loosen empties the keys by which rows of a component of several models refer to rows that are removed before them: with
// foreign keys, no order of removal would do.
func (d *deletion) loosen(tx *gorm.DB, w *walk, c *component) error {
	for _, e := range c.inner {
		if slices.Index(c.nodes, e.to) >= slices.Index(c.nodes, e.from) {
			continue
		}
		var columns []assignment
		for _, key := range e.keys {
			if !key.child.NotNull && !key.child.PrimaryKey {
				columns = append(columns, assignment{field: key.child})
			}
		}
		if len(columns) == 0 {
			continue
		}
		q := newQuery(tx, d.engine.dialect)
		w.with(q, c)
		q.text("UPDATE ").name(e.to.policy.schema.Table).text(" SET ").assign(columns).text(" WHERE ")
		w.inWalk(q, e.to, "")
		if _, err := q.exec(); err != nil {
			return err
		}
	}
	return nil
}

// removeRows removes a node's rows. The root rows are left to GORM's own statement.
func (d *deletion) removeRows(tx *gorm.DB, w *walk, n *node) error {
	parts := d.parts(n)
	if len(parts) == 0 || d.ring(n) {
		return nil
	}
	with := func(q *query) { w.with(q, n.component) }
	rows, err := d.move(tx, n.policy, with, func(q *query) {
		defer d.spareHeld(q, n, "")
		if len(n.inner) > 0 {
			w.inWalk(q, n, "")
			d.exceptRoot(q, n)
			return
		}
		// By its keys to the parents, not by its own: a row that was moved away while its lock was waited for stays.
		q.text("(")
		joined(q, n.in, " OR ", func(e *edge) { e.matchIn(q, w, "") })
		q.text(")")
		d.live(q, n.policy, "")
	})
	if err != nil {
		return err
	}
	if n.policy != d.root {
		if err := d.sameRows(n, rows); err != nil {
			return err
		}
	}
	archived, err := d.eraseArchived(tx, w, n)
	d.took(n, parts[0].relation, rows+archived)
	return err
}

// exceptRoot writes AND and the condition that a row of the root's table is none of the root rows.
func (d *deletion) exceptRoot(q *query, n *node) {
	if n.policy == d.root {
		// Not NOT: a condition that is NULL must count as no match.
		q.text(" AND CASE WHEN ")
		d.rootCondition(q)
		q.text(" THEN 0 ELSE 1 END = 1")
	}
}

// addFilter adds the model's filter to a statement that is about to be built.
func addFilter(stmt *gorm.Statement, where clause.Interface) {
	if _, done := stmt.Clauses[softDeleteEnabled]; done || where == nil {
		return
	}
	conditions := stmt.Clauses["WHERE"].Expression
	groupAlternatives(stmt)
	stmt.AddClause(where)
	stmt.Clauses[softDeleteEnabled] = clause.Clause{Expression: conditions} // as withdrawFilter finds them
}
