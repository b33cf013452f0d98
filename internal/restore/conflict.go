package restore

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds the rows whose unique values a restore would take. It begins at the rows that come back and looks up their
// values, so that what it reads grows with them, not with the table.

// conflict is a unique index that a restore would violate.
type conflict struct {
	node  *policy.Node
	index *policy.UniqueIndex
	// twice tells that several rows come back with one value; else live rows have it.
	twice bool
}

// conflictsOf lists what may be in the way of a node's rows by one index.
func conflictsOf(n *policy.Node, index *policy.UniqueIndex) []conflict {
	return []conflict{{node: n, index: index}, {node: n, index: index, twice: true}}
}

// computed tells whether an index is over a column that the database computes as rows come back from an archive, which has none of it. The
// index itself refuses the rows then.
func (r *restoration) computed(tx statement.Session, n *policy.Node, index *policy.UniqueIndex) (bool, error) {
	if _, archived := n.Policy.Archive(); !archived {
		return false, nil
	}
	columns, err := r.restorer.Columns.Of(tx, n.Policy)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(index.Fields, func(field *schema.Field) bool {
		column := tx.Dialect.FindColumn(columns.Table, field.DBName)
		return column != nil && column.Generated
	}), nil
}

// side writes the rows that a conflict's index is about, of the model's own table or that of its deleted rows.
func (c conflict) side(q *statement.Query, alias, table string) *statement.Query {
	if c.index.Where == "" || c.index.Concerns(c.node.Policy) {
		return q.Name(table).Text(" AS ", alias)
	}
	return q.Text("(SELECT * FROM ").Name(table).Text(" WHERE ", c.index.Where, ") AS ", alias)
}

// countConflicting writes FROM and WHERE so that rows are counted where there is a conflict.
func (r *restoration) countConflicting(q *statement.Query, c conflict) {
	if c.twice {
		q.Text(" FROM (SELECT 1")
		r.shared(q, c)
		q.Text(") AS twice")
		return
	}
	p := c.node.Policy
	c.side(q.Text(" FROM "), "t", p.DeletedTable()).Text(" WHERE ")
	r.comingBack(q, c.node, "t")
	// A planner that expects many rows would read all live ones instead of looking up a few.
	q.Text(" AND ").Opaque(func() {
		c.side(q.Text("EXISTS (SELECT 1 FROM "), "other", p.Table).Text(" WHERE ")
		c.same(q, "t", "other")
		statement.WriteAnd(q, p.Predicates.Live, "other")
		q.Text(")")
	})
}

// same writes the condition that two rows have the same values in the index.
func (c conflict) same(q *statement.Query, one, other string) {
	statement.Joined(q, c.index.Fields, " AND ", func(field *schema.Field) {
		q.Column(one, field.DBName).Text(" = ").Column(other, field.DBName)
	})
}

// shared writes FROM and all behind it of a SELECT with a row for each value that several rows come back with.
func (r *restoration) shared(q *statement.Query, c conflict) {
	c.side(q.Text(" FROM "), "t", c.node.Policy.DeletedTable()).Text(" WHERE ")
	r.comingBack(q, c.node, "t")
	for _, field := range c.index.Fields {
		q.Text(" AND ").Column("t", field.DBName).Text(" IS NOT NULL")
	}
	q.Text(" GROUP BY ").Columns("t", c.index.Fields).Text(" HAVING count(*) > 1")
}

// conflictError names, for each index, the rows that have the unique values: one error, or several joined.
func (r *restoration) conflictError(tx statement.Session, conflicts []conflict, own []ownConflict) error {
	var errs []error
	found := map[any]*fault.Conflict{}
	add := func(index any, name string, columns []string, keys []string) {
		known := found[index]
		if known == nil {
			known = &fault.Conflict{Index: name, Columns: columns}
			found[index] = known
			errs = append(errs, known)
		}
		for _, key := range keys {
			if len(known.LiveKeys) < statement.MostKeys && !slices.Contains(known.LiveKeys, key) {
				known.LiveKeys = append(known.LiveKeys, key)
			}
		}
	}
	for _, c := range conflicts {
		keys, err := r.conflictKeys(tx, c)
		if err != nil {
			return err
		}
		add(c.index, c.index.Name, c.index.Columns(), keys)
	}
	for _, c := range own {
		keys, err := r.keysOfOwn(tx, c)
		if err != nil {
			return err
		}
		add(c.rule, c.rule.Name, c.rule.Columns(), keys)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// conflictKeys gives the keys of some of the rows that are in the way.
func (r *restoration) conflictKeys(tx statement.Session, c conflict) ([]string, error) {
	p, fields := c.node.Policy, c.node.Policy.Schema.PrimaryFields
	q := tx.Query()
	r.with(q)
	q.Text("SELECT DISTINCT ").Columns("other", fields)
	if c.twice {
		c.side(q.Text(" FROM "), "other", p.DeletedTable()).Text(" WHERE ")
		r.comingBack(q, c.node, "other")
		q.Text(" AND ").Key("other", c.index.Fields).Text(" IN (SELECT ").Columns("t", c.index.Fields)
		r.shared(q, c)
		q.Text(")")
	} else {
		c.side(q.Text(" FROM "), "t", p.DeletedTable())
		c.side(q.Text(", "), "other", p.Table).Text(" WHERE ")
		r.comingBack(q, c.node, "t")
		q.Text(" AND ")
		c.same(q, "t", "other")
		statement.WriteAnd(q, p.Predicates.Live, "other")
	}
	q.Text(" ORDER BY ").Columns("other", fields).Text(" LIMIT ", fmt.Sprint(statement.MostKeys))
	return q.KeyTexts(fields)
}
