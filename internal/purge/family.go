package purge

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room decides which rows go together. A row goes with all rows that refer to it, directly or not, in one transaction,
// and only if every one of them goes: a foreign key never stands in the way, and a restore finds a tree as a whole or not at
// all. The rows' keys are looked up batch by batch, so that cycles and tables outside of the models need no rule of their
// own.

// family is the rows of one batch with all that refer to them.
type family struct {
	purge *purge
	tx    statement.Session
	rows  map[string]*relative
	steps map[step]bool // see followed
	// table is that of the roots, behind the cursor's key where all rows up to it are settled.
	table  *purgeTable
	behind []any
	// order is the order in which the rows were found: a row stands before those that refer to it, cycles apart.
	order []*relative
	locks bool // rows are locked, since they are about to go
	sure  bool // that no hold covers the rows that go is known, see sureOf
	// coldBatches are those that were stored.
	coldBatches []storedBatch
}

// relative is a row of a family.
type relative struct {
	table *purgeTable
	key   []any
	lot   int // from 1; 0 for a row whose retention is not over
	held  bool
	// busy tells that another transaction has locked the row. Nothing that is connected with it goes now.
	busy bool
	root bool
	// dependent tells that the row goes with its parent only: it is no root of any batch.
	dependent bool
	// refersTo and referredBy are the rows that it refers to and that refer to it, outside the number of rows, per table, that
	// refer to it and lose none.
	refersTo, referredBy []*relative
	outside              map[string]int64
	stays                bool
	settled              bool // an earlier batch found whether it stays
	// spoiled tells that the row is connected with a tree that has failed.
	spoiled bool
}

// removeFamilies looks at the next rows of a table and removes those that nothing keeps, with all that refer to them.
func (p *purge) removeFamilies(tx statement.Session, t *purgeTable, c *cursor) ([]int64, error) {
	removed := make([]int64, len(p.reports()))
	f := &family{purge: p, tx: tx, rows: map[string]*relative{}, steps: map[step]bool{}, locks: !p.options.DryRun && p.purger.Dialect.Has(dialect.RowLocks)}
	if f.table = t; p.rehearsesAll() {
		f.behind = c.key
	}
	roots, err := f.nextRoots(t, c)
	if err != nil || len(roots) == 0 {
		return removed, err
	}
	if err := f.grow(roots); err != nil {
		return nil, err
	}
	f.spoil()
	f.settle()
	f.remember()
	f.wait(roots)
	if p.rehearsesAll() {
		f.foresee(roots)
		c.key = roots[len(roots)-1].key
		return removed, nil
	}
	chosen, passed := f.choose(roots)
	if passed < len(roots) {
		// The rest is looked at again, with as many rows as seem to fit.
		c.done = false
		c.rows = max(1, passed)
	} else {
		c.rows = min(p.options.Batch, 2*c.rows)
	}
	c.key = roots[passed-1].key
	if p.options.DryRun {
		for _, r := range chosen {
			p.foreseen[rowID(r.table, r.key)] = true
			r.table.reports[r.lot-1].Done++
			p.done++
			f.countDependent(r)
		}
		f.countStaying(roots[:passed])
		return removed, nil
	}
	p.attempt = chosen
	if err := f.remove(chosen, removed); err != nil {
		return nil, err
	}
	// What is counted once the batch is committed.
	p.committed = func() {
		f.countSpoiled(roots[:passed])
		f.countStaying(roots[:passed])
		for _, r := range chosen {
			f.countDependent(r)
		}
		for _, stored := range f.coldBatches {
			stored.report.ColdBatches = append(stored.report.ColdBatches, stored.id)
		}
	}
	return removed, nil
}

// rowID tells a row among all tables.
func rowID(t *purgeTable, key []any) string { return t.name + "\x00" + t.exact.Exact(key) }

// add notes a row. known tells that it was there before.
func (f *family) add(t *purgeTable, key []any, lot int, held bool) (r *relative, known bool) {
	id := rowID(t, key)
	if r, known = f.rows[id]; known {
		return r, true
	}
	r = &relative{table: t, key: key, lot: lot, held: held}
	r.stays, r.settled = f.purge.settled[id]
	f.rows[id] = r
	f.order = append(f.order, r)
	return r, false
}

