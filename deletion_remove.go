package softdelete

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// This room is for rows that go for good.

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
