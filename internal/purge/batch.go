package purge

import (
	"errors"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room removes rows in batches. A batch begins behind the keys of the one before: it never looks again at rows that are
// gone already, which is what makes the usual loop of DELETE … LIMIT slower with every turn.

// workOff removes a table's rows, or counts those that a run would remove.
func (p *purge) workOff(t *purgeTable) error {
	if len(t.going()) == 0 {
		return nil
	}
	// Which rows of a tree that MaxRows cuts off are left is seen from the tree only.
	if p.alone(t) && (!p.options.DryRun || p.options.MaxRows == 0 || len(t.owners) == 0) {
		if p.options.DryRun {
			return p.foreseeAlone(t.reports[t.going()[0]])
		}
		err := p.workOffAlone(t)
		if err == nil && len(t.owners) == 0 || err != nil && p.endsAll(err) {
			return err
		}
		// Where a batch has failed its rows are looked at one by one.
	}
	return p.batches(t, false, p.removeFamilies)
}

// alone tells whether the table's rows can be removed without a look at others: nothing refers to them, and all of them are
// simply purged.
func (p *purge) alone(t *purgeTable) bool {
	return len(t.referrers) == 0 && len(t.lots) == 1 && !t.dependents && t.lots[0].action == policy.ThenPurge && t.Policy.Log == nil
}

// foreseeAlone counts what a run would remove beside the rows that go with others.
func (p *purge) foreseeAlone(r *ModelPurge) error {
	more := r.Eligible - r.Held - r.Done
	if limit := p.options.MaxRows; limit > 0 {
		more = min(more, limit-p.done)
	}
	r.Done += more
	p.done += more
	return p.enough()
}

// workOffAlone removes the rows of a table that nothing refers to.
func (p *purge) workOffAlone(t *purgeTable) error {
	s, err := p.newStretches(t)
	if err != nil {
		return err
	}
	if s == nil {
		return p.batches(t, false, p.removeAlone)
	}
	before := t.reports[0].Done
	if err := p.batches(t, true, s.remove); err != nil {
		return err
	}
	if left := t.reports[0].Eligible - t.reports[0].Held - (t.reports[0].Done - before); left <= 0 || !s.skips() {
		return nil
	}
	s.lookAgain()
	return p.batches(t, true, s.remove)
}

// cursor is how far a table is worked off.
type cursor struct {
	key  []any // of the last row that was looked at
	rows int   // how many rows the next batch looks at
	done bool  // there are no more
	// single tells that a batch is one statement, which is a transaction of its own. Where a batch looks at rows first, their locks
	// must last until it removes them.
	single bool
}

// batches repeats a batch until the table is worked off. Each is a transaction of its own, which the purge's context ends.
func (p *purge) batches(t *purgeTable, single bool, batch func(tx statement.Session, t *purgeTable, c *cursor) ([]int64, error)) error {
	ctx := p.db.Statement.Context
	c := &cursor{rows: p.options.Batch, single: single}
	for first := true; !c.done; first = false {
		if !first || p.done > 0 {
			if err := p.pause(ctx); err != nil {
				return err
			}
		}
		// Rows that others have changed between the look at them and their removal undo the batch, and it looks again; so does one that the
		// database has undone for the sake of others.
		err := p.batch(t, c, batch)
		for again := 1; again < looks && (errors.Is(err, cold.ErrChanged) || p.undone(err)) && ctx.Err() == nil; again++ {
			err = p.batch(t, c, batch)
		}
		switch {
		case err == nil:
		case len(p.attempt) == 0 || p.endsAll(err):
			return err
		case c.rows > 1:
			c.rows = max(1, c.rows/4) // to find the tree that fails
		default:
			p.leave(t, p.attempt, err)
		}
	}
	return nil
}

// looks is how often a batch looks at its rows before it gives way to those who change them.
const looks = 5

// batch runs one batch and counts what it removed once that is committed.
func (p *purge) batch(t *purgeTable, c *cursor, batch func(statement.Session, *purgeTable, *cursor) ([]int64, error)) error {
	if p.options.DryRun {
		return p.look(func() error {
			_, err := batch(p.reads, t, c)
			return err
		})
	}
	var removed []int64 // per lot of all tables, in the order of reports
	next := *c
	p.committed, p.attempt = nil, nil
	work := func(tx statement.Session) (err error) {
		removed, err = batch(tx, t, &next)
		return err
	}
	held, err := p.purger.Holds.There(p.reads)
	switch p.singly = c.single && !held && !inTransaction(p.db.DB); {
	case err != nil:
	case p.singly:
		err = work(p.reads)
	default:
		err = p.db.Work(func(tx statement.Session) error {
			if err := tx.LockWriter(t.Policy.Table, t.Policy.Schema.PrimaryFields); err != nil {
				return err
			}
			if err := p.holds.Share(tx); err != nil {
				return err
			}
			return p.holds.Stored(tx, func() error { return work(tx) })
		})
	}
	if err != nil {
		return err
	}
	*c = next
	if p.committed != nil {
		p.committed()
	}
	var rows int64
	for i, r := range p.reports() {
		r.Done += removed[i]
		rows += removed[i]
	}
	p.done += rows
	if rows > 0 {
		p.progress()
	}
	return nil
}

// reports lists the reports of all tables.
func (p *purge) reports() (list []*ModelPurge) {
	for _, t := range p.tables {
		list = append(list, t.reports...)
	}
	return list
}

// progress tells the caller of every model that rows of a batch belong to.
func (p *purge) progress() {
	if p.options.Progress == nil {
		return
	}
	for _, r := range p.reports() {
		if r.Done > p.told[r] {
			p.told[r] = r.Done
			p.options.Progress(Progress{Model: r.Model, Table: r.Table, Done: r.Done, Eligible: r.Eligible})
		}
	}
}

// index is the place of a table's first report among all.
func (p *purge) index(t *purgeTable) (n int) {
	for _, other := range p.tables {
		if other == t {
			break
		}
		n += len(other.reports)
	}
	return n
}

// removeAlone removes the next rows of a table that nothing refers to, but for those whose parent is about to go: they go
// with it.
func (p *purge) removeAlone(tx statement.Session, t *purgeTable, c *cursor) ([]int64, error) {
	limit := p.left()
	var rows int64
	var last []any
	var err error
	switch d := p.purger.Dialect; {
	case d.Has(dialect.RowLocks | dialect.WritesInWith):
		rows, last, err = p.removeLocked(tx, t, c, limit)
	case d.Has(dialect.RowLocks):
		rows, last, err = p.removeFree(tx, t, c, limit)
	default:
		rows, last, err = p.removeBetween(tx, t, c, limit)
	}
	if err != nil {
		return nil, err
	}
	c.key, c.done = last, last == nil
	removed := make([]int64, len(p.reports()))
	removed[p.index(t)] = rows
	return removed, nil
}

// removeLocked locks the next rows, leaving those that others have locked, and removes them in one statement.
func (p *purge) removeLocked(tx statement.Session, t *purgeTable, c *cursor, limit int64) (rows int64, last []any, err error) {
	open, shut := p.purger.Dialect.WrittenRows("removed", "1")
	q := tx.Query()
	p.holds.Begin(q)
	q.Text("batch AS (SELECT ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	address := p.purger.Dialect.RowAddress()
	if address != "" {
		q.Text(", ").Column(t.name, address).Text(" AS row_address")
	}
	q.Text(" FROM ").Name(t.name).Text(" WHERE ")
	p.removable(q, t, c)
	q.Text(" ORDER BY ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	q.Text(" LIMIT ").Bind(limit).Lock(dialect.FreeLock).Text("), ", open, "DELETE FROM ").Name(t.name).Text(" WHERE ")
	if address != "" {
		q.Column(t.name, address).Text(" = ANY (ARRAY(SELECT row_address FROM batch))")
	} else {
		q.KeyNamed(t.name, t.KeyColumns).Text(" IN (SELECT ")
		q.ColumnsNamed("", t.KeyColumns)
		q.Text(" FROM batch)")
	}
	q.Text(" AND ")
	p.goes(q, t, t.name)
	q.Text(shut, " SELECT (SELECT count(*) FROM removed), ")
	q.ColumnsNamed("", t.KeyColumns)
	q.Text(" FROM batch ORDER BY ")
	statement.Descending(q, t.KeyColumns)
	q.Text(" LIMIT 1")
	err = q.Rows(func(scan func(...any) error) error {
		targets, values := statement.ScanTargets(len(t.KeyColumns))
		if err := scan(append([]any{&rows}, targets...)...); err != nil {
			return err
		}
		last = values()
		return nil
	})
	return rows, last, err
}

// removeBetween finds the key of the last of the next rows, and removes all up to it.
func (p *purge) removeBetween(tx statement.Session, t *purgeTable, c *cursor, limit int64) (rows int64, last []any, err error) {
	q := tx.Query()
	p.holds.With(q)
	q.Text("SELECT ")
	q.ColumnsNamed("", t.KeyColumns)
	q.Text(" FROM (SELECT ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	q.Text(" FROM ").Name(t.name).Text(" WHERE ")
	p.removable(q, t, c)
	q.Text(" ORDER BY ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	q.Text(" LIMIT ").Bind(limit).Text(") AS batch ORDER BY ")
	statement.Descending(q, t.KeyColumns)
	q.Text(" LIMIT 1")
	keys, err := q.KeyValues(len(t.KeyColumns))
	if err != nil || len(keys) == 0 {
		return 0, nil, err
	}
	last = keys[0]
	rows, err = p.holds.Tables().Write(tx, func(q *statement.Query) {
		q.DeleteFrom(t.name)
		p.removable(q, t, c)
		q.Text(" AND ")
		q.KeyUpTo(t.name, t.KeyColumns, last)
	})
	return rows, last, err
}

// removable writes the condition that a row behind the cursor goes, and goes without others.
func (p *purge) removable(q *statement.Query, t *purgeTable, c *cursor) {
	p.behind(q, t, c)
	p.goes(q, t, t.name)
	p.notHeld(q, t, t.name)
	for _, owner := range t.owners {
		q.Text(" AND NOT EXISTS (SELECT 1 FROM ").Name(owner.to.name).Text(" AS owner WHERE ")
		owner.match(q, "owner", t.name)
		q.Text(" AND ")
		p.goes(q, owner.to, "owner")
		q.Text(")")
	}
}

// behind writes the condition that a row's key comes after the cursor's, and AND.
func (p *purge) behind(q *statement.Query, t *purgeTable, c *cursor) {
	if c.key != nil {
		q.KeyAfter(t.name, t.KeyColumns, c.key).Text(" AND ")
	}
}

// notHeld writes AND and the condition that no hold covers the row.
func (p *purge) notHeld(q *statement.Query, t *purgeTable, alias string) {
	if p.holds.Covers(t.Policy) {
		q.Text(" AND NOT ")
		p.holds.Held(q, t.Policy, alias)
	}
}
