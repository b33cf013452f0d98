package statement

import (
	"database/sql/driver"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room writes lists of values into statements.

// Among writes the condition that a column is one of the values. They are one bound value wherever that says them exactly: a
// list of bound values makes a statement that the database reads anew for every length, and plans as a search through the
// list once it has seen it often.
func (q *Query) Among(table, column string, values []any) *Query {
	return q.among(table, column, values, nil)
}

// FieldAmong writes the condition that a field's column is one of the values.
func (q *Query) FieldAmong(table string, field *schema.Field, values []any) *Query {
	return q.among(table, field.DBName, values, field)
}

// among does so for a column of a field's type, where that is known.
func (q *Query) among(table, column string, values []any, field *schema.Field) *Query {
	q.Column(table, column)
	if len(values) == 1 {
		return q.Text(" = ").Bind(values[0])
	}
	if plain, ok := plainValues(values); ok {
		if list, ok := q.Dialect.List(plain, q.takesBytes(field, plain)); ok {
			return q.list(list)
		}
	}
	q.Text(" IN (")
	return Joined(q, values, ", ", func(value any) { q.Bind(value) }).Text(")")
}

// list writes a list, and binds its values.
func (q *Query) list(list dialect.List) *Query {
	for i, value := range list.Values {
		q.Text(list.Text[i]).Bind(value)
	}
	return q.Text(list.Text[len(list.Values)])
}

// takesBytes tells whether there are bytes among the values, and the column is one of bytes.
func (q *Query) takesBytes(field *schema.Field, values []any) bool {
	isBytes := func(value any) bool { _, is := value.([]byte); return is }
	return field != nil && slices.ContainsFunc(values, isBytes) && q.Dialect.KeyColumn(field).Kind == dialect.KeyBytes
}

// KeyAmong writes the condition that the columns of fields are, together, one of the keys.
func (q *Query) KeyAmong(t Table, fields []*schema.Field, keys [][]any) *Query {
	return q.SomeAmong(t.Qualifier(), DBNames(fields), t.Name, fields, keys)
}

// SomeAmong does the same for columns that have the types of fields, whose table the database knows.
func (q *Query) SomeAmong(table string, columns []string, typed string, fields []*schema.Field, keys [][]any) *Query {
	if len(columns) == 1 {
		values := make([]any, len(keys))
		for i, key := range keys {
			values[i] = key[0]
		}
		return q.among(table, columns[0], values, fields[0])
	}
	if len(keys) == 1 {
		return q.KeyNamed(table, columns).Text(" = ").Tuple(keys[0])
	}
	if plain, ok := plainKeys(keys); ok {
		named := make([]dialect.ListColumn, len(columns))
		for i, column := range columns {
			named[i] = dialect.ListColumn{Here: q.Quoted(table, column), Table: q.Quoted("", typed), Name: q.Quoted("", fields[i].DBName)}
			for _, key := range plain {
				named[i].Bytes = named[i].Bytes || q.takesBytes(fields[i], key[i:i+1])
			}
		}
		if list, ok := q.Dialect.KeyList(plain, named); ok {
			return q.list(list)
		}
	}
	return q.EachKey(table, columns, keys)
}

// EachKey writes the condition that columns are, together, one of the keys, which are bound one by one: for statements that lock all that
// they read, and would read a small table as a whole to compare its rows with a list that is one value.
func (q *Query) EachKey(table string, columns []string, keys [][]any) *Query {
	q.KeyNamed(table, columns).Text(" IN (")
	return Joined(q, keys, ", ", func(key []any) { q.Tuple(key) }).Text(")")
}

func plainKeys(keys [][]any) (plain [][]any, exact bool) {
	plain = make([][]any, len(keys))
	for i, key := range keys {
		if plain[i], exact = plainValues(key); !exact {
			return nil, false
		}
	}
	return plain, true
}

func plainValues(values []any) (plain []any, exact bool) {
	plain = make([]any, len(values))
	for i, value := range values {
		if plain[i], exact = plainValue(value); !exact {
			return nil, false
		}
	}
	return plain, true
}

// plainValue is what a driver is given for a value, where that is one of the types of database/sql.
func plainValue(value any) (plain any, ok bool) {
	switch value.(type) {
	case nil, string, int64, bool, time.Time:
		return value, true
	case clause.Expression, gorm.Valuer:
		return nil, false
	}
	plain, err := driver.DefaultParameterConverter.ConvertValue(value)
	return plain, err == nil
}

// Values are a list's items as values to bind.
func Values[T any](list []T) []any {
	values := make([]any, len(list))
	for i, value := range list {
		values[i] = value
	}
	return values
}

// DBNames are the fields' columns.
func DBNames(fields []*schema.Field) []string {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.DBName
	}
	return names
}
