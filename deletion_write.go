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
