package erasedrow

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room tells whether a row is what an erasure left. Key and time of creation do not say so where a model has no time of
// creation, where two rows were made in one tick of the clock, or where a statement without GORM wrote to the row.

// Digested lists the columns of the table that an erased row has masked values in. Without a time of creation, those that the
// erasure cleared are among them.
func Digested(t policy.Place) (fields []*schema.Field) {
	if data := t.Policy.Personal; data != nil {
		for _, c := range data.Masked {
			if t.Has(c.Field) {
				fields = append(fields, c.Field)
			}
		}
	}
	if policy.Creation(t.Policy.Schema) == nil {
		fields = append(fields, t.Texts()...)
	}
	return fields
}

// Digests gives, by their texts, the hashes of what the rows have in the columns that an erasure masks.
func Digests(tx statement.Session, t policy.Place, rows []ReachedRow) (map[string]string, error) {
	table, fields, found := t.Table(), Digested(t), map[string]string{}
	err := statement.Chunks(rows, func(chunk []ReachedRow) error {
		q := RowText(tx.Query().Text("SELECT "), t, table)
		for _, field := range fields {
			q.Text(", ")
			switch pii.KindOf(field) {
			case pii.BytesColumn, pii.TimeColumn: // a time's text would depend on the session
				q.Column(table, field.DBName)
			default:
				q.Text(q.Dialect.Text(q.Quoted(table, field.DBName)))
			}
		}
		KeysIn(q.Text(" FROM ").Name(table).Text(" WHERE "), t, table, chunk)
		return q.Rows(func(scan func(...any) error) error {
			var key string
			targets, values := statement.ScanTargets(len(fields))
			if err := scan(append([]any{&key}, targets...)...); err != nil {
				return fmt.Errorf("softdelete: a row of table %s cannot be read back", table)
			}
			found[key] = DigestOfValues(fields, values())
			return nil
		})
	})
	return found, err
}

func DigestOfValues(fields []*schema.Field, values []any) string {
	var content strings.Builder
	for i, value := range values {
		if value == nil {
			fmt.Fprintf(&content, "%s null\n", fields[i].DBName)
			continue
		}
		fmt.Fprintf(&content, "%s %q\n", fields[i].DBName, rowkey.TextOf(value))
	}
	return HashOf(content.String())
}
