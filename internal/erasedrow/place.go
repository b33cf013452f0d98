package erasedrow

import (
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm/schema"
)

// This room is about the tables that a model's rows lie in: its own, and the archive where it has one. Rows that lie in the
// event log only have none.

// Place is a table with rows of a model.
type Place struct {
	Policy   *policy.Policy
	Archived bool
}

// Places lists the tables that a model's rows lie in.
func Places(p *policy.Policy) []Place {
	if p.Archives() {
		return []Place{{p, false}, {p, true}}
	}
	return []Place{{p, false}}
}

func (t Place) Table() string {
	if t.Archived {
		return t.Policy.DeletedTable()
	}
	return t.Policy.Table
}

// Key is the columns that tell the table's rows apart: an archive has the same primary key many times.
func (t Place) Key() []*schema.Field {
	if t.Archived {
		return append(slices.Clone(t.Policy.Schema.PrimaryFields), t.Policy.ID)
	}
	return t.Policy.Schema.PrimaryFields
}

// Primary is the model's primary key of a row.
func (t Place) Primary(row ReachedRow) []any { return row.Key[:len(t.Policy.Schema.PrimaryFields)] }

// Log is the event log that writes to the table have; nil for none.
func (t Place) Log() *dialect.Log {
	if t.Archived {
		return nil
	}
	return t.Policy.Log
}

// Texts are the columns actor and reason that the table has.
func (t Place) Texts() (fields []*schema.Field) {
	if t.Policy.Archives() != t.Archived {
		return nil
	}
	for _, field := range []*schema.Field{t.Policy.Actor, t.Policy.Reason} {
		if field != nil && !t.Policy.Personal.Masks(field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// Has tells whether the table has the model's column.
func (t Place) Has(field *schema.Field) bool { return !t.Archived || policy.Moves(field) }

// RowText writes a row's key as one text that no other row of the table has.
func RowText(q *statement.Query, t Place, table string) *statement.Query {
	RowKey(q, t.Policy.Schema, table)
	if t.Archived {
		q.Text(" || '", ArchivedMark, "' || ").Column(table, t.Policy.ID.DBName)
	}
	return q
}

const ArchivedMark = "|"

// FormerText is the text that an archived row had in the model's table.
func (t Place) FormerText(row ReachedRow) string {
	return strings.TrimSuffix(row.Text, ArchivedMark+rowkey.TextOf(row.Key[len(row.Key)-1]))
}
