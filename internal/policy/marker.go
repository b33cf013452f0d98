package policy

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm/schema"
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

// timestampStrategy keeps the time of deletion in a column; NULL, or 0 in an integer one, is live.
type timestampStrategy struct {
	field *schema.Field
	clock clock
}

func (timestampStrategy) Word() string { return "timestamp" }

func (s timestampStrategy) Predicates(quote func(string) string) statement.Predicates {
	column := quote(s.field.DBName)
	if s.clock.Kind == dialect.Native {
		return statement.Predicates{Live: statement.NewPredicate("%s IS NULL", column), Deleted: statement.NewPredicate("%s IS NOT NULL", column)}
	}
	return zeroIsLive(s.field, column, "0")
}

func (s timestampStrategy) mark(list []Assignment, _ *Policy, at time.Time) []Assignment {
	return append(list, Assignment{Field: s.field, Value: s.clock.Value(at)})
}

func (s timestampStrategy) unmark(*Policy) []Assignment {
	return []Assignment{{Field: s.field, Value: statement.EmptyValue(s.field, s.clock.Kind == dialect.Native)}}
}

func (s timestampStrategy) Column() *schema.Field { return s.field }

func (s timestampStrategy) Deletes(value any) bool {
	return s.clock.Kind == dialect.Native || !reflect.ValueOf(value).IsZero()
}

// flagStrategy keeps a bool or an integer; NULL, false and 0 are live.
type flagStrategy struct{ field *schema.Field }

func (flagStrategy) Word() string { return "flag" }

func (s flagStrategy) Predicates(quote func(string) string) statement.Predicates {
	column := quote(s.field.DBName)
	if s.field.GORMDataType == schema.Bool {
		return statement.Predicates{Live: statement.NewPredicate("%s IS NOT TRUE", column), Deleted: statement.NewPredicate("%s IS TRUE", column)}
	}
	return zeroIsLive(s.field, column, "0")
}

func (s flagStrategy) mark(list []Assignment, _ *Policy, _ time.Time) []Assignment {
	if s.field.GORMDataType == schema.Bool {
		return append(list, Assignment{Field: s.field, Value: true})
	}
	return append(list, Assignment{Field: s.field, Value: int64(1)})
}

func (s flagStrategy) unmark(*Policy) []Assignment {
	if s.field.GORMDataType == schema.Bool {
		return []Assignment{{Field: s.field, Value: false}}
	}
	return []Assignment{{Field: s.field, Value: int64(0)}}
}

func (s flagStrategy) Column() *schema.Field { return s.field }

func (s flagStrategy) Deletes(value any) bool { return !reflect.ValueOf(value).IsZero() }

// statusStrategy keeps one value for deleted among others; all others, and NULL, are live.
type statusStrategy struct {
	field           *schema.Field
	deleted, active any // string or int64
	visible         []any
}

func (statusStrategy) Word() string { return "status" }

func (s statusStrategy) Predicates(quote func(string) string) statement.Predicates {
	column := quote(s.field.DBName)
	deleted := statusLiteral(s.deleted)
	p := statement.Predicates{
		Live:    statement.NewPredicate("(%s <> "+statement.EscapePercent(deleted)+" OR %s IS NULL)", column, column),
		Deleted: statement.NewPredicate("%s = "+statement.EscapePercent(deleted), column),
	}
	if s.field.NotNull {
		p.Live = statement.NewPredicate("%s <> "+statement.EscapePercent(deleted), column)
	}
	if len(s.visible) > 0 {
		literals := make([]string, len(s.visible))
		for i, value := range s.visible {
			literals[i] = statusLiteral(value)
		}
		// The live predicate stands beside the list, so that SQLite sees that an index over live rows serves the query.
		p.Visible = p.Live.And(statement.NewPredicate("%s IN ("+statement.EscapePercent(strings.Join(literals, ", "))+")", column))
	}
	return p
}

func (s statusStrategy) mark(list []Assignment, p *Policy, _ time.Time) []Assignment {
	if p.Previous != nil {
		// The former value first: MySQL assigns from left to right.
		keep := Assignment{Field: p.Previous, Former: s.field}
		if p.Previous.NotNull && !s.field.NotNull {
			keep.Fallback = s.active // NULL, which counts as live, has no place there
		}
		list = append(list, keep)
	}
	return append(list, Assignment{Field: s.field, Value: s.deleted})
}

