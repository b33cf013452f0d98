package restore

import (
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// bringBack copies a node's rows that come back from the archive into the model's table.
func (r *restoration) bringBack(tx statement.Session, n *policy.Node) error {
	p := n.Policy
	c, err := r.restorer.Columns.Of(tx, p)
	if err != nil {
		return err
	}
	q := archive.Names(tx.Query().Text("INSERT INTO ").Name(p.Table).Text(" ("), "", c.Moved).Text(") ", c.Overriding)
	r.upTo(n).With(q)
	s, _ := p.Archive()
	q.Text("SELECT ")
	statement.Joined(q, c.Moved, ", ", func(column string) {
		if repeats, ok := s.Companion(column); ok {
			q.BindAs(statement.EmptyValue(repeats.Field, true), false)
		} else {
			q.Column("t", column)
		}
	})
	q.Text(" FROM ").Name(p.DeletedTable()).Text(" AS t WHERE ")
	archive.HasColumns(q, p.DeletedTable(), c.Archive).Text(" AND ")
	r.comingBack(q, n, "t")
	rows, err := q.Exec()
	if err != nil || rows >= r.back[n] {
		return err
	}
	return r.leftOut(tx, n)
}

// leftOut refuses a restore of rows that their table has not taken. They are the last there is of them: without a look at the table
// they would go from the archive all the same. A trigger may have put them elsewhere, into a table that inherits from theirs, say.
func (r *restoration) leftOut(tx statement.Session, n *policy.Node) error {
	p := n.Policy
	var rows int64
	var counts statement.Tally
	counts.Add(func(q *statement.Query) {
		q.Text(" FROM ").Name(p.DeletedTable()).Text(" AS t WHERE ")
		r.comingBack(q, n, "t")
		walk.AndUnused(q, p.DeletedPlace(), "t")
	}, func(missing int64) { rows = missing })
	q := tx.Query()
	r.upTo(n).With(q)
	if err := counts.Run(q); err != nil || rows == 0 {
		return err
	}
	return fmt.Errorf("%w: table %s has not taken %d archived %s of %s, and raised no error: a trigger or a rule of it leaves rows out; let them in, then restore again",
		fault.ErrUnsupported, p.Table, rows, fault.Plural(rows, "row"), p.Schema.Name)
}

// countUnfit counts rows that come back with a value that their table has no column for any more, or only a narrower one.
func (r *restoration) countUnfit(tx statement.Session, counts *statement.Tally, n *policy.Node, found *[]archive.Unfit) error {
	c, err := r.restorer.Columns.Of(tx, n.Policy)
	if err != nil {
		return err
	}
	count := func(column string, further func(q *statement.Query)) {
		counts.Add(func(q *statement.Query) {
			q.Text(" FROM ").Name(n.Policy.DeletedTable()).Text(" AS t WHERE ")
			r.comingBack(q, n, "t")
			q.Text(" AND ").Column("t", column).Text(" IS NOT NULL")
			further(q)
		}, func(rows int64) {
			if rows > 0 {
				*found = append(*found, archive.Unfit{Node: n, Column: column, Rows: rows})
			}
		})
	}
	for _, column := range c.Lost {
		count(column, func(*statement.Query) {})
	}
	for _, column := range c.Narrowed {
		count(column.Name, func(q *statement.Query) {
			q.Text(" AND ", q.Dialect.Changes(q.Quoted("t", column.Name), column.Type))
		})
	}
	return nil
}
