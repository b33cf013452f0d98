package walk

import (
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is what the rows of a WITH table are written as. A walk over a wide graph is one recursive table with the rows of all
// nodes: a table for each component would refer to those before it, which databases read, or plan, once for each way.

// whole tells whether the walk is one table.
func (w *Walk) whole() bool { return w.Graph.Wide && !w.Within }

// wholeTable is that table for some components, with the steps by which it is recursive.
type wholeTable struct {
	table
	steps []*policy.Edge
}

func (w *Walk) wholeTable(components []*policy.Component) (t wholeTable) {
	var nodes []*policy.Node
	for _, c := range components {
		if !w.stored[c] {
			nodes = append(nodes, c.Nodes...)
		}
	}
	var first []*policy.Edge // those that do not begin at rows of the table
	for _, n := range nodes {
		for _, e := range slices.Concat(n.In, n.Inner) {
			switch {
			case w.Flat:
			case w.known(e.From) || w.stored[e.From.Component]:
				first = append(first, e)
			default:
				t.steps = append(t.steps, e)
			}
		}
	}
	t.Name, t.Columns = w.Prefix, w.columns(w.Graph.Components[0])
	t.Write = func(q *statement.Query) {
		written := false
		union := func() {
			if written {
				q.Text(" UNION ")
			}
			written = true
		}
		for _, n := range nodes {
			if base := w.Base(n); base != nil && !w.known(n) {
				union()
				base(q)
			}
		}
		for _, e := range first {
			union()
			from := func() { w.From(q, e.From.Component).Text(" AS p") }
			if w.known(e.From) {
				from = nil
			}
			w.selectStep(q, e, from)
		}
		if !written {
			w.nothing(q, w.Graph.Nodes[0])
		}
		if len(t.steps) > 0 {
			w.recurse(q, w.Prefix, t.steps)
		}
	}
	return t
}

// selectSlots writes what a row of a node is in a table that all nodes share.
func selectSlots(n *policy.Node, q *statement.Query, w *Walk, table string) {
	g := n.Graph()
	q.Text(strconv.Itoa(n.Index))
	for i, kind := range g.Slots {
		q.Text(", ")
		if column, ok := n.InSlot(i); ok {
			q.Text(g.As(q.Dialect, kind, q.Quoted(table, column)))
			continue
		}
		if null := g.As(q.Dialect, kind, "NULL"); null != "NULL" {
			q.Text(null)
			continue
		}
		// A NULL of the column's type.
		other := g.Nodes[slices.IndexFunc(g.Nodes, func(n *policy.Node) bool { _, ok := n.InSlot(i); return ok })]
		column, _ := other.InSlot(i)
		q.Text("(SELECT ").Name(column).Text(" FROM ")
		w.Source(q, other.Policy)
		q.Text(" AS none WHERE 1 = 0)")
	}
}

// SelectCarried writes SELECT and the node's columns from a table or alias, in the form of its component's WITH table.
func SelectCarried(n *policy.Node, q *statement.Query, w *Walk, table string) {
	q.Text("SELECT ")
	if n.Graph().Wide {
		selectSlots(n, q, w, table)
		return
	}
	if len(n.Component.Nodes) > 1 {
		q.Text(strconv.Itoa(n.Index), ", ")
	}
	first := true
	for _, other := range n.Component.Nodes {
		for _, carried := range other.Carried {
			if !first {
				q.Text(", ")
			}
			first = false
			if other == n {
				q.Column(table, carried.Name)
				continue
			}
			// A NULL of the column's type.
			q.Text("(SELECT ").Name(carried.Name).Text(" FROM ")
			w.Source(q, other.Policy)
			q.Text(" AS none WHERE 1 = 0)")
		}
	}
}
