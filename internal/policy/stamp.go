package policy

import (
	"reflect"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Assignment is one column that a deletion or a restore writes: a bound value, or an expression over the row's own columns.
type Assignment struct {
	Field *schema.Field
	Value any
	// Former, where it is set, makes the column take that field's value as it was before the statement.
	Former *schema.Field
	// Fallback is used where former holds nothing.
	Fallback any
}

// Value is an instant as the column keeps it.
func (c clock) Value(at time.Time) any {
	if c.Kind == dialect.Integer {
		return at.UnixNano() / int64(c.Unit)
	}
	return at
}

// Stamp is what a deletion writes on a row: its mark, and who and why.
type Stamp struct {
	At            time.Time
	ID            mark.DeletionID // empty for a model without the field
	Actor, Reason string
}

// DeletionAssignments adds everything that a deletion writes to a row of the model to an empty list: of a row that leaves its
// table what the model shows of it.
func (p *Policy) DeletionAssignments(list []Assignment, d Stamp) []Assignment {
	m, marks := p.marker()
	if !marks {
		s, _ := p.Archive()
		return s.shown(list, d)
	}
	list = m.mark(list, p, d.At)
	if p.At != nil && p.At != m.Column() {
		list = append(list, Assignment{Field: p.At, Value: p.AtClock.Value(d.At)})
	}
	if p.ID != nil {
		list = append(list, Assignment{Field: p.ID, Value: d.ID})
	}
	for _, text := range []struct {
		field *schema.Field
		value string
	}{{p.Actor, d.Actor}, {p.Reason, d.Reason}} {
		if text.field == nil {
			continue
		}
		value := any(text.value)
		if text.value == "" {
			value = statement.EmptyValue(text.field, true)
		}
		list = append(list, Assignment{Field: text.field, Value: value})
	}
	return list
}

// RestoreAssignments lists everything that a restore writes to a row of the model; nothing where rows are not marked in place.
func (p *Policy) RestoreAssignments() []Assignment {
	m, marks := p.marker()
	if !marks {
		return nil
	}
	list := m.unmark(p)
	if p.At != nil && p.At != m.Column() {
		list = append(list, Assignment{Field: p.At, Value: statement.EmptyValue(p.At, p.AtClock.Kind == dialect.Native)})
	}
	for _, field := range []*schema.Field{p.ID, p.Actor, p.Reason} {
		if field != nil {
			list = append(list, Assignment{Field: field, Value: statement.EmptyValue(field, true)})
		}
	}
	return list
}

// Assign writes the SET list.
func Assign(q *statement.Query, list []Assignment) *statement.Query {
	return statement.Joined(q, list, ", ", func(a Assignment) { a.WriteValue(q.Name(a.Field.DBName).Text(" = ")) })
}

// WriteValue writes what the column gets, over the row's columns as they stand alone.
func (a Assignment) WriteValue(q *statement.Query) {
	switch {
	case a.Former == nil:
		q.Bind(a.Value)
	case a.Fallback == nil:
		q.Name(a.Former.DBName)
	case a.Former.GORMDataType == schema.String && (a.Former.NotNull || a.Former.FieldType.Kind() == reflect.String):
		// The field holds no NULL in Go: the empty text is what it shows where nothing was kept.
		q.Text("COALESCE(NULLIF(").Name(a.Former.DBName).Text(", ''), ").Text(statusLiteral(a.Fallback)).Text(")")
	default:
		q.Text("COALESCE(").Name(a.Former.DBName).Text(", ").Text(statusLiteral(a.Fallback)).Text(")")
	}
}
