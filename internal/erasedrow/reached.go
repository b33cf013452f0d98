package erasedrow

import (
	"fmt"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm/schema"
)

// This room keeps the rows that an erasure has reached, by model and table.

// ReachedRow is a row by its key, as the database gives it and as the table of erased rows has it.
type ReachedRow struct {
	Key     []any
	Text    string
	Created int64
	Log     string // the key in the model's event log; empty where it has none
}

// KeysIn writes the condition that a row is one of those.
func KeysIn(q *statement.Query, t Place, table string, rows []ReachedRow) *statement.Query {
	q.Key(table, t.Key()).Text(" IN (")
	return statement.Joined(q, rows, ", ", func(row ReachedRow) { q.Tuple(row.Key) }).Text(")")
}

// RowKey writes a row's key as one text that no other key of the table has, as RowKeyText gives it.
func RowKey(q *statement.Query, s *schema.Schema, table string) *statement.Query {
	if len(s.PrimaryFields) == 1 {
		return q.Text(rowKeyPart(q, s.PrimaryFields[0], table))
	}
	return statement.Joined(q, s.PrimaryFields, " || ',' || ", func(field *schema.Field) {
		q.Text("REPLACE(REPLACE(", rowKeyPart(q, field, table), `, '\', '\\'), ',', '\,')`)
	})
}

// rowKeyPart is a column of a key as text, whatever the session's time zone.
func rowKeyPart(q *statement.Query, field *schema.Field, table string) string {
	column := q.Quoted(table, field.DBName)
	switch pii.KindOf(field) {
	case pii.TimeColumn:
		if field.DataType == schema.Time {
			return q.Dialect.KeyTime(column)
		}
	case pii.BytesColumn:
		return q.Dialect.Hex(column)
	}
	return q.Dialect.Text(column)
}

// RowKeyPart is the value of a key's column as query.rowKeyPart writes it.
func RowKeyPart(d *dialect.Dialect, field *schema.Field, value any) string {
	name := strings.ToLower(string(field.DataType))
	switch kind := pii.KindOf(field); kind {
	case pii.TimeColumn:
		if at, ok := value.(time.Time); ok && field.DataType == schema.Time {
			return d.KeyTimeOf(at)
		}
	case pii.BytesColumn:
		switch value := value.(type) {
		case []byte:
			return fmt.Sprintf(`\x%x`, value)
		case string:
			return fmt.Sprintf(`\x%x`, value)
		}
	case pii.UuidColumn:
		return strings.ToLower(rowkey.TextOf(value))
	case pii.TextColumn:
		if strings.HasPrefix(name, "char") { // padded with spaces
			return strings.TrimRight(rowkey.TextOf(value), " ")
		}
	}
	return rowkey.TextOf(value)
}

// SelectRows writes SELECT with what ReachedRows reads.
func SelectRows(q *statement.Query, t Place) *statement.Query {
	table := t.Table()
	RowText(q.Text("SELECT ").Columns(table, t.Key()).Text(", "), t, table)
	Created(q.Text(", "), t.Policy.Schema, table).Text(", ")
	if l := t.Log(); l != nil {
		q.Text(q.Dialect.RowKey(l.Key, statement.QuoteName(q.Tx, table)))
	} else {
		q.Text("''")
	}
	return q.Text(" FROM ").Name(table)
}

func ReachedRows(q *statement.Query, t Place) (rows []ReachedRow, err error) {
	err = q.Rows(func(scan func(...any) error) error {
		var row ReachedRow
		targets, values := statement.ScanTargets(len(t.Key()))
		if err := scan(append(targets, &row.Text, &row.Created, &row.Log)...); err != nil {
			return err
		}
		row.Key = values()
		rows = append(rows, row)
		return nil
	})
	return rows, err
}
