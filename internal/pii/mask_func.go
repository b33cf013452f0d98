package pii

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// Masker computes what a personal value is replaced by, for func:NAME. It gets the field's Go value.
type Masker = func(ctx context.Context, value any) (any, error)

// funcMask is func:NAME: a function of the application's gives the new value. Its errors are told without their texts.
type funcMask struct {
	inProgram
	name   string
	column *columnFacts
	masker Masker
}

func newFunc(argument string) Mask { return funcMask{name: strings.TrimSpace(argument)} }

func (m funcMask) Strategy() string { return "func:" + m.name }

func (m funcMask) From() Source { return FromField }

func (m funcMask) Fits(c *columnFacts) (Mask, string) {
	m.column, m.masker = c, c.maskers[m.name]
	if m.masker == nil {
		return m, fmt.Sprintf("Config.Maskers has no %q", m.name)
	}
	return m, ""
}

// Examples implements Mask: nothing is known of what the application's function gives.
func (m funcMask) Examples() []any { return nil }

func (m funcMask) Written() writtenValue { return writtenValue{nothing: true, maybeNull: true} }

func (m funcMask) Of(ctx context.Context, row Row) (any, error) {
	field, model := m.column.field, row.Model
	refuse := func(format string, args ...any) (any, error) {
		return nil, fmt.Errorf("%w: %s.%s: %s", fault.ErrUnsupported, field.Schema.Name, field.Name, fmt.Sprintf(format, args...))
	}
	if !model.IsValid() {
		model = reflect.New(field.Schema.ModelType).Elem()
		if err := field.Set(ctx, model, row.Columns[field.DBName]); err != nil {
			return refuse("a value in cold storage is none of a %s", field.FieldType)
		}
	}
	value, _ := field.ValueOf(ctx, model)
	result, err := m.masker(ctx, value)
	if panicked, ok := errors.AsType[*fault.Panicked](err); ok {
		return refuse("the masker %q panicked at %s", m.name, panicked.At)
	}
	if err != nil {
		return refuse("the masker %q failed", m.name)
	}
	if reason := m.column.takes(result); reason != "" {
		return refuse("the masker %q gave what cannot stand in the column: %s", m.name, reason)
	}
	if result == nil {
		return nil, nil
	}
	if err := field.Set(ctx, model, result); err != nil {
		return refuse("the masker %q gave a %T, the field is %s", m.name, result, field.FieldType)
	}
	result, _ = field.ValueOf(ctx, model)
	return result, nil
}

// takes gives a sentence where a value that a masker gave cannot stand in the column.
func (c *columnFacts) takes(value any) string {
	switch value := value.(type) {
	case nil:
		if c.field.NotNull {
			return "the column is NOT NULL"
		}
	case string:
		if c.size > 0 && len([]rune(value)) > c.size {
			return fmt.Sprintf("the value is longer than the column, %d", c.size)
		}
	case float64:
		if math.IsNaN(value) {
			return "the value is no number"
		}
	}
	return ""
}

func (m funcMask) Takes(old string, each func(string)) {
	if old != "" {
		each(old)
	}
}

func (m funcMask) Left(old, now sql.NullString, has func(string) bool) bool {
	return same(old, now) && old.String != "" || now.Valid && has(now.String)
}
