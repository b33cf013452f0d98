package erasedrow

import (
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
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
func KeysIn(q *statement.Query, t policy.Place, table string, rows []ReachedRow) *statement.Query {
	keys := make([][]any, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	return q.SomeAmong(table, statement.DBNames(t.Key()), t.Table(), t.Key(), keys)
}

// RowKey writes the exact text of a row's key in the model's table.
func RowKey(q *statement.Query, s *schema.Schema, table string) *statement.Query {
	return q.Text(rowKey(q, s, table))
}

func rowKey(q *statement.Query, s *schema.Schema, table string) string {
	return rowkey.Of(q.Dialect, s.PrimaryFields).SQL(func(column string) string { return q.Quoted(table, column) })
}

// SelectRows writes SELECT with what ReachedRows reads.
func SelectRows(q *statement.Query, t policy.Place) *statement.Query {
	table := t.Table()
	RowText(q.Text("SELECT ").Columns(table, t.Key()).Text(", "), t, table)
	Created(q.Text(", "), t.Policy.Schema, table).Text(", ")
	if l := t.Log(); l != nil {
		q.Text(q.Dialect.LogKey(l, statement.QuoteName(q.Tx, table)))
	} else {
		q.Text("''")
	}
	return q.Text(" FROM ").Name(table)
}

func ReachedRows(q *statement.Query, t policy.Place) (rows []ReachedRow, err error) {
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
