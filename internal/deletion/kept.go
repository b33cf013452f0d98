package deletion

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room is for rows that stay in their table though a statement was to take them: a trigger or a rule of the application keeps them
// there, and raises no error. To GORM such a row was not deleted, and so it is here where none may stand under it. Where rows may, they have
// gone before it, and the deletion is refused. The same numbers tell of rows that others have moved or added meanwhile.

// countLeaving counts the rows that leave their table after others that may stand under them, before the first of those goes. They are
// locked, but where there is no foreign key one more may come among them. Of root rows that go for good it is known otherwise, and
// the counts of a wide graph would be longer than what they are about.
func (d *deletion) countLeaving(tx statement.Session, w *walk.Walk) error {
	counted := func(n *policy.Node) bool {
		if d.graph.Leaf(n) {
			return false
		}
		if d.action(n.Policy) == ActionArchived {
			return d.deleter.Dialect.Has(dialect.RowLocks) // else the copies are counted
		}
		return d.leaves(n.Policy) && !d.graph.Wide && len(n.Policy.Schema.PrimaryFields) > 0 && (n.Policy != d.root || d.ring(n)) && !(d.erasing && n.Policy.Elsewhere() != nil)
	}
	if !slices.ContainsFunc(d.graph.Nodes, counted) {
		return nil
	}
	var counts statement.Tally
	d.expected = map[*policy.Node]int64{}
	for _, n := range d.graph.Nodes {
		if counted(n) {
			counts.Add(func(q *statement.Query) { w.NodeRows(q, n) }, func(rows int64) { d.expected[n] = rows })
		}
	}
	q := tx.Query()
	w.With(q, d.graph.Last())
	return counts.Run(q)
}

// sameRows refuses a deletion that has archived more rows of a node than were counted, as those under the others are still where they
// were, or that has taken fewer, as those under the others have gone without these. Rows that go for good may be gone already, by a foreign
// key's own action.
func (d *deletion) sameRows(tx statement.Session, w *walk.Walk, n *policy.Node, rows int64) error {
	expected, counted := d.expected[n]
	switch {
	case !counted || rows == expected:
		return nil
	case d.action(n.Policy) == ActionArchived && rows > expected:
		return d.cameOrWent(rows-expected, n.Policy)
	case d.action(n.Policy) == ActionArchived:
		return d.stayed(expected-rows, n.Policy)
	case rows > expected:
		return nil
	}
	if err := d.refuseSpared(tx, d.removed); err != nil {
		return err
	}
	return d.refuseLeft(tx, n.Policy, func(q *statement.Query) {
		w.With(q, d.graph.Last())
		w.NodeRows(q.Text("SELECT count(*)"), n)
	})
}

// refuseLeft refuses a deletion that has left rows which a statement counts.
func (d *deletion) refuseLeft(tx statement.Session, p *policy.Policy, count func(q *statement.Query)) error {
	var left int64
	q := tx.Query()
	count(q)
	err := q.Rows(func(scan func(...any) error) error { return scan(&left) })
	if err != nil || left == 0 {
		return err
	}
	return d.stayed(left, p)
}

func (d *deletion) cameOrWent(rows int64, p *policy.Policy) error {
	return fmt.Errorf("%w: %d %s of %s came or went while the deletion ran; try again", fault.ErrBlocked, rows, fault.Plural(rows, "row"), p.Schema.Name)
}

// stayed is the error for rows that a statement did not take, while others from under them have gone.
func (d *deletion) stayed(rows int64, p *policy.Policy) error {
	if d.deleter.Dialect.Has(dialect.RowLocks) {
		return fault.KeptOrMoved(fault.ErrBlocked, p.Table, rows, p.Schema.Name)
	}
	return fault.KeptRows(fault.ErrBlocked, p.Table, rows, p.Schema.Name, "others stand under them; let them go, then delete again")
}

// takeBackCopies takes the copies of rows that have stayed in their table back from the archive.
func (d *deletion) takeBackCopies(tx statement.Session, p *policy.Policy) error {
	copies := func(q *statement.Query) *statement.Query {
		d.mark(q, p, p.DeletedTable())
		return walk.AndUsed(q, p.DeletedPlace(), p.DeletedTable())
	}
	if n := d.graph.NodeOf(p); !d.graph.Leaf(n) {
		return d.refuseLeft(tx, p, func(q *statement.Query) {
			copies(q.Text("SELECT count(*) FROM ").Name(p.DeletedTable()).Text(" WHERE "))
		})
	}
	_, err := copies(tx.Query().DeleteFrom(p.DeletedTable())).Exec()
	return err
}

// rootsLeft looks for root rows that GORM's own statement was to take from their table, and has not. Then it lets go on what was to wait
// for that statement.
func (d *deletion) rootsLeft(db *gorm.DB) error {
	tx := d.deleter.Session(db).InWork(db.Statement.Context)
	switch {
	case d.action(d.root) != ActionArchived || d.deleter.Dialect.Has(dialect.WritesInWith):
	case db.RowsAffected > d.copied:
		return d.cameOrWent(db.RowsAffected-d.copied, d.root)
	case db.RowsAffected < d.copied:
		if err := d.takeBackCopies(tx, d.root); err != nil {
			return err
		}
	}
	if d.together != nil {
		return d.together(db)
	}
	root, rows := d.graph.Nodes[0], db.RowsAffected
	if d.action(d.root) != ActionRemoved || d.graph.Leaf(root) || len(d.root.Schema.PrimaryFields) == 0 ||
		d.expectedRoots != nil && rows >= *d.expectedRoots || d.keys != nil && rows >= int64(len(d.keys)) {
		return nil
	}
	if err := d.refuseSpared(tx, d.removed); err != nil {
		return err
	}
	now := d.stmt.Clauses["WHERE"]
	d.stmt.Clauses["WHERE"] = d.removed
	defer func() { d.stmt.Clauses["WHERE"] = now }()
	return d.refuseLeft(tx, d.root, func(q *statement.Query) {
		d.reach().Base(root)(q.Text("SELECT count(*) FROM ("))
		q.Text(") AS roots")
	})
}
