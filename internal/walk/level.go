package walk

import (
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room puts the rows of a walk over a wide graph into a temporary table, a model at a time: one statement for all would be as
// long as the graph and planned as a whole each time, and some databases bound its parts. Where a model has no rows, nothing is
// looked for under it.

// mostParts is how many SELECTs one statement combines. SQLite takes 500.
const mostParts = 100

// StoreAll puts the rows of a walk that is one table into a temporary one, for a transaction that asks for them often: databases read
// a WITH table anew for each place that names it. It returns what drops the table again. Other walks need none of this, and one
// whose rows are there keeps them.
func (w *Walk) StoreAll(start func() *statement.Query) (drop func() error, err error) {
	return w.StoreLevels(start, func(*policy.Node) error { return nil })
}

// StoreLevels does the same, and calls found for every node with rows before it looks for those under them.
func (w *Walk) StoreLevels(start func() *statement.Query, found func(n *policy.Node) error) (drop func() error, err error) {
	if !w.whole() || w.all {
		return keepAll, nil
	}
	q := start()
	w.name(q)
	create, index := q.Dialect.TemporaryTable(q.Quoted("", w.Prefix), q.Quoted("", w.Prefix+"_rows"), w.lookedUp(q.Dialect)...)
	q.Text(create, "WITH none (")
	statement.Joined(q, w.columns(w.Graph.Components[0]), ", ", func(column string) { q.Text(column) })
	q.Text(") AS (")
	w.nothing(q, w.Graph.Nodes[0])
	if err := q.Text(") SELECT * FROM none").MakeTemporary(w.Prefix); err != nil {
		return nil, err
	}
	if index != "" {
		if _, err := start().Text(index).Exec(); err != nil {
			return nil, err
		}
	}
	w.all = true // from here on the table's name means it
	levels := levels{walk: w, start: start, rows: map[*policy.Node]int64{}}
	if err := levels.begin(); err != nil {
		return nil, err
	}
	for _, c := range w.Graph.Components {
		if err := levels.component(c); err != nil {
			return nil, err
		}
		for _, n := range c.Nodes {
			if levels.rows[n] == 0 {
				continue
			}
			if err := found(n); err != nil {
				return nil, err
			}
		}
	}
	if start().Dialect.Has(dialect.Estimates) {
		if _, err := start().Text("ANALYZE ").Name(w.Prefix).Exec(); err != nil {
			return nil, err
		}
	}
	if err := levels.end(); err != nil {
		return nil, err
	}
	w.none = true
	for _, rows := range levels.rows {
		w.none = w.none && rows == 0
	}
	return func() error { return w.drop(start) }, nil
}

// Empty tells whether the walk's rows are in a table, and there are none.
func (w *Walk) Empty() bool { return w.all && w.none }

// name chooses the name of the walk's temporary tables: a hook of another call, whose tables are there, may have made this one.
func (w *Walk) name(q *statement.Query) {
	if depth := statement.Depth(q.Stmt.Context); depth > 0 && !w.named {
		w.Prefix = "depth" + strconv.Itoa(depth) + "_" + w.Prefix
	}
	w.named = true
}

// StoreAnew does the same as StoreAll where the rows may be there already: as they are now.
func (w *Walk) StoreAnew(start func() *statement.Query) (drop func() error, err error) {
	if w.all {
		if err := w.drop(start); err != nil {
			return nil, err
		}
	}
	return w.StoreAll(start)
}

// drop drops the table.
func (w *Walk) drop(start func() *statement.Query) error {
	w.all = false
	return start().DropTemporary(w.Prefix)
}

// lookedUp are the columns by which rows of the table are looked up.
func (w *Walk) lookedUp(d *dialect.Dialect) []string {
	if !d.IndexesLongValues() && !w.Graph.KeepsIntegers(0) {
		return []string{NodeColumn}
	}
	return []string{NodeColumn, "k0"}
}

// Stored runs what asks for the walk's rows often, while they are in a table: see StoreAll.
func (w *Walk) Stored(start func() *statement.Query, run func() error) error {
	drop, err := w.StoreAll(start)
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err // the end of the unit of work drops the table too
	}
	return drop()
}

// keepAll drops nothing.
func keepAll() error { return nil }

// levels fill the table of a walk.
type levels struct {
	walk  *Walk
	start func() *statement.Query
	// rows are how many were found of each node; of nodes that reach each other, how many of all of them.
	rows map[*policy.Node]int64
	// gathers tells that there is a table beside the walk's, see gather.
	gathers bool
}

