package statement

import (
	"fmt"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room keeps the database from removing or changing rows that it hides from the session, by the foreign keys of rows that a single
// statement removes. What it is about to do to the rows that show is counted before, what it has done to all of them afterwards.

// Leaving are rows of a table that are about to be removed.
type Leaving struct {
	Table string
	// Among writes the condition that a row of the table, under an alias, is one of them.
	Among func(q *Query, alias string)
	// With begins a SELECT with the tables that Among reads; nil where it reads none.
	With func(q *Query)
}

// Unseen watches over removals of one unit of work.
type Unseen struct{ asked, hides bool }

// watchedTable is a table that may have hidden rows.
type watchedTable struct {
	table, key string          // key is a foreign key that leads there
	removed    []condition     // the rows that foreign keys remove
	before     dialect.Changes // by the transaction so far
	expected   dialect.Changes // what shows
}

// condition writes a condition on rows under an alias.
type condition func(q *Query, alias string)

// Remove runs what removes rows, and gives their number. One by which the database has removed or changed more rows than show is refused;
// the unit of work is undone then. It asks once whether the database hides anything that could be reached.
func (u *Unseen) Remove(tx Session, rows Leaving, remove func() (int64, error)) (removed int64, err error) {
	if !u.asked {
		if u.hides, err = tx.Dialect.HidesRows(tx.InWork(tx.Statement.Context).DB); err != nil {
			return 0, err
		}
		u.asked = true
	}
	if !u.hides {
		return remove()
	}
	own, err := tx.Dialect.SameName(tx.InWork(tx.Statement.Context).DB, rows.Table)
	if err != nil {
		return 0, err
	}
	watched, err := watch(tx, rows, own)
	if err != nil {
		return 0, err
	}
	if removed, err = remove(); err != nil {
		return removed, err
	}
	for _, t := range watched {
		now, _, err := tx.Dialect.ChangesSoFar(tx.InWork(tx.Statement.Context).DB, t.table)
		if err != nil {
			return removed, err
		}
		done := now.Since(t.before)
		if t.table == own {
			done.Removed -= removed
		}
		if hidden := max(done.Removed-t.expected.Removed, 0) + max(done.Changed-t.expected.Changed, 0); hidden > 0 {
			return removed, fault.UnseenRows(t.table, t.key, hidden)
		}
	}
	return removed, nil
}

// watch finds the tables with hidden rows that foreign keys lead to, and counts what shows there.
func watch(tx Session, rows Leaving, own string) (watched []*watchedTable, err error) {
	var counts Tally
	of := func(key dialect.Reference) *watchedTable {
		for _, t := range watched {
			if t.table == key.Table {
				return t
			}
		}
		watched = append(watched, &watchedTable{table: key.Table, key: key.Name})
		return watched[len(watched)-1]
	}
	type reached struct {
		Leaving
		depth int
	}
	seen := map[string]bool{}
	for queue := []reached{{rows, 0}}; len(queue) > 0; queue = queue[1:] {
		gone := queue[0]
		keys, err := tx.Dialect.ReferencesTo(tx.InWork(tx.Statement.Context).DB, gone.Table)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			refers := func(q *Query, alias string) {
				gone.refers(q, key, alias, "softdelete_p"+strconv.Itoa(gone.depth))
				if key.Table == own {
					rows.Among(q.Text(" AND NOT "), alias)
				}
			}
			switch {
			case !key.Unseen:
			case key.OnDelete == dialect.Removes:
				of(key).removed = append(of(key).removed, refers)
			case key.OnDelete == dialect.Unlinks:
				t := of(key)
				counts.Add(func(q *Query) { rowsOf(q, key.Table, refers) }, func(rows int64) { t.expected.Changed += rows })
			}
			if text := fmt.Sprint(gone.Table, key); key.OnDelete == dialect.Removes && !seen[text] {
				seen[text] = true
				queue = append(queue, reached{Leaving{Table: key.Table, Among: refers}, gone.depth + 1})
			}
		}
	}
	for _, t := range watched {
		if len(t.removed) > 0 {
			counts.Add(func(q *Query) { rowsOf(q, t.table, t.removed...) }, func(rows int64) { t.expected.Removed += rows })
		}
	}
	q := tx.Query()
	if rows.With != nil && len(watched) > 0 {
		rows.With(q)
	}
	if err := counts.Run(q); err != nil {
		return nil, err
	}
	for _, t := range watched {
		counted := false
		if t.before, counted, err = tx.Dialect.ChangesSoFar(tx.InWork(tx.Statement.Context).DB, t.table); err != nil {
			return nil, err
		}
		if !counted {
			return nil, fault.UncountedRows(t.table, t.key)
		}
	}
	return watched, nil
}

// refers writes the condition that a row refers by a key to one that goes, which has the name parent.
func (l Leaving) refers(q *Query, key dialect.Reference, alias, parent string) {
	q.Text("EXISTS (SELECT 1 FROM ").Name(l.Table).Text(" AS ").Name(parent).Text(" WHERE ")
	for i, column := range key.Columns {
		q.Column(alias, column).Text(" = ").Column(parent, key.Parents[i]).Text(" AND ")
	}
	l.Among(q, parent)
	q.Text(")")
}

// rowsOf writes FROM and WHERE of the rows of a table that fulfil one of the conditions.
func rowsOf(q *Query, table string, any ...condition) {
	const alias = "softdelete_seen"
	q.Text(" FROM ").Name(table).Text(" AS ").Name(alias).Text(" WHERE ")
	Joined(q, any, " OR ", func(c condition) {
		q.Text("(")
		c(q, alias)
		q.Text(")")
	})
}
