package walk

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room hands the rows that walks have found to the statement that reads them.

// Tables are the WITH tables of walks. Those of none are no tables.
type Tables []table

type table struct {
	statement.WithTable
	// beside tells whether some of what its walks find is in temporary tables.
	beside func() bool
	// store makes the table a temporary one, until it is dropped.
	store func(start func() *statement.Query) (drop func() error, err error)
}

// TablesOf are the tables of walks for the components up to the last one. A walk over another graph than that of the last
// component has all of its own.
func TablesOf(last *policy.Component, walks ...*Walk) (tables Tables) {
	for _, w := range walks {
		components := w.Graph.Components
		switch {
		case w.Within:
			components = []*policy.Component{last}
		case slices.Contains(components, last):
			components = components[:last.Index+1]
		}
		switch {
		case w.all:
		case w.whole():
			t := w.wholeTable(components)
			t.Recursive, t.store = len(t.steps) > 0, w.StoreAll
			tables = append(tables, t.table)
		default:
			tables = append(tables, w.tables(components)...)
		}
	}
	beside := func() bool {
		return slices.ContainsFunc(walks, func(w *Walk) bool { return w.all || len(w.stored) > 0 })
	}
	for i := range tables {
		tables[i].beside = beside
	}
	return tables
}

// tables are one for each of the components.
func (w *Walk) tables(components []*policy.Component) (tables Tables) {
	for _, c := range components {
		if w.stored[c] || w.known(c.Nodes[0]) {
			continue
		}
		tables = append(tables, table{
			WithTable: statement.WithTable{
				Name: w.table(c), Columns: w.columns(c), Recursive: len(c.Inner) > 0 && !w.Flat,
				Write: func(q *statement.Query) { w.component(q, c) },
			},
			store: func(start func() *statement.Query) (func() error, error) { return w.store(start, c) },
		})
	}
	return tables
}

// Tables are the walk's own, for the components up to the last one.
func (w *Walk) Tables(last *policy.Component) Tables { return TablesOf(last, w) }

// With writes the WITH clause of the tables, and a space after it. UPDATE and DELETE are for Write.
func (tables Tables) With(q *statement.Query) { tables.with(q, false) }

// with writes it. lastOnce tells that the statement reads the last table once.
func (tables Tables) with(q *statement.Query, lastOnce bool) {
	var clause []statement.WithTable
	for i, t := range tables {
		if (i < len(tables)-1 || !lastOnce) && t.storedForOne(q) {
			continue
		}
		clause = append(clause, t.WithTable)
	}
	q.With(clause)
}

// storedForOne makes a table that reads a temporary one a temporary one too, for a statement alone, where a statement opens each once: what
// names it twice would open the other twice.
func (t table) storedForOne(q *statement.Query) bool {
	if q.Dialect.Has(dialect.TemporaryTwice) || t.beside == nil || !t.beside() {
		return false
	}
	start := func() *statement.Query { return statement.NewQuery(statement.InWork(q.Tx, q.Stmt.Context), q.Dialect) }
	probe := start()
	if t.Write(probe); !probe.Opens() {
		return false
	}
	drop, err := t.store(start)
	if err != nil {
		_ = q.Tx.AddError(err)
		return true
	}
	q.Later(drop)
	return true
}

// With writes the WITH clause of walks for the components up to the last one, before a SELECT.
func With(q *statement.Query, last *policy.Component, walks ...*Walk) {
	TablesOf(last, walks...).With(q)
}

// Write executes an UPDATE or DELETE that reads the tables, and tells how many rows it changed. Where no WITH may stand before
// such a statement, the tables are temporary ones while it runs.
func (tables Tables) Write(tx statement.Session, write func(q *statement.Query)) (rows int64, err error) {
	if len(tables) > 0 && !tx.Dialect.Has(dialect.WithBeforeWrite) {
		return tables.stored(tx, func() (int64, error) { return Tables(nil).Write(tx, write) })
	}
	q := tx.Query()
	tables.With(q)
	write(q)
	return q.Exec()
}

// WriteRows does the same with one of rows that a condition tells, which are looked up by their keys where the database can be told to.
func (tables Tables) WriteRows(tx statement.Session, rows statement.Rows, condition func(q *statement.Query), write func(q *statement.Query, rows statement.Rows)) (int64, error) {
	if !rows.LookedUp() {
		return tables.Write(tx, func(q *statement.Query) { write(q, rows) })
	}
	return tables.stored(tx, func() (changed int64, err error) {
		drop, err := rows.Store(func() *statement.Query { return tx.Query() }, statement.FoundRows, condition)
		if err != nil {
			return 0, err
		}
		q := tx.Query()
		write(q, rows)
		if changed, err = q.Exec(); err != nil {
			return 0, err
		}
		return changed, drop()
	})
}

// stored runs what reads the tables while they are temporary ones. Where that fails, the end of the unit of work drops them.
func (tables Tables) stored(tx statement.Session, run func() (int64, error)) (rows int64, err error) {
	drops := make([]func() error, len(tables))
	for i, t := range tables {
		if drops[i], err = t.store(func() *statement.Query { return tx.Query() }); err != nil {
			return 0, err
		}
	}
	if rows, err = run(); err != nil {
		return 0, err
	}
	for _, drop := range slices.Backward(drops) {
		if err := drop(); err != nil {
			return 0, err
		}
	}
	return rows, nil
}
