package statement

// This room writes keys of rows into statements, and reads them.

// Names writes columns by their names, with commas.
func (q *Query) Names(table string, columns []string) *Query {
	return Joined(q, columns, ", ", func(column string) { q.Column(table, column) })
}

// Descending writes columns in falling order.
func Descending(q *Query, columns []string) {
	Joined(q, columns, ", ", func(column string) { q.Name(column).Text(" DESC") })
}

// KeyOf writes columns as one value.
func (q *Query) KeyOf(table string, columns []string) *Query {
	if len(columns) == 1 {
		return q.Names(table, columns)
	}
	q.Text("(")
	return q.Names(table, columns).Text(")")
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
	rows, err := q.sqlRows()
	if err != nil || rows == nil {
		return nil, err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
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
