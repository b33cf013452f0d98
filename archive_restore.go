package softdelete

import (
	"fmt"

	"gorm.io/gorm"
)

// bringBack copies a node's rows that come back from the archive into the model's table.
func (r *restoration) bringBack(tx *gorm.DB, n *node) error {
	p := n.policy
	c, err := r.engine.movedColumns(tx, p)
	if err != nil {
		return err
	}
	q := newQuery(tx, r.engine.dialect).text("INSERT INTO ").name(p.schema.Table).text(" (").names("", c.moved).text(") ", c.overriding)
	r.withUpTo(q, n)
	s, _ := p.archive()
	q.text("SELECT ")
	joined(q, c.moved, ", ", func(column string) {
		if repeats, ok := s.companion(column); ok {
			q.text("CAST(").bind(emptyValue(repeats.field, true)).text(" AS text)")
		} else {
			q.column("t", column)
		}
	})
	q.text(" FROM ").name(p.deletedTable()).text(" AS t WHERE ")
	q.hasColumns(p.deletedTable(), c.archive).text(" AND ")
	r.comingBack(q, n, "t")
	_, err = q.exec()
	return err
}

// unfit is a column of an archive whose values a restore would lose or change.
type unfit struct {
	node   *node
	column string
	rows   int64
}

// countUnfit counts rows that come back with a value that their table has no column for any more, or only a narrower one.
func (r *restoration) countUnfit(tx *gorm.DB, counts *tally, n *node, found *[]unfit) error {
	c, err := r.engine.movedColumns(tx, n.policy)
	if err != nil {
		return err
	}
	count := func(column string, further func(q *query)) {
		counts.add(func(q *query) {
			q.text(" FROM ").name(n.policy.deletedTable()).text(" AS t WHERE ")
			r.comingBack(q, n, "t")
			q.text(" AND ").column("t", column).text(" IS NOT NULL")
			further(q)
		}, func(rows int64) {
			if rows > 0 {
				*found = append(*found, unfit{node: n, column: column, rows: rows})
			}
		})
	}
	for _, column := range c.lost {
		count(column, func(*query) {})
	}
	for _, column := range c.narrowed {
		count(column.Name, func(q *query) {
			q.text(" AND ", q.dialect.Changes(q.quoted("t", column.Name), column.Type))
		})
	}
	return nil
}

func (u unfit) err() error {
	p := u.node.policy
	return fmt.Errorf("%w: %d archived %s of %s cannot come back whole: table %s has no column %s that keeps their values; "+
		"add or widen it, or empty it in the archive %s", ErrUnsupported, u.rows, plural(u.rows, "row"), p.schema.Name, p.schema.Table, u.column, p.deletedTable())
}
