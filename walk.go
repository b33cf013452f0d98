package softdelete

import (
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// walk finds rows along the relations of a graph, in the database: every component becomes one table of a WITH clause that
// holds the keys of the rows found, a recursive one where models refer to each other.
type walk struct {
	graph *graph
	// prefix names the WITH tables.
	prefix string
	// base writes the SELECT of the rows of a node where the walk begins; nil where it begins at none of them.
	base func(n *node) func(q *query)
	// step writes the condition that a row of a node is one to find, beside the relation's keys. parent and child are
	// aliases.
	step func(q *query, e *edge, parent, child string)
	// flat leaves the relations out: the walk ends where it begins.
	flat bool
	// marked adds a column to the WITH tables, markColumn, that base writes and every step takes along.
	marked bool
	// stored are components whose rows were put into a temporary table, see store.
	stored map[*component]bool
	// keys are the primary keys of the root's rows where they are known, and few: they stand in for the root's WITH table.
	// The graph must be byKey.
	keys [][]any
	// deleted makes the walk one over deleted rows, which some models have in a table of their own; archive one over the
	// rows of that table and the live ones.
	deleted, archive bool
}

// source writes a node's table, for an alias to follow.
func (w *walk) source(q *query, p *policy) {
	switch {
	case w.deleted:
		q.name(p.deletedTable())
	case w.archive && p.archives():
		q.text(bothTables(p, func(name string) string { return quoteName(q.tx, name) }))
	default:
		q.name(p.schema.Table)
	}
}

// identity are the fields that tell a node's rows apart. A key may be archived many times, by one deletion once.
func (w *walk) identity(p *policy) []*schema.Field {
	if w.deleted && p.archives() {
		return append(slices.Clone(p.schema.PrimaryFields), p.id)
	}
	return p.schema.PrimaryFields
}

// markColumn is the column of a marked walk.
const markColumn = "mark"

// table is the name of a component's WITH table.
func (w *walk) table(c *component) string { return fmt.Sprintf("%s%d", w.prefix, c.index) }

// with writes the WITH clause of walks for the components up to the last one, and a space after it. A walk over another
// graph than that of the last component is written as a whole.
func with(q *query, last *component, walks ...*walk) {
	type table struct {
		walk      *walk
		component *component
	}
	var tables []table
	recursive := false
	for _, w := range walks {
		components := w.graph.components
		if slices.Contains(components, last) {
			components = components[:last.index+1]
		}
		for _, c := range components {
			if !w.stored[c] && !w.known(c.nodes[0]) {
				tables = append(tables, table{w, c})
				recursive = recursive || len(c.inner) > 0 && !w.flat
			}
		}
	}
	if len(tables) == 0 {
		return
	}
	q.text("WITH ")
	if recursive {
		q.text("RECURSIVE ")
	}
	joined(q, tables, ", ", func(t table) {
		q.name(t.walk.table(t.component)).text(" (")
		joined(q, t.walk.columns(t.component), ", ", func(column string) { q.text(column) })
		q.text(") AS (")
		t.walk.component(q, t.component)
		q.text(")")
	})
	q.text(" ")
}

// with writes the WITH clause for the components up to the last one.
func (w *walk) with(q *query, last *component) { with(q, last, w) }

// nodeColumn tells rows of different nodes in one WITH table apart.
const nodeColumn = "node"

// known tells whether the node's rows are written as their keys.
func (w *walk) known(n *node) bool { return w.keys != nil && n == w.graph.nodes[0] }

// knownKeys writes the keys as a list in parentheses.
func (w *walk) knownKeys(q *query) {
	q.text("(")
	joined(q, w.keys, ", ", func(key []any) { q.bind(key[0]) }).text(")")
}

// columns are the columns of the component's WITH table.
func (w *walk) columns(c *component) []string {
	var columns []string
	if len(c.nodes) > 1 {
		columns = append(columns, nodeColumn)
	}
	for _, n := range c.nodes {
		for _, carried := range n.carried {
			columns = append(columns, carried.alias)
		}
	}
	if w.marked {
		columns = append(columns, markColumn)
	}
	return columns
}

// component writes the query of one WITH table.
func (w *walk) component(q *query, c *component) {
	written := false
	union := func() {
		if written {
			q.text(" UNION ")
		}
		written = true
	}
	for _, n := range c.nodes {
		if base := w.base(n); base != nil {
			union()
			base(q)
		}
		for _, e := range n.in {
			if !w.flat {
				union()
				from := func() { q.name(w.table(e.from.component)).text(" AS p") }
				if w.known(e.from) {
					from = nil
				}
				w.selectStep(q, e, from)
			}
		}
	}
	if !written {
		// Nothing leads here; an empty table keeps the statement whole.
		c.nodes[0].selectCarried(q, w, "t")
		if w.marked {
			q.text(", ''")
		}
		q.text(" FROM ")
		w.source(q, c.nodes[0].policy)
		q.text(" AS t WHERE 1 = 0")
	}
	if len(c.inner) == 0 || w.flat {
		return
	}
	self := func() { q.name(w.table(c)).text(" AS p") }
	if len(c.inner) == 1 || q.dialect.Has(dialect.CompoundRecursion) {
		for _, e := range c.inner {
			q.text(" UNION ")
			w.selectStep(q, e, self)
		}
		return
	}
	q.text(" UNION SELECT x.* FROM ")
	self()
	q.text(" CROSS JOIN LATERAL (")
	joined(q, c.inner, " UNION ALL ", func(e *edge) { w.selectStep(q, e, nil) })
	q.text(") AS x")
}

// selectStep writes the SELECT of the rows that an edge leads to. from writes the WITH table to join with, as p; without
// it, p is known from outside, or not needed.
func (w *walk) selectStep(q *query, e *edge, from func()) {
	e.to.selectCarried(q, w, "c")
	if w.marked {
		q.text(", p.", markColumn)
	}
	q.text(" FROM ")
	w.source(q, e.to.policy)
	q.text(" AS c")
	if from != nil {
		q.text(", ")
		from()
	}
	q.text(" WHERE ")
	if w.known(e.from) {
		e.matchIn(q, w, "c")
	} else {
		e.match(q, "p", "c")
	}
	w.step(q, e, "p", "c")
}

// selectCarried writes SELECT and the node's columns from a table or alias, in the form of its component's WITH table.
func (n *node) selectCarried(q *query, w *walk, table string) {
	q.text("SELECT ")
	if len(n.component.nodes) > 1 {
		q.text(strconv.Itoa(n.index), ", ")
	}
	first := true
	for _, other := range n.component.nodes {
		for _, carried := range other.carried {
			if !first {
				q.text(", ")
			}
			first = false
			if other == n {
				q.column(table, carried.name)
				continue
			}
			// A NULL of the column's type.
			q.text("(SELECT ").name(carried.name).text(" FROM ")
			w.source(q, other.policy)
			q.text(" AS none WHERE 1 = 0)")
		}
	}
}

// match writes the condition that a child's row refers to a row of the WITH table, both by alias.
func (e *edge) match(q *query, parent, child string) {
	if len(e.from.component.nodes) > 1 {
		q.column(parent, nodeColumn).text(" = ", strconv.Itoa(e.from.index), " AND ")
	}
	joined(q, e.keys, " AND ", func(key keyPair) {
		q.column(child, key.child.DBName).text(" = ")
		q.text(parentValue(q, key, q.quoted(parent, e.from.carry(key.parent.DBName))))
	})
	e.matchFixed(q, child)
}

// matchIn writes the condition that a child's row refers to any row of the WITH table.
func (e *edge) matchIn(q *query, w *walk, child string) {
	children := make([]*schema.Field, len(e.keys))
	for i, key := range e.keys {
		children[i] = key.child
	}
	q.key(child, children).text(" IN ")
	if w.known(e.from) {
		w.knownKeys(q)
		e.matchFixed(q, child)
		return
	}
	q.text("(SELECT ")
	joined(q, e.keys, ", ", func(key keyPair) {
		q.text(parentValue(q, key, e.from.carry(key.parent.DBName)))
	})
	q.text(" FROM ").name(w.table(e.from.component))
	w.onlyNode(q, e.from)
	q.text(")")
	e.matchFixed(q, child)
}

// onlyNode writes the condition that a row of the WITH table is one of the node.
func (w *walk) onlyNode(q *query, n *node) {
	if len(n.component.nodes) > 1 {
		q.text(" WHERE ", nodeColumn, " = ", strconv.Itoa(n.index))
	}
}

// matchFixed writes the type of a polymorphic relation.
func (r *relation) matchFixed(q *query, child string) {
	for _, fixed := range r.fixed {
		q.text(" AND ").column(child, fixed.child.DBName).text(" = ").bind(fixed.value)
	}
}

// parentValue is a parent's key as the child's column compares with it: a polymorphic key may be text where the parent's is
// a number.
func parentValue(q *query, key keyPair, parent string) string {
	if key.asText() {
		return q.dialect.Text(parent)
	}
	return parent
}

// asText tells whether the parent's key is compared as text.
func (k keyPair) asText() bool {
	return k.child.GORMDataType == schema.String && k.parent.DataType != k.child.DataType
}

// inWalk writes the condition that a row's key is among the node's rows in the WITH table.
func (w *walk) inWalk(q *query, n *node, table string) {
	if w.known(n) {
		q.key(table, w.identity(n.policy)).text(" IN ")
		w.knownKeys(q)
		return
	}
	w.among(q, n.policy, table, func() { w.selectKeys(q, n) })
}

// among writes the condition that the columns which tell a model's row are among what a SELECT gives. Of an archive that was
// empty when it was last looked at the planner expects one row still, and would compare each row with each: it is told to
// look them up by the first column of the key, and to compare the others with a list.
func (w *walk) among(q *query, p *policy, table string, selected func()) {
	identity := w.identity(p)
	among := func() {
		q.key(table, identity).text(" IN (")
		selected()
		q.text(")")
	}
	if !q.dialect.Has(dialect.Estimates) || len(identity) == len(p.schema.PrimaryFields) {
		among()
		return
	}
	first := identity[0].DBName
	open, shut := q.dialect.Among()
	q.column(table, first).text(open, "SELECT softdelete_chosen.softdelete_key FROM (")
	selected()
	q.text(") AS softdelete_chosen (softdelete_key)", shut, " AND ").opaque(among)
}

// notInWalk writes the condition that a row's key is not among the node's rows in the WITH table.
func (w *walk) notInWalk(q *query, n *node, table string) {
	if w.known(n) || !q.dialect.Has(dialect.Estimates) {
		q.text("NOT (")
		w.inWalk(q, n, table)
		q.text(")")
		return
	}
	// Not NOT IN: where many rows are expected, the database would compare each row with each.
	q.text("NOT EXISTS (SELECT 1 FROM ").name(w.table(n.component)).text(" WHERE ")
	joined(q, w.identity(n.policy), " AND ", func(field *schema.Field) {
		q.text(n.carry(field.DBName), " = ").column(table, field.DBName)
	})
	if len(n.component.nodes) > 1 {
		q.text(" AND ", nodeColumn, " = ", strconv.Itoa(n.index))
	}
	q.text(")")
}

// selectKeys writes the SELECT of the keys of the node's rows in the WITH table.
func (w *walk) selectKeys(q *query, n *node) {
	q.text("SELECT ")
	joined(q, w.identity(n.policy), ", ", func(field *schema.Field) { q.text(n.carry(field.DBName)) })
	q.text(" FROM ").name(w.table(n.component))
	w.onlyNode(q, n)
}

// store puts the rows of a component of several models into a temporary table: writing the rows of one model would change
// what the walk finds in the others. It returns what drops the table again. Other components need none of this.
func (w *walk) store(start func() *query, c *component) (drop func() error, err error) {
	if len(c.nodes) == 1 {
		return func() error { return nil }, nil
	}
	table := w.table(c)
	// The table first, then the rows: databases take no bound values in CREATE TABLE AS.
	q := start().text("CREATE TEMPORARY TABLE ").name(table).text(" AS WITH none (")
	joined(q, w.columns(c), ", ", func(column string) { q.text(column) })
	q.text(") AS (")
	joined(q, c.nodes, " UNION ALL ", func(n *node) {
		n.selectCarried(q, w, "t")
		q.text(" FROM ")
		w.source(q, n.policy)
		q.text(" AS t WHERE 1 = 0")
	})
	if _, err := q.text(") SELECT * FROM none").exec(); err != nil {
		return nil, err
	}
	q = start()
	q.text("INSERT INTO ").name(table).text(" ")
	w.with(q, c)
	if _, err := q.text("SELECT * FROM ").name(table).exec(); err != nil {
		return nil, err
	}
	if w.stored == nil {
		w.stored = map[*component]bool{}
	}
	w.stored[c] = true
	return func() error {
		delete(w.stored, c)
		_, err := start().text("DROP TABLE ").name(table).exec()
		return err
	}, nil
}
