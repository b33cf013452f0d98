package softdelete

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room removes rows in batches. A batch begins behind the keys of the one before: it never looks again at rows that are
// gone already, which is what makes the usual loop of DELETE … LIMIT slower with every turn.

// workOff removes a table's rows, or counts those that a run would remove.
func (p *purge) workOff(t *purgeTable) error {
	if len(t.going()) == 0 {
		return nil
	}
	if p.alone(t) {
		if p.options.DryRun {
			for _, i := range t.going() {
				t.reports[i].Done = t.reports[i].Eligible - t.reports[i].Held
			}
			return nil
		}
		if err := p.workOffAlone(t); err != nil || len(t.owners) == 0 {
			return err
		}
	}
	return p.batches(t, p.removeFamilies)
}

// alone tells whether the table's rows can be removed without a look at others: nothing refers to them, and all of them are
// simply purged.
func (p *purge) alone(t *purgeTable) bool {
	return len(t.referrers) == 0 && len(t.lots) == 1 && t.lots[0].action == thenPurge
}

// workOffAlone removes the rows of a table that nothing refers to.
func (p *purge) workOffAlone(t *purgeTable) error {
	s, err := p.newStretches(t)
	if err != nil {
		return err
	}
	if s == nil {
		return p.batches(t, p.removeAlone)
	}
	before := t.reports[0].Done
	if err := p.batches(t, s.remove); err != nil {
		return err
	}
	if left := t.reports[0].Eligible - t.reports[0].Held - (t.reports[0].Done - before); left <= 0 || !s.skips() {
		return nil
	}
	s.lookAgain()
	return p.batches(t, s.remove)
}

// cursor is how far a table is worked off.
type cursor struct {
	key  []any // of the last row that was looked at
	rows int   // how many rows the next batch looks at
	done bool  // there are no more
	// single tells that a batch is one statement, which is a transaction of its own.
	single bool
}

// batches repeats a batch until the table is worked off. Each is a transaction of its own, which the purge's context ends.
func (p *purge) batches(t *purgeTable, batch func(tx *gorm.DB, t *purgeTable, c *cursor) ([]int64, error)) error {
	ctx := p.db.Statement.Context
	c := &cursor{rows: p.options.Batch, single: t.stretched}
	for first := true; !c.done; first = false {
		if !first || p.done > 0 {
			if err := p.pause(ctx); err != nil {
				return err
			}
		}
		if err := p.batch(t, c, batch); err != nil {
			return err
		}
	}
	return nil
}

