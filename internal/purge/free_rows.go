package purge

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room removes rows where a statement locks all that it reads, and waits for that where others have it: rows are looked for without
// locks, and then found by their keys. A range of keys has rows in it that are waited for, whether they go or not.

// removeFree locks the next rows of a table that nothing refers to, leaving those that others have locked, and removes them.
func (p *purge) removeFree(tx statement.Session, t *purgeTable, c *cursor, limit int64) (rows int64, last []any, err error) {
	free, err := p.lockFound(tx, t, c, limit)
	if err != nil {
		return 0, nil, err
	}
	if int64(len(free)) == limit {
		rows, err = p.removeNamed(tx, t, free)
		return rows, free[limit-1], err
	}
	q := tx.Query()
	p.holds.With(q)
	q.Text("SELECT ").ColumnsNamed(t.name, t.KeyColumns).Text(" FROM ").Name(t.name).Text(" WHERE ")
	p.removable(q, t, c)
	found, err := q.Text(" ORDER BY ").ColumnsNamed(t.name, t.KeyColumns).Text(" LIMIT ").Bind(limit).KeyValues(len(t.KeyColumns))
	if err != nil || len(found) == 0 {
		return 0, nil, err
	}
	for some := range slices.Chunk(found, keysAtOnce) {
		q := tx.Query()
		p.holds.With(q)
		free, err := lock(q, t, t.name, func(q *statement.Query) {
			t.named(q.Name(t.name).Text(t.byKey, " WHERE "), some).Text(" AND ")
			p.removable(q, t, &cursor{})
		})
		if err != nil {
			return 0, nil, err
		}
		removed, err := p.removeNamed(tx, t, free)
		if err != nil {
			return 0, nil, err
		}
		rows += removed
	}
	return rows, found[len(found)-1], nil
}

// lockFound looks for the next rows and locks those that nobody else has, in one statement. It gives the keys; none where the database cannot
// be told to find rows by them.
func (p *purge) lockFound(tx statement.Session, t *purgeTable, c *cursor, limit int64) (keys [][]any, err error) {
	if t.byKey == "" || inTransaction(p.db.DB) {
		return nil, nil
	}
	q := tx.Query()
	p.holds.With(q)
	return lock(q, t, t.name, func(q *statement.Query) {
		q.Text("(SELECT ").ColumnsNamed(t.name, t.KeyColumns).Text(" FROM ").Name(t.name).Text(" WHERE ")
		p.removable(q, t, c)
		q.Text(" ORDER BY ").ColumnsNamed(t.name, t.KeyColumns).Text(" LIMIT ").Bind(limit).Text(") AS batch", q.Dialect.ByFound(statement.QuoteName(q.Tx, t.name)), " WHERE ")
		for _, column := range t.KeyColumns {
			q.Column(t.name, column).Text(" = ").Column("batch", column).Text(" AND ")
		}
		p.removable(q, t, &cursor{})
	})
}

// removeNamed removes rows that are locked.
func (p *purge) removeNamed(tx statement.Session, t *purgeTable, keys [][]any) (rows int64, err error) {
	for some := range slices.Chunk(keys, keysAtOnce) {
		q := t.named(tx.Query().DeleteBy(t.name, t.byKey), some).Text(" AND ")
		p.goes(q, t, t.name)
		removed, err := q.Exec()
		if err != nil {
			return rows, err
		}
		rows += removed
	}
	return rows, nil
}

// named writes the condition that rows to be locked or removed have one of the keys.
func (t *purgeTable) named(q *statement.Query, keys [][]any) *statement.Query {
	if t.byKey != "" {
		return q.EachKey(t.name, t.KeyColumns, keys)
	}
	return q.KeyAmong(statement.Table{Name: t.name}, t.Key(), keys)
}
