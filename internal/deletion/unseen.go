package deletion

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room keeps the database from removing or changing rows that it hides from the session, by the foreign keys of rows that leave
// their table. What it is about to do to the rows that show is counted before, what it has done to all of them afterwards.

// watched is a table that may have hidden rows.
type watched struct {
	table, key string          // key is a foreign key that leads there
	before     dialect.Changes // by the transaction so far
	expected   dialect.Changes // what shows
}

// watchUnseen begins to watch over the tables with hidden rows that foreign keys lead to.
func (d *deletion) watchUnseen(tx statement.Session) error {
	hides, err := d.deleter.Dialect.HidesRows(tx.InWork(tx.Statement.Context).DB)
	if err != nil || !hides {
		return err
	}
	w := d.taken(nil)
	return w.Stored(start(tx), func() error { return d.expectChanges(tx, w) })
}

// expectChanges counts what the deletion is about to do to the rows that show, of such tables.
func (d *deletion) expectChanges(tx statement.Session, w *walk.Walk) error {
	list, err := d.findReferring(tx, w)
	if err != nil || !slices.ContainsFunc(list, func(r referring) bool { return r.unseen }) {
		return err
	}
	own, err := d.leavingNodes(tx)
	if err != nil {
		return err
	}
	d.watched = nil
	var counts statement.Tally
	for _, r := range list {
		if !r.unseen || slices.ContainsFunc(d.watched, func(known *watched) bool { return known.table == r.Table }) {
			continue
		}
		t := &watched{table: r.Table, key: r.Relation}
		d.watched = append(d.watched, t)
		t.count(&counts, list)
		for _, n := range own[t.table] {
			counts.Add(func(q *statement.Query) { w.NodeRows(q, n) }, func(rows int64) { t.expected.Removed += rows })
		}
	}
	q := tx.Query()
	w.With(q, d.graph.Last())
	if err := counts.Run(q); err != nil {
		return err
	}
	for _, t := range d.watched {
		counted := false
		if t.before, counted, err = d.deleter.Dialect.ChangesSoFar(tx.InWork(tx.Statement.Context).DB, t.table); err != nil {
			return err
		}
		if !counted {
			return fault.UncountedRows(t.table, t.key)
		}
	}
	return nil
}

// count counts the rows of the table that show and that foreign keys remove, each once, and change, once for each key.
func (t *watched) count(counts *statement.Tally, list []referring) {
	const alias = "softdelete_seen"
	var removing []referring
	for _, r := range list {
		switch {
		case r.Table != t.table:
		case r.onDelete == dialect.Removes:
			removing = append(removing, r)
		case r.onDelete == dialect.Unlinks:
			counts.Add(r.from, func(rows int64) { t.expected.Changed += rows })
		}
	}
	if len(removing) == 0 {
		return
	}
	counts.Add(func(q *statement.Query) {
		q.Text(" FROM ", removing[0].only).Name(t.table).Text(" AS ").Name(alias).Text(" WHERE ")
		statement.Joined(q, removing, " OR ", func(r referring) {
			q.Text("(")
			r.where(q, alias)
			q.Text(")")
		})
	}, func(rows int64) { t.expected.Removed += rows })
}

// loosened tells of rows of a table that the deletion has changed itself.
func (d *deletion) loosened(table string, rows int64) {
	for _, t := range d.watched {
		if dialect.LastName(t.table) == dialect.LastName(table) {
			t.expected.Changed += rows
		}
	}
}

// refuseUnseen refuses a deletion by which the database has removed or changed more rows than show.
func (d *deletion) refuseUnseen(tx statement.Session) error {
	for _, t := range d.watched {
		now, _, err := d.deleter.Dialect.ChangesSoFar(tx.InWork(tx.Statement.Context).DB, t.table)
		if err != nil {
			return err
		}
		done := now.Since(t.before).WithoutMoves()
		if hidden := max(done.Removed-t.expected.Removed, 0) + max(done.Changed-t.expected.Changed, 0); hidden > 0 {
			return fault.UnseenRows(t.table, t.key, hidden)
		}
	}
	d.watched = nil
	return nil
}
