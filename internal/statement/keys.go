package statement

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
	for rows.Next() {
		targets, values := ScanTargets(len(columns))
		if err := rows.Scan(targets...); err != nil {
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
