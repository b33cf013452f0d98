package deletion

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// mark is the condition that tells a deletion's rows: the ID where the model has one, else the time.
func (d *deletion) mark(q *statement.Query, p *policy.Policy, table string) {
	if p.ID != nil {
		q.Column(table, p.ID.DBName).Text(" = ").Bind(d.ID())
		return
	}
	q.Column(table, p.At.DBName).Text(" = ").Bind(p.AtClock.Value(d.at))
}

// taken is the walk over the rows that the deletion has taken so far. Inside growing, a component, it goes on to the live
// rows that it is about to take.
func (d *deletion) taken(growing *policy.Component) *walk.Walk {
	condition := func(q *statement.Query, n *policy.Node, table string) {
		if d.leaves(n.Policy) {
			q.Text("1 = 1")
			d.live(q, n.Policy, table)
			return
		}
		if n.Component != growing {
			q.Opaque(func() { d.mark(q, n.Policy, table) })
			return
		}
		q.Text("(")
		d.mark(q, n.Policy, table)
		q.Text(" OR ", n.Policy.Predicates.Live.Of(statement.QuoteName(q.Tx, table)), ")")
	}
	var keys [][]any
	if d.exact && d.graph.ByKey && d.action(d.root) == ActionDeleted {
		keys = d.keys
	}
	within := growing != nil && d.taking != nil
	return &walk.Walk{
		Graph:  d.graph,
		Prefix: "taken",
		Keys:   keys,
		In:     d.places(),
		Within: within,
		Base: func(n *policy.Node) func(q *statement.Query) {
			if n.Policy != d.root && !within {
				return nil
			}
			return func(q *statement.Query) {
				if n.Policy != d.root {
					walk.SelectCarried(n, q, &walk.Walk{}, n.Policy.Table)
					q.Text(" FROM ").Name(n.Policy.Table).Text(" WHERE ")
					d.mark(q, n.Policy, n.Policy.Table)
					return
				}
				if d.leaves(d.root) {
					d.reach().Base(n)(q)
					return
				}
				walk.SelectCarried(n, q, &walk.Walk{}, d.target.Qualifier())
				q.Text(" FROM ")
				q.Table(d.target)
				q.Text(" WHERE ")
				d.mark(q, n.Policy, d.target.Qualifier())
				d.knownKeys(q)
			}
		},
		Step: func(q *statement.Query, e *policy.Edge, _, child string) {
			q.Text(" AND ")
			condition(q, e.To, child)
		},
	}
}

// knownKeys writes AND and the condition on the root rows' keys, where they are known.
func (d *deletion) knownKeys(q *statement.Query) {
	if d.keys == nil {
		return
	}
	q.Text(" AND ").KeyAmong(d.target, d.root.Schema.PrimaryFields, d.keys)
}

// cascade takes the rows under the root rows, which are marked already.
func (d *deletion) cascade(tx statement.Session) error {
	if d.graph.Alone() {
		return d.refuseAgain(tx)
	}
	if err := d.takeNodes(tx, d.markedOf(d.graph.Nodes)); err != nil {
		return err
	}
	return d.refuseAgain(tx)
}

