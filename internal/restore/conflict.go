package restore

import (
	"fmt"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds the live rows whose unique values a restore would take.

// conflict is a unique index that a restore would violate.
type conflict struct {
	node  *policy.Node
	index *policy.UniqueIndex
	// other is where the rows lie that are in the way: live ones in the model's table, and where rows come back from, others
	// that come back too.
	other policy.Place
}

// conflictsOf lists what may be in the way of a node's rows by one index.
func conflictsOf(n *policy.Node, index *policy.UniqueIndex) (list []conflict) {
	for _, t := range n.Policy.Places() {
		list = append(list, conflict{node: n, index: index, other: t})
	}
	return list
}

// side writes the rows that a conflict's index is about, of the model's own table or that of its deleted rows.
func (c conflict) side(q *statement.Query, alias, table string) *statement.Query {
	if c.index.Where == "" || c.index.Concerns(c.node.Policy) {
		return q.Name(table).Text(" AS ", alias)
	}
	return q.Text("(SELECT * FROM ").Name(table).Text(" WHERE ", c.index.Where, ") AS ", alias)
}

// countConflicting writes FROM and WHERE so that rows are counted where there is a conflict. Of an archive that was empty when
// it was last looked at the planner expects too little to be left with a join.
func (r *restoration) countConflicting(q *statement.Query, c conflict) {
	p := c.node.Policy
	equal := func(field *schema.Field) { q.Column("t", field.DBName).Text(" = ").Column("other", field.DBName) }
	switch {
	case c.other.Archived:
		c.side(q.Text(" FROM (SELECT 1 FROM "), "t", p.DeletedTable()).Text(" WHERE ")
		r.comingBack(q, c.node, "t")
		for _, field := range c.index.Fields {
			q.Text(" AND ").Column("t", field.DBName).Text(" IS NOT NULL")
		}
		q.Text(" GROUP BY ").Columns("t", c.index.Fields).Text(" HAVING count(*) > 1) AS twice")
	case c.other == p.DeletedPlace():
		r.conflicting(q, c)
	default:
		c.side(q.Text(" FROM "), "t", p.DeletedTable()).Text(" WHERE ")
		r.comingBack(q, c.node, "t")
		q.Text(" AND ").Opaque(func() {
			c.side(q.Text("EXISTS (SELECT 1 FROM "), "other", p.Table).Text(" WHERE ")
			statement.Joined(q, c.index.Fields, " AND ", equal).Text(")")
		})
	}
}

// conflicting writes FROM and WHERE of the rows, as other, that have a unique value of a row that comes back, as t: live
// ones, and others that come back too.
func (r *restoration) conflicting(q *statement.Query, c conflict) {
	p := c.node.Policy
	c.side(q.Text(" FROM "), "other", c.other.Table())
	c.side(q.Text(" WHERE EXISTS (SELECT 1 FROM "), "t", p.DeletedTable()).Text(" WHERE ")
	r.comingBack(q, c.node, "t")
	for _, field := range c.index.Fields {
		q.Text(" AND ").Column("t", field.DBName).Text(" = ").Column("other", field.DBName)
	}
	if c.other != p.DeletedPlace() { // no row is in both
		q.Text(")")
		return
	}
	q.Text(" AND NOT (")
	statement.Joined(q, r.lost.Identity(p), " AND ", func(field *schema.Field) {
		q.Column("t", field.DBName).Text(" = ").Column("other", field.DBName)
	})
	q.Text("))")
	if c.other.Archived {
		q.Text(" AND ")
		r.comingBack(q, c.node, "other")
		return
	}
	q.Text(" AND (", p.Predicates.Live.Of(statement.QuoteName(q.Tx, "other")), " OR (")
	r.comingBack(q, c.node, "other")
	q.Text("))")
}

// conflictError names the rows that have the unique values.
func (r *restoration) conflictError(tx statement.Session, c conflict) error {
	q := tx.Query()
	r.with(q)
	fields := c.node.Policy.Schema.PrimaryFields
	q.Text("SELECT ").Columns("other", fields)
	r.conflicting(q, c)
	q.Text(" ORDER BY ").Columns("other", fields).Text(" LIMIT ", fmt.Sprint(statement.MostKeys))
	keys, err := q.Keys(fields)
	if err != nil {
		return err
	}
	return &fault.Conflict{Index: c.index.Name, Columns: c.index.Columns(), LiveKeys: keys}
}
