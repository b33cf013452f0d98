package write

import (
	"context"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// This room reads the rows that a statement is about to create.

// created is a row of a create statement: a model or a map of columns.
type created struct {
	ctx    context.Context
	schema *schema.Schema
	model  reflect.Value
	values map[string]any
}

// eachCreated calls each for every row that a create statement inserts.
func eachCreated(stmt *gorm.Statement, each func(created)) {
	row := created{ctx: stmt.Context, schema: stmt.Schema}
	switch dest := stmt.Dest.(type) {
	case map[string]any:
		row.values = dest
		each(row)
		return
	case *map[string]any:
		row.values = *dest
		each(row)
		return
	case []map[string]any:
		for _, row.values = range dest {
			each(row)
		}
		return
	case *[]map[string]any:
		for _, row.values = range *dest {
			each(row)
		}
		return
	}
	switch value := stmt.ReflectValue; value.Kind() {
	case reflect.Struct:
		row.model = value
		each(row)
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			if row.model = reflect.Indirect(value.Index(i)); row.model.IsValid() {
				each(row)
			}
		}
	}
}

// value is a column's value; ok is false where it is unset or NULL.
func (c created) value(field *schema.Field) (value any, ok bool) {
	if c.values == nil {
		value, _ = field.ValueOf(c.ctx, c.model)
	} else if value, ok = c.values[field.DBName]; !ok {
		for name, given := range c.values {
			if columnNamed(c.schema, name) == field.DBName {
				value = given
			}
		}
	}
	return rowkey.PlainValue(value)
}

// key is the row's key to its parent; ok is false where a part is NULL. GORM writes the zero key of a has-many row that has
// no parent as it is; no parent has it, so that it may be looked for.
func (c created) key(r *policy.Relation) (key []any, ok bool) {
	for _, pair := range r.Keys {
		value, ok := c.value(pair.Child)
		if !ok {
			return nil, false
		}
		key = append(key, value)
	}
	return key, true
}

// deleted tells whether the row is created as a deleted one.
func (c created) deleted(p *policy.Policy) bool {
	if c.values == nil {
		return p.ShowsDeleted(c.ctx, c.model)
	}
	if p.Column() == nil {
		return false
	}
	value, ok := c.value(p.Column())
	return ok && p.Deletes(value)
}
