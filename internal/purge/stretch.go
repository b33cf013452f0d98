package purge

import (
	"database/sql"
	"errors"
	"math/rand/v2"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room removes the rows of a table that stands alone in the order in which they lie in it: every batch is a stretch of
// the table, and none looks at what others removed. That reads the whole table once, and is therefore for tables of which
// many rows go.

// stretches are the parts of a table that the batches of a purge remove rows from.
type stretches struct {
	purge *purge
	table *purgeTable
	// extent is that of the table when the purge began. The rows behind it are younger than what is over.
	extent dialect.Extent
	// start is where the first batch began, at where the next one does. Behind the end of the table it goes on at its first
	// row, up to the start.
	start, at int64
	wrapped   bool
	// width is how many addresses the next batch looks at, even how many have a batch of rows where they lie evenly; 0 where
	// those are more than a batch may look at.
	width, even int64
	// whole tells that a single batch takes all, which an index may find.
	whole bool
	// careful tells that rows are locked before they are removed, which takes those too that somebody once locked.
	careful bool
}

// widest bounds how much of a table a batch reads that finds nothing.
const widest = 8192

// newStretches prepares a purge by stretches; nil where the table cannot be read so, or where few enough rows go that an
// index finds them sooner.
func (p *purge) newStretches(t *purgeTable) (*stretches, error) {
	if len(t.KeyColumns) == 0 || p.holds.Covers(t.Policy) {
		return nil, nil
	}
	extent, ok, err := p.purger.Dialect.Extent(p.reads.DB, t.name)
	if err != nil || !ok {
		return nil, err
	}
	s := &stretches{purge: p, table: t, extent: extent, careful: !extent.Counted}
	rows, batch := float64(t.reports[0].Eligible), float64(p.options.Batch)
	size := float64(extent.Last) - float64(extent.First) + 1
	// Without stretches, a batch sorts what is left: some rows²/batch in all. Reading a block costs as much as eight rows of
	// that, reading a row itself less than one.
	if cost := size * 8; s.skips() && rows*rows/batch < cost || rows == 0 {
		return nil, nil
	}
	s.start = extent.First
	if s.skips() {
		s.width = int64(max(1, min(size*batch/rows*fill, widest)))
		if s.width < widest {
			s.even = s.width
		}
		// Several purges at once begin in different places, and meet what others have removed but once.
		s.start += rand.Int64N(extent.Last - extent.First + 1)
	} else {
		s.whole = t.reports[0].Eligible <= p.left()
	}
	s.at = s.start
	return s, nil
}

// fill is how much of a batch a stretch is meant to fill: rows do not lie evenly.
const fill = 0.95

// skips tells whether rows are left that somebody has locked, or once locked.
func (s *stretches) skips() bool {
	column, _ := s.purge.purger.Dialect.Unlocked()
	return column != ""
}

// lookAgain begins anew, for the rows that were left, and where it began before: another purge looks again somewhere else.
func (s *stretches) lookAgain() {
	s.careful, s.wrapped, s.width, s.even = true, false, widest, 0
	s.at = s.start
}

// remove removes the rows of the next stretch.
func (s *stretches) remove(tx statement.Session, t *purgeTable, c *cursor) ([]int64, error) {
	limit := s.purge.left()
	last := s.at + (s.width - 1)
	if last > s.end() || last < s.at {
		last = s.end()
	}
	next := *s
	var rows int64
	var err error
	if s.skips() {
		remove := s.removeUnlocked
		if s.careful {
			remove = s.removeUnheld
		}
		rows, err = remove(tx, last, limit)
		next.advance(rows, limit, last)
	} else {
		rows, last, err = s.removeNext(tx, limit)
		next.at, next.width = last+1, s.width
		c.done = last == s.extent.Last
	}
	if err != nil {
		return nil, err
	}
	if s.skips() && next.at > next.end() {
		c.done = next.wrapped || next.start == next.extent.First
		next.wrapped, next.at = true, next.extent.First
	}
	*s = next
	removed := make([]int64, len(s.purge.reports()))
	removed[s.purge.index(t)] = rows
	return removed, nil
}

// advance goes on behind a stretch, unless more rows were in it than a batch takes, and sizes the next one.
func (s *stretches) advance(rows, limit, last int64) {
	switch wide := last - s.at + 1; {
	case rows >= limit:
		s.width = max(1, wide/2)
		return
	case rows == 0 && s.even > 0 && wide >= s.even/2:
		s.at, s.width = last+1, s.even
		s.leap()
		return
	case rows == 0:
		s.width = min(widest, 2*s.width)
	default:
		s.width = max(1, min(widest, 2*s.width, int64(float64(wide)*float64(limit)*fill/float64(rows))))
	}
	s.at = last + 1
}

// end is the last address before the purge turns back to the table's first row, or ends.
func (s *stretches) end() int64 {
	if s.wrapped {
		return s.start - 1
	}
	return s.extent.Last
}

// leap goes on in the middle of what is left, out of the way of another purge that seems to have been here. Where it has not,
// rows are left, and lookAgain finds them.
func (s *stretches) leap() {
	rest := s.end() - s.at + 1
	if !s.wrapped {
		rest += s.start - s.extent.First
	}
	s.at += rest / 2
	if !s.wrapped && s.at > s.extent.Last {
		s.wrapped = true
		s.at -= s.extent.Last - s.extent.First + 1
	}
}

// removeUnlocked removes up to limit rows of a stretch, apart from those that somebody has locked or once locked. It reads the
// stretch once: it stops removing when it has removed as many as the batch takes.
func (s *stretches) removeUnlocked(tx statement.Session, last, limit int64) (int64, error) {
	p, t, d := s.purge, s.table, s.purge.purger.Dialect
	return p.holds.Tables().Write(tx, func(q *statement.Query) {
		q.DeleteFrom(t.name)
		s.between(q, last+1)
		unlocked, condition := d.Unlocked()
		q.Column(t.name, unlocked).Text(condition, " AND CASE WHEN ")
		p.removable(q, t, &cursor{})
		removed := d.RemovedSoFar(t.name)
		q.Text(" THEN ", removed, " < (SELECT ", removed, ") + ").Bind(limit).Text(" ELSE FALSE END")
		s.commitLazily(q)
	})
}

// removeUnheld removes up to limit rows of a stretch, those too that somebody once locked. The conditions are hidden from the
// planner: with news about deleted rows that it has not heard of it would read them all by an index, every time.
func (s *stretches) removeUnheld(tx statement.Session, last, limit int64) (int64, error) {
	p, t, d := s.purge, s.table, s.purge.purger.Dialect
	open, shut := d.Among()
	return p.holds.Tables().Write(tx, func(q *statement.Query) {
		q.DeleteFrom(t.name).Column(t.name, d.RowAddress()).Text(open, "SELECT ").Column(t.name, d.RowAddress())
		q.Text(" FROM ").Name(t.name).Text(" WHERE ")
		s.between(q, last+1)
		q.Opaque(func() { p.removable(q, t, &cursor{}) })
		q.Text(" LIMIT ").Bind(limit).Lock(dialect.FreeLock).Text(shut, " AND ").Opaque(func() { p.goes(q, t, t.name) })
		s.commitLazily(q)
	})
}

// commitLazily writes AND and what lets the statement's transaction end before the disk has it, where flush waits for all.
func (s *stretches) commitLazily(q *statement.Query) {
	if lazily, _ := q.Dialect.LazyCommit(); lazily != "" && !inTransaction(s.purge.db.DB) {
		s.purge.lazy = true
		q.Text(" AND ", lazily)
	}
}

// between writes the condition that a row lies in the stretch before an address, and AND.
func (s *stretches) between(q *statement.Query, end int64) {
	d := q.Dialect
	for _, bound := range []struct {
		comparison string
		number     int64
	}{{" >= ", s.at}, {" < ", end}} {
		value, cast := d.Bound(bound.number)
		q.Column(s.table.name, d.RowAddress()).Text(bound.comparison).Bind(value).Text(cast, " AND ")
	}
}

// removeNext removes the next rows where there is a single writer: those of a stretch as wide as the one before, or, where
// rows lie otherwise now, those up to where a look at them says that as many go as a batch takes.
func (s *stretches) removeNext(tx statement.Session, limit int64) (rows, last int64, err error) {
	if s.purge.singly {
		tx = s.purge.db
	}
	if s.whole {
		rows, err = s.removeUntil(tx, s.extent.Last)
		return rows, s.extent.Last, err
	}
	if s.width > 0 && s.width < s.extent.Last-s.at {
		last = s.at + s.width - 1
		err = tx.Work(func(tx statement.Session) (err error) {
			if rows, err = s.removeUntil(tx, last); err == nil && rows > limit {
				err = errTooMany
			}
			return err
		})
		if !errors.Is(err, errTooMany) {
			s.estimate(rows, limit, last)
			return rows, last, err
		}
	}
	last, err = s.look(tx, limit)
	if err != nil || last < s.at {
		return 0, s.extent.Last, err
	}
	rows, err = s.removeUntil(tx, last)
	s.estimate(rows, limit, last)
	return rows, last, err
}

// errTooMany undoes a batch that is larger than allowed.
var errTooMany = errors.New("softdelete: more rows lie in a stretch than a batch takes")

// estimate sizes the next stretch. Where rows lie far apart, or batches are small, it is looked for instead: a guess could
// meet a crowd.
func (s *stretches) estimate(rows, limit, last int64) {
	s.width = 0
	if wide := last - s.at + 1; limit >= 50 && rows >= limit/2 && wide > 0 && wide < crowd*limit {
		s.width = int64(float64(wide) * float64(limit) * fill / float64(rows))
	}
}

// crowd bounds how many times too many rows a batch may remove before it is undone.
const crowd = 4

// look finds the address of the last of the next rows that go.
func (s *stretches) look(tx statement.Session, limit int64) (last int64, err error) {
	p, t, d := s.purge, s.table, s.purge.purger.Dialect
	found := sql.NullInt64{Int64: s.at - 1}
	q := tx.Query()
	p.holds.With(q)
	q.Text("SELECT max(address) FROM (SELECT ").Column(t.name, d.RowAddress()).Text(" AS address FROM ").Name(t.name).Text(d.ByAddress(), " WHERE ")
	s.between(q, s.extent.Last+1)
	p.removable(q, t, &cursor{})
	q.Text(" ORDER BY 1 LIMIT ").Bind(limit).Text(") AS batch")
	err = q.Rows(func(scan func(...any) error) error { return scan(&found) })
	if err == nil && !found.Valid {
		found.Int64 = s.at - 1
	}
	return found.Int64, err
}

// removeUntil removes the rows up to an address.
func (s *stretches) removeUntil(tx statement.Session, last int64) (int64, error) {
	p, t, d := s.purge, s.table, s.purge.purger.Dialect
	return p.holds.Tables().Write(tx, func(q *statement.Query) {
		q.Text("DELETE FROM ").Name(t.name)
		if s.whole {
			q.Text(" WHERE ")
		} else {
			q.Text(d.ByAddress(), " WHERE ")
			s.between(q, last+1)
		}
		p.removable(q, t, &cursor{})
	})
}

// flush waits until the disk has what the purge has committed.
func (p *purge) flush() error {
	if !p.lazy {
		return nil
	}
	_, flush := p.purger.Dialect.LazyCommit()
	return p.reads.Query().Text(flush).Rows(func(func(...any) error) error { return nil })
}

// inTransaction tells whether the statements of db are part of a transaction that its caller ends.
func inTransaction(db *gorm.DB) bool {
	_, ok := db.Statement.ConnPool.(gorm.TxCommitter)
	return ok
}
