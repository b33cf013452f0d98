package rowkey

import (
	"context"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Key is the columns of a key, such as a model's primary key, with what the database needs to write their values as text.
type Key struct {
	fields  []*schema.Field
	columns []dialect.KeyColumn
	dialect *dialect.Dialect
}

// Of is the key with the columns of the fields, in their order.
func Of(d *dialect.Dialect, fields []*schema.Field) Key {
	k := Key{fields: fields, dialect: d, columns: make([]dialect.KeyColumn, len(fields))}
	for i, field := range fields {
		k.columns[i] = d.KeyColumn(field)
	}
	return k
}

// Columns describes the columns for the database.
func (k Key) Columns() []dialect.KeyColumn { return k.columns }

// SQL is an expression for the exact text of a row's key. quoted gives the quoted column of a name.
func (k Key) SQL(quoted func(column string) string) string {
	return k.dialect.KeySQL(k.columns, k.expressions(quoted))
}

// EarlierSQL is one for the text that the table of erased rows has of versions before this one, where that is another.
func (k Key) EarlierSQL(quoted func(column string) string) (text string, differs bool) {
	return k.dialect.EarlierKeySQL(k.columns, k.expressions(quoted))
}

func (k Key) expressions(quoted func(column string) string) []string {
	list := make([]string, len(k.columns))
	for i, c := range k.columns {
		list[i] = quoted(c.Name)
	}
	return list
}

// null stands for NULL, which is in no key of a row; no database has it in a text.
const null = "\x00"

// Exact is the exact text of a key with such values, whether a model's fields have them or the database gave them.
func (k Key) Exact(values []any) string {
	if len(values) == 1 {
		text, _ := k.part(0, values[0])
		return text
	}
	var all strings.Builder
	for i, value := range values {
		if i > 0 {
			all.WriteByte(',')
		}
		text, ok := k.part(i, value)
		if ok {
			text = k.columns[i].EscapeKey(text)
		}
		all.WriteString(text)
	}
	return all.String()
}

func (k Key) part(i int, value any) (text string, ok bool) {
	plain, ok := bare(value)
	if !ok {
		return null, false
	}
	return k.dialect.ValueInKey(k.columns[i], plain), true
}

// Of is the exact text of a model's key.
func (k Key) Of(ctx context.Context, model reflect.Value) string {
	return k.Exact(k.Values(ctx, model))
}

// Values are the values of a model's key.
func (k Key) Values(ctx context.Context, model reflect.Value) []any {
	values := make([]any, len(k.fields))
	for i, field := range k.fields {
		values[i], _ = field.ValueOf(ctx, model)
	}
	return values
}

// Given tells whether a model has a key: a part of it that is not zero.
func (k Key) Given(ctx context.Context, model reflect.Value) bool {
	return slices.ContainsFunc(k.fields, func(field *schema.Field) bool {
		_, zero := field.ValueOf(ctx, model)
		return !zero
	})
}

// InModels lists the keys of the models in a value, a model or a slice of them. Models without a key are left out; one that stands
// there twice is listed twice, see Key.Once.
func InModels(ctx context.Context, value reflect.Value, fields []*schema.Field) (keys [][]any) {
	k := Key{fields: fields}
	add := func(model reflect.Value) {
		for model.Kind() == reflect.Pointer || model.Kind() == reflect.Interface {
			model = model.Elem()
		}
		if model.Kind() == reflect.Struct && k.Given(ctx, model) {
			keys = append(keys, k.Values(ctx, model))
		}
	}
	switch value = reflect.Indirect(value); value.Kind() {
	case reflect.Struct:
		add(value)
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			add(value.Index(i))
		}
	}
	return keys
}

// Once leaves out those keys that an earlier one equals.
func (k Key) Once(keys [][]any) (once [][]any) {
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if text := k.Exact(key); !seen[text] {
			seen[text] = true
			once = append(once, key)
		}
	}
	return once
}

