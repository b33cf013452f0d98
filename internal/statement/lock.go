package statement

import "github.com/gorm-softdelete/softdelete/internal/dialect"

// This room locks rows.

// Lock writes a lock on the rows of a SELECT, where the database has them.
func (q *Query) Lock(lock dialect.Lock) *Query { return q.Text(q.Dialect.LockRows(lock)) }

// CountLocked finishes a statement, which may have begun with WITH: it locks the rows that a SELECT gives, and counts them. rows
// writes the SELECT.
func (q *Query) CountLocked(lock dialect.Lock, rows func()) (count int64, err error) {
	q.Text("SELECT count(*) FROM (")
	rows()
	q.Lock(lock).Text(") AS locked")
	err = q.Rows(func(scan func(...any) error) error { return scan(&count) })
	return count, err
}

// LockRows does the same without counting. It asks nothing of a database without locks on rows, which has a single writer.
func (q *Query) LockRows(lock dialect.Lock, rows func()) error {
	if !q.Dialect.Has(dialect.RowLocks) {
		return nil
	}
	_, err := q.CountLocked(lock, rows)
	return err
}
