package statement

import "github.com/gorm-softdelete/softdelete/internal/dialect"

// This room writes keys of rows into statements, and reads them.

// ColumnsNamed is Columns for columns by their names.
func (q *Query) ColumnsNamed(table string, columns []string) *Query {
	return Joined(q, columns, ", ", func(column string) { q.Column(table, column) })
}

// Descending writes columns in falling order.
func Descending(q *Query, columns []string) {
	Joined(q, columns, ", ", func(column string) { q.Name(column).Text(" DESC") })
}

// KeyNamed is Key for columns by their names.
func (q *Query) KeyNamed(table string, columns []string) *Query {
	if len(columns) == 1 {
		return q.ColumnsNamed(table, columns)
	}
	q.Text("(")
	return q.ColumnsNamed(table, columns).Text(")")
}

// Tuple writes bound values as one value to compare a key with.
func (q *Query) Tuple(values []any) *Query {
	if len(values) == 1 {
		return q.Bind(values[0])
	}
	q.Text("(")
	return Joined(q, values, ", ", func(value any) { q.Bind(value) }).Text(")")
}

// KeyAfter writes the condition that a key comes after another in the order of its columns.
func (q *Query) KeyAfter(table string, columns []string, values []any) *Query {
	return q.inOrder(table, columns, " > ", " > ", values)
}

// KeyUpTo writes the condition that a key does not come after another.
func (q *Query) KeyUpTo(table string, columns []string, values []any) *Query {
	return q.inOrder(table, columns, " < ", " <= ", values)
}

// inOrder compares keys column by column, where the database reads all of an index to compare them as one value: a column decides where
// those before it are the same, the last one by a comparison of its own.
func (q *Query) inOrder(table string, columns []string, decided, last string, values []any) *Query {
	if len(columns) == 1 || q.Dialect.Has(dialect.RowRanges) {
		return q.KeyNamed(table, columns).Text(last).Tuple(values)
	}
	q.Text("(").Column(table, columns[0]).Text(decided).Bind(values[0]).Text(" OR ").Column(table, columns[0]).Text(" = ").Bind(values[0]).Text(" AND ")
	return q.inOrder(table, columns[1:], decided, last, values[1:]).Text(")")
}

// Records runs a statement and gives its rows by their columns' names.
func (q *Query) Records() (list []map[string]any, err error) {
	rows, finish, err := q.sqlRows()
	if err != nil || rows == nil {
		return nil, err
	}
	defer func() {
		if failed := finish(); err == nil {
			err = failed
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	scan := q.scanner(rows)
	for rows.Next() {
		targets, values := ScanTargets(len(columns))
		if err := scan(targets...); err != nil {
			return nil, err
		}
		record := make(map[string]any, len(columns))
		for i, value := range values() {
			record[columns[i]] = value
		}
		list = append(list, record)
	}
	return list, translate(q.Tx, rows.Err())
}
