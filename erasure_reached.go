package softdelete

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// This room keeps the rows that an erasure has reached, by model and table.

// reachedRow is a row by its key, as the database gives it and as the table of erased rows has it.
type reachedRow struct {
	key     []any
	text    string
	created int64
	log     string // the key in the model's event log; empty where it has none
}

// spot is a row in the order of the walk.
type spot struct {
	place
	mark string // a row's text, or the mark of one that is in the log only
}

// reachedModel are the rows of one model in one place.
type reachedModel struct {
	place
	rows []reachedRow
	// gone are rows that are in the event log only.
	gone   []goneRow
	seen   map[string]bool
	erased map[string]bool // those that were erased before, or are by now
}

func (x *erasure) model(t place) *reachedModel {
	m := x.byPlace[t]
	if m == nil {
		m = &reachedModel{place: t, seen: map[string]bool{}, erased: map[string]bool{}}
		x.byPlace[t] = m
		x.rows = append(x.rows, m)
	}
	return m
}

// chunks calls each for the rows, few enough at a time for one statement.
func chunks[T any](rows []T, each func([]T) error) error {
	for chunk := range slices.Chunk(rows, erasureChunk) {
		if err := each(chunk); err != nil {
			return err
		}
	}
	return nil
}

// keysIn writes the condition that a row is one of those.
func (q *query) keysIn(t place, table string, rows []reachedRow) *query {
	q.key(table, t.key()).text(" IN (")
	return joined(q, rows, ", ", func(row reachedRow) { q.tuple(row.key) }).text(")")
}

// rowKey writes a row's key as one text that no other key of the table has, as rowKeyText gives it.
func (q *query) rowKey(s *schema.Schema, table string) *query {
	if len(s.PrimaryFields) == 1 {
		return q.text(q.rowKeyPart(s.PrimaryFields[0], table))
	}
	return joined(q, s.PrimaryFields, " || ',' || ", func(field *schema.Field) {
		q.text("REPLACE(REPLACE(", q.rowKeyPart(field, table), `, '\', '\\'), ',', '\,')`)
	})
}

// rowKeyPart is a column of a key as text, whatever the session's time zone.
func (q *query) rowKeyPart(field *schema.Field, table string) string {
	column := q.quoted(table, field.DBName)
	switch kindOfColumn(field, strings.ToLower(string(field.DataType))) {
	case timeColumn:
		if field.DataType == schema.Time {
			return q.dialect.KeyTime(column)
		}
	case bytesColumn:
		return q.dialect.Hex(column)
	}
	return q.dialect.Text(column)
}

// rowKeyPart is the value of a key's column as query.rowKeyPart writes it.
func (e *engine) rowKeyPart(field *schema.Field, value any) string {
	name := strings.ToLower(string(field.DataType))
	switch kind := kindOfColumn(field, name); kind {
	case timeColumn:
		if at, ok := value.(time.Time); ok && field.DataType == schema.Time {
			return e.dialect.KeyTimeOf(at)
		}
	case bytesColumn:
		switch value := value.(type) {
		case []byte:
			return fmt.Sprintf(`\x%x`, value)
		case string:
			return fmt.Sprintf(`\x%x`, value)
		}
	case uuidColumn:
		return strings.ToLower(textOf(value))
	case textColumn:
		if strings.HasPrefix(name, "char") { // padded with spaces
			return strings.TrimRight(textOf(value), " ")
		}
	}
	return textOf(value)
}

// selectRows writes SELECT with what reachedRows reads.
func (q *query) selectRows(t place) *query {
	table := t.table()
	q.text("SELECT ").columns(table, t.key()).text(", ").rowText(t, table)
	q.text(", ").created(t.policy.schema, table).text(", ")
	if l := t.log(); l != nil {
		q.text(q.dialect.RowKey(l.Key, quoteName(q.tx, table)))
	} else {
		q.text("''")
	}
	return q.text(" FROM ").name(table)
}

func (q *query) reachedRows(t place) (rows []reachedRow, err error) {
	err = q.rows(func(scan func(...any) error) error {
		var row reachedRow
		targets, values := scanTargets(len(t.key()))
		if err := scan(append(targets, &row.text, &row.created, &row.log)...); err != nil {
			return err
		}
		row.key = values()
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func (m *reachedModel) add(row reachedRow) bool {
	if m.seen[row.text] {
		return false
	}
	m.seen[row.text] = true
	m.rows = append(m.rows, row)
	return true
}

// removes tells whether the rows are deleted: one that is there has not been.
func (m *reachedModel) removes() bool { return m.policy.personal != nil && m.policy.personal.remove }

// merge adds the rows of more to those of list, model by model.
func merge(list, more []*reachedModel) []*reachedModel {
	for _, m := range more {
		i := slices.IndexFunc(list, func(known *reachedModel) bool { return known.place == m.place })
		if i < 0 {
			list = append(list, m)
			continue
		}
		list[i].rows = append(list[i].rows, m.rows...)
		list[i].gone = append(list[i].gone, m.gone...)
	}
	return list
}

// countText is a count for people.
func countText(n int64, noun string) string { return strconv.FormatInt(n, 10) + " " + plural(n, noun) }
