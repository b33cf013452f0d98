package pii

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// fixedMask is fixed:TEXT: the column gets one value in all rows.
type fixedMask struct {
	constant
	text string
}

func newFixed(argument string) Mask { return fixedMask{text: argument} }

func (m fixedMask) Strategy() string { return "fixed" }

func (m fixedMask) Fits(c *columnFacts) (Mask, string) {
	if reason := c.once(); reason != "" {
		return m, reason
	}
	m.column = c
	var err error
	trimmed := strings.TrimSpace(m.text)
	switch c.kind {
	case TextColumn:
		m.value = m.text
		if n := len([]rune(m.text)); c.size > 0 && n > c.size {
			return m, fmt.Sprintf("the text has %d characters, the column %d", n, c.size)
		}
	case IntegerColumn:
		var n int64
		n, err = strconv.ParseInt(trimmed, 10, 64)
		if value := reflect.New(c.field.IndirectFieldType).Elem(); err == nil && (value.CanInt() && value.OverflowInt(n) || value.CanUint() && (n < 0 || value.OverflowUint(uint64(n)))) {
			return m, fmt.Sprintf("the number does not fit %s", c.field.FieldType)
		}
		m.value = n
	case FloatColumn:
		m.value, err = strconv.ParseFloat(trimmed, 64)
	case BoolColumn:
		m.value, err = strconv.ParseBool(trimmed)
	case TimeColumn:
		if m.value, err = time.Parse(time.DateOnly, trimmed); err != nil {
			m.value, err = time.Parse(time.RFC3339, trimmed)
		}
	default:
		return m, fmt.Sprintf("a text is not %s", c.kind)
	}
	if err != nil {
		return m, fmt.Sprintf("the value is not %s", c.kind)
	}
	return m, ""
}

// constant is a value that is the same in all rows.
type constant struct {
	inSQL
	column *columnFacts
	value  any
}

func (m constant) Written() writtenValue {
	return writtenConstant(m.value, m.column.typeName())
}

func (m constant) SQL(q *statement.Query) { q.Bind(m.value) }

func (m constant) Of(context.Context, Row) (any, error) { return m.value, nil }

func (m constant) Takes(old string, each func(string)) {
	if at, isTime := m.value.(time.Time); isTime {
		if given, ok := ParseTime(old); ok && given.Equal(at) {
			return
		}
	} else if m.is(old) {
		return
	}
	each(old)
}

func (m constant) Left(_, now sql.NullString, _ func(string) bool) bool {
	return now.Valid && !m.is(now.String)
}

// is tells whether a text of the database stands for the value.
func (m constant) is(text string) bool {
	switch value := m.value.(type) {
	case string:
		return value == text
	case bool:
		given, err := strconv.ParseBool(text)
		return err == nil && given == value
	case int64:
		return isNumber(text, float64(value))
	case float64:
		return isNumber(text, value)
	case []byte:
		return text == ""
	}
	return true // a time, see AsksDatabase
}

func isNumber(text string, value float64) bool {
	given, err := strconv.ParseFloat(text, 64)
	return err == nil && fmt.Sprint(given) == fmt.Sprint(value)
}
