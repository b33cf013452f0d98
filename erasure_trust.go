package softdelete

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room tells whether a row is what an erasure left. Key and time of creation do not say so where a model has no time of
// creation, where two rows were made in one tick of the clock, or where a statement without GORM wrote to the row.

// digested lists the columns of the table that an erased row has masked values in. Without a time of creation, those that the
// erasure cleared are among them.
func (t place) digested() (fields []*schema.Field) {
	if data := t.policy.personal; data != nil {
		for _, c := range data.masked {
			if t.has(c.field) {
				fields = append(fields, c.field)
			}
		}
	}
	if creation(t.policy.schema) == nil {
		fields = append(fields, t.texts()...)
	}
	return fields
}

// digests gives, by their texts, the hashes of what the rows have in the columns that an erasure masks.
func (e *engine) digests(tx *gorm.DB, t place, rows []reachedRow) (map[string]string, error) {
	table, fields, found := t.table(), t.digested(), map[string]string{}
	err := chunks(rows, func(chunk []reachedRow) error {
		q := newQuery(tx, e.dialect).text("SELECT ").rowText(t, table)
		for _, field := range fields {
			q.text(", ")
			switch kindOfColumn(field, strings.ToLower(string(field.DataType))) {
			case bytesColumn, timeColumn: // a time's text would depend on the session
				q.column(table, field.DBName)
			default:
				q.text(q.dialect.Text(q.quoted(table, field.DBName)))
			}
		}
		q.text(" FROM ").name(table).text(" WHERE ").keysIn(t, table, chunk)
		return q.rows(func(scan func(...any) error) error {
			var key string
			targets, values := scanTargets(len(fields))
			if err := scan(append([]any{&key}, targets...)...); err != nil {
				return fmt.Errorf("softdelete: a row of table %s cannot be read back", table)
			}
			found[key] = digestOfValues(fields, values())
			return nil
		})
	})
	return found, err
}

func digestOfValues(fields []*schema.Field, values []any) string {
	var content strings.Builder
	for i, value := range values {
		if value == nil {
			fmt.Fprintf(&content, "%s null\n", fields[i].DBName)
			continue
		}
		fmt.Fprintf(&content, "%s %q\n", fields[i].DBName, textOf(value))
	}
	return hashOf(content.String())
}

// alreadyErased tells, by their texts, which rows an earlier erasure has done and still are as it left them.
func (x *erasure) alreadyErased(tx *gorm.DB, m *reachedModel, chunk []reachedRow) (map[string]bool, error) {
	done, err := x.engine.erasedRows(tx, m.table(), chunk)
	if err != nil {
		return nil, err
	}
	former, err := x.formerlyErased(tx, m, chunk)
	if err != nil {
		return nil, err
	}
	var known []reachedRow
	as := map[string][]string{}
	for _, row := range chunk {
		if r, ok := done[row.text]; ok && !r.Gone && r.Created == row.created {
			as[row.text] = append(as[row.text], r.Digest)
		}
		if r, ok := former[row.text]; ok && r.Created == row.created && row.created != 0 {
			as[row.text] = append(as[row.text], r.Digest)
		}
		if len(as[row.text]) > 0 {
			known = append(known, row)
		}
	}
	erased := map[string]bool{}
	digests, err := x.engine.digests(tx, m.place, known)
	for text, digest := range digests {
		for _, recorded := range as[text] {
			erased[text] = erased[text] || recorded == digest
		}
	}
	return erased, err
}
