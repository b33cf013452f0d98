package walk

import (
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the marks by which a restore tells which deletion holds a row.

// AndDeleted writes AND and the condition that a row is deleted, of rows that are found by their keys.
func AndDeleted(q *statement.Query, p *policy.Policy, table string) {
	if deleted := p.Predicates.Deleted; deleted != nil {
		q.Text(" AND ").Opaque(func() { q.Text(deleted.Of(statement.QuoteName(q.Tx, table))) })
	}
}

// Instant is the time of deletion of a row as a count of nanoseconds, from its time or else its ID. column gives a column
// of the row.
func Instant(q *statement.Query, p *policy.Policy, column func(*schema.Field) string) string {
	if p.At != nil {
		return q.Dialect.Nanoseconds(column(p.At), p.AtClock.Kind, p.AtClock.Unit)
	}
	return q.Dialect.LeadingNanoseconds(column(p.ID))
}

// MarkText is the mark of a deleted row as text in the form of a DeletionID.
func MarkText(q *statement.Query, p *policy.Policy, table string) string {
	column := func(field *schema.Field) string { return q.Quoted(table, field.DBName) }
	if p.ID != nil {
		return column(p.ID)
	}
	return "(" + q.Dialect.Concat(q.Dialect.Padded(Instant(q, p, column)), q.Dialect.String(mark.HandedOverSuffix)) + ")"
}
