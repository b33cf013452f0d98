// Package walk finds rows along the relations of models, at any depth, in one recursive statement, and hands them on to the
// statement that counts, locks or changes them.
package walk

import (
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Walk finds rows along the relations of a graph, in the database: every component becomes one table of a WITH clause that
// holds the keys of the rows found, a recursive one where models refer to each other.
type Walk struct {
	Graph *policy.Graph
	// Prefix names the WITH tables.
	Prefix string
	// Base writes the SELECT of the rows of a node where the walk begins; nil where it begins at none of them.
	Base func(n *policy.Node) func(q *statement.Query)
	// Step writes the condition that a row of a node is one to find, beside the relation's keys. parent and child are
	// aliases.
	Step func(q *statement.Query, e *policy.Edge, parent, child string)
	// Flat leaves the relations out: the walk ends where it begins.
	Flat bool
	// Marked adds a column to the WITH tables, MarkColumn, that base writes and every step takes along.
	Marked bool
	// Rooted adds a column to the WITH tables, RootColumn, that is 1 in the rows where the walk begins. Base writes it. A row that a
	// step leads to also is there twice.
	Rooted bool
	// stored are components whose rows were put into a temporary table, see store.
	stored map[*policy.Component]bool
	// all tells that all of the walk's rows are in a temporary table, see StoreAll.
	all bool
	// named tells that the name of temporary tables is chosen.
	named bool
	// none tells that this table has no rows.
	none bool
	// Keys are the primary keys of the root's rows where they are known, and few: they stand in for the root's WITH table.
	// The graph must be ByKey.
	Keys [][]any
	// In gives the places in which the walk looks for a model's rows; nil for the model's table alone.
	In func(p *policy.Policy) []policy.Place
	// Live tells that Step asks for live rows, by the condition that indexes over these have.
	Live bool
	// Within makes With write the last component alone: the walk begins at the rows of its nodes that Base selects.
	Within bool
	// Addressed tells of which archives rows are told apart by their addresses; nil for none.
	Addressed map[*policy.Policy]bool
}

// Source writes a node's table, for an alias to follow.
func (w *Walk) Source(q *statement.Query, p *policy.Policy) {
	q.Text(Rows(w.places(p), quoteIn(q)))
}

// Identity are the fields that tell a node's rows apart.
func (w *Walk) Identity(p *policy.Policy) []*schema.Field {
	if w.In != nil {
		if places := w.In(p); len(places) == 1 && places[0].Archived && w.Addressed[p] {
			return []*schema.Field{{DBName: p.Dialect().RowAddress()}}
		} else if len(places) == 1 {
			return places[0].Key()
		}
	}
	return p.Schema.PrimaryFields
}

// MarkColumn is the column of a marked walk.
const MarkColumn = "mark"

// RootColumn is the column of a rooted walk.
const RootColumn = "root"

// table is the name of a component's table.
func (w *Walk) table(c *policy.Component) string {
	if w.whole() && !w.stored[c] {
		return w.Prefix
	}
	return w.own(c)
}

// From writes the name of a component's table, for a statement to read.
func (w *Walk) From(q *statement.Query, c *policy.Component) *statement.Query {
	if w.all || w.stored[c] {
		return q.Temporary(w.table(c))
	}
	return q.Name(w.table(c))
}

// own is a name for a table of the component alone.
func (w *Walk) own(c *policy.Component) string { return fmt.Sprintf("%s%d", w.Prefix, c.Index) }

// With writes the WITH clause for the components up to the last one, before a SELECT.
func (w *Walk) With(q *statement.Query, last *policy.Component) { w.Tables(last).With(q) }

// NodeColumn tells rows of different nodes in one WITH table apart.
const NodeColumn = "node"

// known tells whether the node's rows are written as their keys.
func (w *Walk) known(n *policy.Node) bool { return w.Keys != nil && n == w.Graph.Nodes[0] }

// amongKnown writes the condition that a column holds one of the keys.
func (w *Walk) amongKnown(q *statement.Query, table string, field *schema.Field) {
	values := make([]any, len(w.Keys))
	for i, key := range w.Keys {
		values[i] = key[0]
	}
	q.FieldAmong(table, field, values)
}

// columns are the columns of the component's WITH table.
func (w *Walk) columns(c *policy.Component) []string {
	var columns []string
	if c.Nodes[0].SharesTable() {
		columns = append(columns, NodeColumn)
	}
	for _, n := range c.Nodes {
		if w.Graph.Wide {
			break
		}
		for _, carried := range n.Carried {
			columns = append(columns, carried.Alias)
		}
	}
	for i := range w.Graph.Slots {
		columns = append(columns, fmt.Sprintf("k%d", i))
	}
	if w.Marked {
		columns = append(columns, MarkColumn)
	}
	if w.Rooted {
		columns = append(columns, RootColumn)
	}
	return columns
}

// component writes the query of one WITH table.
func (w *Walk) component(q *statement.Query, c *policy.Component) {
	written := false
	union := func() {
		if written {
			q.Text(" UNION ")
		}
		written = true
	}
	for _, n := range c.Nodes {
		if base := w.Base(n); base != nil {
			union()
			base(q)
		}
		for _, e := range n.In {
			if !w.Flat && !w.Within {
				union()
				from := func() { w.From(q, e.From.Component).Text(" AS p") }
				if w.known(e.From) {
					from = nil
				}
				w.selectStep(q, e, from)
			}
		}
	}
	if !written {
		w.nothing(q, c.Nodes[0])
	}
	if len(c.Inner) > 0 && !w.Flat {
		w.recurse(q, w.table(c), c.Inner)
	}
}

// nothing writes the SELECT of an empty table, which keeps a statement whole where nothing leads to a node.
func (w *Walk) nothing(q *statement.Query, n *policy.Node) {
	SelectCarried(n, q, w, "t")
	if w.Marked {
		q.Text(", ", q.Dialect.EmptyMark())
	}
	if w.Rooted {
		q.Text(", 0")
	}
	q.Text(" FROM ")
	w.Source(q, n.Policy)
	q.Text(" AS t WHERE 1 = 0")
}

// recurse writes the recursive part of a WITH table, the steps that lead from its rows to others of it.
func (w *Walk) recurse(q *statement.Query, table string, steps []*policy.Edge) {
	self := func() { q.Name(table).Text(" AS p") }
	alone := len(steps) == 1 && !w.looksUp(q, steps[0])
	if alone || q.Dialect.Has(dialect.CompoundRecursion) {
		for _, e := range steps {
			q.Text(" UNION ")
			w.selectStep(q, e, self)
		}
		return
	}
	q.Text(" UNION SELECT x.* FROM ")
	self()
	q.Text(" CROSS JOIN LATERAL (")
	statement.Joined(q, steps, " UNION ALL ", func(e *policy.Edge) {
		if !w.looksUp(q, e) {
			w.selectStep(q, e, nil)
			return
		}
		q.Text("(")
		w.selectStep(q, e, nil)
		q.Text(" OFFSET 0)") // which the planner leaves where it is
	})
	q.Text(") AS x")
}

// looksUp tells whether the children of each row are to be looked up by an index, whatever the planner expects: it cannot know
// how often a step is repeated, and would read the whole table for each row of a chain.
func (w *Walk) looksUp(q *statement.Query, e *policy.Edge) bool {
	return q.Dialect.Has(dialect.Estimates) && w.indexed(e)
}

// indexed tells whether an index finds the children of a row in all places.
func (w *Walk) indexed(e *policy.Edge) bool {
	return !slices.ContainsFunc(w.places(e.Child), func(t policy.Place) bool { return !e.Indexed(t, w.Live) })
}

// places are those in which the walk looks for a model's rows.
func (w *Walk) places(p *policy.Policy) []policy.Place {
	if w.In == nil {
		return []policy.Place{p.Home()}
	}
	return w.In(p)
}

// selectStep writes the SELECT of the rows that an edge leads to. from writes the WITH table to join with, as p; without
// it, p is known from outside, or not needed.
func (w *Walk) selectStep(q *statement.Query, e *policy.Edge, from func()) {
	SelectCarried(e.To, q, w, "c")
	if w.Marked {
		q.Text(", p.", MarkColumn)
	}
	if w.Rooted {
		q.Text(", 0")
	}
	q.Text(" FROM ")
	inOrder := from != nil && q.Dialect.InOrder() != "" && w.indexed(e)
	if inOrder {
		from()
		q.Text(q.Dialect.InOrder())
	}
	w.Source(q, e.To.Policy)
	q.Text(" AS c")
	if from != nil && !inOrder {
		q.Text(", ")
		from()
	}
	q.Text(" WHERE ")
	if w.known(e.From) {
		MatchIn(e, q, w, "c")
	} else {
		match(e, q, "p", "c")
	}
	w.Step(q, e, "p", "c")
}

// match writes the condition that a child's row refers to a row of the WITH table, both by alias.
func match(e *policy.Edge, q *statement.Query, parent, child string) {
	if e.From.SharesTable() {
		q.Column(parent, NodeColumn).Text(" = ", strconv.Itoa(e.From.Index), " AND ")
	}
	statement.Joined(q, e.Keys, " AND ", func(key policy.KeyPair) {
		q.Column(child, key.Child.DBName).Text(" = ")
		q.Text(ParentValue(q, key, q.Quoted(parent, e.From.Carry(key.Parent.DBName))))
	})
	MatchFixed(e.Relation, q, child)
}

// MatchIn writes the condition that a child's row refers to any row of the WITH table.
func MatchIn(e *policy.Edge, q *statement.Query, w *Walk, child string) {
	children := make([]*schema.Field, len(e.Keys))
	for i, key := range e.Keys {
		children[i] = key.Child
	}
	if w.known(e.From) {
		w.amongKnown(q, child, children[0])
		MatchFixed(e.Relation, q, child)
		return
	}
	q.Key(child, children).Text(" IN (SELECT ")
	statement.Joined(q, e.Keys, ", ", func(key policy.KeyPair) {
		q.Text(ParentValue(q, key, e.From.Carry(key.Parent.DBName)))
	})
	w.From(q.Text(" FROM "), e.From.Component)
	w.onlyNode(q, e.From)
	q.Text(")")
	MatchFixed(e.Relation, q, child)
}

// onlyNode writes the condition that a row of the WITH table is one of the node.
func (w *Walk) onlyNode(q *statement.Query, n *policy.Node) {
	if n.SharesTable() {
		q.Text(" WHERE ", NodeColumn, " = ", strconv.Itoa(n.Index))
	}
}

// MatchFixed writes the type of a polymorphic relation.
func MatchFixed(r *policy.Relation, q *statement.Query, child string) {
	for _, fixed := range r.Fixed {
		q.Text(" AND ").Column(child, fixed.Child.DBName).Text(" = ").Bind(fixed.Value)
	}
}

// ParentValue is a parent's key as the child's column compares with it: a polymorphic key may be text where the parent's is
// a number.
func ParentValue(q *statement.Query, key policy.KeyPair, parent string) string {
	if key.AsText() {
		switch q.Dialect.KeyColumn(key.Parent).Kind {
		case dialect.KeyText, dialect.KeyPadded, dialect.KeyOther: // which compares by the collation that it has
			return q.Dialect.Text(parent)
		}
		return rowkey.Of(q.Dialect, []*schema.Field{key.Parent}).SQL(func(string) string { return parent })
	}
	return parent
}

// InWalk writes the condition that a row's key is among the node's rows in the WITH table.
func (w *Walk) InWalk(q *statement.Query, n *policy.Node, table string) {
	if w.known(n) {
		w.amongKnown(q, table, w.Identity(n.Policy)[0])
		return
	}
	w.Among(q, n.Policy, table, func() { w.SelectKeys(q, n) })
}

// NotInWalk writes the condition that a row's key is not among the node's rows in the WITH table.
func (w *Walk) NotInWalk(q *statement.Query, n *policy.Node, table string) {
	if w.known(n) || !q.Dialect.Has(dialect.Estimates) {
		q.Text("NOT (")
		w.InWalk(q, n, table)
		q.Text(")")
		return
	}
	// Not NOT IN: where many rows are expected, the database would compare each row with each.
	w.From(q.Text("NOT EXISTS (SELECT 1 FROM "), n.Component).Text(" WHERE ")
	statement.Joined(q, w.Identity(n.Policy), " AND ", func(field *schema.Field) {
		q.Text(n.Carry(field.DBName), " = ").Column(table, field.DBName)
	})
	if n.SharesTable() {
		q.Text(" AND ", NodeColumn, " = ", strconv.Itoa(n.Index))
	}
	q.Text(")")
}

// SelectKeys writes the SELECT of the keys of the node's rows in the WITH table.
func (w *Walk) SelectKeys(q *statement.Query, n *policy.Node) {
	q.Text("SELECT ")
	statement.Joined(q, w.Identity(n.Policy), ", ", func(field *schema.Field) { q.Text(n.Carry(field.DBName)) })
	w.From(q.Text(" FROM "), n.Component)
	w.onlyNode(q, n)
}

// SelectRoots does the same for those where a rooted walk begins.
func (w *Walk) SelectRoots(q *statement.Query, n *policy.Node) {
	w.SelectKeys(q, n)
	if n.SharesTable() {
		q.Text(" AND ")
	} else {
		q.Text(" WHERE ")
	}
	q.Text(RootColumn, " = 1")
}

// NodeRows writes FROM and WHERE of a node's rows in the walk.
func (w *Walk) NodeRows(q *statement.Query, n *policy.Node) {
	if len(n.Policy.Schema.PrimaryFields) == 0 { // a root without relations
		w.From(q.Text(" FROM "), n.Component)
		return
	}
	q.Text(" FROM ").Name(n.Policy.Table).Text(" WHERE ")
	w.InWalk(q, n, n.Policy.Table)
}
