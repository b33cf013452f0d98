package softdelete

import (
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// assignment is one column that a deletion or a restore writes: a bound value, or an expression over the row's own columns.
type assignment struct {
	field *schema.Field
	value any
	// former, where it is set, makes the column take that field's value as it was before the statement.
	former *schema.Field
	// fallback is used where former holds nothing.
	fallback any
}

// timestampStrategy keeps the time of deletion in a column; NULL, or 0 in an integer one, is live.
type timestampStrategy struct {
	field *schema.Field
	clock clock
}

func (timestampStrategy) word() string { return "timestamp" }

func (s timestampStrategy) predicates(quote func(string) string) predicates {
	column := quote(s.field.DBName)
	if s.clock.kind == dialect.Native {
		return predicates{live: newPredicate("%s IS NULL", column), deleted: newPredicate("%s IS NOT NULL", column)}
	}
	return zeroIsLive(s.field, column, "0")
}

func (s timestampStrategy) mark(list []assignment, _ *policy, at time.Time) []assignment {
	return append(list, assignment{field: s.field, value: s.clock.value(at)})
}

func (s timestampStrategy) unmark(*policy) []assignment {
	return []assignment{{field: s.field, value: emptyValue(s.field, s.clock.kind == dialect.Native)}}
}

func (s timestampStrategy) column() *schema.Field { return s.field }
func (s timestampStrategy) deletes(value any) bool {
	return s.clock.kind == dialect.Native || !reflect.ValueOf(value).IsZero()
}

// flagStrategy keeps a bool or an integer; NULL, false and 0 are live.
type flagStrategy struct{ field *schema.Field }

func (flagStrategy) word() string { return "flag" }

func (s flagStrategy) predicates(quote func(string) string) predicates {
	column := quote(s.field.DBName)
	if s.field.GORMDataType == schema.Bool {
		return predicates{live: newPredicate("%s IS NOT TRUE", column), deleted: newPredicate("%s IS TRUE", column)}
	}
	return zeroIsLive(s.field, column, "0")
}

func (s flagStrategy) mark(list []assignment, _ *policy, _ time.Time) []assignment {
	if s.field.GORMDataType == schema.Bool {
		return append(list, assignment{field: s.field, value: true})
	}
	return append(list, assignment{field: s.field, value: int64(1)})
}

func (s flagStrategy) unmark(*policy) []assignment {
	if s.field.GORMDataType == schema.Bool {
		return []assignment{{field: s.field, value: false}}
	}
	return []assignment{{field: s.field, value: int64(0)}}
}

func (s flagStrategy) column() *schema.Field  { return s.field }
func (s flagStrategy) deletes(value any) bool { return !reflect.ValueOf(value).IsZero() }

// statusStrategy keeps one value for deleted among others; all others, and NULL, are live.
type statusStrategy struct {
	field           *schema.Field
	deleted, active any // string or int64
	visible         []any
}

func (statusStrategy) word() string { return "status" }

func (s statusStrategy) predicates(quote func(string) string) predicates {
	column := quote(s.field.DBName)
	deleted := statusLiteral(s.deleted)
	p := predicates{
		live:    newPredicate("(%s <> "+escapePercent(deleted)+" OR %s IS NULL)", column, column),
		deleted: newPredicate("%s = "+escapePercent(deleted), column),
	}
	if s.field.NotNull {
		p.live = newPredicate("%s <> "+escapePercent(deleted), column)
	}
	if len(s.visible) > 0 {
		literals := make([]string, len(s.visible))
		for i, value := range s.visible {
			literals[i] = statusLiteral(value)
		}
		// The live predicate stands beside the list, so that SQLite sees that an index over live rows serves the query.
		p.visible = p.live.and(newPredicate("%s IN ("+escapePercent(strings.Join(literals, ", "))+")", column))
	}
	return p
}

func (s statusStrategy) mark(list []assignment, p *policy, _ time.Time) []assignment {
	if p.previous != nil {
		// The former value first: MySQL assigns from left to right.
		keep := assignment{field: p.previous, former: s.field}
		if p.previous.NotNull && !s.field.NotNull {
			keep.fallback = s.active // NULL, which counts as live, has no place there
		}
		list = append(list, keep)
	}
	return append(list, assignment{field: s.field, value: s.deleted})
}

func (s statusStrategy) unmark(p *policy) []assignment {
	if p.previous == nil {
		return []assignment{{field: s.field, value: s.active}}
	}
	return []assignment{
		{field: s.field, former: p.previous, fallback: s.active},
		{field: p.previous, value: emptyValue(p.previous, true)},
	}
}

func (s statusStrategy) column() *schema.Field { return s.field }
func (s statusStrategy) deletes(value any) bool {
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

func zeroIsLive(field *schema.Field, column, zero string) predicates {
	p := predicates{
		live:    newPredicate("(%s = "+zero+" OR %s IS NULL)", column, column),
		deleted: newPredicate("%s <> "+zero, column),
	}
	if field.NotNull {
		p.live = newPredicate("%s = "+zero, column)
	}
	return p
}

// value is an instant as the column keeps it.
func (c clock) value(at time.Time) any {
	if c.kind == dialect.Integer {
		return at.UnixNano() / int64(c.unit)
	}
	return at
}

// emptyValue is what a column holds when there is nothing to hold: NULL, or the zero value of its type where NULL is not
// allowed or not wanted.
func emptyValue(field *schema.Field, null bool) any {
	if !field.NotNull && (null || field.FieldType.Kind() == reflect.Pointer) {
		return nil
	}
	switch field.GORMDataType {
	case schema.String:
		return ""
	case schema.Time:
		return sql.NullTime{}
	default:
		return int64(0)
	}
}

// deletionAssignments adds everything that a deletion writes to a row of the model to an empty list.
func (p *policy) deletionAssignments(list []assignment, d *deletion) []assignment {
	m, _ := p.marker()
	list = m.mark(list, p, d.at)
	if _, isTimestamp := m.(timestampStrategy); p.at != nil && !isTimestamp {
		list = append(list, assignment{field: p.at, value: p.atClock.value(d.at)})
	}
	if p.id != nil {
		list = append(list, assignment{field: p.id, value: d.ID()})
	}
	for _, text := range []struct {
		field *schema.Field
		value string
	}{{p.actor, d.actor}, {p.reason, d.reason}} {
		if text.field == nil {
			continue
		}
		value := any(text.value)
		if text.value == "" {
			value = emptyValue(text.field, true)
		}
		list = append(list, assignment{field: text.field, value: value})
	}
	return list
}

// restoreAssignments lists everything that a restore writes to a row of the model.
func (p *policy) restoreAssignments() []assignment {
	m, _ := p.marker()
	list := m.unmark(p)
	if _, isTimestamp := m.(timestampStrategy); p.at != nil && !isTimestamp {
		list = append(list, assignment{field: p.at, value: emptyValue(p.at, p.atClock.kind == dialect.Native)})
	}
	for _, field := range []*schema.Field{p.id, p.actor, p.reason} {
		if field != nil {
			list = append(list, assignment{field: field, value: emptyValue(field, true)})
		}
	}
	return list
}

// assign writes the SET list.
func (q *query) assign(list []assignment) *query {
	return joined(q, list, ", ", func(a assignment) {
		q.name(a.field.DBName).text(" = ")
		switch {
		case a.former == nil:
			q.bind(a.value)
		case a.fallback == nil:
			q.name(a.former.DBName)
		case a.former.GORMDataType == schema.String && (a.former.NotNull || a.former.FieldType.Kind() == reflect.String):
			// The field holds no NULL in Go: the empty text is what it shows where nothing was kept.
			q.text("COALESCE(NULLIF(").name(a.former.DBName).text(", ''), ").text(statusLiteral(a.fallback)).text(")")
		default:
			q.text("COALESCE(").name(a.former.DBName).text(", ").text(statusLiteral(a.fallback)).text(")")
		}
	})
}
