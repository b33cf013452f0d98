package policy

import (
	"fmt"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is how the nodes of a wide graph share the columns of one WITH table: columns of one kind are taken for those of all
// nodes, so that there are as many as one node has.

// The kinds whose columns are cast, since one column of a recursive query has one type. Others are told by their type.
const (
	integerKind = "integer"
	textKind    = "text"
)

// kind is that of a node's column.
func (n *Node) kind(column string) string {
	for _, field := range append([]*schema.Field{n.Policy.ID, n.Policy.At, n.Policy.Schema.LookUpField(column)}, n.Policy.Schema.PrimaryFields...) {
		switch {
		case field == nil || field.DBName != column:
		case field.GORMDataType == schema.Int || field.GORMDataType == schema.Uint:
			return integerKind
		case field.GORMDataType == schema.String && field.DataType == schema.String:
			return textKind
		default:
			return fmt.Sprint(field.DataType, " ", field.Size, " ", field.Precision, " ", field.Scale)
		}
	}
	return column // one that the database has in every table
}

// slot gives a node's column a column of the graph's table, one of its kind that the node does not use yet.
func (g *Graph) slot(n *Node, kind string) string {
	for i, other := range g.Slots {
		alias := fmt.Sprintf("k%d", i)
		if other == kind && !slices.ContainsFunc(n.Carried, func(c *carriedColumn) bool { return c.Alias == alias }) {
			return alias
		}
	}
	g.Slots = append(g.Slots, kind)
	return fmt.Sprintf("k%d", len(g.Slots)-1)
}

// As writes a value of a kind so that it has the kind's one type.
func (g *Graph) As(d *dialect.Dialect, kind, value string) string {
	switch kind {
	case integerKind:
		return d.Integer(value)
	case textKind:
		return d.Text(value)
	}
	return value
}

// KeepsIntegers tells whether a slot of the graph does, and nothing that may be longer than the keys of an index.
func (g *Graph) KeepsIntegers(i int) bool { return i < len(g.Slots) && g.Slots[i] == integerKind }

// InSlot gives the node's column in a slot of the graph; ok is false where it has none there.
func (n *Node) InSlot(i int) (column string, ok bool) {
	alias := fmt.Sprintf("k%d", i)
	for _, c := range n.Carried {
		if c.Alias == alias {
			return c.Name, true
		}
	}
	return "", false
}

// SharesTable tells whether rows of other nodes stand in the WITH table of a node's rows.
func (n *Node) SharesTable() bool { return n.graph.Wide || len(n.Component.Nodes) > 1 }

// Graph is the graph that the node is of.
func (n *Node) Graph() *Graph { return n.graph }
