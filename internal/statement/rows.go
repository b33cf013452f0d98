package statement

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// This room is for rows that are locked or written where a statement which does so locks all that it reads, as Dialect.ByKey says: of a small
// table it would sooner read all rows, and wait for those that others have locked. There one that locks nothing finds the rows, and they are
// looked up by their keys.

// Keyed knows the primary keys of tables. What it has found it remembers until a migration.
type Keyed struct {
	primary sync.Map // names of tables to []string
}

// Forget makes the next calls look at the tables again.
func (k *Keyed) Forget() { k.primary.Clear() }

// Rows are rows of a table, under an alias if that is not empty, that are locked in the order of a key, if there is one.
type Rows struct {
	Table, Alias string
	Key          []string
	// Told are further columns that tell one: a row in which they have changed until it is locked is another.
	Told []string
	// way is how they are looked up, see Dialect.ByKey; empty where they are found as the database likes.
	way string
	// stored is the temporary table with their keys; empty where they are in none.
	stored string
}

// Rows gives rows of a table, which are looked up by the key if that is the table's primary one.
func (k *Keyed) Rows(tx Session, table, alias string, key []string) (Rows, error) {
	r := Rows{Table: table, Alias: alias, Key: key}
	way := tx.Dialect.ByKey()
	if way == "" || len(key) == 0 {
		return r, nil
	}
	primary, ok := k.primary.Load(table)
	if !ok {
		session, quoted := asking(tx.InWork(tx.Statement.Context)), QuoteName(tx.DB, table)
		found, err := session.Dialect.PrimaryKey(session.DB, table)
		if err != nil {
			return r, failed(session.Dialect, err, quoted)
		}
		if primary = found; len(found) > 0 { // a table that is not there yet may come with any
			k.primary.Store(table, found)
		}
	}
	if slices.Equal(primary.([]string), key) {
		r.way = way
	}
	return r, nil
}

// LookedUp tells whether they are looked up by their keys.
func (r Rows) LookedUp() bool { return r.way != "" }

// FoundRows is a table of the keys of rows that were found.
const FoundRows = "softdelete_found"

func (r Rows) qualifier() string {
	if r.Alias != "" {
		return r.Alias
	}
	return r.Table
}

// named is the table, and its alias.
func (r Rows) named(q *Query) string {
	if r.Alias != "" {
		return QuoteName(q.Tx, r.Table) + " AS " + r.Alias
	}
	return QuoteName(q.Tx, r.Table)
}

// Each writes the SELECT for CountLocked of the rows that fulfil a condition, in the order of their keys. A row that is looked up is locked
// though it has ceased to fulfil it while that was waited for.
func (r Rows) Each(q *Query, condition func()) {
	if !r.LookedUp() {
		q.Text("SELECT 1 FROM ", r.named(q), " WHERE ")
		condition()
		if len(r.Key) > 0 {
			q.Text(" ORDER BY ").ColumnsNamed(r.qualifier(), r.Key)
		}
		return
	}
	q.Text("SELECT 1 FROM (")
	r.find(q, condition, r.Told...)
	q.Text(" LIMIT ", noLimit, ") AS ", FoundRows, q.Dialect.ByFound(r.named(q)), " WHERE ", r.same(q, FoundRows, r.Told...))
}

// noLimit is a limit beyond all rows, without which the order of a table in FROM is nobody's.
const noLimit = "9223372036854775807"

// find writes the SELECT of the keys, in their order, with further columns.
func (r Rows) find(q *Query, condition func(), further ...string) {
	q.Text("SELECT ")
	for i, column := range slices.Concat(r.Key, further) {
		if i > 0 {
			q.Text(", ")
		}
		q.Column(r.qualifier(), column).Text(" AS ", foundKey(i))
	}
	q.Text(" FROM ", r.named(q), " WHERE ")
	condition()
	q.Text(" ORDER BY ").ColumnsNamed(r.qualifier(), r.Key)
}

func foundKey(i int) string { return "softdelete_key" + strconv.Itoa(i) }

// same is the condition that a row is one of a table with what find selects.
func (r Rows) same(q *Query, found string, further ...string) string {
	columns := slices.Concat(r.Key, further)
	same := make([]string, len(columns))
	for i, column := range columns {
		same[i] = q.Quoted(r.qualifier(), column) + " = " + found + "." + foundKey(i)
	}
	return strings.Join(same, " AND ")
}

// Store puts the keys of the rows that fulfil a condition into a temporary table, by which Update and Delete find them from then on. It
// returns what drops the table.
func (r *Rows) Store(start func() *Query, table string, condition func(q *Query)) (drop func() error, err error) {
	q := start()
	create, _ := q.Dialect.TemporaryTable(table, "")
	q.Text(create)
	r.find(q, func() { condition(q) })
	if err := q.MakeTemporary(table); err != nil {
		return nil, err
	}
	r.stored = table
	return func() error { return start().DropTemporary(table) }, nil
}

// Update begins an UPDATE of the rows, up to what it sets.
func (r Rows) Update(q *Query) *Query {
	if r.stored == "" {
		return q.Update(r.Table)
	}
	return q.Text(q.Dialect.UpdateFound(r.stored, QuoteName(q.Tx, r.Table), r.same(q, r.stored)))
}

// Delete begins a DELETE of them, up to its condition.
func (r Rows) Delete(q *Query) *Query {
	if r.stored == "" {
		return q.DeleteFrom(r.Table)
	}
	open, from := r.DeleteClauses(q)
	return q.Text(open, " ", from, " WHERE ")
}

// DeleteClauses are the two clauses of a DELETE of the rows that stand before its condition, once their keys are stored.
func (r Rows) DeleteClauses(q *Query) (open, from string) {
	return q.Dialect.DeleteFound(r.stored, QuoteName(q.Tx, r.Table), r.same(q, r.stored))
}
