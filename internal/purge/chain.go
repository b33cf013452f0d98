package purge

import (
	"cmp"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room follows a table's references to itself, which may be a chain of any length: one recursive query goes along all of
// it, instead of one query for each row.

// itself tells whether rows of a table refer to others of the same table.
func (r *reference) itself() bool { return r.from == r.to }

// way is the direction in which a reference is followed.
type way int

const (
	below way = iota // to the rows that refer
	above            // to those that they refer to
)

// along writes the condition that a row, by alias, is one of the rows, or for a reference of a table to itself one of all that
// it leads to from them over rows that go.
func (f *family) along(q *statement.Query, r *reference, to way, t *purgeTable, alias string, rows []*relative) {
	if !r.itself() || rows[0].settled {
		keyIn(q, t, alias, rows)
		return
	}
	const table, from, next = "softdelete_chain", "chained", "link"
	columns := slices.Clone(t.KeyColumns)
	referred := r.parents
	if to == above {
		referred = r.children
	}
	for _, column := range referred {
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	open, shut := " IN (", ")"
	if len(t.KeyColumns) == 1 {
		open, shut = q.Dialect.Among()
	}
	q.KeyNamed(alias, t.KeyColumns).Text(open, "WITH RECURSIVE ", table, " AS (SELECT ").ColumnsNamed("first", columns)
	q.Text(" FROM ").Name(t.name).Text(" AS first WHERE ")
	keyIn(q, t, "first", rows)
	q.Text(" UNION SELECT ")
	condition := func() {
		if to == below {
			r.match(q, from, next)
		} else {
			r.match(q, next, from)
		}
		// Not by an index on the clock, which has all rows that go.
		q.Text(" AND ").Beside(to == above || r.indexed, func() {
			if to == below {
				f.purge.goesOrDepends(q, t, next)
			} else {
				f.purge.goes(q, t, next)
			}
		})
		if f.behind != nil && t == f.table && to == below {
			// A rehearsal has settled what goes before the cursor; the rest is held, and stays.
			q.Text(" AND ").KeyAfter(from, t.KeyColumns, f.behind)
		}
	}
	if q.Dialect.Has(dialect.Estimates) && (to == above || r.indexed) {
		// See Walk.looksUp.
		q.Text(next, ".* FROM ", table, " AS ", from, " CROSS JOIN LATERAL (SELECT ").ColumnsNamed(next, columns).Text(" FROM ").Name(t.name).Text(" AS ", next, " WHERE ")
		condition()
		q.Text(" OFFSET 0) AS ", next)
	} else {
		between := ", "
		if to == above || r.indexed {
			between = cmp.Or(q.Dialect.InOrder(), between)
		}
		q.ColumnsNamed(next, columns).Text(" FROM ", table, " AS ", from, between).Name(t.name).Text(" AS ", next, " WHERE ")
		condition()
	}
	q.Text(") SELECT ").ColumnsNamed("", t.KeyColumns).Text(" FROM ", table, shut)
}

// pair is a row that refers to another, with what is said of the one of them that was looked for.
type pair struct {
	up, down []any
	lot      int
	held     bool
}

// follow ties the pairs that were found to the rows that they were found from, nearest first: a row stands before those that refer
// to it, and nothing beyond a row that is not followed further is looked at. tie gives a row that was not known yet and is
// followed.
func (f *family) follow(r *reference, to way, rows []*relative, pairs []pair, tie func(row *relative, p pair) *relative) (found []*relative) {
	from := map[string][]pair{}
	for _, p := range pairs {
		id := rowID(r.to, p.up)
		if to == above {
			id = rowID(r.from, p.down)
		}
		from[id] = append(from[id], p)
	}
	queue := slices.Clone(rows)
	for i := 0; i < len(queue); i++ {
		row := queue[i]
		if f.followed(r, to, row) {
			continue
		}
		for _, p := range from[rowID(row.table, row.key)] {
			if next := tie(row, p); next != nil {
				found = append(found, next)
				if r.itself() && !rows[0].settled {
					queue = append(queue, next)
				}
			}
		}
	}
	return found
}

// step is a row from which a reference is followed.
type step struct {
	reference *reference
	to        way
	row       *relative
}

// followed notes that a reference of a table to itself is followed from a row, and tells whether it was before.
func (f *family) followed(r *reference, to way, row *relative) (before bool) {
	if !r.itself() {
		return false
	}
	s := step{r, to, row}
	before = f.steps[s]
	f.steps[s] = true
	return before
}

// unfollowed are the rows from which a reference is still to be followed: first those with all behind them, then those of which
// that is known.
func (f *family) unfollowed(r *reference, to way, rows []*relative) (lists [][]*relative) {
	if !r.itself() {
		return [][]*relative{rows}
	}
	var open, settled []*relative
	for _, row := range rows {
		switch {
		case f.steps[step{r, to, row}]:
		case row.settled:
			settled = append(settled, row)
		default:
			open = append(open, row)
		}
	}
	for _, list := range [][]*relative{open, settled} {
		if len(list) > 0 {
			lists = append(lists, list)
		}
	}
	return lists
}

// remember keeps, for later batches, what was found of rows that they may meet again: of those that stay, and in a rehearsal of
// all. What refers to them is not looked for again.
func (f *family) remember() {
	p := f.purge
	for _, r := range f.order {
		if r.waitsForParent() {
			continue
		}
		if len(r.table.referrers) > 0 && !r.busy && (r.stays || p.rehearsesAll()) {
			p.settled[rowID(r.table, r.key)] = r.stays
		}
	}
}