// nextRoots gives the next rows of the table whose retention is over, but for those that are not to be looked at: where these are all,
// the cursor goes on behind them.
func (f *family) nextRoots(t *purgeTable, c *cursor) (roots []*relative, err error) {
	roots, err = f.roots(t, c)
	if err != nil || len(roots) == 0 {
		c.done = true
		return nil, err
	}
	c.done = len(roots) < c.rows
	last := roots[len(roots)-1].key
	if len(f.purge.foreseen) > 0 {
		roots = slices.DeleteFunc(roots, f.foreseen)
	}
	if f.locks && !f.tx.Dialect.Has(dialect.LocksChosen) {
		if roots, err = f.lockRoots(t, roots); err != nil {
			return nil, err
		}
	}
	if len(roots) == 0 {
		c.key = last
	}
	return roots, nil
}

// lockRoots gives those of the roots that could be locked, and are due still. The others are as if they had not been found.
func (f *family) lockRoots(t *purgeTable, roots []*relative) (left []*relative, err error) {
	locked := lockedRows{}
	for some := range slices.Chunk(roots, keysAtOnce) {
		q := f.query()
		keys, err := lock(q, t, t.name, func(q *statement.Query) {
			t.named(q.Name(t.name).Text(t.byKey, " WHERE "), keysOf(some))
			f.purge.goes(q.Text(" AND "), t, t.name)
			f.purge.notHeld(q, t, t.name)
		})
		if err != nil {
			return nil, err
		}
		locked.add(t, keys)
	}
	f.order = nil
	for _, r := range roots {
		if id := rowID(t, r.key); locked[id] {
			left, f.order = append(left, r), append(f.order, r)
		} else {
			delete(f.rows, id)
		}
	}
	return left, nil
}

