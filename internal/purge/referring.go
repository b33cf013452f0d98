package purge

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds what refers to rows that are about to go.

// lock finishes a statement that locks rows of a table, which from writes, and gives the keys of those that could be locked. Without row
// locks there is a single writer, and all of them count as locked.
func lock(q *statement.Query, t *purgeTable, alias string, from func(q *statement.Query)) (keys [][]any, err error) {
	q.Text("SELECT ")
	q.ColumnsNamed(alias, t.KeyColumns).Text(" FROM ")
	from(q)
	q.Text(" ORDER BY ")
	q.ColumnsNamed(alias, t.KeyColumns)
	return q.Lock(dialect.FreeLock).KeyValues(len(t.KeyColumns))
}

// lock does so for rows that a family follows.
func (f *family) lock(t *purgeTable, alias string, from func(q *statement.Query)) (lockedRows, error) {
	locked := lockedRows{}
	keys, err := lock(f.tx.Query(), t, alias, from)
	locked.add(t, keys)
	return locked, err
}

// lockedRows are the rows that this transaction has locked.
type lockedRows map[string]bool

func (l lockedRows) add(t *purgeTable, keys [][]any) {
	for _, key := range keys {
		l[rowID(t, key)] = true
	}
}

// referring finds the rows that refer to others by one reference. Those that go are followed further.
func (f *family) referring(r *reference, rows []*relative) (found []*relative, err error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row *relative) bool { return row.busy })
	for part := range slices.Chunk(rows, keysAtOnce) {
		if r.from == nil {
			if err := f.referringOutside(r, part); err != nil {
				return nil, err
			}
			continue
		}
		for _, list := range f.unfollowed(r, below, part) {
			fresh, err := f.referringInside(r, list)
			if err != nil {
				return nil, err
			}
			found = append(found, fresh...)
		}
	}
	return found, nil
}

// referringOutside counts the rows of a table that loses none.
func (f *family) referringOutside(r *reference, rows []*relative) error {
	q := f.tx.Query().Text("SELECT count(*), ")
	q.ColumnsNamed("p", r.to.KeyColumns).Text(" FROM ").Name(r.to.name).Text(" AS p, ").Name(r.table).Text(" AS c WHERE ")
	r.match(q, "p", "c")
	q.Text(" AND ")
	keyIn(q, r.to, "p", rows)
	q.Text(" GROUP BY ")
	q.ColumnsNamed("p", r.to.KeyColumns)
	return q.Rows(func(scan func(...any) error) error {
		var n int64
		targets, values := statement.ScanTargets(len(r.to.KeyColumns))
		if err := scan(append([]any{&n}, targets...)...); err != nil {
			return err
		}
		row := f.rows[rowID(r.to, values())]
		if row.outside == nil {
			row.outside = map[string]int64{}
		}
		row.outside[r.table] += n
		return nil
	})
}

// referringInside finds, and locks, rows of a table that loses rows. The lock comes first: what is read afterwards and is
// not locked is busy, or stays.
func (f *family) referringInside(r *reference, rows []*relative) (found []*relative, err error) {
	p, child := f.purge, r.from
	var locked lockedRows
	if f.locks {
		locked, err = f.lock(child, "c", func(q *statement.Query) {
			q.Name(child.name).Text(" AS c WHERE ")
			p.goesOrDepends(q, child, "c")
			q.Text(" AND EXISTS (SELECT 1 FROM ").Name(r.to.name).Text(" AS p WHERE ")
			r.match(q, "p", "c")
			q.Text(" AND ")
			f.along(q, r, below, r.to, "p", rows)
			q.Text(")")
		})
		if err != nil {
			return nil, err
		}
	}
	var depends func(q *statement.Query)
	if r.by != nil && child.canDepend() {
		depends = func(q *statement.Query) {
			p.depends(q, child, "c")
			q.Text(" AND ")
			sameDeletion(q, r.by, func(field *schema.Field) string { return q.Quoted("p", field.DBName) }, "c")
		}
	}
	q := f.selectPairs(child, "c", r.to, child, depends)
	r.match(q, "p", "c")
	q.Text(" AND ")
	f.along(q, r, below, r.to, "p", rows)
	pairs, err := f.scanPairs(q, r.to, child)
	return f.follow(r, below, rows, pairs, func(parent *relative, found pair) *relative {
		if id := rowID(child, found.down); p.foreseen[id] || p.dependents[id] {
			return nil
		}
		goesWith := found.lot == dependent
		if goesWith {
			found.lot = child.lotWith(parent)
		}
		row, known := f.add(child, found.down, found.lot, found.held)
		if known && row.lot == 0 && found.lot > 0 { // it did not go with the parent that it was found under first
			row.lot, known = found.lot, false
		}
		row.dependent = row.dependent || goesWith
		row.busy = row.busy || f.locks && !known && found.lot > 0 && !locked[rowID(child, found.down)]
		parent.referredBy = append(parent.referredBy, row)
		row.refersTo = append(row.refersTo, parent)
		if known || found.lot == 0 || row.busy || row.settled {
			return nil
		}
		return row
	}), err
}
