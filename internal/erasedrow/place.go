package erasedrow

import (
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is about the texts by which rows are known in the tables that a model's rows lie in.

// ArchivedMark stands between an archived row's key and the deletion that took it.
const ArchivedMark = "|"

// Primary is the model's primary key of a row.
func Primary(t policy.Place, row ReachedRow) []any {
	return row.Key[:len(t.Policy.Schema.PrimaryFields)]
}

// RowText writes a row's key as one text that no other row of the table has.
func RowText(q *statement.Query, t policy.Place, table string) *statement.Query {
	if !t.Archived {
		return RowKey(q, t.Policy.Schema, table)
	}
	return q.Text(q.Dialect.Concat(rowKey(q, t.Policy.Schema, table), q.Dialect.String(ArchivedMark), q.Quoted(table, t.Policy.ID.DBName)))
}

// FormerText is the text that an archived row had in the model's table.
func FormerText(row ReachedRow) string {
	return strings.TrimSuffix(row.Text, ArchivedMark+rowkey.TextOf(row.Key[len(row.Key)-1]))
}