// roots finds the next rows of the table whose retention is over.
func (f *family) roots(t *purgeTable, c *cursor) ([]*relative, error) {
	q := f.query()
	q.Text("SELECT ")
	f.purge.lotOf(q, t, t.name, nil)
	q.Text(", ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	q.Text(" FROM ").Name(t.name).Text(" WHERE ")
	f.purge.behind(q, t, c)
	f.purge.goes(q, t, t.name)
	f.purge.notHeld(q, t, t.name)
	q.Text(" ORDER BY ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	q.Text(" LIMIT ").Bind(c.rows)
	if f.locks && q.Dialect.Has(dialect.LocksChosen) {
		q.Lock(dialect.FreeLock)
	}
	var roots []*relative
	err := q.Rows(func(scan func(...any) error) error {
		var lot int
		targets, values := statement.ScanTargets(len(t.KeyColumns))
		if err := scan(append([]any{&lot}, targets...)...); err != nil {
			return err
		}
		r, _ := f.add(t, values(), lot, false)
		r.root = true
		roots = append(roots, r)
		return nil
	})
	return roots, err
}

// foreseen tells whether a dry run has counted the row already.
func (f *family) foreseen(r *relative) bool { return f.purge.foreseen[rowID(r.table, r.key)] }

// query starts a statement that may ask for holds.
func (f *family) query() *statement.Query {
	q := f.tx.Query()
	f.purge.holds.With(q)
	return q
}

// grow finds all that refer to the rows, and the parents that would take them along.
func (f *family) grow(roots []*relative) error {
	fresh := roots
	if f.locks || f.purge.options.MaxRows > 0 && f.purge.purger.Dialect.Has(dialect.RowLocks) {
		owners, err := f.owners(roots)
		if err != nil {
			return err
		}
		fresh = append(slices.Clone(roots), owners...)
	}
	for len(fresh) > 0 {
		var next []*relative
		for t, rows := range byTable(fresh) {
			for _, r := range t.referrers {
				found, err := f.referring(r, rows)
				if err != nil {
					return err
				}
				next = append(next, found...)
			}
		}
		fresh = next
	}
	return nil
}

// byTable gives rows table by table, in the order in which the tables come.
func byTable(rows []*relative) func(func(*purgeTable, []*relative) bool) {
	var tables []*purgeTable
	parts := map[*purgeTable][]*relative{}
	for _, r := range rows {
		if parts[r.table] == nil {
			tables = append(tables, r.table)
		}
		parts[r.table] = append(parts[r.table], r)
	}
	return func(yield func(*purgeTable, []*relative) bool) {
		for _, t := range tables {
			if !yield(t, parts[t]) {
				return
			}
		}
	}
}

// owners finds, and locks, the rows whose cascade took the roots and whose retention is over too. Where one cannot be locked
// somebody restores it perhaps, and the root is left to them.
func (f *family) owners(roots []*relative) (all []*relative, err error) {
	for rows := roots; len(rows) > 0; {
		var above []*relative
		for t, rows := range byTable(rows) {
			for _, owner := range t.owners {
				found, err := f.owning(owner, rows)
				if err != nil {
					return nil, err
				}
				above = append(above, found...)
			}
		}
		all = append(all, above...)
		rows = above
	}
	return all, nil
}

func (f *family) owning(owner *reference, rows []*relative) (found []*relative, err error) {
	for part := range slices.Chunk(rows, keysAtOnce) {
		for _, list := range f.unfollowed(owner, above, part) {
			owners, err := f.owningSome(owner, list)
			if err != nil {
				return nil, err
			}
			found = append(found, owners...)
		}
	}
	return found, nil
}

func (f *family) owningSome(owner *reference, rows []*relative) (found []*relative, err error) {
	p, parent, child := f.purge, owner.to, owner.from
	condition := func(q *statement.Query) {
		owner.match(q, "p", "c")
		q.Text(" AND ")
		f.along(q, owner, above, child, "c", rows)
		q.Text(" AND ")
		p.goes(q, parent, "p")
	}
	var locked lockedRows
	if f.locks {
		locked, err = f.lock(parent, "p", func(q *statement.Query) {
			q.Name(parent.name).Text(" AS p WHERE EXISTS (SELECT 1 FROM ").Name(child.name).Text(" AS c WHERE ")
			condition(q)
			q.Text(")")
		})
		if err != nil {
			return nil, err
		}
	}
	q := f.selectPairs(parent, "p", parent, child, nil)
	condition(q)
	pairs, err := f.scanPairs(q, parent, child)
	return f.follow(owner, above, rows, pairs, func(taken *relative, found pair) *relative {
		if p.foreseen[rowID(parent, found.up)] {
			return nil
		}
		r, known := f.add(parent, found.up, found.lot, found.held)
		r.busy = r.busy || f.locks && !known && !locked[rowID(parent, found.up)]
		// Tied together here: what refers to a busy row is not looked for.
		taken.refersTo = append(taken.refersTo, r)
		r.referredBy = append(r.referredBy, taken)
		if known || r.busy {
			return nil
		}
		return r
	}), err
}

// heldColumn writes 1 for a row that a hold covers and 0 for others.
func (f *family) heldColumn(q *statement.Query, t *purgeTable, alias string) {
	if !f.purge.holds.Covers(t.Policy) {
		q.Text("0")
		return
	}
	q.Text("CASE WHEN ")
	f.purge.holds.Held(q, t.Policy, alias)
	q.Text(" THEN 1 ELSE 0 END")
}

// selectPairs begins to select what scanPairs reads: the lot and the hold of the row that an alias names, and the keys of the
// parents p and the children c. depends writes the condition that a child goes with the parent; nil for never. The condition follows.
func (f *family) selectPairs(of *purgeTable, alias string, parent, child *purgeTable, depends func(q *statement.Query)) *statement.Query {
	q := f.query().Text("SELECT ")
	f.purge.lotOf(q, of, alias, depends)
	q.Text(", ")
	f.heldColumn(q, of, alias)
	q.Text(", ")
	q.ColumnsNamed("p", parent.KeyColumns).Text(", ")
	return q.ColumnsNamed("c", child.KeyColumns).Text(" FROM ").Name(parent.name).Text(" AS p, ").Name(child.name).Text(" AS c WHERE ")
}

// scanPairs reads rows of a lot, a hold, and the keys of two tables.
func (f *family) scanPairs(q *statement.Query, first, second *purgeTable) (pairs []pair, err error) {
	err = q.Rows(func(scan func(...any) error) error {
		var lot, held int
		targets, values := statement.ScanTargets(len(first.KeyColumns) + len(second.KeyColumns))
		if err := scan(append([]any{&lot, &held}, targets...)...); err != nil {
			return err
		}
		all := values()
		pairs = append(pairs, pair{all[:len(first.KeyColumns)], all[len(first.KeyColumns):], lot, held == 1})
		return nil
	})
	return pairs, err
}
