package statement

import (
	"database/sql"
	"math"
)

// This room reads rows.

// scanner reads the columns of rows. What goes to a variable of any type is a text where the column is one of texts: some drivers give
// the bytes of both, fractions of half the size, and integers without a sign.
func (q *Query) scanner(rows *sql.Rows) func(targets ...any) error {
	if !q.Dialect.TextsAsBytes() {
		return rows.Scan
	}
	var texts []bool
	return func(targets ...any) error {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		for i, target := range targets {
			variable, ok := target.(*any)
			if !ok {
				continue
			}
			switch number := (*variable).(type) {
			case float32:
				*variable = float64(number)
			case uint64: // of an unsigned column, where the statement was not prepared
				if number <= math.MaxInt64 {
					*variable = int64(number)
				}
			}
			bytes, ok := (*variable).([]byte)
			if !ok {
				continue
			}
			if texts == nil {
				var err error
				if texts, err = q.texts(rows); err != nil {
					return err
				}
			}
			if texts[i] {
				*variable = string(bytes)
			}
		}
		return nil
	}
}

// texts tells which columns are of texts.
func (q *Query) texts(rows *sql.Rows) ([]bool, error) {
	types, err := rows.ColumnTypes()
	texts := make([]bool, len(types))
	for i, t := range types {
		texts[i] = !q.Dialect.Binary(t.DatabaseTypeName())
	}
	return texts, err
}
