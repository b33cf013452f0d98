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

// Latest writes the condition that an archived row is the last one of its key.
func Latest(q *statement.Query, p *policy.Policy, table string) *statement.Query {
	return q.Opaque(func() {
		// Not max: the database would look for it among all the rows of the deletion.
		SameKey(q.Text("NOT EXISTS (SELECT 1 FROM ").Name(p.DeletedTable()).Text(" AS softdelete_later WHERE "), p, "softdelete_later", table)
		q.Text(" AND ").Column("softdelete_later", p.ID.DBName).Text(" > ").Column(table, p.ID.DBName).Text(")")
	})
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

// AndGone writes AND and the condition that a row of the table with the model's deleted rows is deleted now: an archived
// one whose key was used again is history.
func AndGone(q *statement.Query, p *policy.Policy, table string) {
	AndDeleted(q, p, table)
	if p.Archives() {
		q.Text(" AND NOT EXISTS (SELECT 1 FROM ").Name(p.Table).Text(" AS softdelete_live WHERE ")
		Latest(SameKey(q, p, "softdelete_live", table).Text(") AND "), p, table)
	}
}
