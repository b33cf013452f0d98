package deletion

import (
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room is for rows that go for good.

// removeChildren takes the rows under root rows that are about to be removed: those that are marked in place first, then,
// children before parents, those that go for good.
func (d *deletion) removeChildren(db *gorm.DB) error {
	if db.DryRun {
		return nil
	}
	tx := statement.InWork(db, db.Statement.Context)
	if err := d.countKept(d.deleter.Session(tx), d.reach); err != nil {
		return err
	}
	if err := d.countReferring(d.deleter.Session(tx)); err != nil {
		return err
	}
	if err := d.takeNodes(d.deleter.Session(tx), d.markedOf(d.graph.Nodes)); err != nil {
		return err
	}
	return d.removeNodes(d.deleter.Session(tx))
}

// markedOf gives those of the nodes whose rows are marked in place.
func (d *deletion) markedOf(nodes []*policy.Node) []*policy.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *policy.Node) bool { return d.leaves(n.Policy) })
}

// removeNodes takes the rows that leave their tables, children before parents.
func (d *deletion) removeNodes(tx statement.Session) error {
	if !d.anyLeaves() {
		return nil
	}
	if err := d.watchUnseen(tx); err != nil {
		return err
	}
	if err := d.refuseUnlogged(tx); err != nil {
		return err
	}
	w := d.taken(nil)
	drop, err := w.StoreAll(start(tx))
	if err != nil {
		return err
	}
	if err := d.countLeaving(tx, w); err != nil {
		return err
	}
	for _, c := range slices.Backward(d.graph.Components) {
		if !d.leaves(c.Nodes[0].Policy) {
			continue
		}
		if !d.graph.Wide {
			w = d.taken(nil)
		}
		if err := d.removeComponent(tx, w, c); err != nil {
			return err
		}
	}
	if together := d.together; together != nil {
		d.together = func(db *gorm.DB) error {
			if err := together(db); err != nil {
				return err
			}
			return drop()
		}
	} else if err := drop(); err != nil {
		return err
	}
	if !d.leaves(d.root) {
		if err := d.refuseUnseen(tx); err != nil {
			return err
		}
	}
	if len(d.graph.Nodes) == 1 {
		return nil
	}
	return d.refuseSpared(tx, d.removed)
}

// removeComponent removes the rows of a component's models.
func (d *deletion) removeComponent(tx statement.Session, w *walk.Walk, c *policy.Component) error {
	ring := d.ring(c.Nodes[0])
	var rows int64
	if ring {
		q := tx.Query().Text("SELECT count(*) FROM (")
		w.Base(c.Nodes[0])(q)
		q.Text(") AS roots")
		if err := q.Rows(func(scan func(...any) error) error { return scan(&rows) }); err != nil {
			return err
		}
	}
	store := w.Store
	if !tx.Dialect.Has(dialect.StatementChecksKeys) {
		store = w.Keep // rows are found by keys that they lose
	}
	drop, err := store(start(tx), c)
	if err != nil {
		return err
	}
	if err := d.loosen(tx, w, c); err != nil {
		return err
	}
	for _, n := range slices.Backward(c.Nodes) {
		if err := d.removeRows(tx, w, n); err != nil {
			return err
		}
	}
	if ring {
		if err := d.freeTogether(tx, w, c.Nodes[0]); err != nil {
			return err
		}
		d.together, err = d.removeTogether(tx, w, rows, drop)
		return err
	}
	return drop()
}

// ring tells whether rows of the root's model that go may refer to each other: it also loses rows under the root rows, and one statement
// is to remove them all, or the root rows themselves do so where keys are checked for each. The rows that a caller asks to be returned
// are the root rows alone, which needs two.
func (d *deletion) ring(n *policy.Node) bool {
	_, returning := d.stmt.Clauses["RETURNING"]
	return n.Policy == d.root && !returning && (len(n.Inner) > 0 || d.frees(n.Policy))
}

// removeTogether makes GORM's own statement remove the root rows with all of their model's under them. What it returns runs
// after that statement.
func (d *deletion) removeTogether(tx statement.Session, w *walk.Walk, rootRows int64, drop func() error) (together func(db *gorm.DB) error, err error) {
	n := d.graph.Nodes[0]
	q := tx.Query().Key("", n.Policy.Schema.PrimaryFields).Text(" IN (")
	w.With(q, n.Component)
	w.SelectKeys(q, n)
	q.Text(")")
	d.spareHeld(q, n, "")
	if drop, err = d.lookUpTogether(tx, w, drop); err != nil {
		return nil, err
	}
	dropOpened, err := q.Ready()
	if err != nil {
		return nil, err
	}
	d.stmt.Clauses["WHERE"] = clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{written{q}}}}
	if one := q.Dialect.Joined(); one != "" && !d.lookedUp {
		d.stmt.AddClause(clause.Delete{Modifier: q.Dialect.DeleteAs(statement.QuoteName(tx.DB, d.target.Qualifier()))})
		d.stmt.AddClause(clause.From{Tables: []clause.Table{{Name: clause.CurrentTable}, {Name: one, Raw: true}}})
	}
	return func(db *gorm.DB) error {
		if err := d.sameRows(d.deleter.Session(db).InWork(db.Statement.Context), w, n, db.RowsAffected); err != nil {
			return err
		}
		delete(d.expected, n)
		if len(n.Inner) > 0 {
			d.took(n.Inner[0], db.RowsAffected-rootRows)
			db.RowsAffected = rootRows
		}
		return errors.Join(dropOpened(), drop())
	}, nil
}

