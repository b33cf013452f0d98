package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// statusStrategy keeps one value for deleted among others; all others, and NULL, are live.
type statusStrategy struct {
	inPlace
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

func (b *policyBuilder) settleStatus() {
	field, setting := b.column, b.tag
	values := map[string][]string{"deleted": {"deleted"}, "active": {"active"}, "visible": setting.List("visible")}
	for _, word := range []string{"deleted", "active"} {
		if setting.Has(word) {
			values[word] = []string{setting[word]}
		}
	}
	number := field.GORMDataType == schema.Int || field.GORMDataType == schema.Uint
	switch {
	case field.GORMDataType == schema.Time:
		b.refuse(field.Name, "the strategy status needs a string or integer field, not a time; write timestamp for this one")
		return
	case !number && field.GORMDataType != schema.String:
		b.refuse(field.Name, "the strategy status needs a string or integer field, not %s", field.FieldType)
		return
	}
	s := statusStrategy{field: field}
	for _, word := range []string{"deleted", "active", "visible"} {
		texts := values[word]
		if number && !setting.Has(word) && word != "visible" {
			b.refuse(field.Name, "an integer status needs %s:N, since its default is a text", word)
			return
		}
		for _, text := range texts {
			value, err := statusValue(field, text)
			if err != nil {
				b.refuse(field.Name, "%q: %v", word, err)
				return
			}
			switch word {
			case "deleted":
				s.deleted = value
			case "active":
				s.active = value
			default:
				s.visible = append(s.visible, value)
			}
		}
	}
	if s.deleted == s.active {
		b.refuse(field.Name, "deleted and active are the same value %v; a restored row would stay deleted", s.deleted)
		return
	}
	if slices.Contains(s.visible, s.deleted) {
		b.refuse(field.Name, "the deleted value %v cannot be visible", s.deleted)
		return
	}
	b.Strategy = s
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

// SameWhileLive tells whether a column has the same in all live rows, since it says whether and how a row is deleted. A status
// has several values.
func (p *Policy) SameWhileLive(field *schema.Field) bool {
	status, ok := p.Strategy.(statusStrategy)
	return p.Structural(field) && !(ok && status.field == field)
}

// States are the texts that a status has for deleted and for others; empty for a policy without one, and where it is a number.
func (p *Policy) States() (deleted string, others []string) {
	status, _ := p.Strategy.(statusStrategy)
	deleted, ok := status.deleted.(string)
	if !ok {
		return "", nil
	}
	for _, value := range append([]any{status.active}, status.visible...) {
		if text, ok := value.(string); ok && !slices.Contains(others, text) {
			others = append(others, text)
		}
	}
	return deleted, others
}