// batch runs one batch and counts what it removed once that is committed.
func (p *purge) batch(t *purgeTable, c *cursor, batch func(*gorm.DB, *purgeTable, *cursor) ([]int64, error)) error {
	if p.options.DryRun {
		_, err := batch(p.reads, t, c)
		return err
	}
	var removed []int64 // per lot of all tables, in the order of reports
	next := *c
	p.committed = nil
	work := func(tx *gorm.DB) (err error) {
		removed, err = batch(tx, t, &next)
		return err
	}
	var err error
	if c.single && p.holds == nil {
		err = work(p.reads)
	} else {
		err = p.db.Session(&gorm.Session{NewDB: true}).Transaction(func(tx *gorm.DB) error {
			if err := p.engine.lockWriter(tx, t.policy); err != nil {
				return err
			}
			if err := p.holds.share(tx); err != nil {
				return err
			}
			return work(tx)
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
			p.options.Progress(PurgeProgress{Model: r.Model, Table: r.Table, Done: r.Done, Eligible: r.Eligible})
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
func (p *purge) removeAlone(tx *gorm.DB, t *purgeTable, c *cursor) ([]int64, error) {
	limit := p.left()
	var rows int64
	var last []any
	var err error
	if p.engine.dialect.Has(dialect.RowLocks | dialect.WritesInWith) {
		rows, last, err = p.removeLocked(tx, t, c, limit)
	} else {
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
func (p *purge) removeLocked(tx *gorm.DB, t *purgeTable, c *cursor, limit int64) (rows int64, last []any, err error) {
	q := newQuery(tx, p.engine.dialect)
	p.holds.begin(q)
	q.text("batch AS (SELECT ")
	names(q, t.name, t.key)
	address := p.engine.dialect.RowAddress()
	if address != "" {
		q.text(", ").column(t.name, address).text(" AS row_address")
	}
	q.text(" FROM ").name(t.name).text(" WHERE ")
	p.removable(q, t, c)
	q.text(" ORDER BY ")
	names(q, t.name, t.key)
	q.text(" LIMIT ").bind(limit).text(" FOR UPDATE SKIP LOCKED), removed AS (DELETE FROM ").name(t.name).text(" WHERE ")
	if address != "" {
		q.column(t.name, address).text(" = ANY (ARRAY(SELECT row_address FROM batch))")
	} else {
		keyOf(q, t.name, t.key).text(" IN (SELECT ")
		names(q, "", t.key)
		q.text(" FROM batch)")
	}
	q.text(" AND ")
	p.goes(q, t, t.name)
	q.text(" RETURNING 1) SELECT (SELECT count(*) FROM removed), ")
	names(q, "", t.key)
	q.text(" FROM batch ORDER BY ")
	descending(q, t.key)
	q.text(" LIMIT 1")
	err = q.rows(func(scan func(...any) error) error {
		targets, values := scanTargets(len(t.key))
		if err := scan(append([]any{&rows}, targets...)...); err != nil {
			return err
		}
		last = values()
		return nil
	})
	return rows, last, err
}

// removeBetween finds the key of the last of the next rows, and removes all up to it.
func (p *purge) removeBetween(tx *gorm.DB, t *purgeTable, c *cursor, limit int64) (rows int64, last []any, err error) {
	q := newQuery(tx, p.engine.dialect)
	p.holds.with(q)
	q.text("SELECT ")
	names(q, "", t.key)
	q.text(" FROM (SELECT ")
	names(q, t.name, t.key)
	q.text(" FROM ").name(t.name).text(" WHERE ")
	p.removable(q, t, c)
	q.text(" ORDER BY ")
	names(q, t.name, t.key)
	q.text(" LIMIT ").bind(limit).text(") AS batch ORDER BY ")
	descending(q, t.key)
	q.text(" LIMIT 1")
	keys, err := q.allKeys(len(t.key))
	if err != nil || len(keys) == 0 {
		return 0, nil, err
	}
	last = keys[0]
	q = newQuery(tx, p.engine.dialect)
	p.holds.with(q)
	q.text("DELETE FROM ").name(t.name).text(" WHERE ")
	p.removable(q, t, c)
	q.text(" AND ")
	keyOf(q, t.name, t.key).text(" <= ")
	row(q, last)
	rows, err = q.exec()
	return rows, last, err
}

// removable writes the condition that a row behind the cursor goes, and goes without others.
func (p *purge) removable(q *query, t *purgeTable, c *cursor) {
	p.behind(q, t, c)
	p.goes(q, t, t.name)
	p.notHeld(q, t, t.name)
	for _, owner := range t.owners {
		q.text(" AND NOT EXISTS (SELECT 1 FROM ").name(owner.to.name).text(" AS owner WHERE ")
		owner.match(q, "owner", t.name)
		q.text(" AND ")
		p.goes(q, owner.to, "owner")
		q.text(")")
	}
}

// behind writes the condition that a row's key comes after the cursor's, and AND.
func (p *purge) behind(q *query, t *purgeTable, c *cursor) {
	if c.key != nil {
		keyOf(q, t.name, t.key).text(" > ")
		row(q, c.key)
		q.text(" AND ")
	}
}

// notHeld writes AND and the condition that no hold covers the row.
func (p *purge) notHeld(q *query, t *purgeTable, alias string) {
	if p.holds.covers(t) {
		q.text(" AND NOT ")
		p.holds.held(q, t, alias)
	}
}

// names writes columns by their names, with commas.
func names(q *query, table string, columns []string) *query {
	return joined(q, columns, ", ", func(column string) { q.column(table, column) })
}

// descending writes columns in falling order.
func descending(q *query, columns []string) {
	joined(q, columns, ", ", func(column string) { q.name(column).text(" DESC") })
}

// keyOf writes columns as one value.
func keyOf(q *query, table string, columns []string) *query {
	if len(columns) == 1 {
		return names(q, table, columns)
	}
	q.text("(")
	return names(q, table, columns).text(")")
}

// row writes bound values as one value.
func row(q *query, values []any) {
	if len(values) == 1 {
		q.bind(values[0])
		return
	}
	q.text("(")
	joined(q, values, ", ", func(value any) { q.bind(value) }).text(")")
}

// keyAmong writes the condition that a row's key is one of the keys. SQLite knows no list of rows, and no more than 1000
// conditions in a chain: see keysAtOnce.
func keyAmong(q *query, table string, key []string, keys [][]any) {
	if len(key) == 1 {
		names(q, table, key).text(" IN (")
		joined(q, keys, ", ", func(values []any) { q.bind(values[0]) }).text(")")
		return
	}
	q.text("(")
	joined(q, keys, " OR ", func(values []any) {
		keyOf(q, table, key).text(" = ")
		row(q, values)
	}).text(")")
}

// keysAtOnce is how many keys a statement may list: less than what databases take.
func keysAtOnce(key []string) int {
	if len(key) == 1 {
		return 30000
	}
	return 400
}

// allKeys runs a statement that selects n columns, and gives their values.
func (q *query) allKeys(n int) (keys [][]any, err error) {
	err = q.rows(func(scan func(...any) error) error {
		targets, values := scanTargets(n)
		if err := scan(targets...); err != nil {
			return err
		}
		keys = append(keys, values())
		return nil
	})
	return keys, err
}

// match writes the condition that a row of the table that refers has the key of a row that it refers to, both by alias.
func (r *reference) match(q *query, parent, child string) {
	if r.relation != nil {
		joined(q, r.relation.keys, " AND ", func(key keyPair) {
			q.column(child, key.child.DBName).text(" = ", parentValue(q, key, q.quoted(parent, key.parent.DBName)))
		})
		r.relation.matchFixed(q, child)
		return
	}
	for i, column := range r.children {
		if i > 0 {
			q.text(" AND ")
		}
		q.column(child, column).text(" = ").column(parent, r.parents[i])
	}
}
