package deletion

import (
	"fmt"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room takes the rows of a wide graph, in which a walk from the root, written once for each relation, would be long and
// would be planned over more ways than there are rows. A statement begins at the rows taken of the model above instead: at their
// keys where they are few, at their mark otherwise. Where none was taken there is nothing to look for.

// takeWide marks the rows under the root rows, parents first.
func (d *deletion) takeWide(tx statement.Session) error {
	d.taking = map[*policy.Node][][]any{}
	if root := d.graph.Nodes[0]; d.exact && len(root.Inner) == 0 {
		d.taking[root] = d.keys
	}
	for _, c := range d.graph.Components {
		reached := false
		for _, n := range c.Nodes {
			if err := d.takeWideNode(tx, n); err != nil {
				return err
			}
			reached = reached || d.marked[n] > 0
		}
		for _, n := range c.Nodes {
			if len(n.Inner) > 0 && reached {
				if err := d.takeComponent(tx, n); err != nil {
					return err
				}
			}
		}
		for _, n := range c.Nodes {
			if err := d.noteTaken(tx, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeWideNode takes the rows of a node that the relations from other components lead to. One statement locks them all in the order
// of their keys, see lockComponent.
func (d *deletion) takeWideNode(tx statement.Session, n *policy.Node) error {
	edges := slices.DeleteFunc(slices.Clone(n.In), func(e *policy.Edge) bool { return d.marked[e.From] == 0 })
	table := n.Policy.Table
	if len(edges) > 0 {
		rows, err := d.rowsOf(tx, n.Policy.Home())
		if err != nil {
			return err
		}
		q := tx.Query()
		err = q.LockRows(dialect.MarkLock, func() {
			rows.Each(q, func() {
				q.Text("(")
				statement.Joined(q, edges, " OR ", func(e *policy.Edge) { d.underTaken(q, e, table) }).Text(")")
				statement.WriteAnd(q, n.Policy.Predicates.Live, table)
			})
		})
		if err != nil {
			return err
		}
	}
	for _, e := range edges {
		under := func(q *statement.Query) { d.underTaken(q, e, "") }
		rows, err := d.writeRows(tx, n.Policy, nil, under, func(q *statement.Query, rows statement.Rows) {
			d.update(q, rows, n)
			under(q)
		})
		if err != nil {
			return err
		}
		d.took(e, rows)
	}
	return nil
}

// underTaken writes the condition that a row refers to one of the rows taken of the node above.
func (d *deletion) underTaken(q *statement.Query, e *policy.Edge, child string) {
	parent := e.From.Policy
	primary, keys := parent.Schema.PrimaryFields, d.taking[e.From]
	if keys != nil && len(primary) == 1 && len(e.Keys) == 1 && e.Keys[0].Parent == primary[0] && !e.Keys[0].AsText() {
		values := make([]any, len(keys))
		for i, key := range keys {
			values[i] = key[0]
		}
		q.Among(child, e.Keys[0].Child.DBName, values)
		walk.MatchFixed(e.Relation, q, child)
		return
	}
	children := make([]*schema.Field, len(e.Keys))
	for i, key := range e.Keys {
		children[i] = key.Child
	}
	table := d.nodeTable(e.From)
	q.Key(child, children).Text(" IN (SELECT ")
	statement.Joined(q, e.Keys, ", ", func(key policy.KeyPair) {
		q.Text(walk.ParentValue(q, key, q.Quoted(table.Qualifier(), key.Parent.DBName)))
	})
	q.Text(" FROM ").Table(table).Text(" WHERE ")
	if keys != nil {
		q.KeyAmong(table, primary, keys).Text(" AND ")
	}
	q.Opaque(func() { d.mark(q, parent, table.Qualifier()) }).Text(")")
	walk.MatchFixed(e.Relation, q, child)
}

// nodeTable is the table that a node's rows are marked in.
func (d *deletion) nodeTable(n *policy.Node) statement.Table {
	if n.Policy == d.root && len(n.Inner) == 0 {
		return d.target
	}
	return statement.Table{Name: n.Policy.Table}
}

// noteTaken notes the keys of the rows taken of a node, where they are few and others may come under them.
func (d *deletion) noteTaken(tx statement.Session, n *policy.Node) error {
	_, noted := d.taking[n]
	fields := n.Policy.Schema.PrimaryFields
	if rows := d.marked[n]; noted || rows == 0 || rows > FewKeys || len(n.Inner) > 0 || n.Policy == d.root || d.graph.Leaf(n) || len(fields) == 0 {
		return nil
	}
	table := n.Policy.Table
	edges := slices.DeleteFunc(slices.Clone(n.In), func(e *policy.Edge) bool { return d.marked[e.From] == 0 })
	q := tx.Query().Text("SELECT ").Columns(table, fields).Text(" FROM ").Name(table).Text(" WHERE (")
	statement.Joined(q, edges, " OR ", func(e *policy.Edge) { d.underTaken(q, e, table) }).Text(") AND ")
	d.mark(q, n.Policy, table)
	keys, err := q.Text(" LIMIT ", fmt.Sprint(FewKeys+1)).KeyValues(len(fields))
	if err == nil && len(keys) > 0 && len(keys) <= FewKeys {
		d.taking[n] = keys
	}
	return err
}
