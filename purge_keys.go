package softdelete

// This room writes keys of rows into statements, and reads them.

// names writes columns by their names, with commas.
func names(q *query, table string, columns []string) *query {
	return joined(q, columns, ", ", func(column string) { q.column(table, column) })
}

// descending writes columns in falling order.
func descending(q *query, columns []string) {
	joined(q, columns, ", ", func(column string) { q.name(column).text(" DESC") })
}

// keyOf writes columns as one value.
func keyOf(q *query, table string, columns []string) *query {
	if len(columns) == 1 {
		return names(q, table, columns)
	}
	q.text("(")
	return names(q, table, columns).text(")")
}

// row writes bound values as one value.
func row(q *query, values []any) {
	if len(values) == 1 {
		q.bind(values[0])
		return
	}
	q.text("(")
	joined(q, values, ", ", func(value any) { q.bind(value) }).text(")")
}

// keyAmong writes the condition that a row's key is one of the keys. SQLite knows no list of rows, and no more than 1000
// conditions in a chain: see keysAtOnce.
func keyAmong(q *query, table string, key []string, keys [][]any) {
	if len(key) == 1 {
		names(q, table, key).text(" IN (")
		joined(q, keys, ", ", func(values []any) { q.bind(values[0]) }).text(")")
		return
	}
	q.text("(")
	joined(q, keys, " OR ", func(values []any) {
		keyOf(q, table, key).text(" = ")
		row(q, values)
	}).text(")")
}

// keysAtOnce is how many keys a statement may list: less than what databases take.
func keysAtOnce(key []string) int {
	if len(key) <= 1 {
		return 30000
	}
	return 400
}

// allKeys runs a statement that selects n columns, and gives their values.
func (q *query) allKeys(n int) (keys [][]any, err error) {
	err = q.rows(func(scan func(...any) error) error {
		targets, values := scanTargets(n)
		if err := scan(targets...); err != nil {
			return err
		}
		keys = append(keys, values())
		return nil
	})
	return keys, err
}
