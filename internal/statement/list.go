package statement

import (
	"database/sql/driver"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// This room writes lists of values into statements.

// Among writes the condition that a column is one of the values. They are one bound value wherever that says them exactly: a
// list of bound values makes a statement that the database reads anew for every length, and plans as a search through the
// list once it has seen it often.
func (q *Query) Among(table, column string, values []any) *Query {
	plain := make([]any, len(values))
	exact := true
	for i, value := range values {
		if plain[i], exact = plainValue(value); !exact {
			break
		}
	}
	q.Column(table, column)
	if exact {
		if list, ok := q.Dialect.List(plain); ok {
			open, shut := q.Dialect.InList()
			return q.Text(open).Bind(list).Text(shut)
		}
	}
	q.Text(" IN (")
	return Joined(q, values, ", ", func(value any) { q.Bind(value) }).Text(")")
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