// begin finds the rows where the walk begins.
func (l *levels) begin() error {
	w := l.walk
	var parts []func(q *statement.Query)
	for _, n := range w.Graph.Nodes {
		if base := w.Base(n); base != nil && !w.known(n) {
			parts = append(parts, base)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	if rows, err := l.insertBases(parts); err != nil || rows == 0 {
		return err
	}
	q := l.start().Text("SELECT ", NodeColumn, ", count(*) FROM ").Name(w.Prefix).Text(" GROUP BY ", NodeColumn)
	return q.Rows(func(scan func(...any) error) error {
		var node int
		var rows int64
		err := scan(&node, &rows)
		l.rows[w.Graph.Nodes[node]] = rows
		return err
	})
}

// component finds the rows of a component: those under rows of other components, and what is under these inside it.
func (l *levels) component(c *policy.Component) error {
	if !l.start().Dialect.Has(dialect.TemporaryTwice) {
		return l.gather(c)
	}
	w := l.walk
	var all int64
	for _, n := range c.Nodes {
		var parts []func(q *statement.Query)
		for _, e := range n.In {
			if !w.Flat && (w.known(e.From) || l.rows[e.From] > 0) {
				parts = append(parts, func(q *statement.Query) { l.step(q, e, w.Prefix) })
			}
		}
		rows, err := l.insert(parts, []*policy.Node{n}, l.rows[n] > 0)
		if err != nil {
			return err
		}
		l.rows[n] += rows
		all += l.rows[n]
	}
	if len(c.Inner) == 0 || all == 0 || w.Flat {
		return nil
	}
	for _, n := range c.Nodes {
		l.rows[n] = all
	}
	return l.inner(c)
}

// inner follows the relations inside a component until they lead to nothing new.
func (l *levels) inner(c *policy.Component) error {
	w := l.walk
	chunks := slices.Collect(slices.Chunk(c.Inner, mostParts))
	for more := true; more; {
		more = false
		for _, steps := range chunks {
			q := l.start().Text("INSERT INTO ").Name(w.Prefix).Text(" WITH RECURSIVE ").Name(w.own(c)).Text(" AS (SELECT * FROM ").Name(w.Prefix)
			l.only(q, c.Nodes)
			w.recurse(q, w.own(c), steps)
			q.Text(") SELECT * FROM ").Name(w.own(c)).Text(" EXCEPT SELECT * FROM ").Name(w.Prefix)
			l.only(q, c.Nodes)
			rows, err := q.Exec()
			if err != nil {
				return err
			}
			more = more || rows > 0 && len(chunks) > 1
		}
	}
	return nil
}

// insert puts what the parts select into the table, each row once, and tells how many came. Of the nodes it may have rows already
// where some is set.
func (l *levels) insert(parts []func(q *statement.Query), nodes []*policy.Node, some bool) (rows int64, err error) {
	for chunk := range slices.Chunk(parts, mostParts) {
		q := l.start().Text("INSERT INTO ").Name(l.walk.Prefix).Text(" ")
		statement.Joined(q, chunk, " UNION ", func(part func(q *statement.Query)) { part(q) })
		if some || rows > 0 {
			l.only(q.Text(" EXCEPT SELECT * FROM ").Name(l.walk.Prefix), nodes)
		}
		more, err := q.Exec()
		if err != nil {
			return 0, err
		}
		rows += more
	}
	return rows, nil
}

// insertBases puts the rows into the table where the walk begins, each model's by itself where it would read copies of temporary tables
// otherwise.
func (l *levels) insertBases(parts []func(q *statement.Query)) (rows int64, err error) {
	probe := l.start()
	for _, part := range parts {
		part(probe)
	}
	if !probe.Reopens() {
		return l.insert(parts, nil, false)
	}
	for _, part := range parts {
		more, err := l.insert([]func(q *statement.Query){part}, nil, false)
		if err != nil {
			return 0, err
		}
		rows += more
	}
	return rows, nil
}

// only writes the condition that a row of the table is one of the nodes.
func (l *levels) only(q *statement.Query, nodes []*policy.Node) { l.among(q.Text(" WHERE "), nodes) }

// among writes it without the word before it.
func (l *levels) among(q *statement.Query, nodes []*policy.Node) {
	q.Text(NodeColumn, " IN (")
	statement.Joined(q, nodes, ", ", func(n *policy.Node) { q.Text(strconv.Itoa(n.Index)) }).Text(")")
}

// step writes the SELECT of the rows that an edge leads to from rows of the table.
func (l *levels) step(q *statement.Query, e *policy.Edge, table string) {
	w := l.walk
	if w.known(e.From) || !w.looksUp(q, e) {
		from := func() { q.Name(table).Text(" AS p") }
		if w.known(e.From) {
			from = nil
		}
		w.selectStep(q, e, from)
		return
	}
	// The planner cannot know how many rows the table has, which is being filled.
	q.Text("SELECT x.* FROM ").Name(table).Text(" AS p CROSS JOIN LATERAL (")
	w.selectStep(q, e, nil)
	q.Text(" OFFSET 0) AS x WHERE p.", NodeColumn, " = ", strconv.Itoa(e.From.Index))
}