// lookUpTogether makes the statement that removes the root rows look them up by their keys, where the database can be told to. What it
// returns drops these too.
func (d *deletion) lookUpTogether(tx statement.Session, w *walk.Walk, drop func() error) (func() error, error) {
	n := d.graph.Nodes[0]
	rows, err := d.rowsOf(tx, n.Policy.Home())
	if c, there := d.stmt.Clauses["DELETE"]; err != nil || there && c.AfterNameExpression != nil || !rows.LookedUp() {
		return drop, err
	}
	// Beside this table there may be another before the statement runs.
	dropKeys, err := rows.Store(start(tx), statement.FoundRows+"_together", func(q *statement.Query) { w.InWalk(q, n, "") })
	if err != nil {
		return nil, err
	}
	open, from := rows.DeleteClauses(tx.Query())
	d.stmt.Clauses["DELETE"] = clause.Clause{Expression: clause.Expr{SQL: open}}
	d.stmt.Clauses["FROM"] = clause.Clause{Expression: clause.Expr{SQL: from}}
	d.lookedUp = true
	return func() error { return errors.Join(dropKeys(), drop()) }, nil
}

// written is a condition that stands in a query of the plugin's own. It must be the first in its statement to bind values.
type written struct{ *statement.Query }

// Build implements clause.Expression.
func (w written) Build(builder clause.Builder) {
	stmt := builder.(*gorm.Statement)
	text, values := w.Written()
	stmt.SQL.WriteString(text)
	stmt.Vars = append(stmt.Vars, values...)
}

// loosen empties the keys by which rows of a component of several models refer to rows that are removed before them: with
// foreign keys, no order of removal would do.
func (d *deletion) loosen(tx statement.Session, w *walk.Walk, c *policy.Component) error {
	for _, e := range c.Inner {
		if slices.Index(c.Nodes, e.To) >= slices.Index(c.Nodes, e.From) {
			continue
		}
		columns := emptied(e)
		if len(columns) == 0 {
			continue
		}
		found := func(q *statement.Query) { w.InWalk(q, e.To, "") }
		rows, err := d.writeRows(tx, e.To.Policy, w.Tables(c), found, func(q *statement.Query, rows statement.Rows) {
			found(policy.Assign(rows.Update(q), columns).Text(" WHERE "))
		})
		if err != nil {
			return err
		}
		d.loosened(e.To.Policy.Table, rows)
	}
	return nil
}

// emptied lists what empties the keys of a relation, as far as they may be empty.
func emptied(e *policy.Edge) (columns []policy.Assignment) {
	for _, key := range e.Keys {
		if mayBeEmpty(key.Child) {
			columns = append(columns, policy.Assignment{Field: key.Child})
		}
	}
	return columns
}

// removeRows removes a node's rows. The root rows are left to GORM's own statement.
func (d *deletion) removeRows(tx statement.Session, w *walk.Walk, n *policy.Node) error {
	parts := d.parts(n)
	if len(parts) == 0 || d.ring(n) {
		return nil
	}
	rows, err := d.move(tx, n.Policy, w.Tables(n.Component), func(q *statement.Query) {
		defer d.spareHeld(q, n, "")
		if len(n.Inner) > 0 {
			w.InWalk(q, n, "")
			d.exceptRoot(q, n)
			return
		}
		// By its keys to the parents, not by its own: a row that was moved away while its lock was waited for stays.
		q.Text("(")
		statement.Joined(q, n.In, " OR ", func(e *policy.Edge) { walk.MatchIn(e, q, w, "") })
		q.Text(")")
		d.live(q, n.Policy, "")
	})
	if err != nil {
		return err
	}
	if n.Policy != d.root {
		if err := d.sameRows(tx, w, n, rows); err != nil {
			return err
		}
	}
	archived, err := d.eraseArchived(tx, w, n)
	d.took(parts[0].by, rows+archived)
	return err
}

// exceptRoot writes AND and the condition that a row of the root's table is none of the root rows.
func (d *deletion) exceptRoot(q *statement.Query, n *policy.Node) {
	if n.Policy == d.root {
		// Not NOT: a condition that is NULL must count as no match.
		q.Text(" AND CASE WHEN ")
		if d.target.Alias == "" {
			d.rootCondition(q)
		} else { // the conditions call the table otherwise
			fields := d.root.Schema.PrimaryFields
			q.Key(d.root.Table, fields).Text(" IN (SELECT ").Columns(d.target.Alias, fields).Text(" FROM ").Table(d.target).Text(" WHERE ")
			d.rootCondition(q)
			q.Text(")")
		}
		q.Text(" THEN 0 ELSE 1 END = 1")
	}
}
