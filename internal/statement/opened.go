package statement

import (
	"maps"
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is for databases on which a statement opens each temporary table once.

// opening is what a statement has been written with.
type opening struct {
	// times are how often it names each temporary table.
	times map[string]int
	// drops drop tables that are there for the statement alone.
	drops []func() error
}

// Temporary writes the name of a temporary table for the statement to read. Where a statement opens each once, what is named again is a
// copy, which is there before the statement runs.
func (q *Query) Temporary(table string) *Query {
	if !q.Dialect.Has(dialect.TemporaryTwice) {
		if q.opening.times == nil {
			q.opening.times = map[string]int{}
		}
		q.opening.times[table]++
		if times := q.opening.times[table]; times > 1 {
			table = copyOf(table, times)
		}
	}
	return q.Name(table)
}

// copyOf is the name of what a table is read as the second time and later.
func copyOf(table string, times int) string { return table + "_" + strconv.Itoa(times) }

// Opens tells whether the statement names temporary tables.
func (q *Query) Opens() bool { return len(q.opening.times) > 0 }

// Part begins a text that is to be written into the statement, and names temporary tables as a part of it.
func (q *Query) Part() *Query {
	part := NewQuery(q.Tx, q.Dialect)
	if q.opening.times == nil {
		q.opening.times = map[string]int{}
	}
	part.opening.times = q.opening.times
	return part
}

// Reopens tells whether the statement needs copies of temporary tables, so that several statements would do better.
func (q *Query) Reopens() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(q.opening.times)), func(times int) bool { return times > 1 })
}

// Later drops a table that is there for the statement alone.
func (q *Query) Later(drop func() error) { q.opening.drops = append(q.opening.drops, drop) }

// start begins another statement of the same work.
func (q *Query) start() *Query { return NewQuery(InWork(q.Tx, q.Stmt.Context), q.Dialect) }

// Ready makes the copies that the statement reads, before it runs or another one does that it is a part of. drop drops what is there for it
// alone.
func (q *Query) Ready() (drop func() error, err error) {
	if q.Tx.Error != nil {
		return nil, q.Tx.Error
	}
	for _, table := range slices.Sorted(maps.Keys(q.opening.times)) {
		for times := 2; times <= q.opening.times[table]; times++ {
			if err := q.copy(table, copyOf(table, times)); err != nil {
				return nil, err
			}
		}
	}
	drops := q.opening.drops
	q.opening = opening{}
	return func() error {
		for _, drop := range slices.Backward(drops) {
			if err := drop(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// copy makes a copy of a temporary table, unless it is there. It stays until the table is dropped or changes.
func (q *Query) copy(table, name string) error {
	known := temporariesOf(q.Stmt.Context)
	if known.copied(table, name) {
		return nil
	}
	if err := q.start().MakeLike(name, table); err != nil {
		return err
	}
	if _, err := q.start().Text("INSERT INTO ").Name(name).Text(" SELECT * FROM ").Name(table).Exec(); err != nil {
		return err
	}
	if known == nil {
		q.Later(func() error { return q.start().DropTemporary(name) })
		return nil
	}
	known.note(table, name)
	return nil
}

// Changes tells that the rows of a temporary table change: its copies go.
func (q *Query) Changes(table string) error {
	for known := temporariesOf(q.Stmt.Context); known != nil; known = known.outer {
		for _, name := range known.copies[table] {
			if err := q.start().DropTemporary(name); err != nil {
				return err
			}
		}
		delete(known.copies, table)
	}
	return nil
}
