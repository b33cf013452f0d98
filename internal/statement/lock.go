package statement

import "github.com/gorm-softdelete/softdelete/internal/dialect"

// This room locks rows.

// Lock writes a lock on the rows of a SELECT, where the database has them.
func (q *Query) Lock(lock dialect.Lock) *Query { return q.Text(q.Dialect.LockRows(lock)) }

// CountLocked finishes a statement, which may have begun with WITH: it locks the rows that a SELECT gives, and counts them. rows
// writes the SELECT.
func (q *Query) CountLocked(lock dialect.Lock, rows func()) (count int64, err error) {
	return q.countLocked(lock, false, rows)
}

// CountLockedFresh does the same for rows that others may add to: it refuses a transaction that would not see those.
func (q *Query) CountLockedFresh(lock dialect.Lock, rows func()) (count int64, err error) {
	return q.countLocked(lock, true, rows)
}

func (q *Query) countLocked(lock dialect.Lock, fresh bool, rows func()) (count int64, err error) {
	q.Text("SELECT count(*)")
	if fresh {
		q.Level()
	}
	q.Text(" FROM (")
	rows()
	q.Lock(lock).Text(") AS locked")
	var level string
	err = q.Rows(func(scan func(...any) error) error {
		if !fresh {
			return scan(&count)
		}
		return scan(&count, &level)
	})
	if err == nil && fresh {
		err = q.RefuseStale(level)
	}
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