// Split gives the texts of the columns that an exact text is made of; ok is false for what is none of this key.
func (k Key) Split(text string) (parts []string, ok bool) {
	if len(k.columns) == 1 {
		return []string{text}, true
	}
	for i, c := range k.columns { // none for a model without a key
		part, rest, found := cutPart(text, c)
		if found != (i < len(k.columns)-1) {
			return nil, false
		}
		parts, text = append(parts, part), rest
	}
	return parts, true
}

// cutPart cuts a text behind the first column's.
func cutPart(text string, c dialect.KeyColumn) (part, rest string, found bool) {
	if c.EscapeKey(",") == "," {
		return strings.Cut(text, ",")
	}
	var content strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			content.WriteByte(text[i])
		case text[i] == ',':
			return content.String(), text[i+1:], true
		default:
			content.WriteByte(text[i])
		}
	}
	return content.String(), "", false
}

// Earlier is the text that the table of erased rows has of versions before this one for a key with an exact text, where that is
// another: in a key of several columns the backslash before bytes was doubled.
func (k Key) Earlier(text string) (earlier string, differs bool) {
	if len(k.columns) == 1 || !slices.ContainsFunc(k.columns, func(c dialect.KeyColumn) bool { return c.Kind == dialect.KeyBytes }) {
		return "", false
	}
	parts, ok := k.Split(text)
	for i, part := range parts {
		parts[i] = dialect.KeyColumn{Kind: dialect.KeyText}.EscapeKey(part)
	}
	return strings.Join(parts, ","), ok
}

// Read makes a value of the model with the key that an exact text says, and gives the key as its fields have it.
func (k Key) Read(ctx context.Context, text string) (model reflect.Value, key []any, err error) {
	parts, ok := k.Split(text)
	if !ok || len(parts) == 0 {
		return model, nil, fmt.Errorf("%w: no key of %d parts", gorm.ErrInvalidValue, len(k.columns))
	}
	values := make([]any, len(parts))
	for i, part := range parts {
		if values[i], err = k.value(i, part); err != nil {
			return model, nil, fmt.Errorf("%w: part %d of the key is none of a %s", gorm.ErrInvalidValue, i+1, k.fields[i].Schema.Name)
		}
	}
	return k.fill(ctx, values)
}

// fill makes a value of the model with such a key.
func (k Key) fill(ctx context.Context, values []any) (model reflect.Value, key []any, err error) {
	s := k.fields[0].Schema
	model = reflect.New(s.ModelType)
	for i, field := range k.fields {
		if err := field.Set(ctx, model.Elem(), values[i]); err != nil {
			return model, nil, fmt.Errorf("%w: part %d of the key is none of a %s", gorm.ErrInvalidValue, i+1, s.Name)
		}
	}
	return model, k.Values(ctx, model.Elem()), nil
}

// value is what a field is set to for a column's text.
func (k Key) value(i int, text string) (any, error) {
	switch k.columns[i].Kind {
	case dialect.KeyBytes:
		digits, ok := strings.CutPrefix(text, `\x`)
		if !ok {
			return nil, hex.InvalidByteError(0)
		}
		return hex.DecodeString(digits)
	case dialect.KeyInstant, dialect.KeyClock, dialect.KeyDate:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", time.DateTime, time.DateOnly} {
			if at, err := time.Parse(layout, text); err == nil {
				return at, nil
			}
		}
	case dialect.KeyUUID:
		if k.fields[i].GORMDataType == schema.Bytes { // an array of them
			return hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		}
	case dialect.KeyDecimal:
		if x, err := dialect.KeyNumber(text); err == nil && strings.ContainsAny(text, "/p") {
			return x, nil
		}
	case dialect.KeyBool:
		return text == "true" || text == "1", nil
	}
	switch k.fields[i].GORMDataType {
	case schema.Int:
		return strconv.ParseInt(text, 10, 64)
	case schema.Uint:
		return strconv.ParseUint(text, 10, 64)
	case schema.Float:
		return dialect.KeyNumber(text)
	}
	return text, nil
}
