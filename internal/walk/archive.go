package walk

import (
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Deleted makes a walk one over deleted rows.
func Deleted(p *policy.Policy) []policy.Place { return []policy.Place{p.DeletedPlace()} }

// Rows is a table, or a sub-query over the rows of several, for an alias to follow.
func Rows(places []policy.Place, quote func(string) string) string {
	if len(places) == 1 {
		return quote(places[0].Table())
	}
	tables := make([]string, len(places))
	for i, t := range places {
		tables[i] = selectModel(t, quote)
	}
	return "(" + strings.Join(tables, " UNION ALL ") + ")"
}

// selectModel is the SELECT of the model's columns from a place. An archive shows nothing for the columns that it does not
// keep: those that the database computes.
func selectModel(t policy.Place, quote func(string) string) string {
	s := t.Policy.Schema
	var columns []string
	for _, name := range s.DBNames {
		field := s.FieldsByDBName[name]
		if field.IgnoreMigration && !policy.Moves(field) {
			continue
		}
		column := quote(name)
		if !t.Has(field) {
			column = "NULL AS " + column
		}
		columns = append(columns, column)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + quote(t.Table())
}

// AndLatest writes AND and the condition that a row is the last one of its key in its place.
func AndLatest(q *statement.Query, t policy.Place, alias string) *statement.Query {
	if latest := t.Latest(statement.QuoteName(q.Tx, alias), quoteIn(q)); latest != "" {
		q.Text(" AND ").Opaque(func() { q.Text(latest) })
	}
	return q
}

// AndOvertaken writes AND and the condition that a later row of its place has the key of a row.
func AndOvertaken(q *statement.Query, t policy.Place, alias string) *statement.Query {
	return q.Text(" AND ").Opaque(func() { q.Text(t.Overtaken(statement.QuoteName(q.Tx, alias), quoteIn(q))) })
}

// AndUnused writes AND and the condition that no live row has the key of a row in its place.
func AndUnused(q *statement.Query, t policy.Place, alias string) *statement.Query {
	if unused := t.Unused(statement.QuoteName(q.Tx, alias), quoteIn(q)); unused != "" {
		q.Text(" AND ", unused)
	}
	return q
}

// AndUsed writes AND and the condition that a live row has the key of a row of an archive.
func AndUsed(q *statement.Query, t policy.Place, alias string) *statement.Query {
	return q.Text(" AND ", t.Used(statement.QuoteName(q.Tx, alias), quoteIn(q)))
}

// AndCurrent writes AND and the condition that a row is the one of its key that counts: an archived one whose key was used
// again is history.
func AndCurrent(q *statement.Query, t policy.Place, alias string) *statement.Query {
	return AndLatest(AndUnused(q, t, alias), t, alias)
}

// AndGone writes AND and the condition that a row of the table with the model's deleted rows is deleted now.
func AndGone(q *statement.Query, p *policy.Policy, table string) {
	AndDeleted(q, p, table)
	AndCurrent(q, p.DeletedPlace(), table)
}

// AndArchived writes AND and the condition that a row of the place of a relation's deleted parents is such a parent, where
// they are archived.
func AndArchived(q *statement.Query, r *policy.Relation, alias string) *statement.Query {
	if archived := r.ArchivedParent(statement.QuoteName(q.Tx, alias), quoteIn(q)); archived != "" {
		q.Text(" AND ", archived)
	}
	return q
}

// SameKey writes the condition that two rows of a model have the same primary key.
func SameKey(q *statement.Query, p *policy.Policy, table, other string) *statement.Query {
	for i, field := range p.Schema.PrimaryFields {
		if i > 0 {
			q.Text(" AND ")
		}
		q.Column(table, field.DBName).Text(" = ").Column(other, field.DBName)
	}
	return q
}

// quoteIn quotes names as the query does.
func quoteIn(q *statement.Query) func(string) string {
	return func(name string) string { return statement.QuoteName(q.Tx, name) }
}
