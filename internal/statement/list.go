package statement

import (
	"database/sql/driver"
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
	q.Column(table, column)
	if len(values) == 1 {
		return q.Text(" = ").Bind(values[0])
	}
	if plain, ok := plainValues(values); ok {
		if list, ok := q.Dialect.List(plain); ok {
			open, shut := q.Dialect.InList()
			return q.Text(open).Bind(list).Text(shut)
		}
	}
	q.Text(" IN (")
	return Joined(q, values, ", ", func(value any) { q.Bind(value) }).Text(")")
}

// KeyAmong writes the condition that the columns of a table are, together, one of the keys.
func (q *Query) KeyAmong(t Table, columns []string, keys [][]any) *Query {
	return q.SomeAmong(t.Qualifier(), columns, t.Name, columns, keys)
}

// SomeAmong does the same for columns that have the types of others: those of a table that the database knows.
func (q *Query) SomeAmong(table string, columns []string, typed string, types []string, keys [][]any) *Query {
	if len(columns) == 1 {
		values := make([]any, len(keys))
		for i, key := range keys {
			values[i] = key[0]
		}
		return q.Among(table, columns[0], values)
	}
	if len(keys) == 1 {
		return q.KeyOf(table, columns).Text(" = ").Tuple(keys[0])
	}
	if list, ok := plainKeys(keys); ok {
		named := make([]dialect.ListColumn, len(columns))
		for i, column := range columns {
			named[i] = dialect.ListColumn{Here: q.Quoted(table, column), Table: q.Quoted("", typed), Name: q.Quoted("", types[i])}
		}
		if text, values, ok := q.Dialect.KeyList(list, named); ok {
			for i, value := range values {
				q.Text(text[i]).Bind(value)
			}
			return q.Text(text[len(values)])
		}
	}
	q.KeyOf(table, columns).Text(" IN (")
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
