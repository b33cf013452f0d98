package walk

import (
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// BothTables is a sub-query over a model's live and archived rows, for an alias to follow.
func BothTables(p *policy.Policy, quote func(string) string) string {
	return "(" + selectModel(p, p.Table, quote) + " UNION ALL " + selectModel(p, p.DeletedTable(), quote) + ")"
}

// selectModel is the SELECT of the model's columns from its table or its archive. An archive shows nothing for the columns
// that it does not keep: those that the database computes.
func selectModel(p *policy.Policy, table string, quote func(string) string) string {
	s, _ := p.Archive()
	var columns []string
	for _, name := range p.Schema.DBNames {
		field := p.Schema.FieldsByDBName[name]
		if field.IgnoreMigration && !policy.Moves(field) {
			continue
		}
		column := quote(name)
		if table == s.Table && !policy.Moves(field) {
			column = "NULL AS " + column
		}
		columns = append(columns, column)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + quote(table)
}

// AndLatest writes AND and the condition that a row is the last one of its key in its place.
func AndLatest(q *statement.Query, t policy.Place, alias string) *statement.Query {
	if latest := t.Latest(statement.QuoteName(q.Tx, alias), quoteIn(q)); latest != "" {
		q.Text(" AND ").Opaque(func() { q.Text(latest) })
	}
	return q
}

// AndCurrent writes AND and the condition that a row is the one of its key that counts: an archived one whose key was used
// again is history.
func AndCurrent(q *statement.Query, t policy.Place, alias string) *statement.Query {
	if unused := t.Unused(statement.QuoteName(q.Tx, alias), quoteIn(q)); unused != "" {
		q.Text(" AND ", unused)
	}
	return AndLatest(q, t, alias)
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