// takeNodes marks the rows of the nodes, parents first, a statement per relation. Each statement sees what committed before
// it began, and locks what it marks.
func (d *deletion) takeNodes(tx statement.Session, nodes []*policy.Node) error {
	if d.graph.Wide && !d.anyLeaves() {
		return d.takeWide(tx)
	}
	for _, c := range d.graph.Components {
		ours := slices.DeleteFunc(slices.Clone(c.Nodes), func(n *policy.Node) bool { return !slices.Contains(nodes, n) })
		if err := d.lockComponent(tx, c, ours); err != nil {
			return err
		}
		for _, n := range ours {
			for _, e := range n.In {
				rows, err := d.takeEdge(tx, e)
				if err != nil {
					return err
				}
				d.took(e, rows)
			}
		}
		// Relations inside the component are followed once all ways into it are taken.
		for _, n := range ours {
			if len(n.Inner) > 0 {
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
func (d *deletion) lockComponent(tx statement.Session, c *policy.Component, nodes []*policy.Node) error {
	if !d.deleter.Dialect.Has(dialect.RowLocks) || c == d.graph.Components[0] {
		return nil // the root's component is locked by lockRows
	}
	for _, n := range nodes {
		if d.several(n) {
			if err := d.lockNode(tx, d.taken(c), n, dialect.MarkLock, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// several tells whether several statements take a node's rows.
func (d *deletion) several(n *policy.Node) bool { return len(n.In) > 1 || len(n.Inner) > 0 }

// takeComponent takes the rows of a node that the relations inside its component lead to, which are locked already. Rows that
// came under taken ones meanwhile are taken in another turn.
func (d *deletion) takeComponent(tx statement.Session, n *policy.Node) error {
	locks := d.deleter.Dialect.Has(dialect.RowLocks)
	for {
		rows, err := d.takeInner(tx, n)
		if err != nil {
			return err
		}
		d.took(n.Inner[0], rows)
		if !locks || rows == 0 {
			return nil
		}
		if more, err := d.anyLeft(tx, n); err != nil || !more {
			return err
		}
		if err := d.lockNode(tx, d.taken(n.Component), n, dialect.MarkLock, false); err != nil {
			return err
		}
	}
}

// lockNode locks a node's rows in the walk, in the order of their keys. fresh refuses a transaction that does not show them all.
func (d *deletion) lockNode(tx statement.Session, w *walk.Walk, n *policy.Node, lock dialect.Lock, fresh bool) error {
	q := tx.Query()
	table, fields := n.Policy.Table, n.Policy.Schema.PrimaryFields
	if len(fields) == 0 { // a root without relations that take rows
		return q.LockRows(lock, func() { w.Base(n)(q) })
	}
	rows, err := d.rowsOf(tx, n.Policy.Home())
	if err != nil {
		return err
	}
	w.With(q, n.Component)
	each := func() {
		rows.Each(q, func() {
			w.InWalk(q, n, table)
			d.live(q, n.Policy, table)
		})
	}
	if fresh {
		_, err := q.CountLockedFresh(lock, each)
		return err
	}
	return q.LockRows(lock, each)
}

// rowsOf are the rows of one of a model's tables, to be locked or written.
func (d *deletion) rowsOf(tx statement.Session, t policy.Place) (statement.Rows, error) {
	return d.deleter.Keyed.Rows(tx, t.Table(), "", t.LockOrder())
}

// writeRows executes a write of a model's rows, in its own table, that a condition tells.
func (d *deletion) writeRows(tx statement.Session, p *policy.Policy, found walk.Tables, condition func(q *statement.Query), write func(q *statement.Query, rows statement.Rows)) (int64, error) {
	rows, err := d.rowsOf(tx, p.Home())
	if err != nil {
		return 0, err
	}
	return found.WriteRows(tx, rows, condition, write)
}

// anyLeft tells whether a live row of the node refers to a row that carries the deletion's mark.
func (d *deletion) anyLeft(tx statement.Session, n *policy.Node) (left bool, err error) {
	q := tx.Query().Text("SELECT 1 WHERE 1 = 0")
	for _, e := range n.Inner {
		q.Text(" OR EXISTS (SELECT 1 FROM ").Name(n.Policy.Table).Text(" AS c, ").Name(e.From.Policy.Table).Text(" AS p WHERE ")
		d.mark(q, e.From.Policy, "p")
		statement.Joined(q, e.Keys, "", func(key policy.KeyPair) {
			q.Text(" AND ").Column("c", key.Child.DBName).Text(" = ", walk.ParentValue(q, key, q.Quoted("p", key.Parent.DBName)))
		})
		walk.MatchFixed(e.Relation, q, "c")
		statement.WriteAnd(q, n.Policy.Predicates.Live, "c")
		q.Text(")")
	}
	err = q.Rows(func(func(...any) error) error { left = true; return nil })
	return left, err
}

// update writes UPDATE … SET … WHERE live for a node's rows.
func (d *deletion) update(q *statement.Query, rows statement.Rows, n *policy.Node) {
	policy.Assign(rows.Update(q), n.Policy.DeletionAssignments(nil, d.stamp(n.Policy)))
	q.Text(" WHERE ", n.Policy.Predicates.Live.Of(""), " AND ")
}

// manyParents is the number of parents up to which the rows under them are locked in the order of their keys before they are
// marked. Beyond it a level is marked fastest by a plain UPDATE, which locks its rows in no order. Cascades that meet in such
// a level have waited for each other at its parents.
const manyParents = 50

// takeEdge marks the live rows that refer to taken rows by one relation.
func (d *deletion) takeEdge(tx statement.Session, e *policy.Edge) (int64, error) {
	w, p := d.taken(nil), e.To.Policy
	under := func(q *statement.Query) {
		walk.MatchIn(e, q, w, p.Table)
		statement.WriteAnd(q, p.Predicates.Live, p.Table)
	}
	return d.writeRows(tx, p, w.Tables(e.From.Component), under, func(q *statement.Query, rows statement.Rows) {
		d.update(q, rows, e.To)
		if rows.LookedUp() || d.several(e.To) || d.marked[e.From] > manyParents {
			walk.MatchIn(e, q, w, "") // in order, locked already, or many
		} else {
			d.ordered(q, e.To, func(table string) { walk.MatchIn(e, q, w, table) })
		}
	})
}

// takeInner marks the rows of a node that the relations inside its component lead to. One recursive query finds them all.
func (d *deletion) takeInner(tx statement.Session, n *policy.Node) (int64, error) {
	w := d.taken(n.Component)
	found := func(q *statement.Query) { w.InWalk(q, n, "") }
	return d.writeRows(tx, n.Policy, w.Tables(n.Component), found, func(q *statement.Query, rows statement.Rows) {
		d.update(q, rows, n)
		found(q)
	})
}

// ordered writes the condition that a row is one of those that condition selects, locked in the order of their keys.
func (d *deletion) ordered(q *statement.Query, n *policy.Node, condition func(table string)) {
	table, fields := n.Policy.Table, n.Policy.Schema.PrimaryFields
	if !d.deleter.Dialect.Has(dialect.RowLocks) || len(fields) == 0 {
		condition("")
		return
	}
	open, shut := " IN (", ")"
	if len(fields) == 1 {
		open, shut = d.deleter.Dialect.Among()
	}
	q.Key("", fields).Text(open, "SELECT ").Columns(table, fields).Text(" FROM ").Name(table).Text(" WHERE ")
	condition(table)
	statement.WriteAnd(q, n.Policy.Predicates.Live, table)
	q.Text(" ORDER BY ").Columns(table, fields).Lock(dialect.MarkLock).Text(shut)
}

// refuseAgain looks for rows that refuse once more: what concurrent transactions added while the marking waited for their
// locks shows now.
func (d *deletion) refuseAgain(tx statement.Session) error {
	if len(d.graph.Checks) == 0 || !d.deleter.Dialect.Has(dialect.RowLocks) {
		return nil
	}
	return d.refuseBlocking(tx, d.taken(nil), d.graph.Checks)
}

// countKept counts the live rows that the deletion leaves in the walk that reached gives, where the numbers are wanted.
func (d *deletion) countKept(tx statement.Session, reached func() *walk.Walk) error {
	if len(d.graph.Kept) == 0 || !d.reports() {
		return nil
	}
	w := reached()
	var counts statement.Tally
	for _, e := range d.graph.Kept {
		counts.Add(func(q *statement.Query) { d.untaken(q, w, e) }, func(rows int64) {
			d.addEffect(Effect{Table: e.Child.Table, Relation: e.Name, Parent: d.tableOf(e.From), Action: ActionKept, Rows: rows}, e.From.Depth+1, keptRank)
		})
	}
	return w.Stored(start(tx), func() error {
		q := tx.Query()
		w.With(q, d.graph.Last())
		return counts.Run(q)
	})
}
