package statement

// This room writes keys of rows into statements, and reads them.

// Names writes columns by their names, with commas.
func Names(q *Query, table string, columns []string) *Query {
	return Joined(q, columns, ", ", func(column string) { q.Column(table, column) })
}

// Descending writes columns in falling order.
func Descending(q *Query, columns []string) {
	Joined(q, columns, ", ", func(column string) { q.Name(column).Text(" DESC") })
}

// KeyOf writes columns as one value.
func KeyOf(q *Query, table string, columns []string) *Query {
	if len(columns) == 1 {
		return Names(q, table, columns)
	}
	q.Text("(")
	return Names(q, table, columns).Text(")")
}

// Row writes bound values as one value.
func Row(q *Query, values []any) {
	if len(values) == 1 {
		q.Bind(values[0])
		return
	}
	q.Text("(")
	Joined(q, values, ", ", func(value any) { q.Bind(value) }).Text(")")
}

// AllKeys runs a statement that selects n columns, and gives their values.
func (q *Query) AllKeys(n int) (keys [][]any, err error) {
	err = q.Rows(func(scan func(...any) error) error {
		targets, values := ScanTargets(n)
		if err := scan(targets...); err != nil {
			return err
		}
		keys = append(keys, values())
		return nil
	})
	return keys, err
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