func (s statusStrategy) unmark(p *Policy) []Assignment {
	if p.Previous == nil {
		return []Assignment{{Field: s.field, Value: s.active}}
	}
	return []Assignment{
		{Field: s.field, Former: p.Previous, Fallback: s.active},
		{Field: p.Previous, Value: statement.EmptyValue(p.Previous, true)},
	}
}

func (s statusStrategy) Column() *schema.Field { return s.field }

func (s statusStrategy) Deletes(value any) bool {
	if text, ok := s.deleted.(string); ok {
		if value, ok := value.(string); ok {
			return value == text
		}
	}
	return fmt.Sprint(value) == fmt.Sprint(s.deleted)
}

// statusValue reads a tag's value as the field's type.
func statusValue(field *schema.Field, text string) (any, error) {
	if text == "" {
		return nil, fmt.Errorf("an empty value cannot be told from an unset field; name one")
	}
	if field.GORMDataType == schema.String {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) || strings.ContainsAny(text, `\;`) {
			return nil, fmt.Errorf("the value %q has a control character, a backslash or a semicolon; use a plain word", text)
		}
		if field.Size > 0 && len([]rune(text)) > field.Size {
			return nil, fmt.Errorf("the value %q is longer than the column, %d", text, field.Size)
		}
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the value %q is no integer, as the field is", text)
	}
	if n < 0 && field.GORMDataType == schema.Uint {
		return nil, fmt.Errorf("the value %d is negative, the field is unsigned", n)
	}
	if value := reflect.New(field.IndirectFieldType).Elem(); value.CanInt() && value.OverflowInt(n) || value.CanUint() && value.OverflowUint(uint64(n)) {
		return nil, fmt.Errorf("the value %d does not fit the field's type, %s", n, field.FieldType)
	}
	return n, nil
}

// statusLiteral is a checked tag value as SQL.
func statusLiteral(value any) string {
	if text, ok := value.(string); ok {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return strconv.FormatInt(value.(int64), 10)
}

func zeroIsLive(field *schema.Field, column, zero string) statement.Predicates {
	p := statement.Predicates{
		Live:    statement.NewPredicate("(%s = "+zero+" OR %s IS NULL)", column, column),
		Deleted: statement.NewPredicate("%s <> "+zero, column),
	}
	if field.NotNull {
		p.Live = statement.NewPredicate("%s = "+zero, column)
	}
	return p
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
	Id            mark.DeletionID // empty for a model without the field
	Actor, Reason string
}

// DeletionAssignments adds everything that a deletion writes to a row of the model to an empty list.
func (p *Policy) DeletionAssignments(list []Assignment, d Stamp) []Assignment {
	m, _ := p.Marker()
	list = m.mark(list, p, d.At)
	if _, isTimestamp := m.(timestampStrategy); p.At != nil && !isTimestamp {
		list = append(list, Assignment{Field: p.At, Value: p.AtClock.Value(d.At)})
	}
	if p.Id != nil {
		list = append(list, Assignment{Field: p.Id, Value: d.Id})
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

// RestoreAssignments lists everything that a restore writes to a row of the model.
func (p *Policy) RestoreAssignments() []Assignment {
	m, _ := p.Marker()
	list := m.unmark(p)
	if _, isTimestamp := m.(timestampStrategy); p.At != nil && !isTimestamp {
		list = append(list, Assignment{Field: p.At, Value: statement.EmptyValue(p.At, p.AtClock.Kind == dialect.Native)})
	}
	for _, field := range []*schema.Field{p.Id, p.Actor, p.Reason} {
		if field != nil {
			list = append(list, Assignment{Field: field, Value: statement.EmptyValue(field, true)})
		}
	}
	return list
}

// Assign writes the SET list.
func Assign(q *statement.Query, list []Assignment) *statement.Query {
	return statement.Joined(q, list, ", ", func(a Assignment) {
		q.Name(a.Field.DBName).Text(" = ")
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
	})
}
